//! Every bound of the service in one place, each with its reason.

use std::time::Duration;

/// A request body, and one line of an import. The largest real recipe in our test data is 9 KiB.
pub const BODY_BYTES: usize = 256 * 1024;

/// How long a body may take to arrive: slow senders hold a connection and its buffers (slowloris).
pub const BODY_READ: Duration = Duration::from_secs(10);

/// How long a whole request may take. Waiting for a password hash in a full queue is the longest honest case.
pub const REQUEST: Duration = Duration::from_secs(30);

/// A request's head. Also bounds the URL, as it is part of it. Its lines are bounded by hyper, which makes room for 100
/// of them; naming another number would make it ask for that room anew for every request.
pub const HEAD_BYTES: usize = 32 * 1024;

/// Smaller bodies gain nothing from compression but its cost.
pub const COMPRESS_ABOVE: u16 = 1_024;

/// Requests at once on one HTTP/2 connection.
pub const STREAMS: u32 = 128;

/// How many connections there may be, and how long each may do nothing.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    /// Open at once; more wait in the kernel's queue. An idle one holds about 10 KiB, so these stay below 200 MiB.
    pub open: usize,
    /// How long nothing may happen on it, be it that its client is idle, is slow to ask or does not take its answer; at
    /// most twice as long passes before it is seen. Longer than a request may take from its first byte, so that none is
    /// cut off.
    pub quiet: Duration,
    /// How long a shutdown waits for requests in flight.
    pub drain: Duration,
}

pub const CONNECTIONS: Connections = Connections {
    open: 16_384,
    quiet: REQUEST.saturating_add(Duration::from_secs(10)),
    drain: Duration::from_secs(30),
};
