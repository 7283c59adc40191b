//! What the service tells its operator: events through `tracing`, and one line for every request.
//!
//! The line of a request is the one event that happens a hundred thousand times a second, so it does not go
//! through `tracing` (3.6 µs with a JSON layer) but is written into a buffer (0.4 µs) that a thread empties
//! every 50 ms. The buffer is bounded: when the reader of the log is stuck, lines are dropped and counted,
//! and the service goes on.

use std::{
    fmt::Write as _,
    io::Write as _,
    mem,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use http::{Method, StatusCode};
use jiff::Timestamp;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// How lines are written: for people or for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// Lines wait at most this long before they are written.
const FLUSH: Duration = Duration::from_millis(50);

/// More waiting than this, and the reader of the log is stuck: about 10,000 lines.
const BUFFER: usize = 1 << 20;

/// Sends `tracing` events to standard error in the asked-for format; a second call changes nothing.
pub fn init(filter: &str, format: LogFormat) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    // Failing means that somebody, a test perhaps, listens already.
    let _ = match format {
        LogFormat::Text => {
            let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
            registry.with(layer.with_ansi(ansi)).try_init()
        }
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
}

/// One request, as the operator sees it. Never its query, which may hold what is nobody's business.
pub struct Access<'a> {
    /// When it came.
    pub at: Timestamp,
    pub method: &'a Method,
    pub path: &'a str,
    pub status: StatusCode,
    pub took: Duration,
    pub request_id: &'a str,
}

/// Where requests are written down. Clones share one buffer; [`AccessLog::flush`] empties it.
#[derive(Clone)]
pub struct AccessLog(Option<Arc<Shared>>);

struct Shared {
    format: LogFormat,
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: String,
    dropped: u64,
    second: Second,
}

impl AccessLog {
    /// A log that nobody reads.
    pub fn off() -> Self {
        Self(None)
    }

    /// A log on standard error, if the filter lets `info` events of this crate through.
    pub fn start(format: LogFormat) -> Self {
        if !tracing::enabled!(target: "recipes_server::access", tracing::Level::INFO) {
            return Self::off();
        }
        let shared = Arc::new(Shared { format, waiting: Mutex::default(), filled: Condvar::new() });
        let log = Self(Some(Arc::clone(&shared)));
        let writer = thread::Builder::new().name("access-log".into());
        match writer.spawn(move || write_forever(&shared)) {
            Ok(_) => log,
            Err(error) => {
                tracing::warn!(%error, "Requests are not logged: no thread for it");
                Self::off()
            }
        }
    }

    pub fn write(&self, access: &Access<'_>) {
        let Some(shared) = &self.0 else { return };
        let mut waiting = shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.lines.len() > BUFFER {
            waiting.dropped += 1;
            return;
        }
        let first = waiting.lines.is_empty();
        let Waiting { lines, second, .. } = &mut *waiting;
        match shared.format {
            LogFormat::Text => text(lines, access, second),
            LogFormat::Json => json(lines, access, second),
        }
        drop(waiting);
        if first {
            shared.filled.notify_one();
        }
    }

    /// Writes what waits, now: called at the end, when no thread will come round again.
    pub fn flush(&self) {
        if let Some(shared) = &self.0 {
            shared.empty(&mut String::new());
        }
    }
}

fn write_forever(shared: &Shared) {
    let mut spare = String::new();
    loop {
        let waiting = shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        drop(shared.filled.wait_while(waiting, |waiting| waiting.lines.is_empty()));
        // Wait for company: one write for all the lines of 50 ms.
        thread::sleep(FLUSH);
        shared.empty(&mut spare);
    }
}

impl Shared {
    /// Leaves `spare` in place of what waits, and empty: two buffers take turns, as a new one every 50 ms is a thousand
    /// pages a second for the kernel to find.
    fn empty(&self, spare: &mut String) {
        let dropped = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            mem::swap(&mut waiting.lines, spare);
            mem::take(&mut waiting.dropped)
        };
        let mut stderr = std::io::stderr().lock();
        // A log that cannot be written is no reason to stop serving.
        let _ = stderr.write_all(spare.as_bytes());
        if dropped > 0 {
            let _ = writeln!(stderr, "{dropped} log lines were dropped: their reader is too slow");
        }
        spare.clear();
    }
}

