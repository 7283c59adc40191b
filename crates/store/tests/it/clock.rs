//! A clock that tests move, and random bytes that repeat themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// A stopped clock; clones share its time.
#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn stopped(at: &str) -> Self {
        Self(Arc::new(AtomicI64::new(at.parse::<Timestamp>().unwrap().as_microsecond())))
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::Relaxed)).unwrap()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::Relaxed);
    }
}

/// Bytes that differ at each call and are the same in each run; clones share their state.
#[derive(Clone, Default)]
pub(crate) struct TestBytes(Arc<AtomicU64>);

impl TestBytes {
    pub(crate) fn bytes<const N: usize>(&self) -> [u8; N] {
        let count = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let mut bytes = [7; N];
        let used = N.min(8);
        bytes[..used].copy_from_slice(&count[8 - used..]);
        bytes
    }
}
