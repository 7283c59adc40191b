//! Accepts connections: a maximum in all, and a share for each address.
//!
//! A client that only holds connections open must not keep others out. When an address has its share, its own connection that
//! was idle for longest makes room; when the server is full, that of all addresses. Connections with a request in flight are
//! never closed for that. If none is idle, a new connection waits until one ends, and later ones wait in the kernel's queue.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use axum_server::{AddrListener, Address};
use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::acceptor::Acceptor;
use super::connection::Connection;
use super::registry::{Registry, State};
use crate::http::client_address::TrustedProxies;
use crate::http::stack::Activity;
use crate::http::turn::TurnQueue;
use crate::limits::{CONNECTIONS, Connections};

/// How long a closed connection may take to end before another one is closed.
const CLOSING: Duration = Duration::from_millis(50);

/// A listener with a maximum of open connections.
pub(super) struct LimitedListener {
    acceptor: Arc<Acceptor>,
    permits: Arc<Semaphore>,
    registry: Arc<Registry>,
    limits: Connections,
    trusted_proxies: TrustedProxies,
    turns: TurnQueue,
}

impl LimitedListener {
    /// `limits.max_open` must be what the process can open.
    pub(super) fn new(tcp: TcpListener, limits: Connections, trusted_proxies: TrustedProxies) -> Self {
        let permits = Arc::new(Semaphore::new(limits.max_open));
        let acceptor = Arc::new(Acceptor::new(tcp));
        Self {
            acceptor,
            permits,
            registry: Arc::default(),
            limits,
            trusted_proxies,
            turns: TurnQueue::default(),
        }
    }

    /// For the shutdown.
    pub(super) fn acceptor(&self) -> Arc<Acceptor> {
        Arc::clone(&self.acceptor)
    }

    /// For the shutdown.
    pub(super) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry)
    }

    async fn permit(&self) -> io::Result<OwnedSemaphorePermit> {
        loop {
            let permits = Arc::clone(&self.permits);
            if let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
                return Ok(permit);
            }
            self.registry.close_longest_idle();
            if let Ok(permit) = timeout(CLOSING, permits.acquire_owned()).await {
                return permit.map_err(io::Error::other);
            }
        }
    }
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    address: SocketAddr,
    state: Option<Arc<State>>,
}

impl Peer {
    pub(super) fn address(&self) -> IpAddr {
        self.address.ip()
    }

    pub(super) fn activity(&self) -> Option<Arc<Activity>> {
        self.state.as_ref().map(|state| Arc::clone(&state.activity))
    }
}

impl Address for Peer {
    type Stream = Connection;
    type Listener = LimitedListener;
}

impl AddrListener<Connection, Peer> for LimitedListener {
    async fn bind_to(Peer { address, .. }: Peer) -> io::Result<Self> {
        Ok(Self::new(TcpListener::bind(address).await?, CONNECTIONS, TrustedProxies::default()))
    }

    async fn accept_stream(&self) -> io::Result<(Connection, Peer)> {
        loop {
            let (stream, address) = self.acceptor.accept().await?;
            let client = address.ip().to_canonical();
            let has_room = self.trusted_proxies.trusts(client)
                || self.registry.make_room(client, self.limits.max_per_address);
            if !has_room {
                continue; // Closes the connection: all others of this address are in use.
            }
            let permit = self.permit().await?;
            // Responses are written whole; waiting to fill a packet (Nagle) only delays them.
            stream.set_nodelay(true)?;
            let entry = self.registry.insert(client, Instant::now(), permit);
            let peer = Peer { address, state: Some(Arc::clone(entry.state())) };
            return Ok((Connection::new(stream, self.limits.idle_timeout, &self.turns, entry), peer));
        }
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        self.acceptor.local_addr().map(|address| Peer { address, state: None })
    }
}
