//! Time and randomness, which are arguments: these are the defaults of those who do not care.

#[cfg(any(feature = "oauth2", feature = "session"))]
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

/// Tells the time.
pub(crate) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

pub(crate) fn system_clock() -> Clock {
    Arc::new(system_time)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the default clock; whoever has one of his own gives it to the strategy's `clock`"
)]
fn system_time() -> SystemTime {
    SystemTime::now()
}

/// Fills a place with bytes that nobody can guess.
#[cfg(any(feature = "oauth2", feature = "session"))]
pub(crate) type Randomness = Arc<dyn Fn(&mut [u8]) -> io::Result<()> + Send + Sync>;

#[cfg(any(feature = "oauth2", feature = "session"))]
#[expect(
    clippy::disallowed_methods,
    reason = "the default source; whoever has one of his own gives it to the strategy's `randomness`"
)]
pub(crate) fn system_randomness() -> Randomness {
    Arc::new(|place| getrandom::fill(place).map_err(io::Error::from))
}
