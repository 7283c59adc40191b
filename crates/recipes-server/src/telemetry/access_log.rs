//! The access log: one line for each request. And its metrics, if there are any.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use http::{Method, StatusCode};
use jiff::Timestamp;

use super::{LogFormat, LogWriter, escape, metrics::RequestMetrics, request::LoggedRequest, waits::Waits};

/// One request. Without its query, which may contain personal data.
pub struct Entry<'a> {
    pub received: Timestamp,
    pub method: &'a Method,
    pub path: &'a str,
    pub status: StatusCode,
    pub duration: Duration,
    pub request: &'a LoggedRequest,
}

/// Clones write to the same log.
#[derive(Clone)]
pub struct AccessLog {
    log: Option<LogWriter>,
    metrics: Option<Arc<RequestMetrics>>,
    /// Requests that take at least this long are warned of.
    slow: Duration,
}

impl AccessLog {
    /// A log that discards everything.
    pub fn off() -> Self {
        Self { log: None, metrics: None, slow: Duration::MAX }
    }

    /// A log beside the events, unless their filter excludes `info` events of this crate.
    pub fn new(log: LogWriter) -> Self {
        let is_on = tracing::enabled!(target: "recipes_server::access", tracing::Level::INFO);
        Self { log: is_on.then_some(log), ..Self::off() }
    }

    /// The same log, which measures each request, too.
    #[must_use]
    pub fn with_metrics(self, metrics: Option<RequestMetrics>) -> Self {
        Self { metrics: metrics.map(Arc::new), ..self }
    }

    /// The same log, with a warning for each request that takes at least this long.
    #[must_use]
    pub fn with_slow(self, slow: Duration) -> Self {
        Self { slow, ..self }
    }

    pub fn write(&self, entry: &Entry<'_>) {
        if let Some(metrics) = &self.metrics {
            metrics.record(entry.method, entry.path, entry.status, entry.duration);
        }
        if entry.duration >= self.slow {
            warn_of_slow(entry);
        }
        let Some(log) = &self.log else { return };
        log.push_request(|lines| match log.format() {
            LogFormat::Text => text(lines, entry),
            LogFormat::Json => json(lines, entry),
        });
    }
}

/// The line ends with the request, as every event of it.
fn warn_of_slow(entry: &Entry<'_>) {
    let waits = Waits::current();
    let Waits { body, password, image, database } = waits;
    tracing::warn!(
        method = entry.method.as_str(),
        path = entry.path,
        status = entry.status.as_u16(),
        ms = milliseconds(entry.duration),
        cause = waits.cause(entry.duration),
        body.ms = milliseconds(body),
        password.ms = milliseconds(password),
        image.ms = milliseconds(image),
        database.ms = milliseconds(database),
        "A slow request"
    );
}

/// With three decimals.
fn milliseconds(duration: Duration) -> f64 {
    f64::from(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)) / 1_000.0
}

fn text(out: &mut String, entry: &Entry<'_>) {
    let Entry { received, method, path, status, duration, request } = entry;
    push_time(out, *received);
    push(out, [" ", method.as_str(), " ", &escape::escape(path), " ", status.as_str(), " "]);
    push_milliseconds(out, *duration);
    out.push_str(" ms");
    request.write_text(out);
    out.push('\n');
}

fn json(out: &mut String, entry: &Entry<'_>) {
    let Entry { received, method, path, status, duration, request } = entry;
    let path = serde_json::Value::from(*path).to_string();
    out.push_str(r#"{"timestamp":""#);
    push_time(out, *received);
    push(
        out,
        [r#"","level":"INFO","method":""#, method.as_str(), r#"","path":"#, &escape::escape_json(&path)],
    );
    push(out, [r#","status":"#, status.as_str(), r#","ms":"#]);
    push_milliseconds(out, *duration);
    request.write_json(out);
    out.push_str("}\n");
}

/// The pieces of a line one by one: `write!` would double the cost of a line, which every request pays.
fn push<const N: usize>(out: &mut String, pieces: [&str; N]) {
    for piece in pieces {
        out.push_str(piece);
    }
}

fn push_time(out: &mut String, time: Timestamp) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{time:.3}");
}

/// With three decimals.
fn push_milliseconds(out: &mut String, duration: Duration) {
    let microseconds = duration.as_micros();
    let decimals = microseconds % 1_000 + 1_000;
    out.push_str(itoa::Buffer::new().format(microseconds / 1_000));
    out.push('.');
    out.push_str(itoa::Buffer::new().format(decimals).get(1..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::telemetry::log_writer::tests::written;
    use crate::telemetry::traces::RequestSpan;

    fn line(format: LogFormat, path: &str) -> String {
        let log = LogWriter::without_thread(format);
        let client = Some("2001:db8::1".parse().unwrap());
        AccessLog { log: Some(log.clone()), ..AccessLog::off() }.write(&Entry {
            received: Timestamp::from_microsecond(1_767_225_600_070_999).unwrap(),
            method: &Method::GET,
            path,
            status: StatusCode::OK,
            duration: Duration::from_micros(1_034),
            request: &LoggedRequest {
                id: HeaderValue::from_static("abc"),
                client,
                span: RequestSpan::none(),
            },
        });
        written(&log)
    }

    #[test]
    fn text_line() {
        assert_eq!(
            line(LogFormat::Text, "/api/v1/recipes"),
            "2026-01-01T00:00:00.070Z GET /api/v1/recipes 200 1.034 ms request.id=abc client.address=2001:db8::1\n"
        );
    }

    #[test]
    fn json_line_is_valid_json_for_any_path() {
        let path = "/\"quoted\"\\\u{9b}\u{2028}";
        let value: serde_json::Value = serde_json::from_str(&line(LogFormat::Json, path)).unwrap();
        assert_eq!(
            value,
            serde_json::json!({
                "timestamp": "2026-01-01T00:00:00.070Z", "level": "INFO", "method": "GET", "path": path,
                "status": 200, "ms": 1.034, "request.id": "abc", "client.address": "2001:db8::1",
            })
        );
    }

    #[test]
    fn invisible_characters_of_a_path_are_escaped() {
        let path = "/a\u{85}\u{9b}\u{9d}\u{2028}\u{202e}b";
        assert!(line(LogFormat::Text, path).contains(r" /a\u{85}\u{9b}\u{9d}\u{2028}\u{202e}b 200"));
        assert!(line(LogFormat::Json, path).contains(r#""/a\u0085\u009b\u009d\u2028\u202eb""#));
    }
}