fn text(out: &mut String, access: &Access<'_>, second: &mut Second) {
    let Access { at, method, path, status, took, request_id } = access;
    second.write(out, *at);
    // Paths are percent-encoded by clients and checked by the URI parser: they hold no line break.
    for part in [" ", method.as_str(), " ", path, " ", status.as_str(), " "] {
        out.push_str(part);
    }
    milliseconds(out, *took);
    for part in [" ms ", request_id, "\n"] {
        out.push_str(part);
    }
}

fn json(out: &mut String, access: &Access<'_>, second: &mut Second) {
    let Access { at, method, path, status, took, request_id } = access;
    out.push_str(r#"{"timestamp":""#);
    second.write(out, *at);
    for part in [r#"","level":"INFO","method":""#, method.as_str(), r#"","path":""#] {
        out.push_str(part);
    }
    // The URI parser lets `"` and `\` through.
    for character in path.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            _ => out.push(character),
        }
    }
    for part in [r#"","status":"#, status.as_str(), r#","ms":"#] {
        out.push_str(part);
    }
    milliseconds(out, *took);
    for part in [r#","requestId":""#, request_id, "\"}\n"] {
        out.push_str(part);
    }
}

/// The second that is being written about, as text: it is the same for a hundred thousand lines.
#[derive(Default)]
struct Second {
    number: i64,
    /// `2026-01-01T00:00:00`
    text: String,
}

impl Second {
    fn write(&mut self, out: &mut String, at: Timestamp) {
        if self.number != at.as_second() || self.text.is_empty() {
            self.number = at.as_second();
            self.text.clear();
            let _ = write!(self.text, "{at:.0}");
            self.text.pop();
        }
        out.push_str(&self.text);
        out.push('.');
        thousandths(out, at.subsec_millisecond().unsigned_abs());
        out.push('Z');
    }
}

fn milliseconds(out: &mut String, took: Duration) {
    out.push_str(itoa::Buffer::new().format(took.as_millis()));
    out.push('.');
    thousandths(out, took.subsec_micros() % 1_000);
}

/// Three digits.
fn thousandths(out: &mut String, number: u32) {
    for unit in [100, 10, 1] {
        out.push(char::from_digit(number / unit % 10, 10).unwrap_or('0'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(path: &str) -> Access<'_> {
        Access {
            at: Timestamp::from_second(1_767_225_600).unwrap(),
            method: &Method::GET,
            path,
            status: StatusCode::OK,
            took: Duration::from_micros(1_234),
            request_id: "abc",
        }
    }

    #[test]
    fn a_line_for_people() {
        let mut line = String::new();
        text(&mut line, &access("/api/v1/recipes"), &mut Second::default());
        assert_eq!(line, "2026-01-01T00:00:00.000Z GET /api/v1/recipes 200 1.234 ms abc\n");
    }

    #[test]
    fn a_line_for_machines_is_json_whatever_the_path() {
        let mut line = String::new();
        json(&mut line, &access(r#"/"quoted"\"#), &mut Second::default());
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["path"], r#"/"quoted"\"#);
        assert_eq!(value["status"], 200);
        assert_eq!(value["ms"], 1.234);
    }

    #[test]
    fn a_full_buffer_drops_lines_and_counts_them() {
        let shared = Arc::new(Shared {
            format: LogFormat::Text,
            waiting: Mutex::new(Waiting { lines: "x".repeat(BUFFER + 1), ..Waiting::default() }),
            filled: Condvar::new(),
        });
        AccessLog(Some(Arc::clone(&shared))).write(&access("/"));
        let waiting = shared.waiting.lock().unwrap();
        assert_eq!((waiting.lines.len(), waiting.dropped), (BUFFER + 1, 1));
    }
}
