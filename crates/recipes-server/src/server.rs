//! Starts the service from its configuration, and shuts it down without losing a request.

mod acceptor;
mod connection;
mod descriptors;
mod listener;
mod metrics;
mod registry;
mod shutdown;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    io::ErrorKind,
    net::SocketAddr,
    task::{Context, Poll},
    time::Duration,
};

use accounts::TokenDigest;
use anyhow::Context as _;
use axum_server::Handle;
use ids::Uid;
use serde_json::{Map, Value};
use store::{Instance, Store};
use tokio::{
    net::TcpListener,
    sync::oneshot,
    time::{sleep, timeout},
};
use tower_passport::{HttpClient, Network};
use tower_service::Service;

use self::connection::ENDING;
use self::listener::{LimitedListener, Peer};
pub use self::shutdown::Shutdown;
use crate::app::{App, Deployment};
use crate::auth::access_tokens::TokenIssuer;
use crate::auth::issuer_tokens::{FindIdentity, IssuerTokens, TrustedIssuer};
use crate::auth::rate_limit::RateLimits;
use crate::auth::token_keys::TokenKeys;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, Monitoring};
use crate::entropy::Entropy;
use crate::http::stack::{CorsOrigins, Draining, HttpConfig, HttpService};
use crate::idle_memory;
use crate::jobs::mail::{self, Mailer, MailerConfig};
use crate::jobs::search_index::SearchIndex;
use crate::jobs::{backups, logouts, upkeep};
use crate::limits::{self, DRAIN_SHARE, HEAD_BYTES, MAIL_SHARE, STREAMS};
use crate::passwords::Passwords;
use crate::public_url::PublicUrl;
use crate::router::{PAGES, router};
use crate::sample;
use crate::signing_key;
use crate::telemetry::{
    self, LogWriter,
    access_log::AccessLog,
    metrics::RequestMetrics,
    routes::Routes,
    traces::{TraceConfig, Traces},
};
use crate::use_cases::Dependencies;

