//! Serves the metrics at `METRICS_ADDR`, with the limits of all connections.

use std::{future::pending, io, net::SocketAddr};

use anyhow::Context as _;
use axum::{Router, routing::get};
use http::header;
use metrics::gauge;
use store::Store;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::http::client_address::TrustedProxies;
use crate::http::error::RequestError;
use crate::http::stack::{CorsOrigins, Draining, HttpConfig, HttpService};
use crate::jobs::search_index::SearchIndex;
use crate::limits;
use crate::passwords::Passwords;
use crate::telemetry::{access_log::AccessLog, metrics::Metrics, traces::Traces};

/// Installs the recorder, if there is an address for the metrics.
///
/// # Errors
/// If the process has a recorder already.
pub(super) fn install(address: Option<SocketAddr>) -> io::Result<Option<(SocketAddr, Metrics)>> {
    address.map(|address| Metrics::install().map(|metrics| (address, metrics))).transpose()
}

/// What has a current value.
#[derive(Clone)]
pub(super) struct Sources {
    pub(super) store: Store,
    pub(super) passwords: Passwords,
    pub(super) search: Option<SearchIndex>,
}

/// Listens, and serves in the background for as long as the process runs. Does nothing without an address.
///
/// # Errors
/// If the address cannot be used.
pub(super) async fn start(
    metrics: Option<&(SocketAddr, Metrics)>,
    sources: Sources,
    (clock, entropy): (Clock, Entropy),
) -> anyhow::Result<()> {
    let Some((address, metrics)) = metrics.cloned() else { return Ok(()) };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("METRICS_ADDR (--metrics-addr) is {address}, which cannot be used"))?;
    tracing::info!("Metrics at http://{}/metrics", listener.local_addr()?);
    tokio::spawn(metrics.clone().upkeep());
    let scrape = async move || {
        sample(&sources).await;
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render())
    };
    let routes = Router::new()
        .route("/metrics", get(scrape))
        .fallback(async || RequestError::NoSuchRoute)
        .method_not_allowed_fallback(async || RequestError::MethodNotAllowed);
    let config = HttpConfig {
        clock,
        entropy,
        cors_origins: CorsOrigins::Only(Vec::new()),
        trusted_proxies: TrustedProxies::default(),
        public_url: None,
        resource_metadata: None,
        access_log: AccessLog::off(),
        traces: Traces::off(),
        memory_budget: limits::MEMORY_BUDGET,
        draining: Draining::default(),
    };
    let serving = super::run(listener, HttpService::new(routes, config), limits::CONNECTIONS, pending());
    tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!("The metrics are not served any more: {error:#}");
        }
    });
    Ok(())
}

async fn sample(sources: &Sources) {
    let Sources { store, passwords, search } = sources;
    if let Some(search) = search {
        sample_search_index(search);
    }
    gauge!("recipes_password_jobs_waiting").set(as_f64(passwords.waiting()));
    gauge!("recipes_store_ready").set(f64::from(u8::from(store.ready().await.is_ok())));
    // Without them `recipes_store_ready` says so, and the log says why.
    if let Ok(statistics) = store.statistics().await {
        gauge!("recipes_sessions").set(as_f64(usize::try_from(statistics.sessions).unwrap_or(usize::MAX)));
        gauge!("recipes_mails_waiting").set(as_f64(usize::try_from(statistics.mails).unwrap_or(usize::MAX)));
        gauge!("recipes_store_connections").set(as_f64(statistics.connections));
        gauge!("recipes_store_connections_waiting").set(as_f64(statistics.waiting));
        gauge!("recipes_store_schema_version").set(as_f64(statistics.schema));
    }
    if let Ok(last) = store.last_backup().await {
        let (second, is_good) = last.map_or((0, true), |last| (last.at.as_second(), last.is_good));
        gauge!("recipes_backup_last_timestamp_seconds")
            .set(as_f64(usize::try_from(second).unwrap_or_default()));
        gauge!("recipes_backup_last_success").set(f64::from(u8::from(is_good)));
    }
}

fn sample_search_index(search: &SearchIndex) {
    let (index, status) = (search.index(), search.status());
    let count = |count: u64| as_f64(usize::try_from(count).unwrap_or(usize::MAX));
    let (indexed, total) = status.building.unwrap_or((1, 1));
    gauge!("recipes_search_index_built_ratio").set(count(indexed) / count(total.max(1)));
    gauge!("recipes_search_index_behind_seconds").set(status.behind.as_secs_f64());
    gauge!("recipes_search_index_recipes").set(count(index.len()));
    if let Ok(bytes) = index.bytes() {
        gauge!("recipes_search_index_bytes").set(count(bytes));
    }
}

/// Exact up to four billion, which is more than any of these.
fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
