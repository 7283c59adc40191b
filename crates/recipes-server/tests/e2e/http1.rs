//! Corners of HTTP/1.1: half-closed connections, `Host`, bodies that the handler does not want.

use std::{io::Write, time::Duration};

use axum::{
    Router,
    routing::{get, post},
};
use recipes_server::limits::CONNECTIONS;

use crate::connections::{blocking, connect, read_to_end, serve, serve_with};

#[tokio::test(flavor = "multi_thread")]
async fn client_that_closes_its_sending_half_gets_its_response() {
    let router = Router::new().route(
        "/",
        get(async || {
            tokio::time::sleep(Duration::from_millis(100)).await;
            "hello"
        }),
    );
    let address = serve_with(router, CONNECTIONS).await;
    let received = blocking(move || {
        let mut stream = connect(address);
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        read_to_end(stream)
    });
    assert!(received.await.ends_with("hello"));
}

#[tokio::test(flavor = "multi_thread")]
async fn request_needs_one_valid_host() {
    let address = serve(CONNECTIONS).await;
    for (head, status) in [
        ("GET / HTTP/1.1\r\nhost: x", 200),
        ("GET / HTTP/1.1\r\nhost: x.example:8080", 200),
        ("GET / HTTP/1.1\r\nhost: [::1]:8080", 200),
        ("GET / HTTP/1.0", 200),
        ("GET / HTTP/1.1", 400),
        ("GET / HTTP/1.1\r\nhost: x\r\nhost: x", 400),
        ("GET / HTTP/1.0\r\nhost: x\r\nhost: y", 400),
        ("GET / HTTP/1.1\r\nhost: x, y", 400),
        ("GET / HTTP/1.1\r\nhost: x/y", 400),
        ("GET / HTTP/1.1\r\nhost: u@x", 400),
        ("GET / HTTP/1.1\r\nhost: [::1", 400),
        ("GET / HTTP/1.1\r\nhost: [x]", 400),
        ("GET / HTTP/1.1\r\nhost: x:99999", 400),
        ("GET / HTTP/1.1\r\nhost: x:y", 400),
        ("GET / HTTP/1.1\r\nhost: [::1]x", 400),
        ("GET / HTTP/1.1\r\nhost: x:", 200),
    ] {
        let received = blocking(move || {
            let mut stream = connect(address);
            write!(stream, "{head}\r\nconnection: close\r\n\r\n").unwrap();
            read_to_end(stream)
        })
        .await;
        let begin = received.split(' ').nth(1).unwrap_or_default();
        assert_eq!(begin, status.to_string(), "{head}: {received}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn client_that_sends_an_unwanted_body_to_its_end_gets_the_response() {
    let router = Router::new().route("/", post(async || http::StatusCode::UNAUTHORIZED));
    let address = serve_with(router, CONNECTIONS).await;
    for chunked in [false, true] {
        let received = blocking(move || {
            let mut stream = connect(address);
            let (block, blocks) = (vec![b'x'; 1 << 20], 30);
            let length = if chunked {
                "transfer-encoding: chunked".to_owned()
            } else {
                format!("content-length: {}", blocks << 20)
            };
            write!(stream, "POST / HTTP/1.1\r\nhost: x\r\n{length}\r\n\r\n").unwrap();
            for _ in 0..blocks {
                if chunked {
                    write!(stream, "{:x}\r\n", block.len()).unwrap();
                }
                stream.write_all(&block).unwrap();
                if chunked {
                    stream.write_all(b"\r\n").unwrap();
                }
            }
            if chunked {
                stream.write_all(b"0\r\n\r\n").unwrap();
            }
            // The connection can be used again.
            write!(stream, "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
            read_to_end(stream)
        });
        assert_eq!(received.await.matches("HTTP/1.1 401").count(), 2, "chunked: {chunked}");
    }
}
