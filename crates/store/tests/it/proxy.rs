//! A TCP proxy in front of PostgreSQL that can forward late, stop to forward, or close its connections.

use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the proxy does with bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forwarding {
    On,
    /// Answers arrive [`DELAY`] later, as over a slow network.
    Delayed,
    /// Connections stay open, and nothing arrives any more.
    Stalled,
    /// All connections are closed, and new ones as well.
    Closed,
}

pub(crate) const DELAY: Duration = Duration::from_millis(400);

/// What is copied.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Requests,
    Answers,
}

pub(crate) struct Proxy {
    pub(crate) port: u16,
    forwarding: watch::Sender<Forwarding>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// In front of this socket.
    pub(crate) async fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (forwarding, state) = watch::channel(Forwarding::On);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (socket, state) = (socket.clone(), state.clone());
                tokio::spawn(async move {
                    if *state.borrow() == Forwarding::Closed {
                        return;
                    }
                    let server = UnixStream::connect(&socket).await.unwrap();
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    tokio::select! {
                        () = copy(from_client, to_server, state.clone(), Direction::Requests) => {}
                        () = copy(from_server, to_client, state.clone(), Direction::Answers) => {}
                        () = until(state, Forwarding::Closed) => {}
                    }
                });
            }
        });
        Self { port, forwarding, task }
    }

    pub(crate) fn set(&self, forwarding: Forwarding) {
        let _ = self.forwarding.send(forwarding);
    }

    /// Closes all connections once.
    pub(crate) async fn cut(&self) {
        self.set(Forwarding::Closed);
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.set(Forwarding::On);
    }
}

async fn until(mut state: watch::Receiver<Forwarding>, wanted: Forwarding) {
    let _ = state.wait_for(|now| *now == wanted).await;
}

async fn copy(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut state: watch::Receiver<Forwarding>,
    direction: Direction,
) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
        let forwards = |now: &Forwarding| matches!(now, Forwarding::On | Forwarding::Delayed);
        let Ok(now) = state.wait_for(forwards).await.map(|now| *now) else { return };
        if now == Forwarding::Delayed && direction == Direction::Answers {
            tokio::time::sleep(DELAY).await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
