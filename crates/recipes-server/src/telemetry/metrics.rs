//! Metrics in the text format of Prometheus, at an address of their own (`METRICS_ADDR`).
//!
//! Counters and histograms are kept where things happen, through the facade `metrics`. What has a current value is read when a
//! program asks. Without `METRICS_ADDR` there is no recorder, and the facade does nothing.

mod requests;

use std::{io, time::Duration};

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

pub use self::requests::RequestMetrics;

/// Seconds: from a response out of the cache to the time-out of a request.
const SECONDS: [f64; 14] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Writes of one transaction, which has at most 256.
const WRITES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Samples of histograms wait this long in memory, 8 bytes each.
const UPKEEP: Duration = Duration::from_secs(5);

/// The recorder of this process.
#[derive(Clone)]
pub struct Metrics {
    recorder: PrometheusHandle,
    process: Collector,
}

impl Metrics {
    /// Installs the recorder. To be called before the parts that register their metrics when they start.
    ///
    /// # Errors
    /// If the process has a recorder already.
    pub fn install() -> io::Result<Self> {
        let recorder = builder().and_then(PrometheusBuilder::install_recorder).map_err(io::Error::other)?;
        describe();
        let process = Collector::default();
        process.describe();
        gauge!("recipes_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(Self { recorder, process })
    }

    /// Moves waiting samples into their histograms, for as long as the service runs.
    pub async fn upkeep(self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.recorder.run_upkeep();
        }
    }

    /// All metrics as text.
    pub fn render(&self) -> String {
        self.process.collect();
        self.recorder.render()
    }
}

fn builder() -> Result<PrometheusBuilder, metrics_exporter_prometheus::BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Full("recipes_store_batch_writes".into()), &WRITES)
}

/// `docs/operate.md` has the same list; a test compares them.
fn describe() {
    let seconds = Unit::Seconds;
    describe_gauge!("recipes_build_info", "1, with the version of the program");
    describe_histogram!(
        requests::NAME,
        seconds,
        "Time from a request to the head of its response, by method, route and status"
    );
    describe_gauge!("recipes_password_jobs_waiting", "Passwords that wait to be hashed or verified");
    describe_histogram!(
        "recipes_password_duration_seconds",
        seconds,
        "Time of hashing or verifying one password"
    );
    describe_counter!(
        "recipes_password_refusals_total",
        "Log-ins and the like refused because the queue was full"
    );
    describe_histogram!(
        "recipes_image_duration_seconds",
        seconds,
        "Time of decoding and resizing one picture"
    );
    describe_counter!("recipes_image_refusals_total", "Pictures refused because the queue was full");
    describe_histogram!("recipes_store_batch_writes", "Writes in one transaction of the writer");
    describe_histogram!(
        "recipes_store_commit_duration_seconds",
        seconds,
        "Time of one transaction of the writer"
    );
    describe_counter!("recipes_store_commit_failures_total", "Transactions of the writer that failed");
    describe_gauge!("recipes_store_connections", "Open connections to the database");
    describe_gauge!("recipes_store_connections_waiting", "Callers that wait for a connection of PostgreSQL");
    describe_gauge!("recipes_store_schema_version", "Migrations that the database has");
    describe_gauge!("recipes_store_ready", "1 if the database can be read and written, else 0");
    describe_gauge!("recipes_search_index_recipes", "Recipes in the search index");
    describe_gauge!("recipes_search_index_bytes", "Size of the search index on the disk");
    describe_gauge!(
        "recipes_search_index_behind_seconds",
        "Time since the search index last had all recipes of the database"
    );
    describe_gauge!("recipes_search_index_built_ratio", "1, or less while the search index is being built");
    describe_gauge!("recipes_sessions", "Sessions in the database");
    describe_gauge!("recipes_mails_waiting", "Mails in the queue, without those that wait for a retry");
    describe_gauge!(
        "recipes_backup_last_timestamp_seconds",
        seconds,
        "Time of the last scheduled backup in seconds since 1970; 0 if there was none"
    );
    describe_gauge!("recipes_backup_last_success", "0 if the last scheduled backup failed, else 1");
    describe_counter!("recipes_mails_total", "Attempts to send a mail, by result: sent, retried, failed");
    describe_counter!(
        "recipes_webhook_messages_total",
        "Attempts to send a message to a webhook, by result: delivered, dropped, retried, failed"
    );
}