/// How long the end waits for the last lines of the log, which may be blocked.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Serves until a signal asks the process to end, then waits for the requests in flight.
///
/// # Errors
/// The reason why the service cannot start, and what to do about it.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let log = start_log(&config.monitoring)?;
    let (clock, entropy) = (Clock::system(), Entropy::system());
    // All settings before the first file: an invalid one must leave nothing behind.
    let front_end = config.front_end()?;
    signing_key::load(&config)?;
    let previous_key = signing_key::previous(&config)?;
    let address = config.address()?;
    config.mail_template(address)?;
    let transport = config.mail_transport(&clock, &entropy)?;

    // Before the parts that register their metrics when they start.
    let metrics = metrics::install(config.monitoring.metrics_addr)?;
    let store = open_store(&config, &clock, &entropy).await?;
    let key = signing_key::load_or_create(&config, &entropy)?;
    let keys = TokenKeys::new(key, previous_key);
    note_signing_key(&store, &keys, &clock).await?;
    let issuer = token_issuer(keys, &config, &store, (&clock, &entropy)).await?;
    let passwords = Passwords::start(config.scheme(), &entropy)?;
    let limits =
        RateLimits::new(config.protection.rate_limits, clock.clone(), store.shared_limits().as_ref());
    let listener = listen(address).await?;
    let bound = listener.local_addr()?;

    warn_if_open_to_all_pages(&config, bound);
    tracing::info!("{transport}");
    let (mailer, worker) = Mailer::new(MailerConfig {
        store: store.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        template: config.mail_template(bound)?,
        transport,
        retry_pauses: mail::RETRY_PAUSES,
    });
    let search = open_search_index(&config, &store)?;
    let sources =
        metrics::Sources { store: store.clone(), passwords: passwords.clone(), search: search.clone() };
    metrics::start(metrics.as_ref(), sources, (clock.clone(), entropy.clone())).await?;
    let (end_of_mail, ending) = oneshot::channel::<Infallible>();
    let worker = tokio::spawn(worker.run(async { drop(ending.await) }));
    start_jobs(&config, &store, &clock);
    let public_url = config.mail.public_url.clone();
    // A service on this machine only needs no setting to be tried out.
    let own_url = || bound.ip().is_loopback().then(|| PublicUrl::of_listener(bound));
    let provider_url = public_url.clone().or_else(own_url);
    let trusted = config.trusted_issuer(provider_url.as_ref())?;
    let trusted = trusted.map(|issuer| issuer_tokens(&issuer, &store, &clock, &entropy)).transpose()?;
    let app = App::new(
        Dependencies {
            store: store.clone(),
            passwords,
            issuer,
            settings: config.accounts(),
            limits: limits.clone(),
            mailer,
            search: search.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        },
        Deployment {
            public_url: public_url.clone(),
            provider_url,
            resources: config.authorization.resources.clone(),
            issuer: trusted,
        },
    );
    deliver_logouts(&app)?;
    let base_path = public_url.as_ref().map_or("", PublicUrl::path);
    let (routes, openapi) = router(&limits, base_path, front_end, config.mode());
    let templates = Routes::new(openapi.paths.paths.into_keys().chain(PAGES.map(str::to_owned)));
    let request_metrics = metrics.map(|_| RequestMetrics::new(templates.clone()));
    let traces = start_traces(&config, templates, &entropy)?;
    let service = HttpService::new(
        routes.with_state(app),
        HttpConfig {
            clock,
            entropy,
            cors_origins: config.cors_origins.clone().unwrap_or(CorsOrigins::Any),
            trusted_proxies: config.protection.trusted_proxies.clone(),
            public_url: public_url.clone(),
            access_log: AccessLog::new(log.clone())
                .with_metrics(request_metrics)
                .with_slow(config.monitoring.log_slow),
            traces: traces.clone(),
            memory_budget: config.protection.memory_budget,
            draining: Draining::default(),
        },
    );

    let shutdown = shutdown::signalled();
    let database = config.database_url();
    tracing::info!("Listening on http://{bound} (documentation at http://{bound}/docs), database {database}");
    let outcome = run(listener, service, connections(&config), shutdown).await;
    drop(end_of_mail);
    if timeout(config.shutdown_timeout().mul_f64(MAIL_SHARE), worker).await.is_err() {
        tracing::warn!(
            "Some mails could not be sent before the shutdown; they are sent after the next start"
        );
    }
    if let Some(search) = search {
        search.close().await;
    }
    store.close().await;
    traces.close().await;
    log.flush(LAST_LINES);
    outcome
}

fn connections(config: &Config) -> limits::Connections {
    let drain_timeout = config.shutdown_timeout().mul_f64(DRAIN_SHARE);
    limits::Connections { drain_delay: config.drain_delay(), drain_timeout, ..limits::CONNECTIONS }
}

/// Jobs without an end of their own.
fn start_jobs(config: &Config, store: &Store, clock: &Clock) {
    tokio::spawn(idle_memory::run());
    tokio::spawn(upkeep::run(store.clone(), config.protection.audit_retention(), clock.clone()));
    if let Some(schedule) = config.backups.schedule() {
        tokio::spawn(backups::run(store.clone(), schedule, clock.clone()));
    }
}

/// Tells clients that sessions have ended. The operator registers the clients, which may be in the same private network.
fn deliver_logouts(app: &App) -> anyhow::Result<()> {
    if let Some(server) = app.authorization_server() {
        tokio::spawn(logouts::run(server, HttpClient::new(Network::Private)?));
    }
    Ok(())
}

/// Issues the tokens of this installation, which is named at its first start.
async fn token_issuer(
    keys: TokenKeys,
    config: &Config,
    store: &Store,
    (clock, entropy): (&Clock, &Entropy),
) -> anyhow::Result<TokenIssuer> {
    let now = clock.now();
    let instance = Instance { id: Uid::new(now, entropy.bytes()), named_at: now };
    let instance = store.get_or_create_instance(instance).await?;
    Ok(TokenIssuer::new(keys, instance, config.mail.public_url.as_ref()))
}

