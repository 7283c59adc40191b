//! The access log: one line for each request.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use http::{Method, StatusCode};
use jiff::Timestamp;

use super::{LogFormat, LogWriter, escape, request::LoggedRequest};

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
pub struct AccessLog(Option<LogWriter>);

impl AccessLog {
    /// A log that discards everything.
    pub fn off() -> Self {
        Self(None)
    }

    /// A log beside the events, unless their filter excludes `info` events of this crate.
    pub fn new(log: LogWriter) -> Self {
        Self(tracing::enabled!(target: "recipes_server::access", tracing::Level::INFO).then_some(log))
    }

    pub fn write(&self, entry: &Entry<'_>) {
        let Some(log) = &self.0 else { return };
        log.push_request(|lines| {
            // Writing to a string cannot fail.
            let _ = match log.format() {
                LogFormat::Text => text(lines, entry),
                LogFormat::Json => json(lines, entry),
            };
        });
    }
}

fn text(out: &mut String, entry: &Entry<'_>) -> fmt::Result {
    let Entry { received, method, path, status, duration, request } = entry;
    let (path, status, ms) = (escape::escape(path), status.as_str(), Milliseconds(*duration));
    write!(out, "{received:.3} {method} {path} {status} {ms} ms")?;
    request.write_text(out)?;
    out.write_char('\n')
}

fn json(out: &mut String, entry: &Entry<'_>) -> fmt::Result {
    let Entry { received, method, path, status, duration, request } = entry;
    let path = serde_json::Value::from(*path).to_string();
    let (path, status, ms) = (escape::escape_json(&path), status.as_str(), Milliseconds(*duration));
    write!(out, r#"{{"timestamp":"{received:.3}","level":"INFO","method":"{method}","path":{path}"#)?;
    write!(out, r#","status":{status},"ms":{ms}"#)?;
    request.write_json(out)?;
    out.write_str("}\n")
}

/// A duration in milliseconds with three decimals.
struct Milliseconds(Duration);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let microseconds = self.0.as_micros();
        write!(f, "{}.{:03}", microseconds / 1_000, microseconds % 1_000)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::telemetry::log_writer::tests::written;

    fn line(format: LogFormat, path: &str) -> String {
        let log = LogWriter::without_thread(format);
        let client = Some("2001:db8::1".parse().unwrap());
        AccessLog(Some(log.clone())).write(&Entry {
            received: Timestamp::from_microsecond(1_767_225_600_070_999).unwrap(),
            method: &Method::GET,
            path,
            status: StatusCode::OK,
            duration: Duration::from_micros(1_034),
            request: &LoggedRequest { id: HeaderValue::from_static("abc"), client },
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
