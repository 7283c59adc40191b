//! Randomness: the only file that reads the system's random generator.

use std::{
    cell::RefCell,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// A source of random bytes: the operating system's, or a seeded one for tests.
#[derive(Clone)]
pub struct Entropy(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Mutex<fastrand::Rng>>),
}

impl Entropy {
    /// The cryptographic generator of the operating system.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// The same bytes in the same order for the same seed. Predictable, so for tests only. Clones share the sequence.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)))))
    }

    /// `N` fresh bytes.
    ///
    /// # Panics
    /// If the operating system provides no randomness: a weak secret would be worse than no service.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System if N <= UUID_BYTES => fill_from_buffer(&mut bytes),
            Source::System => fill_from_system(&mut bytes),
            Source::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut bytes),
        }
        bytes
    }
}

/// Hides the state: it determines all bytes to come.
impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Entropy::system",
            Source::Seeded(_) => "Entropy::seeded",
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "all other code has to use Entropy")]
#[expect(
    clippy::expect_used,
    reason = "a weak secret is worse than no service; it does not happen after boot"
)]
fn fill_from_system(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system provides randomness");
}

/// The random part of a UUID. Longer requests may be secrets, which are never kept in a buffer.
const UUID_BYTES: usize = 10;

/// A system call costs a microsecond, for one UUID or for fifty: so it is made for fifty.
fn fill_from_buffer(bytes: &mut [u8]) {
    thread_local! {
        static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    BUFFER.with_borrow_mut(|buffer| {
        if buffer.len() < bytes.len() {
            buffer.resize(50 * UUID_BYTES, 0);
            fill_from_system(buffer);
        }
        let rest = buffer.len() - bytes.len();
        bytes.copy_from_slice(&buffer[rest..]);
        buffer.truncate(rest);
    });
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn same_seed_gives_the_same_bytes_and_clones_share_the_sequence() {
        let (one, two) = (Entropy::seeded(7), Entropy::seeded(7));
        let first: [u8; 20] = one.bytes();
        assert_eq!(first, two.bytes::<20>());
        assert_eq!(one.clone().bytes::<20>(), two.bytes::<20>());
        assert_ne!(first, one.bytes::<20>());
        assert_ne!(first, Entropy::seeded(8).bytes::<20>());
    }

    #[test]
    fn system_entropy_does_not_repeat() {
        assert_ne!(Entropy::system().bytes::<16>(), Entropy::system().bytes::<16>());
        let random: HashSet<[u8; UUID_BYTES]> = (0..1_000).map(|_| Entropy::system().bytes()).collect();
        assert_eq!(random.len(), 1_000);
    }

    #[test]
    fn debug_hides_the_seed() {
        assert!(!format!("{:?}", Entropy::seeded(1_234_567)).contains("1234567"));
    }
}
