//! The system's clock and random source: the defaults of strategies, which tests replace.

#[cfg(any(feature = "oauth2", feature = "session"))]
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

/// Returns the current time.
pub(crate) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

pub(crate) fn system_clock() -> Clock {
    Arc::new(system_time)
}

#[expect(clippy::disallowed_methods, reason = "the default clock, which the strategy's `clock` replaces")]
fn system_time() -> SystemTime {
    SystemTime::now()
}

/// Fills a buffer with random bytes for secrets.
#[cfg(any(feature = "oauth2", feature = "session"))]
pub(crate) type Randomness = Arc<dyn Fn(&mut [u8]) -> io::Result<()> + Send + Sync>;

#[cfg(any(feature = "oauth2", feature = "session"))]
#[expect(
    clippy::disallowed_methods,
    reason = "the default source, which the strategy's `randomness` replaces"
)]
pub(crate) fn system_randomness() -> Randomness {
    Arc::new(|buffer| getrandom::fill(buffer).map_err(io::Error::from))
}
