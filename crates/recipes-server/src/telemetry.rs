//! Logging: `tracing` events, and one line for each request ([`access_log`]). Metrics and traces.

pub mod access_log;
pub mod escape;
mod log_writer;
pub mod metrics;
pub mod panics;
pub mod request;
pub mod routes;
pub mod traces;
pub mod waits;

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

pub use self::log_writer::LogWriter;

/// The format of log lines: for people, or for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// Writes `tracing` events to standard error in this format. For a second call the events stay in the first log.
///
/// # Errors
/// If the thread that writes cannot be started.
pub fn init(filter: &str, format: LogFormat) -> io::Result<LogWriter> {
    let log = LogWriter::start(format)?;
    let filter: Targets = filter.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let registry = tracing_subscriber::registry().with(filter);
    // Without colours: no escape sequence in the log is ours, so all can be escaped.
    let layer = tracing_subscriber::fmt::layer().with_writer(log.clone()).with_target(false).with_ansi(false);
    // Fails if the process has a subscriber already, as in tests.
    let _ = match format {
        LogFormat::Text => registry.with(layer).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
    Ok(log)
}
