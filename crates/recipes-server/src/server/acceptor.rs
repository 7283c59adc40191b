//! The listening socket, which can be closed without losing a connection.
//!
//! The kernel makes connections before the service accepts them. Those that wait while a socket is closed are reset, and a proxy
//! that has sent a request on one must not repeat it if it is a change. So closing accepts all that wait, without a pause
//! between the last one and the end of the socket.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
};

pub(super) struct Acceptor {
    state: Mutex<State>,
    /// All that waited has been handed on.
    drained: Notify,
}

struct State {
    /// `None`: it is closed.
    listener: Option<TcpListener>,
    /// Connections that waited when it was closed.
    waiting: VecDeque<(std::net::TcpStream, SocketAddr)>,
    waker: Option<Waker>,
}

impl Acceptor {
    pub(super) fn new(listener: TcpListener) -> Self {
        let state = State { listener: Some(listener), waiting: VecDeque::new(), waker: None };
        Self { state: Mutex::new(state), drained: Notify::new() }
    }

    /// The next connection. Never returns when the socket is closed and all connections that waited have been returned.
    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        poll_fn(|context| self.poll_accept(context)).await
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.state().listener.as_ref().ok_or(io::ErrorKind::NotConnected)?.local_addr()
    }

    /// Closes the socket, and waits until the connections that waited are handed on.
    pub(super) async fn close(&self) -> io::Result<()> {
        {
            let state = &mut *self.state();
            let Some(listener) = state.listener.take() else { return Ok(()) };
            let listener = listener.into_std()?;
            while let Ok((stream, address)) = listener.accept() {
                stream.set_nonblocking(true)?;
                state.waiting.push_back((stream, address));
            }
            drop(listener);
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
        }
        self.drained.notified().await;
        Ok(())
    }

    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let state = &mut *self.state();
        if let Some(listener) = &state.listener {
            let accepted = listener.poll_accept(context);
            if accepted.is_pending() {
                state.waker = Some(context.waker().clone());
            }
            return accepted;
        }
        let Some((stream, address)) = state.waiting.pop_front() else {
            self.drained.notify_one();
            return Poll::Pending;
        };
        Poll::Ready(TcpStream::from_std(stream).map(|stream| (stream, address)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn connections_that_wait_are_accepted_when_the_socket_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let acceptor = Arc::new(Acceptor::new(listener));
        let address = acceptor.local_addr().unwrap();
        let mut clients = Vec::new();
        for _ in 0..20 {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(b"a request").await.unwrap();
            clients.push(client);
        }
        let accepting = Arc::clone(&acceptor);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = accepting.accept().await {
                let mut request = [0; 9];
                stream.read_exact(&mut request).await.unwrap();
                stream.write_all(b"a response").await.unwrap();
            }
        });
        acceptor.close().await.unwrap();
        assert!(TcpStream::connect(address).await.is_err(), "it is closed");
        for mut client in clients {
            let mut response = String::new();
            client.read_to_string(&mut response).await.unwrap();
            assert_eq!(response, "a response");
        }
    }
}
