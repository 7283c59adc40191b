//! A bound on open connections. At the bound nothing is accepted, so that new connections wait in the kernel's queue,
//! which costs us nothing, until another one ends; the time-outs of [`crate::limits`] see to it that one does.

use std::{
    io::{self, IoSlice},
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum_server::{AddrListener, Address};
use pin_project_lite::pin_project;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// A listener that accepts no more connections than there are places.
pub(super) struct CappedListener {
    tcp: TcpListener,
    places: Arc<Semaphore>,
}

impl CappedListener {
    pub(super) fn new(tcp: TcpListener, places: usize) -> Self {
        Self { tcp, places: Arc::new(Semaphore::new(places)) }
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
        Ok(Self::new(TcpListener::bind(address).await?, Semaphore::MAX_PERMITS))
    }

    async fn accept_stream(&self) -> io::Result<(Connection, Peer)> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, peer) = self.tcp.accept().await?;
        // Answers are written whole; waiting to fill a packet (Nagle) only delays them.
        stream.set_nodelay(true)?;
        Ok((Connection { stream, _place: place }, Peer(peer)))
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        self.tcp.local_addr().map(Peer)
    }
}

pin_project! {
    /// A connection that gives its place back when it ends.
    pub(super) struct Connection {
        #[pin]
        stream: TcpStream,
        _place: OwnedSemaphorePermit,
    }
}

/// Up to here head and body are copied together: `send` of one piece costs the kernel a twentieth less than `writev` of
/// two, and the copy next to nothing.
const SMALL: usize = 2048;

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        let mut whole = [0; SMALL];
        let Some(whole) = whole.get_mut(..length) else {
            return self.project().stream.poll_write_vectored(cx, slices);
        };
        let mut rest = &mut *whole;
        for slice in slices {
            let (here, behind) = rest.split_at_mut(slice.len());
            here.copy_from_slice(slice);
            rest = behind;
        }
        self.project().stream.poll_write(cx, whole)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(cx)
    }
}
