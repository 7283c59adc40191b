//! From a configuration to a running service, and back to nothing without losing a request.

mod connections;

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    net::SocketAddr,
    task::{Context, Poll},
};

use crate::clock::Clock;
use crate::entropy::Entropy;
use accounts::TokenDigest;
use anyhow::Context as _;
use axum_server::Handle;
use store::Store;
use strict_jose::Key;
use tokio::{net::TcpListener, sync::oneshot, time::timeout};
use tower_service::Service;

use self::connections::{CappedListener, Peer};
use crate::app::App;
use crate::auth::rate_limit::RateLimits;
use crate::config::Config;
use crate::http::front::Front;
use crate::jobs::mail::{self, Mailer, Office};
use crate::jobs::upkeep;
use crate::limits::{self, HEAD_BYTES, STREAMS};
use crate::passwords::Passwords;
use crate::router::router;
use crate::sample;
use crate::telemetry::{self, AccessLog};
use crate::use_cases::Dependencies;

/// Serves until the process is asked to end, then lets the requests in flight finish.
///
/// # Errors
/// What keeps the service from starting, in words that say what to do.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    telemetry::init(&config.log, config.log_format);
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let url = config.database_url();
    let store = Store::open(url, clock.now()).await?;
    if store.is_new() && config.uses_default_database() {
        let loaded = sample::load(&store, &clock, &entropy).await?;
        tracing::info!("A new database: {loaded} sample recipes were put into it");
    }
    let key = config.signing_key(&entropy)?;
    note_signing_key(&store, &key, &clock).await?;
    let passwords = Passwords::start(config.scheme(), &entropy)?;
    let limits = RateLimits::new(config.protection.rate_limits, clock.clone());
    let transport = config.mail_transport(&clock, &entropy)?;
    let listener = listen(config.address()?).await?;
    let bound = listener.local_addr()?;

    tracing::info!("{transport}");
    let (mailer, delivery) = Mailer::new(Office {
        store: store.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        letterhead: config.letterhead(bound)?,
        transport,
        pauses: mail::PAUSES,
    });
    let (end_of_mail, ending) = oneshot::channel::<Infallible>();
    let delivery = tokio::spawn(delivery.run(async { drop(ending.await) }));
    tokio::spawn(upkeep::run(store.clone(), config.protection.audit_retention(), clock.clone()));
    let app = App::new(Dependencies {
        store: store.clone(),
        passwords,
        key,
        settings: config.accounts(),
        limits: limits.clone(),
        mailer,
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let log = AccessLog::start(config.log_format);
    let (routes, _) = router(&limits);
    let front = Front::new(
        routes.with_state(app),
        clock,
        entropy.bytes(),
        config.cors_origins.clone(),
        config.protection.trusted_proxies.clone(),
        log.clone(),
    );

    tracing::info!("Listening on http://{bound} (documentation at http://{bound}/docs), recipes in {url}");
    let outcome = run(listener, front, limits::CONNECTIONS, end_of_service()).await;
    drop(end_of_mail);
    if timeout(mail::DRAIN, delivery).await.is_err() {
        tracing::warn!(
            "Some mails were not sent in time and are lost; whoever misses one may ask for another"
        );
    }
    store.close().await;
    log.flush();
    outcome
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: another program may hold this port; choose another with --port")
    })
}

/// Whoever holds another key than before made every token bad, or could not have done so in secret.
async fn note_signing_key(store: &Store, key: &Key, clock: &Clock) -> anyhow::Result<()> {
    let fingerprint = TokenDigest::of(key.thumbprint().as_bytes());
    if store.note_signing_key(fingerprint, clock.now()).await? {
        tracing::warn!(
            "The key that signs the tokens is another one than before: all access tokens have ended"
        );
    }
    Ok(())
}

/// Answers connections until `ending` resolves; its value says how to end.
///
/// # Errors
/// When the listener itself fails, which no client can cause.
pub async fn run(
    listener: TcpListener,
    front: Front,
    limits: limits::Connections,
    ending: impl Future<Output = Ending> + Send + 'static,
) -> anyhow::Result<()> {
    let handle = Handle::<Peer>::new();
    let listener = CappedListener::new(listener, connections::room(limits.open), limits.quiet);
    let mut server = axum_server::Server::<Peer>::from_listener(listener)
        .handle(handle.clone())
        .accept_error_handler(|_, error| tracing::warn!(%error, "A connection could not be accepted"));
    let protocols = server.http_builder();
    protocols.http1().max_buf_size(HEAD_BYTES);
    // Without pings of ours, which clients answer by themselves: to our clock they are life on the connection.
    protocols
        .http2()
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX));

    let drain = async move {
        let Ending { again } = ending.await;
        tracing::info!("Ending: requests in flight may finish, new connections are refused");
        handle.graceful_shutdown(Some(limits.drain));
        again.await;
        tracing::warn!("Ending at once, as asked for again");
        handle.shutdown();
        std::future::pending::<()>().await;
    };
    let serving = server.serve(Doors(front));
    tokio::select! {
        outcome = serving => outcome.context("the listener failed"),
        () = drain => Ok(()),
    }
}

/// Opens a door for each connection, which knows who stands before it.
struct Doors(Front);

impl Service<Peer> for Doors {
    type Response = Front;
    type Error = Infallible;
    type Future = Ready<Result<Front, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, peer: Peer) -> Self::Future {
        ready(Ok(self.0.facing(peer.address())))
    }
}

/// The first request to end the service has come; `again` resolves at the second.
pub struct Ending {
    pub again: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Waits for SIGTERM or SIGINT.
async fn end_of_service() -> Ending {
    one_signal().await;
    Ending { again: Box::pin(one_signal()) }
}

async fn one_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // No handler could be installed, so the signal ends the process by itself.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