fn warn_if_open_to_all_pages(config: &Config, bound: SocketAddr) {
    if config.is_open_to_all_pages_by_default(bound) {
        tracing::warn!(
            "Every web page that a user of this network opens can read the public recipes and try passwords here, because \
             CORS_ORIGINS is not set. Set it to the origins of your front ends, or to * if that is what you want"
        );
    }
}

/// The tokens of the other server, and the metadata that tell clients of it.
fn issuer_tokens(
    issuer: &TrustedIssuer,
    store: &Store,
    clock: &Clock,
    entropy: &Entropy,
) -> anyhow::Result<(Map<String, Value>, IssuerTokens)> {
    let context = || format!("ISSUER (--issuer) is {}", issuer.issuer);
    let metadata = issuer.metadata().with_context(context)?;
    tracing::info!("Users are those of {}, with tokens for {}", issuer.issuer, issuer.audience);
    let users = FindIdentity { store: store.clone(), clock: clock.clone(), entropy: entropy.clone() };
    Ok((metadata, IssuerTokens::new(issuer.clone(), users).with_context(context)?))
}

async fn open_store(config: &Config, clock: &Clock, entropy: &Entropy) -> anyhow::Result<Store> {
    let store = Store::open(config.database_url(), clock.now()).await?;
    for notice in store.notices() {
        tracing::warn!("{notice}");
    }
    if store.is_new() && config.uses_default_database() {
        let loaded = sample::load(&store, clock, entropy).await?;
        tracing::info!("Created a new database with {loaded} sample recipes");
    }
    Ok(store)
}

/// The search index in the data directory, if the service has recipes.
fn open_search_index(config: &Config, store: &Store) -> anyhow::Result<Option<SearchIndex>> {
    if !config.mode().has_recipes() {
        return Ok(None);
    }
    let data_dir = config.data_dir.path();
    let index = SearchIndex::start(store.clone(), data_dir).with_context(|| {
        format!("the search index needs the folder {} (DATA_DIR), which cannot be used", data_dir.display())
    })?;
    Ok(Some(index))
}

fn start_log(settings: &Monitoring) -> anyhow::Result<LogWriter> {
    store::log_slow_transactions(settings.log_slow);
    telemetry::init(&settings.log, settings.log_format).context("cannot start the thread of the log")
}

fn start_traces(config: &Config, routes: Routes, entropy: &Entropy) -> Result<Traces, ConfigError> {
    let url = config.mail.public_url.as_ref();
    Traces::start(TraceConfig {
        endpoint: config.monitoring.otel_exporter_otlp_endpoint.clone(),
        routes,
        entropy: entropy.clone(),
        is_https: url.is_some_and(|url| url.as_str().starts_with("https:")),
    })
    .map_err(|why| ConfigError::new(format!("OTEL_EXPORTER_OTLP_ENDPOINT: {why}")))
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse => "another program uses this port; choose another one with --port",
            ErrorKind::AddrNotAvailable => {
                "this machine does not have the address; set HOST (--host) to one of its own, or to 0.0.0.0 for all"
            }
            ErrorKind::PermissionDenied => "this user may not use the port; choose one from 1024 with --port",
            _ => "choose another address with --host and --port",
        };
        anyhow::Error::new(error).context(format!("cannot listen on {address}: {advice}"))
    })
}

/// Warns when the signing key is not the one of the last start: a new key invalidates all access tokens, and
/// an attacker must not be able to replace it unnoticed.
async fn note_signing_key(store: &Store, keys: &TokenKeys, clock: &Clock) -> anyhow::Result<()> {
    let fingerprint = TokenDigest::of(keys.current().thumbprint().as_bytes());
    if store.note_signing_key(fingerprint, clock.now()).await? {
        let rest =
            if keys.has_previous() { ", except those that JWT_SECRET_PREVIOUS has signed" } else { "" };
        tracing::warn!("The signing key has changed: all access tokens are invalid now{rest}");
    }
    Ok(())
}

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
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX));

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
