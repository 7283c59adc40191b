//! Starts the service from its configuration, and shuts it down without losing a request.

mod acceptor;
mod connection;
mod descriptors;
mod first_run;
mod listener;
mod metrics;
mod registry;
mod run;
mod shutdown;

use std::{convert::Infallible, io::ErrorKind, net::SocketAddr, time::Duration};

use accounts::TokenDigest;
use anyhow::Context as _;
use ids::Uid;
use serde_json::{Map, Value};
use store::{Instance, Store};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};
use tower_passport::{HttpClient, Network};

pub use self::run::run;
pub use self::shutdown::Shutdown;
use crate::api::front_end::FrontEnd;
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
use crate::images::ImageMaker;
use crate::jobs::mail::{self, MailWorker, Mailer, MailerConfig};
use crate::jobs::search_index::SearchIndex;
use crate::jobs::upkeep::{self, Keeping};
use crate::jobs::webhooks::{WebhookWorker, WebhookWorkerConfig};
use crate::jobs::{backups, logouts};
use crate::limits::{self, DRAIN_SHARE, MAIL_SHARE};
use crate::page_fetcher::PageFetcher;
use crate::passwords::Passwords;
use crate::provider::SecretSealer;
use crate::public_url::PublicUrl;
use crate::router::router;
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
use crate::webhook_sender::WebhookSender;

/// How long the end waits for the last lines of the log, which may be blocked.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Serves until a signal asks the process to end, then waits for the requests in flight.
///
/// # Errors
/// The reason why the service cannot start, and what to do about it.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let log = start_log(&config.monitoring)?;
    let outcome = start_and_serve(config, &log).await;
    // The reason of a failed start is printed next, and must not come before lines of the log.
    log.flush(LAST_LINES);
    outcome
}

async fn start_and_serve(config: Config, log: &LogWriter) -> anyhow::Result<()> {
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
    let mails = SendingMails::start(worker);
    start_jobs(&config, &store, &clock);
    let public_url = config.mail.public_url.clone();
    // A service on this machine only needs no setting to be tried out.
    let own_url = || bound.ip().is_loopback().then(|| PublicUrl::of_listener(bound));
    let provider_url = public_url.clone().or_else(own_url);
    let trusted = config.trusted_issuer(provider_url.as_ref())?;
    let trusted = trusted.map(|issuer| issuer_tokens(&issuer, &store, &clock, &entropy)).transpose()?;
    let webhooks = WebhookSender::start(config.protection.webhook_private);
    let sealer = SecretSealer::new(store.clone(), issuer.keys().clone(), entropy.clone());
    send_to_webhooks(webhooks.as_ref(), &config, sealer, (&store, &clock));
    let draining = Draining::default();
    let app = App::new(
        Dependencies {
            store: store.clone(),
            passwords,
            issuer,
            settings: config.accounts(),
            limits: limits.clone(),
            mailer,
            search: search.clone(),
            images: ImageMaker::start()?,
            pages: PageFetcher::public(config.protection.url_import),
            webhooks,
            clock: clock.clone(),
            entropy: entropy.clone(),
        },
        Deployment {
            public_url,
            provider_url,
            resources: config.authorization.resources.clone(),
            issuer: trusted,
            mode: config.mode(),
            has_pages: front_end.is_none(),
            draining: draining.clone(),
        },
    );
    deliver_logouts(&app)?;
    let app_of_first_run = app.clone();
    let (service, traces) = http_service(
        &config,
        HttpParts {
            app,
            front_end,
            limits,
            log: log.clone(),
            has_metrics: metrics.is_some(),
            draining,
            clock,
            entropy,
        },
    )?;

    let shutdown = shutdown::signalled();
    let database = config.database_url();
    tracing::info!("Listening on http://{bound} (documentation at http://{bound}/docs), database {database}");
    if app_of_first_run.has_pages() {
        first_run::log_code(&app_of_first_run, bound).await?;
    }
    let outcome = run(listener, service, connections(&config), shutdown).await;
    mails.end(config.shutdown_timeout().mul_f64(MAIL_SHARE)).await;
    if let Some(search) = search {
        search.close().await;
    }
    store.close().await;
    traces.close().await;
    outcome
}

