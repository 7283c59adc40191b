//! Room for connections: idle ones make room, and no address takes the room of others.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use axum::{Router, routing::get};
use recipes_server::limits::{CONNECTIONS, Connections};
use tokio::sync::Notify;

use crate::connections::{blocking, connect, read_to_end, serve, serve_with};

/// Routes that hold a request until the test releases it.
fn holding() -> (Router, Arc<Notify>) {
    let released = Arc::new(Notify::new());
    let wait = Arc::clone(&released);
    let held = get(async move || wait.notified().await);
    (Router::new().route("/", get(async || "hello")).route("/held", held), released)
}

fn request(stream: &mut TcpStream, path: &str) {
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
}

fn is_answered(stream: &mut TcpStream) -> bool {
    let mut response = [0; 12];
    stream.read_exact(&mut response).is_ok() && &response == b"HTTP/1.1 200"
}

#[tokio::test(flavor = "multi_thread")]
async fn longest_idle_connection_makes_room_above_the_maximum() {
    let address = serve(Connections { max_open: 2, ..CONNECTIONS }).await;
    blocking(move || {
        let (mut first, mut second) = (connect(address), connect(address));
        for stream in [&mut first, &mut second] {
            request(stream, "/");
            assert!(is_answered(stream));
            // The time of the last use is kept in milliseconds.
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut third = connect(address);
        request(&mut third, "/");
        assert!(is_answered(&mut third));
        assert!(read_to_end(first).ends_with("hello"), "the longest idle connection is closed");
        request(&mut second, "/");
        assert!(second.read(&mut [0; 1_024]).unwrap() > 0, "the other one stays open");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_above_the_maximum_waits_while_the_others_are_in_use() {
    let (router, released) = holding();
    let address = serve_with(router, Connections { max_open: 2, ..CONNECTIONS }).await;
    blocking(move || {
        let (mut first, mut second) = (connect(address), connect(address));
        for stream in [&mut first, &mut second] {
            request(stream, "/held");
        }
        std::thread::sleep(Duration::from_millis(200));
        let mut third = connect(address);
        request(&mut third, "/");
        third.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        assert!(!is_answered(&mut third), "no connection is idle");
        released.notify_waiters();
        assert!(is_answered(&mut first) && is_answered(&mut second), "requests in flight are answered");
        third.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        assert!(is_answered(&mut third));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn address_with_its_share_keeps_no_other_address_out() {
    let (router, released) = holding();
    let address = serve_with(router, Connections { max_open: 4, max_per_address: 2, ..CONNECTIONS }).await;
    let other = tokio::net::TcpSocket::new_v4().unwrap();
    other.bind(([127, 0, 0, 2], 0).into()).unwrap();
    let mut held = blocking(move || {
        let mut held = [connect(address), connect(address)];
        for stream in &mut held {
            request(stream, "/held");
        }
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(read_to_end(connect(address)), "", "its connections are all in use");
        held
    })
    .await;
    let mut other = other.connect(address).await.unwrap().into_std().unwrap();
    blocking(move || {
        other.set_nonblocking(false).unwrap();
        request(&mut other, "/");
        assert!(is_answered(&mut other));
        released.notify_waiters();
        assert!(held.iter_mut().all(is_answered), "requests in flight are answered");
        // Now they are idle and make room.
        let mut third = connect(address);
        request(&mut third, "/");
        assert!(is_answered(&mut third));
    })
    .await;
}
