//! What a request waited for, for the log line of a slow one.
//!
//! The waits of a request are kept in its future, and in a thread-local variable while the future is polled: the code that waits
//! need not know the request.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use super::traces;

/// How long a request waited for each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Waits {
    /// Its body.
    pub body: Duration,
    /// The hashing of a password, and the queue before it.
    pub password: Duration,
    /// The decoding of a picture, and the queue before it.
    pub image: Duration,
    /// The database: writes, and with PostgreSQL also reads.
    pub database: Duration,
}

thread_local! {
    static CURRENT: Cell<Waits> = const {
        Cell::new(Waits {
            body: Duration::ZERO,
            password: Duration::ZERO,
            image: Duration::ZERO,
            database: Duration::ZERO,
        })
    };
}

impl Waits {
    /// Runs `poll` and adds what it waited for.
    pub fn scope<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        // Of tasks without a request.
        store::take_waited();
        CURRENT.set(*self);
        let output = poll();
        *self = Self::current();
        output
    }

    /// The waits of the request that is polled on this thread.
    pub(super) fn current() -> Self {
        let mut waits = CURRENT.get();
        waits.database += store::take_waited();
        CURRENT.set(waits);
        waits
    }

    /// The name of the longest wait, if it is at least half of the time.
    pub(super) fn cause(&self, total: Duration) -> &'static str {
        let waits = [
            ("body", self.body),
            ("password", self.password),
            ("image", self.image),
            ("database", self.database),
        ];
        let longest = waits.into_iter().max_by_key(|(_, time)| *time);
        longest.filter(|(_, time)| *time * 2 >= total).map_or("other", |(name, _)| name)
    }
}

/// Counts the time since `begun` as waiting for the body.
pub fn for_body(begun: Instant) {
    traces::waited("body", begun);
    let waits = CURRENT.get();
    CURRENT.set(Waits { body: waits.body + begun.elapsed(), ..waits });
}

/// Counts the time since `begun` as waiting for a password.
pub fn for_password(begun: Instant) {
    traces::waited("password", begun);
    let waits = CURRENT.get();
    CURRENT.set(Waits { password: waits.password + begun.elapsed(), ..waits });
}

/// Counts the time since `begun` as waiting for a picture to be decoded.
pub fn for_image(begun: Instant) {
    traces::waited("image", begun);
    let waits = CURRENT.get();
    CURRENT.set(Waits { image: waits.image + begun.elapsed(), ..waits });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_belong_to_the_request_that_is_polled() {
        let ago = |milliseconds| Instant::now().checked_sub(Duration::from_millis(milliseconds)).unwrap();
        let (mut one, mut other) = (Waits::default(), Waits::default());
        one.scope(|| for_password(ago(30)));
        other.scope(|| for_body(ago(50)));
        for_body(ago(1_000));
        one.scope(|| for_body(ago(10)));
        assert!((30..500).contains(&one.password.as_millis()) && (10..500).contains(&one.body.as_millis()));
        assert!(other.password.is_zero() && (50..500).contains(&other.body.as_millis()), "{other:?}");
    }

    #[test]
    fn cause_is_what_took_half_of_the_time() {
        let milliseconds = Duration::from_millis;
        let waits = Waits {
            body: milliseconds(10),
            password: milliseconds(50),
            database: milliseconds(5),
            ..Waits::default()
        };
        assert_eq!(waits.cause(milliseconds(100)), "password");
        assert_eq!(waits.cause(milliseconds(101)), "other");
        assert_eq!(Waits::default().cause(milliseconds(1)), "other");
    }
}
