//! A program without traces.

use std::{convert::Infallible, time::Instant};

use http::{HeaderMap, StatusCode};

use super::{NewRequest, TraceConfig};

#[derive(Clone)]
pub struct Traces;

impl Traces {
    pub fn off() -> Self {
        Self
    }

    /// Warns of a setting that does nothing in this program.
    ///
    /// # Errors
    /// None.
    pub fn start(config: TraceConfig) -> Result<Self, String> {
        let TraceConfig { endpoint, routes: _, entropy: _, is_https: _ } = config;
        if endpoint.is_some() {
            tracing::warn!(
                "OTEL_EXPORTER_OTLP_ENDPOINT is set, but this program cannot send traces: build it with --features otel"
            );
        }
        Ok(Self)
    }

    pub fn begin(&self, new: &NewRequest<'_>) -> RequestSpan {
        let NewRequest { request: _, id: _, client: _, received: _, started: _ } = new;
        RequestSpan(())
    }

    #[expect(clippy::unused_async, reason = "the same as with traces")]
    pub async fn close(self) {}
}

#[derive(Clone, Debug)]
pub struct RequestSpan(());

impl RequestSpan {
    #[cfg(test)]
    pub fn none() -> Self {
        Self(())
    }

    pub fn trace_id(&self) -> Option<Infallible> {
        None
    }

    pub fn scope<T>(&self, poll: impl FnOnce() -> T) -> T {
        poll()
    }

    pub fn end(&self, _: StatusCode) {}
}

pub fn waited(_: &'static str, _: Instant) {}

pub fn propagate(_: &mut HeaderMap) {}
