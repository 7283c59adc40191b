//! Connections: slow ones are closed, idle ones block no others, and there are never more than the maximum.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use axum::{Router, routing::get};
use recipes_server::http::client_address::TrustedProxies;
use recipes_server::http::stack::{CorsOrigins, Draining, HttpConfig, HttpService};
use recipes_server::limits::{CONNECTIONS, Connections};
use recipes_server::server;
use recipes_server::telemetry::{access_log::AccessLog, traces::Traces};
use recipes_server::{Clock, Entropy};
use tokio::net::TcpListener;

use crate::program::Program;

/// The server with limits that a test can reach.
pub(crate) async fn serve(limits: Connections) -> SocketAddr {
    serve_with(Router::new().route("/", get(async || "hello")), limits).await
}

pub(crate) async fn serve_with(router: Router, limits: Connections) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(server::run(listener, service(router), limits, std::future::pending()));
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_waits_for_a_request_until_the_drain_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let begun = Arc::new(tokio::sync::Notify::new());
    let hangs = {
        let begun = Arc::clone(&begun);
        async move || {
            begun.notify_one();
            std::future::pending::<()>().await;
        }
    };
    let service = service(Router::new().route("/", get(hangs)));
    let limits = Connections { drain_timeout: Duration::from_millis(100), ..CONNECTIONS };
    let shutdown = async move {
        begun.notified().await;
        server::Shutdown { immediately: Box::pin(std::future::pending()) }
    };
    let serving = tokio::spawn(server::run(listener, service, limits, shutdown));
    let mut stream = connect(address);
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let ended =
        tokio::time::timeout(Duration::from_secs(10), serving).await.expect("ends without the request");
    ended.unwrap().unwrap();
}

fn service(router: Router) -> HttpService {
    let config = HttpConfig {
        clock: Clock::system(),
        entropy: Entropy::system(),
        cors_origins: CorsOrigins::Any,
        trusted_proxies: TrustedProxies::default(),
        public_url: None,
        resource_metadata: None,
        access_log: AccessLog::off(),
        traces: Traces::off(),
        memory_budget: recipes_server::limits::MEMORY_BUDGET,
        draining: Draining::default(),
    };
    HttpService::new(router, config)
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Blocks until the server closes the connection, and returns what it sent before.
pub(crate) fn read_to_end(mut stream: TcpStream) -> String {
    let mut received = Vec::new();
    match stream.read_to_end(&mut received) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the connection is still open: {error}"),
    }
    String::from_utf8_lossy(&received).into_owned()
}

pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_without_a_request_is_closed() {
    let address = serve(Connections { idle_timeout: Duration::from_millis(100), ..CONNECTIONS }).await;
    assert_eq!(blocking(move || read_to_end(connect(address))).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_with_an_unfinished_request_head_is_closed() {
    let address = serve(Connections { idle_timeout: Duration::from_millis(100), ..CONNECTIONS }).await;
    let received = blocking(move || {
        let mut stream = connect(address);
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ").unwrap();
        read_to_end(stream)
    });
    assert!(!received.await.contains("200 OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_that_is_idle_after_a_response_is_closed() {
    let address = serve(Connections { idle_timeout: Duration::from_millis(100), ..CONNECTIONS }).await;
    let received = blocking(move || {
        let mut stream = connect(address);
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        read_to_end(stream)
    });
    assert!(received.await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_whose_client_does_not_read_the_response_is_closed() {
    let answer = axum::body::Bytes::from(vec![b'x'; 64 << 20]);
    let router = Router::new().route("/", get(async move || answer));
    let address =
        serve_with(router, Connections { idle_timeout: Duration::from_millis(100), ..CONNECTIONS }).await;
    let received = blocking(move || {
        let mut stream = connect(address);
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        std::thread::sleep(Duration::from_millis(500));
        read_to_end(stream).len()
    });
    assert!(received.await < 64 << 20, "the rest must not be buffered");
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_in_use_outlives_the_idle_timeout() {
    let address = serve(Connections { idle_timeout: Duration::from_millis(300), ..CONNECTIONS }).await;
    blocking(move || {
        let mut stream = connect(address);
        for _ in 0..15 {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            let mut response = [0; 1024];
            assert!(stream.read(&mut response).unwrap() > 0, "closed while in use");
            std::thread::sleep(Duration::from_millis(50));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_request_has_the_whole_idle_timeout() {
    let idle_timeout = Duration::from_millis(600);
    let router = Router::new().route("/", get(async move || tokio::time::sleep(idle_timeout * 2 / 3).await));
    let address = serve_with(router, Connections { idle_timeout, ..CONNECTIONS }).await;
    blocking(move || {
        let mut stream = connect(address);
        for _ in 0..3 {
            std::thread::sleep(idle_timeout * 2 / 3);
            stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            let mut response = [0; 1024];
            assert!(stream.read(&mut response).unwrap() > 0, "closed while the response was being made");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_http2_connection_is_closed_although_its_client_answers_pings() {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let address = serve(Connections { idle_timeout: Duration::from_millis(100), ..CONNECTIONS }).await;
    let pings = blocking(move || {
        let mut stream = connect(address);
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        stream.write_all(&SETTINGS).unwrap();
        let mut pings = 0;
        loop {
            // RFC 9113 section 4.1: length, type, flags, stream. A ping has type 6, its acknowledgement flag 1.
            let mut head = [0; 9];
            if stream.read_exact(&mut head).is_err() {
                return pings;
            }
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            if stream.read_exact(&mut payload).is_err() {
                return pings;
            }
            if (head[3], head[4]) == (6, 0) {
                head[4] = 1;
                pings += 1;
                assert!(pings < 10, "the connection stays open");
                stream.write_all(&[&head[..], &payload[..]].concat()).unwrap();
            }
        }
    });
    assert_eq!(pings.await, 0);
}

/// Four frames of a flood kept other clients waiting, so the first one ends the connection (CVE-2024-27316).
#[tokio::test(flavor = "multi_thread")]
async fn http2_head_with_thousands_of_fields_ends_its_connection() {
    const FIELD: &[u8] = b"\0\x01a\x01b";
    const ENHANCE_YOUR_CALM: [u8; 4] = [0, 0, 0, 11];
    let address = serve(Connections { idle_timeout: Duration::from_millis(500), ..CONNECTIONS }).await;
    let code = blocking(move || {
        let fields = FIELD.repeat(2_000);
        let length = u32::try_from(fields.len()).unwrap().to_be_bytes();
        let mut stream = connect(address);
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        // SETTINGS, HEADERS without END_HEADERS (":method: GET"), one CONTINUATION that does not end them either.
        stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).unwrap();
        stream.write_all(&[0, 0, 1, 1, 1, 0, 0, 0, 1, 0x82]).unwrap();
        stream.write_all(&[length[1], length[2], length[3], 9, 0, 0, 0, 0, 1]).unwrap();
        stream.write_all(&fields).unwrap();
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).expect("the connection ends with GOAWAY");
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            stream.read_exact(&mut payload).unwrap();
            if head[3] == 7 {
                return payload[4..8].to_vec();
            }
        }
    });
    assert_eq!(code.await, ENHANCE_YOUR_CALM);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_request_head_is_refused() {
    let address = serve(CONNECTIONS).await;
    for head in [format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(40_000)), many_headers()] {
        let received = blocking(move || {
            let mut stream = connect(address);
            let _ = stream.write_all(head.as_bytes());
            read_to_end(stream)
        })
        .await;
        assert!(received.starts_with("HTTP/1.1 4"), "{received}");
    }
}

fn many_headers() -> String {
    let headers: String = (0..101).fold(String::new(), |all, n| all + &format!("x-{n}: y\r\n"));
    format!("GET / HTTP/1.1\r\n{headers}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_do_not_stop_the_service() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if setrlimit(Resource::Nofile, limit).is_err() || limit.current.is_some_and(|files| files < 10_500) {
        eprintln!("skipped: this process may not open 10,000 files");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let address: SocketAddr = program.address.parse().unwrap();
    let idle = blocking(move || (0..10_000).map(|_| connect(address)).collect::<Vec<_>>()).await;
    let client = program.signed_up("ada@example.org").await;
    for _ in 0..100 {
        assert_eq!(client.get("/api/v1/recipes").await.unwrap().0, 200);
    }
    drop(idle);
}
