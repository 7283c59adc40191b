//! The request that this code runs for, so that each event of it can name it.
//!
//! A task-local value, not a `tracing` span: a span costs about a microsecond a request, and few requests have an event.

use std::{fmt, net::IpAddr};

use http::HeaderValue;

/// What every log line of a request contains.
#[derive(Clone, Debug)]
pub struct LoggedRequest {
    /// Printable ASCII without spaces and quotes.
    pub id: HeaderValue,
    pub client: Option<IpAddr>,
}

tokio::task_local! {
    static CURRENT: LoggedRequest;
}

impl LoggedRequest {
    pub fn id(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    /// Runs `poll`. Its events name this request.
    pub fn scope<T>(&self, poll: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), poll)
    }

    /// The members of a JSON object, each after a comma.
    pub(super) fn write_json(&self, out: &mut impl fmt::Write) -> fmt::Result {
        write!(out, r#","request.id":"{}""#, self.id())?;
        self.client.map_or(Ok(()), |client| write!(out, r#","client.address":"{client}""#))
    }

    /// The same as text, each after a space.
    pub(super) fn write_text(&self, out: &mut impl fmt::Write) -> fmt::Result {
        write!(out, " request.id={}", self.id())?;
        self.client.map_or(Ok(()), |client| write!(out, " client.address={client}"))
    }
}

/// Reads the current request, if there is one.
pub fn with_current<T>(read: impl FnOnce(&LoggedRequest) -> T) -> Option<T> {
    CURRENT.try_with(read).ok()
}
