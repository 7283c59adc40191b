//! Every limit of the service in one place, each with its reason.

use std::time::Duration;

/// Bytes of a request body, and of one line of an import. The largest real recipe in our test data has 9 KiB.
pub const BODY_BYTES: usize = 256 * 1024;

/// Bytes of a request with several changes: a thousand recipes of everyday size have one to two megabytes.
pub const BULK_BYTES: usize = 4 << 20;

/// Bytes of the body of an import. A spreadsheet with a thousand recipes has 3 MiB; archives with many pictures are for the
/// command line.
pub const IMPORT_BYTES: usize = 32 << 20;

/// How long the body of an import may take to arrive: within the time of the whole request.
pub const IMPORT_READ: Duration = Duration::from_secs(25);

/// Bytes of the body with a picture: the picture, and the boundaries of a form.
pub const IMAGE_BODY_BYTES: usize = crate::images::MAX_BYTES + 16 * 1024;

/// Files of an import, as parts of one body.
pub const IMPORT_FILES: usize = 100;

/// Fields of a form. The largest valid recipe has fewer than 2,000, and each costs more memory than its bytes.
pub const FORM_FIELDS: usize = 5_000;

/// Levels of nesting below a field of a form, as in Express.
pub const FORM_DEPTH: usize = 32;

/// Bytes of the body of a log-in, a sign-up and the like. A password of 1,024 bytes has at most 6 KiB in JSON.
pub const FIELDS_BYTES: usize = 8 * 1024;

/// How long a body may take to arrive: a slow sender occupies a connection and its buffers (slowloris).
pub const BODY_READ: Duration = Duration::from_secs(10);

/// Bytes of an unwanted body that are read and discarded, so that its sender gets the response. More than a photograph.
pub const DRAIN_BYTES: usize = 64 << 20;

/// Unwanted bodies that are read at the same time, each with up to 64 KiB of buffers.
pub const DRAINS: usize = 256;

/// How long an unwanted body is read.
pub const DRAIN_TIME: Duration = Duration::from_secs(30);

/// How long a whole request may take. The longest legitimate case is a password hash that waits in a full queue.
pub const REQUEST: Duration = Duration::from_secs(30);

/// The longest `wait` for changes of recipes, within the time of the whole request.
pub const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// Bytes of a request head, and so of the URL. hyper limits the number of header lines to 100; setting that number makes it
/// allocate for every request.
pub const HEAD_BYTES: usize = 32 * 1024;

/// Bytes of the header fields of an HTTP/2 request, with 32 for each field (RFC 9113 section 6.5.2). At four times this a connection
/// with endless CONTINUATION frames is given up; with twice as many, such a flood kept other clients waiting for 24 ms.
pub const HTTP2_HEADER_BYTES: u32 = 16 * 1024;

/// Bytes up to which compressing a body gains nothing.
pub const COMPRESS_ABOVE: u16 = 1_024;

/// Concurrent requests on one HTTP/2 connection.
pub const STREAMS: u32 = 128;

/// Bytes that a client may send on one HTTP/2 stream before they are read.
pub const STREAM_WINDOW: u32 = 64 * 1024;

/// The same for all streams of a connection. Only what a handler has read is counted in the memory budget.
pub const CONNECTION_WINDOW: u32 = 128 * 1024;

/// Bytes of a response that wait in one HTTP/2 stream to be sent.
pub const SEND_BUFFER: usize = 32 * 1024;

/// The default of `MEMORY_BUDGET`: memory for all bodies that are being read and all responses that are being sent.
pub const MEMORY_BUDGET: usize = 256 << 20;

/// Changes that run to their end after their clients hung up, at most at the same time. Beyond it they are cancelled.
pub const ABANDONED: usize = 1_024;

#[derive(Clone, Copy, Debug)]
pub struct Connections {
    /// Maximum of open connections. When it is reached, the connection that was idle for longest makes room; without an idle
    /// one, more wait in the kernel's queue. An idle one takes about 10 KiB of memory, so these take at most 200 MiB.
    pub max_open: usize,
    /// Maximum of open connections of one IPv4 address or IPv6 /64, which is what a household gets. Beyond it, its own
    /// connections make room. Trusted proxies have no such limit, because they bring the connections of all clients.
    pub max_per_address: usize,
    /// How long a connection may be idle: its client sends no request, sends one slowly or does not read the response. It
    /// is closed after at most twice this time. Longer than a request may take from its first byte, so that no request is
    /// cut off.
    pub idle_timeout: Duration,
    /// How long a shutdown goes on accepting connections, while `/readyz` answers 503.
    pub drain_delay: Duration,
    /// How long a shutdown waits for requests in flight, after that.
    pub drain_timeout: Duration,
}

pub const CONNECTIONS: Connections = Connections {
    max_open: 16_384,
    max_per_address: 2_048,
    idle_timeout: REQUEST.saturating_add(Duration::from_secs(10)),
    drain_delay: Duration::ZERO,
    drain_timeout: Duration::from_secs(6),
};

/// The shares of the time in which the service ends: first the requests in flight, then the mails that they requested. The rest is
/// for the database and the log.
pub const DRAIN_SHARE: f64 = 0.6;
pub const MAIL_SHARE: f64 = 0.3;
