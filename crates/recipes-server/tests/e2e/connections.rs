//! Connections: slow ones are closed, idle ones hinder nobody, and there are never more than the bound.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use axum::{Router, routing::get};
use recipes_server::Clock;
use recipes_server::http::client_address::TrustedProxies;
use recipes_server::http::front::{Front, Origins};
use recipes_server::limits::{CONNECTIONS, Connections};
use recipes_server::server;
use recipes_server::telemetry::AccessLog;
use tokio::net::TcpListener;

use crate::program::Program;

/// The server with limits of a size that a test can cross.
async fn serve(limits: Connections) -> SocketAddr {
    serve_with(Router::new().route("/", get(async || "hello")), limits).await
}

async fn serve_with(router: Router, limits: Connections) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(server::run(listener, front(router), limits, std::future::pending()));
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_waits_for_a_request_only_so_long() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let begun = std::sync::Arc::new(tokio::sync::Notify::new());
    let hangs = {
        let begun = std::sync::Arc::clone(&begun);
        async move || {
            begun.notify_one();
            std::future::pending::<()>().await;
        }
    };
    let front = front(Router::new().route("/", get(hangs)));
    let limits = Connections { drain: Duration::from_millis(100), ..CONNECTIONS };
    let ending = async move {
        begun.notified().await;
        server::Ending { again: Box::pin(std::future::pending()) }
    };
    let serving = tokio::spawn(server::run(listener, front, limits, ending));
    let mut stream = connect(address);
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let ended =
        tokio::time::timeout(Duration::from_secs(10), serving).await.expect("ends without the request");
    ended.unwrap().unwrap();
}

fn front(router: Router) -> Front {
    Front::new(router, Clock::system(), [0; 8], Origins::Any, TrustedProxies::default(), AccessLog::off())
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Blocks until the server closes the connection, and answers with what it said before.
fn last_words(mut stream: TcpStream) -> String {
    let mut words = Vec::new();
    match stream.read_to_end(&mut words) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the connection is still open: {error}"),
    }
    String::from_utf8_lossy(&words).into_owned()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_says_nothing_is_disconnected() {
    let address = serve(Connections { quiet: Duration::from_millis(100), ..CONNECTIONS }).await;
    assert_eq!(blocking(move || last_words(connect(address))).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_never_ends_is_given_up() {
    let address = serve(Connections { quiet: Duration::from_millis(100), ..CONNECTIONS }).await;
    let words = blocking(move || {
        let mut stream = connect(address);
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ").unwrap();
        last_words(stream)
    });
    assert!(!words.await.contains("200 OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_after_its_answer() {
    let address = serve(Connections { quiet: Duration::from_millis(100), ..CONNECTIONS }).await;
    let words = blocking(move || {
        let mut stream = connect(address);
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        last_words(stream)
    });
    assert!(words.await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_take_its_answer_is_disconnected() {
    let answer = axum::body::Bytes::from(vec![b'x'; 64 << 20]);
    let router = Router::new().route("/", get(async move || answer));
    let address = serve_with(router, Connections { quiet: Duration::from_millis(100), ..CONNECTIONS }).await;
    let taken = blocking(move || {
        let mut stream = connect(address);
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        std::thread::sleep(Duration::from_millis(500));
        last_words(stream).len()
    });
    assert!(taken.await < 64 << 20, "the rest was not kept for it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_used_outlives_its_time() {
    let address = serve(Connections { quiet: Duration::from_millis(300), ..CONNECTIONS }).await;
    blocking(move || {
        let mut stream = connect(address);
        for _ in 0..15 {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            let mut answer = [0; 1024];
            assert!(stream.read(&mut answer).unwrap() > 0, "it was closed although it was in use");
            std::thread::sleep(Duration::from_millis(50));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_late_has_its_time() {
    let quiet = Duration::from_millis(600);
    let router = Router::new().route("/", get(async move || tokio::time::sleep(quiet * 2 / 3).await));
    let address = serve_with(router, Connections { quiet, ..CONNECTIONS }).await;
    blocking(move || {
        let mut stream = connect(address);
        for _ in 0..3 {
            std::thread::sleep(quiet * 2 / 3);
            stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            let mut answer = [0; 1024];
            assert!(stream.read(&mut answer).unwrap() > 0, "it was cut off while it was answered");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_http2_connection_is_closed_although_its_client_answers_pings() {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let address = serve(Connections { quiet: Duration::from_millis(100), ..CONNECTIONS }).await;
    let pings = blocking(move || {
        let mut stream = connect(address);
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        stream.write_all(&SETTINGS).unwrap();
        let mut pings = 0;
        loop {
            // RFC 9113 section 4.1: length, type, flags, stream. A ping is of type 6, its answer has flag 1.
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
                assert!(pings < 10, "it is kept for ever");
                stream.write_all(&[&head[..], &payload[..]].concat()).unwrap();
            }
        }
    });
    assert_eq!(pings.await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused() {
    let address = serve(CONNECTIONS).await;
    for head in [format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(40_000)), many_headers()] {
        let words = blocking(move || {
            let mut stream = connect(address);
            let _ = stream.write_all(head.as_bytes());
            last_words(stream)
        })
        .await;
        assert!(words.starts_with("HTTP/1.1 4"), "{words}");
    }
}

fn many_headers() -> String {
    let headers: String = (0..101).fold(String::new(), |all, n| all + &format!("x-{n}: y\r\n"));
    format!("GET / HTTP/1.1\r\n{headers}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_bound_a_connection_waits_until_another_ends() {
    let address = serve(Connections { open: 2, ..CONNECTIONS }).await;
    blocking(move || {
        let ask = |stream: &mut TcpStream| stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut answer = [0; 12];
        let (mut first, mut second, mut third) = (connect(address), connect(address), connect(address));
        for stream in [&mut first, &mut second, &mut third] {
            ask(stream);
        }
        for stream in [&mut first, &mut second] {
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"HTTP/1.1 200");
        }
        third.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        assert!(third.read(&mut answer).is_err(), "there is no place for a third");
        drop(first);
        third.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        third.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_do_not_stop_service() {
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
