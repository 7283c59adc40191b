//! Serves connections with an HTTP service, until it is asked to end.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use anyhow::Context as _;
use axum_server::Handle;
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};
use tower_service::Service;

use super::connection::ENDING;
use super::descriptors;
use super::listener::{LimitedListener, Peer};
use super::shutdown::Shutdown;
use crate::http::stack::HttpService;
use crate::limits::{self, HEAD_BYTES, STREAMS};

/// The least connections of an address where the process can open few: what two browsers use.
const SMALLEST_SHARE: usize = 16;

/// Serves connections until `shutdown` resolves, and then the requests in flight.
///
/// # Errors
/// If the listener itself fails, which no client can cause.
pub async fn run(
    listener: TcpListener,
    service: HttpService,
    limits: limits::Connections,
    shutdown: impl Future<Output = Shutdown> + Send + 'static,
) -> anyhow::Result<()> {
    let handle = Handle::<Peer>::new();
    let max_open = descriptors::max_open(limits.max_open);
    let max_per_address = limits.max_per_address.min((max_open / 8).max(SMALLEST_SHARE));
    let limits = limits::Connections { max_open, max_per_address, ..limits };
    let listener = LimitedListener::new(listener, limits, service.trusted_proxies().clone());
    let (acceptor, registry) = (listener.acceptor(), listener.registry());
    let mut server = axum_server::Server::<Peer>::from_listener(listener)
        .handle(handle.clone())
        .accept_error_handler(|_, error| tracing::warn!(%error, "A connection could not be accepted"));
    let protocols = server.http_builder();
    // A client that sends no more may still read: `nc -N` and some health checks close their sending half.
    protocols.http1().max_buf_size(HEAD_BYTES).writev(true).half_close(true);
    // No keep-alive pings: clients answer them automatically, so an idle connection would look active.
    protocols
        .http2()
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(limits::STREAM_WINDOW)
        .initial_connection_window_size(limits::CONNECTION_WINDOW)
        .max_send_buf_size(limits::SEND_BUFFER)
        .max_header_list_size(limits::HTTP2_HEADER_BYTES);

    let draining = service.draining().clone();
    let drain = async move {
        let Shutdown { mut immediately } = shutdown.await;
        draining.begin();
        if !limits.drain_delay.is_zero() {
            let seconds = limits.drain_delay.as_secs();
            tracing::info!(
                "Draining: /readyz answers 503, and new connections are accepted for {seconds} s more"
            );
            tokio::select! {
                () = sleep(limits.drain_delay) => {}
                () = &mut immediately => return,
            }
        }
        tracing::info!("Shutting down: waiting for requests in flight, refusing new connections");
        registry.end();
        // Until the first byte of a request has come, hyper would close a connection. Those that the clients have just made
        // have the time in which idle ones end.
        let closing = async {
            let closed = acceptor.close().await;
            if !registry.is_empty() {
                sleep(ENDING).await;
            }
            closed
        };
        if let Ok(Err(error)) = timeout(2 * ENDING, closing).await {
            tracing::warn!(%error, "The listening socket could not be closed in order");
        }
        handle.graceful_shutdown(Some(limits.drain_timeout));
        immediately.await;
        tracing::warn!("Shutting down immediately, after a second signal");
        handle.shutdown();
        std::future::pending::<()>().await;
    };
    let serving = server.serve(MakeHttpService(service));
    tokio::select! {
        outcome = serving => outcome.context("the listener failed"),
        () = drain => Ok(()),
    }
}

/// Makes the service of each connection, which knows the client's address.
struct MakeHttpService(HttpService);

impl Service<Peer> for MakeHttpService {
    type Response = HttpService;
    type Error = Infallible;
    type Future = Ready<Result<HttpService, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, peer: Peer) -> Self::Future {
        ready(Ok(match peer.activity() {
            Some(activity) => self.0.with_connection(peer.address(), activity),
            None => self.0.with_peer(peer.address()),
        }))
    }
}
