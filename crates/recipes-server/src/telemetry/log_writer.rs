//! Writes log lines to standard error on a thread of its own.
//!
//! Standard error may be a full pipe, a terminal after Ctrl-S, or a stopped collector: then a write never returns. So requests
//! only append to a bounded buffer, and a thread writes it every 50 ms. While the buffer is full, lines are dropped and
//! counted. One write for many lines also costs less than one for each: 0.4 µs a request.

use std::{
    io::{self, ErrorKind, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

use super::{LogFormat, escape, request};
use crate::clock::Clock;

/// The time between two writes.
const FLUSH_INTERVAL: Duration = Duration::from_millis(50);

/// About 10,000 lines about requests; beyond that, such lines are dropped.
const REQUEST_BYTES: usize = 1 << 20;

/// Beyond this, events are dropped, too: a flood of requests alone drops none.
const EVENT_BYTES: usize = 2 << 20;

/// Clones share one buffer.
#[derive(Clone)]
pub struct LogWriter(Arc<Shared>);

struct Shared {
    format: LogFormat,
    buffer: Mutex<Buffer>,
    filled: Condvar,
    written: Condvar,
}

#[derive(Default)]
struct Buffer {
    lines: String,
    lost: u64,
    /// The thread writes lines that are not in the buffer any more.
    is_writing: bool,
}

impl LogWriter {
    /// # Errors
    /// If the thread cannot be started.
    pub fn start(format: LogFormat) -> io::Result<Self> {
        let log = Self::without_thread(format);
        let writer = log.clone();
        thread::Builder::new().name("log".into()).spawn(move || writer.write_forever())?;
        Ok(log)
    }

    pub(super) fn without_thread(format: LogFormat) -> Self {
        let (filled, written) = (Condvar::new(), Condvar::new());
        Self(Arc::new(Shared { format, buffer: Mutex::default(), filled, written }))
    }

    pub(super) fn format(&self) -> LogFormat {
        self.0.format
    }

    /// Appends a line about a request with its line break, unless the buffer is full.
    pub(super) fn push_request(&self, write: impl FnOnce(&mut String)) {
        self.push(REQUEST_BYTES, write);
    }

    /// Appends a line that `tracing` has formatted, with its line break. It gets the request that it belongs to.
    fn push_event(&self, line: &str) {
        let line = line.strip_suffix('\n').unwrap_or(line);
        // Writing to a string cannot fail.
        self.push(EVENT_BYTES, |out| match self.0.format {
            LogFormat::Text => {
                out.push_str(&escape::escape(line));
                request::with_current(|request| request.write_text(out));
                out.push('\n');
            }
            LogFormat::Json => {
                out.push_str(&escape::escape_json(line.strip_suffix('}').unwrap_or(line)));
                request::with_current(|request| request.write_json(out));
                out.push_str("}\n");
            }
        });
    }

    fn push(&self, max_bytes: usize, write: impl FnOnce(&mut String)) {
        let mut buffer = self.buffer();
        if buffer.lines.len() > max_bytes {
            buffer.lost += 1;
            return;
        }
        let was_empty = buffer.lines.is_empty();
        write(&mut buffer.lines);
        drop(buffer);
        if was_empty {
            self.0.filled.notify_one();
        }
    }

    /// Waits until everything is written, at most this long: for the end of the process, which ends the thread.
    pub fn flush(&self, at_most: Duration) {
        let unwritten = |buffer: &mut Buffer| buffer.is_writing || !buffer.lines.is_empty();
        drop(self.0.written.wait_timeout_while(self.buffer(), at_most, unwritten));
    }

    fn write_forever(&self) {
        let mut spare = String::new();
        loop {
            drop(self.0.filled.wait_while(self.buffer(), |buffer| buffer.lines.is_empty()));
            // One write for all lines of this time.
            thread::sleep(FLUSH_INTERVAL);
            self.write_to(&mut io::stderr(), &mut spare);
        }
    }

    /// Writes the buffer, and leaves `spare` empty in its place: two buffers alternate, because allocating a new one each
    /// time makes the kernel map a thousand pages a second.
    fn write_to(&self, log: &mut impl Write, spare: &mut String) {
        let lost = {
            let mut buffer = self.buffer();
            mem::swap(&mut buffer.lines, spare);
            buffer.is_writing = true;
            mem::take(&mut buffer.lost)
        };
        if lost > 0 {
            spare.push_str(&lost_lines(self.0.format, lost));
        }
        // If the log cannot be written, the service goes on.
        let _ = write_all(log, spare.as_bytes());
        spare.clear();
        self.buffer().is_writing = false;
        self.0.written.notify_all();
    }

    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.0.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lost_lines(format: LogFormat, lost: u64) -> String {
    let now = Clock::system().now();
    let message = format!("{lost} lines of the log were lost: standard error is blocked or too slow");
    match format {
        LogFormat::Text => format!("{now:.6}  WARN {message} lost={lost}\n"),
        LogFormat::Json => {
            format!(r#"{{"timestamp":"{now:.6}","level":"WARN","message":"{message}","lost":{lost}}}"#) + "\n"
        }
    }
}

/// `write_all` for a file that may be in non-blocking mode, as a pipe of some supervisors is.
fn write_all(log: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match log.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(FLUSH_INTERVAL),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

/// `tracing` writes each event with one call.
impl Write for &LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push_event(&String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use http::HeaderValue;
    use serde_json::{Value, json};

    use super::*;
    use crate::telemetry::request::LoggedRequest;
    use crate::telemetry::traces::RequestSpan;

    /// What the log writes now.
    pub(in crate::telemetry) fn written(log: &LogWriter) -> String {
        let mut out = Vec::new();
        log.write_to(&mut out, &mut String::new());
        String::from_utf8(out).unwrap()
    }

    fn request() -> LoggedRequest {
        let client = Some("203.0.113.9".parse().unwrap());
        LoggedRequest { id: HeaderValue::from_static("r-1"), client, span: RequestSpan::none() }
    }

    #[test]
    fn event_of_a_request_names_it() {
        let event = |mut log: &LogWriter, line: &str| {
            log.write_all(line.as_bytes()).unwrap();
            request().scope(|| log.write_all(line.as_bytes())).unwrap();
            written(log)
        };
        let text = LogWriter::without_thread(LogFormat::Text);
        assert_eq!(
            event(&text, "now  INFO It happened\n"),
            "now  INFO It happened\nnow  INFO It happened request.id=r-1 client.address=203.0.113.9\n"
        );
        let log = LogWriter::without_thread(LogFormat::Json);
        let lines = event(&log, "{\"message\":\"It happened\"}\n");
        let values: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let named = json!({"message": "It happened", "request.id": "r-1", "client.address": "203.0.113.9"});
        assert_eq!(values, [json!({"message": "It happened"}), named]);
    }

    #[test]
    fn event_is_one_line_without_invisible_characters() {
        let mut text = &LogWriter::without_thread(LogFormat::Text);
        text.write_all("now  INFO a\n2026 INFO forged \u{9b}2J\u{202e}\n".as_bytes()).unwrap();
        assert_eq!(written(text), "now  INFO a\\n2026 INFO forged \\u{9b}2J\\u{202e}\n");
        let mut json = &LogWriter::without_thread(LogFormat::Json);
        json.write_all("{\"a\":\"\u{9b}\u{2028}\"}\n".as_bytes()).unwrap();
        assert_eq!(written(json), "{\"a\":\"\\u009b\\u2028\"}\n");
    }

    #[test]
    fn full_buffer_drops_lines_and_tells_how_many() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let mut log = &LogWriter::without_thread(format);
            log.push_request(|lines| lines.push_str(&"x\n".repeat(REQUEST_BYTES / 2 + 1)));
            log.push_request(|_| panic!("there is no room for a request"));
            log.write_all(b"{an event}\n").unwrap();
            log.push_request(|lines| lines.push_str(&"x".repeat(EVENT_BYTES)));
            log.buffer().lines.push_str(&"x\n".repeat(EVENT_BYTES / 2));
            log.write_all(b"{an event too many}\n").unwrap();
            let lines = written(log);
            assert!(lines.contains("{an event}\n") && !lines.contains("too many"));
            let last = lines.lines().last().unwrap();
            assert!(last.contains("3 lines of the log were lost"), "{last}");
            assert_eq!(serde_json::from_str::<Value>(last).is_ok(), format == LogFormat::Json);
            assert_eq!(written(log), "", "the loss is told once");
        }
    }

    #[test]
    fn blocked_log_blocks_neither_lines_nor_the_end() {
        /// Never finishes a write before the sender is dropped.
        struct Blocked(std::sync::mpsc::Receiver<()>);

        impl Write for Blocked {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let _ = self.0.recv();
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let log = LogWriter::without_thread(LogFormat::Text);
        let (unblock, blocked) = std::sync::mpsc::channel();
        (&log).write_all(b"first\n").unwrap();
        let writer = log.clone();
        let thread = thread::spawn(move || writer.write_to(&mut Blocked(blocked), &mut String::new()));
        while !log.buffer().is_writing {
            thread::yield_now();
        }
        (&log).write_all(b"second\n").unwrap();
        log.flush(Duration::from_millis(1));
        drop(unblock);
        thread.join().unwrap();
        assert_eq!(written(&log), "second\n");
    }

    #[test]
    fn non_blocking_log_gets_every_byte() {
        /// Refuses every second write.
        struct Busy(Vec<u8>, bool);

        impl Write for Busy {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 = !self.1;
                if self.1 {
                    return Err(ErrorKind::WouldBlock.into());
                }
                self.0.extend(bytes.iter().take(3));
                Ok(bytes.len().min(3))
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let mut busy = Busy(Vec::new(), false);
        write_all(&mut busy, b"a line\n").unwrap();
        assert_eq!(busy.0, b"a line\n");
    }
}
