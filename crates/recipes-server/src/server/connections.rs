//! Limits on connections: how many are open, and how long one may be idle.
//!
//! At the maximum the server accepts no more: new connections wait in the kernel's queue, which costs the server nothing,
//! until another one ends. One idle timer per connection makes sure of that. It closes a connection on which nothing was
//! written for a while and no request began: its client never finishes a request head, sends nothing, or does not read its
//! response. hyper's own timer for request heads starts and stops for each request, which costs 3 % of a small one.

use std::{
    io::{self, ErrorKind, IoSlice},
    mem,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum_server::{AddrListener, Address};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::unconstrained,
    time::{Instant, Sleep, sleep},
};

use crate::limits::CONNECTIONS;

/// A listener with a maximum of open connections.
pub(super) struct LimitedListener {
    tcp: TcpListener,
    permits: Arc<Semaphore>,
    idle_timeout: Duration,
}

impl LimitedListener {
    pub(super) fn new(tcp: TcpListener, max_open: usize, idle_timeout: Duration) -> Self {
        Self { tcp, permits: Arc::new(Semaphore::new(max_open)), idle_timeout }
    }
}

/// How many connections this process can open, at most `wanted`: each needs a file descriptor, and so do the database, the
/// log and the listener. First raises the soft limit, which is often 1,024.
pub(super) fn max_open(wanted: usize) -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    const RESERVED: usize = 64;
    let mut limit = getrlimit(Resource::Nofile);
    let enough = (wanted + RESERVED) as u64;
    if limit.current.is_some_and(|current| current < enough) {
        limit.current = Some(limit.maximum.map_or(enough, |maximum| maximum.min(enough)));
        // Some sandboxes refuse this; then the lower limit applies.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    let descriptors = getrlimit(Resource::Nofile).current.and_then(|current| usize::try_from(current).ok());
    descriptors.map_or(wanted, |descriptors| wanted.min(descriptors.saturating_sub(RESERVED)).max(1))
}

/// The address of the other end of a connection.
#[derive(Clone, Debug)]
pub(super) struct Peer(SocketAddr);

impl Peer {
    pub(super) fn address(&self) -> IpAddr {
        self.0.ip()
    }
}

impl Address for Peer {
    type Stream = Connection;
    type Listener = LimitedListener;
}

impl AddrListener<Connection, Peer> for LimitedListener {
    async fn bind_to(Peer(address): Peer) -> io::Result<Self> {
        Ok(Self::new(TcpListener::bind(address).await?, Semaphore::MAX_PERMITS, CONNECTIONS.idle_timeout))
    }

    async fn accept_stream(&self) -> io::Result<(Connection, Peer)> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, peer) = self.tcp.accept().await?;
        // Responses are written whole; waiting to fill a packet (Nagle) only delays them.
        stream.set_nodelay(true)?;
        Ok((Connection::new(stream, self.idle_timeout, permit), Peer(peer)))
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        self.tcp.local_addr().map(Peer)
    }
}

/// A connection that ends when it is idle for too long, and then returns its permit.
pub(super) struct Connection {
    stream: TcpStream,
    idle_timeout: Duration,
    timer: Pin<Box<Sleep>>,
    /// Whether something was written, or a request began, since the timer started.
    active: bool,
    /// Whether something was read since the last write. Only the first read counts as activity: a request head that never
    /// ends would count for ever.
    read_since_write: bool,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    fn new(stream: TcpStream, idle_timeout: Duration, permit: OwnedSemaphorePermit) -> Self {
        Self {
            stream,
            idle_timeout,
            timer: Box::pin(sleep(idle_timeout)),
            active: false,
            read_since_write: false,
            _permit: permit,
        }
    }

    /// Ready with an error when the connection was idle for too long. Polled whenever the stream has nothing to do.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            // A task that has used up its budget could not start the timer otherwise.
            ready!(pin!(unconstrained(self.timer.as_mut())).poll(cx));
            if !mem::take(&mut self.active) {
                return Poll::Ready(ErrorKind::TimedOut.into());
            }
            self.timer.as_mut().reset(Instant::now() + self.idle_timeout);
        }
    }

    fn after_write(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            return self.poll_idle(cx).map(Err);
        }
        self.active = true;
        self.read_since_write = false;
        written
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_pending() {
            return self.poll_idle(cx).map(Err);
        }
        self.active |= !mem::replace(&mut self.read_since_write, true);
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.after_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.after_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