/// What the HTTP service consists of, beside the settings.
struct HttpParts {
    app: App,
    front_end: Option<FrontEnd>,
    limits: RateLimits,
    log: LogWriter,
    has_metrics: bool,
    draining: Draining,
    clock: Clock,
    entropy: Entropy,
}

fn http_service(config: &Config, parts: HttpParts) -> Result<(HttpService, Traces), ConfigError> {
    let HttpParts { app, front_end, limits, log, has_metrics, draining, clock, entropy } = parts;
    let public_url = config.mail.public_url.clone();
    let base_path = public_url.as_ref().map_or("", PublicUrl::path);
    let (routes, paths) = router(&limits, base_path, front_end, config.mode());
    let templates = Routes::new(paths);
    let request_metrics = has_metrics.then(|| RequestMetrics::new(templates.clone()));
    let traces = start_traces(config, templates, &entropy)?;
    let http = HttpConfig {
        clock,
        entropy,
        cors_origins: config.cors_origins.clone().unwrap_or(CorsOrigins::Any),
        trusted_proxies: config.protection.trusted_proxies.clone(),
        public_url,
        resource_metadata: app.resource_metadata_address(),
        access_log: AccessLog::new(log).with_metrics(request_metrics).with_slow(config.monitoring.log_slow),
        traces: traces.clone(),
        memory_budget: config.protection.memory_budget,
        draining,
    };
    Ok((HttpService::new(routes.with_state(app), http), traces))
}

fn connections(config: &Config) -> limits::Connections {
    let drain_timeout = config.shutdown_timeout().mul_f64(DRAIN_SHARE);
    limits::Connections { drain_delay: config.drain_delay(), drain_timeout, ..limits::CONNECTIONS }
}

/// Jobs without an end of their own.
fn start_jobs(config: &Config, store: &Store, clock: &Clock) {
    tokio::spawn(idle_memory::run());
    let (audit, bin_days) = (config.protection.audit_retention(), config.accounts().bin_days);
    tokio::spawn(upkeep::run(store.clone(), Keeping { audit, bin_days }, clock.clone()));
    if let Some(schedule) = config.backups.schedule() {
        tokio::spawn(backups::run(store.clone(), schedule, clock.clone()));
    }
}

/// The job that sends mails. It ends after the requests, which may queue some.
struct SendingMails {
    end: oneshot::Sender<Infallible>,
    job: JoinHandle<()>,
}

impl SendingMails {
    fn start(worker: MailWorker) -> Self {
        let (end, ended) = oneshot::channel();
        Self { end, job: tokio::spawn(worker.run(async { drop(ended.await) })) }
    }

    async fn end(self, patience: Duration) {
        drop(self.end);
        if timeout(patience, self.job).await.is_err() {
            tracing::warn!(
                "Some mails could not be sent before the shutdown; they are sent after the next start"
            );
        }
    }
}

/// Tells clients that sessions have ended. The operator registers the clients, which may be in the same private network.
fn deliver_logouts(app: &App) -> anyhow::Result<()> {
    if let Some(server) = app.authorization_server() {
        tokio::spawn(logouts::run(server, HttpClient::new(Network::Private)?));
    }
    Ok(())
}

/// Sends the messages of webhooks, which may also have been created by the command line.
fn send_to_webhooks(
    sender: Option<&WebhookSender>,
    config: &Config,
    sealer: SecretSealer,
    (store, clock): (&Store, &Clock),
) {
    let Some(sender) = sender.filter(|_| config.mode().has_recipes()) else { return };
    let (store, sender, clock) = (store.clone(), sender.clone(), clock.clone());
    let worker = WebhookWorker::new(WebhookWorkerConfig { store, sealer, sender, clock });
    tokio::spawn(worker.run());
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
