//! Where randomness comes from: the one place that asks the system.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of random bytes: the operating system's, or for tests one that repeats itself.
#[derive(Clone)]
pub struct Entropy(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<AtomicU64>),
}

impl Entropy {
    /// The operating system's cryptographic generator.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// The same bytes in the same order for the same seed. Predictable, so for tests only.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(AtomicU64::new(seed))))
    }

    /// `N` fresh bytes.
    ///
    /// # Panics
    /// If the operating system has no randomness to give. Nothing that needs it may go on without.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System if N <= NAME => fill_from_pool(&mut bytes),
            Source::System => fill_from_system(&mut bytes),
            Source::Seeded(state) => {
                for chunk in bytes.chunks_mut(8) {
                    chunk.copy_from_slice(&split_mix(state).to_le_bytes()[..chunk.len()]);
                }
            }
        }
        bytes
    }
}

/// Hides the seed: whoever knows it knows every byte to come.
impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Entropy::system",
            Source::Seeded(_) => "Entropy::seeded",
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the Entropy that everybody else has to ask")]
#[expect(
    clippy::expect_used,
    reason = "a weak secret is worse than no service; it does not happen after boot"
)]
fn fill_from_system(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives randomness");
}

/// The random part of a UUID. What is longer may be a secret, and comes from the system by itself.
const NAME: usize = 10;

/// Asking the system costs a microsecond, whether for one name or for fifty.
fn fill_from_pool(bytes: &mut [u8]) {
    thread_local! {
        static POOL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    POOL.with_borrow_mut(|pool| {
        if pool.len() < bytes.len() {
            pool.resize(50 * NAME, 0);
            fill_from_system(pool);
        }
        let rest = pool.len() - bytes.len();
        bytes.copy_from_slice(&pool[rest..]);
        pool.truncate(rest);
    });
}

/// `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014):
/// its state is a counter, so clones on several threads share it without a lock.
fn split_mix(state: &AtomicU64) -> u64 {
    const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
    let z = state.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_clones_go_on_where_the_other_stopped() {
        let (one, two) = (Entropy::seeded(7), Entropy::seeded(7));
        let first: [u8; 20] = one.bytes();
        assert_eq!(first, two.bytes::<20>());
        assert_eq!(one.clone().bytes::<20>(), two.bytes::<20>());
        assert_ne!(first, one.bytes::<20>());
        assert_ne!(first, Entropy::seeded(8).bytes::<20>());
    }

    #[test]
    fn the_generator_is_split_mix_64() {
        // The reference implementation's first output for the seed 1234567.
        assert_eq!(u64::from_le_bytes(Entropy::seeded(1_234_567).bytes()), 6_457_827_717_110_365_317);
    }

    #[test]
    fn the_system_does_not_repeat_itself() {
        assert_ne!(Entropy::system().bytes::<16>(), Entropy::system().bytes::<16>());
        let names: HashSet<[u8; NAME]> = (0..1_000).map(|_| Entropy::system().bytes()).collect();
        assert_eq!(names.len(), 1_000);
    }

    #[test]
    fn debug_hides_the_seed() {
        assert!(!format!("{:?}", Entropy::seeded(1_234_567)).contains("1234567"));
    }
}
