//! How many connections there may be, and how long one may do nothing.
//!
//! At the bound nothing is accepted, so that new connections wait in the kernel's queue, which costs us nothing, until
//! another one ends. One clock sees to it that one does: a connection on which we wrote nothing for a while, and were not
//! asked anything either, is closed, whether its client never ends a head, says nothing at all or does not take its
//! answer. hyper's own clock for heads is made and unmade for each request, which takes a thirtieth of the time of a small
//! one.

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

/// A listener that accepts no more connections than there are places.
pub(super) struct CappedListener {
    tcp: TcpListener,
    places: Arc<Semaphore>,
    /// How long nothing may be written on a connection.
    quiet: Duration,
}

impl CappedListener {
    pub(super) fn new(tcp: TcpListener, places: usize, quiet: Duration) -> Self {
        Self { tcp, places: Arc::new(Semaphore::new(places)), quiet }
    }
}

/// How many connections fit into this process: each needs a file descriptor, and so do the database, the log and
/// the listener. Raises the soft limit first; a login shell's is often 1,024.
pub(super) fn room(wanted: usize) -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    const RESERVED: usize = 64;
    let mut limit = getrlimit(Resource::Nofile);
    let enough = (wanted + RESERVED) as u64;
    if limit.current.is_some_and(|current| current < enough) {
        limit.current = Some(limit.maximum.map_or(enough, |maximum| maximum.min(enough)));
        // Refused in some sandboxes; then the lower limit it is.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    let descriptors = getrlimit(Resource::Nofile).current.and_then(|current| usize::try_from(current).ok());
    descriptors.map_or(wanted, |descriptors| wanted.min(descriptors.saturating_sub(RESERVED)).max(1))
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(super) struct Peer(SocketAddr);

impl Peer {
    pub(super) fn address(&self) -> IpAddr {
        self.0.ip()
    }
}

impl Address for Peer {
    type Stream = Connection;
    type Listener = CappedListener;
}

impl AddrListener<Connection, Peer> for CappedListener {
    async fn bind_to(Peer(address): Peer) -> io::Result<Self> {
        Ok(Self::new(TcpListener::bind(address).await?, Semaphore::MAX_PERMITS, CONNECTIONS.quiet))
    }

    async fn accept_stream(&self) -> io::Result<(Connection, Peer)> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, peer) = self.tcp.accept().await?;
        // Answers are written whole; waiting to fill a packet (Nagle) only delays them.
        stream.set_nodelay(true)?;
        let quiet = self.quiet;
        let timer = Box::pin(sleep(quiet));
        Ok((
            Connection { stream, quiet, stirred: false, asked: false, timer, running: false, _place: place },
            Peer(peer),
        ))
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        self.tcp.local_addr().map(Peer)
    }
}

/// A connection that ends when it is quiet for too long, and gives its place back.
pub(super) struct Connection {
    stream: TcpStream,
    quiet: Duration,
    /// Whether something was written since the timer began, or asked.
    stirred: bool,
    /// Whether something was read since we wrote. Only the first of it counts: a head that never ends goes on and on.
    asked: bool,
    timer: Pin<Box<Sleep>>,
    running: bool,
    _place: OwnedSemaphorePermit,
}

/// Up to here head and body are copied together: `send` of one piece costs the kernel a twentieth less than `writev` of
/// two, and the copy next to nothing.
const SMALL: usize = 2048;

impl Connection {
    /// Ready when nothing stirred for too long: asked whenever there is nothing else to do.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        // A connection stays in its task, which a running timer wakes; asking it each time is not free.
        if self.running && !self.timer.is_elapsed() {
            return Poll::Pending;
        }
        loop {
            // Constrained, a timer that is asked by a task that has done much in one go does not start.
            ready!(pin!(unconstrained(self.timer.as_mut())).poll(cx));
            if !mem::take(&mut self.stirred) {
                return Poll::Ready(ErrorKind::TimedOut.into());
            }
            self.timer.as_mut().reset(Instant::now() + self.quiet);
            self.running = true;
        }
    }

    fn poll_written(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(written) => {
                (self.stirred, self.asked) = (true, false);
                Poll::Ready(written)
            }
            Poll::Pending => self.poll_quiet(cx).map(Err),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(read) => {
                self.stirred |= !mem::replace(&mut self.asked, true);
                Poll::Ready(read)
            }
            Poll::Pending => self.poll_quiet(cx).map(Err),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.poll_written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        let mut whole = [0; SMALL];
        let Some(whole) = whole.get_mut(..length) else {
            let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
            return self.poll_written(cx, written);
        };
        let mut rest = &mut *whole;
        for slice in slices {
            let (here, behind) = rest.split_at_mut(slice.len());
            here.copy_from_slice(slice);
            rest = behind;
        }
        self.poll_write(cx, whole)
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
