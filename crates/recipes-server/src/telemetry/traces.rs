//! Traces: spans in the OpenTelemetry protocol over HTTP, sent to a collector.
//!
//! A request is a span, and what it waited for are spans below it: its body, a password, the database. The trace of the client
//! (`traceparent`) goes on, also in requests to other servers. All of it needs the feature `otel` and an address to send the
//! traces to. Without the feature the same functions do nothing.

#[cfg(feature = "otel")]
mod collector;
#[cfg(not(feature = "otel"))]
mod off;
#[cfg(feature = "otel")]
mod otel;

use std::{net::IpAddr, time::Instant};

use axum::body::Body;
use http::{HeaderValue, Request};
use jiff::Timestamp;

#[cfg(not(feature = "otel"))]
pub use self::off::{RequestSpan, Traces, propagate, waited};
#[cfg(feature = "otel")]
pub use self::otel::{RequestSpan, Traces, propagate, waited};
use super::routes::Routes;
use crate::entropy::Entropy;

/// How and where traces are sent.
pub struct TraceConfig {
    /// The address of the collector, to which `/v1/traces` is added; `None` for no traces.
    pub endpoint: Option<String>,
    pub routes: Routes,
    pub entropy: Entropy,
    /// The address of the service begins with `https`.
    pub is_https: bool,
}

/// A request that begins.
pub struct NewRequest<'a> {
    pub request: &'a Request<Body>,
    pub id: &'a HeaderValue,
    pub client: Option<IpAddr>,
    /// The same time twice: one to show, one to measure.
    pub received: Timestamp,
    pub started: Instant,
}
