//! The connection to the collector.

use std::{
    error::Error as _,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use reqwest::redirect::Policy;
use tokio::runtime::Handle;

/// How long one request may take. The SDK has a limit of its own for a batch and its retries.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends on the runtime of the service, because the thread of the SDK has none. Logs when the collector fails, and when it is back.
#[derive(Debug)]
pub(super) struct Collector {
    http: reqwest::Client,
    runtime: Handle,
    url: String,
    is_failing: AtomicBool,
}

impl Collector {
    /// For the collector at this address.
    ///
    /// # Errors
    /// If the system has no root certificates.
    pub(super) fn new(url: &str) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("recipes/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(TIMEOUT)
            .no_proxy()
            .build()
            .map_err(|error| cause(&error))?;
        let runtime = Handle::current();
        Ok(Self { http, runtime, url: url.to_owned(), is_failing: AtomicBool::new(false) })
    }

    fn note(&self, failure: Option<String>) {
        match failure {
            Some(why) => {
                if !self.is_failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "Traces cannot be sent to {}: {why}. Some are lost until it answers",
                        self.url
                    );
                }
            }
            None => {
                if self.is_failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("Traces are sent to {} again", self.url);
                }
            }
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move { http.send_bytes(request).await }).await;
        let sent = sent.map_err(HttpError::from).flatten();
        self.note(match &sent {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("it answers {}", response.status())),
            Err(error) => Some(error.downcast_ref().map_or_else(|| error.to_string(), cause)),
        });
        sent
    }
}

/// The last cause, such as `Connection refused`. The others name the address again.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.source().is_some() { cause.to_string() } else { error.to_string() }
}
