//! Short-lived read caches.
//!
//! Requests come in bursts: the same users send them, each with its session, and many read the same recipe. Looking up
//! a session reads two rows: 2.5 µs inside an open read transaction, 4 µs without one. A recipe takes half of that.
//!
//! A cached value is used until the database changes, and no longer than the policy's maximum age. The database counts
//! a change before the writing caller is answered, so a session that was ended here is unknown to the next request.
//! The maximum age bounds how long writes of other processes stay unseen.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use ids::{RecipeId, SessionId, UserId};
use jiff::Timestamp;

/// Direct-mapped: keys with the same slot evict each other, so memory is bounded and nothing needs purging.
const SLOTS: usize = 1 << 10;

/// Values that were read from the store, or made of what was read, for as long as they are up to date.
pub struct ReadCache<K, V> {
    slots: Box<[EntrySlot<K, V>]>,
    policy: Policy,
}

type EntrySlot<K, V> = Mutex<Option<Entry<K, V>>>;

struct Entry<K, V> {
    key: K,
    value: V,
    version: Version,
}

/// What a cache knows of a key.
pub enum Lookup<'a, K, V> {
    Hit(V),
    /// Read the value from the store, then [`fill`](Slot::fill) the slot.
    Miss(Slot<'a, K, V>),
}

/// A place for a value that is about to be read.
pub struct Slot<'a, K, V> {
    cache: &'a ReadCache<K, V>,
    key: K,
    version: Version,
}

/// How long cached values may be used. Each database has its own.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// Counts the changes after which a value may be out of date.
    pub(crate) changes: Arc<AtomicU64>,
    pub(crate) max_age: Duration,
    /// Where a task counts the changes of other processes: without it, values are not used.
    pub(crate) last_check: Option<Arc<LastCheck>>,
    pub(crate) contention: Contention,
}

/// What a caller does while another thread holds the slot, which takes less than a microsecond.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Contention {
    /// Reads a database inside the process: that is faster than waiting.
    ReadDatabase,
    /// Waits: that is faster than a round trip to a server.
    Wait,
}

/// Values are not used if the changes of other processes have not been counted for this long.
pub(crate) const MAX_SILENCE: Duration = Duration::from_millis(800);

/// When the changes of other processes were last counted.
#[derive(Debug)]
pub(crate) struct LastCheck {
    start: Instant,
    /// Microseconds after `start`; 0: never.
    at: AtomicU64,
}

impl LastCheck {
    pub(crate) fn never() -> Self {
        Self { start: Instant::now(), at: AtomicU64::new(0) }
    }

    /// All changes before `began` are counted.
    pub(crate) fn note(&self, began: Instant) {
        let at = began.saturating_duration_since(self.start).as_micros();
        self.at.store(u64::try_from(at).unwrap_or(u64::MAX), Ordering::Release);
    }

    fn is_recent(&self, now: Instant) -> bool {
        let at = self.at.load(Ordering::Acquire);
        at > 0 && now < self.start + Duration::from_micros(at) + MAX_SILENCE
    }
}

/// A state of the database.
#[derive(Clone, Copy, Debug)]
struct Version {
    changes: u64,
    at: Instant,
}

/// A key of a [`ReadCache`].
pub trait CacheKey: PartialEq {
    /// A number that differs for most keys.
    fn hash(&self) -> usize;
}

impl CacheKey for (SessionId, UserId) {
    fn hash(&self) -> usize {
        // The last bytes of a UUIDv7 are random.
        let [.., high, low] = *self.0.as_bytes();
        usize::from(u16::from_be_bytes([high, low]))
    }
}

impl CacheKey for (SessionId, Timestamp) {
    fn hash(&self) -> usize {
        let [.., high, low] = *self.0.as_bytes();
        usize::from(u16::from_be_bytes([high, low]))
    }
}

impl CacheKey for UserId {
    fn hash(&self) -> usize {
        usize::try_from(self.get()).unwrap_or_default()
    }
}

impl CacheKey for RecipeId {
    fn hash(&self) -> usize {
        usize::try_from(self.get()).unwrap_or_default()
    }
}

impl<K: CacheKey, V: Clone> ReadCache<K, V> {
    pub(crate) fn new(policy: Policy) -> Self {
        Self { slots: (0..SLOTS).map(|_| Mutex::new(None)).collect(), policy }
    }

    pub fn get(&self, key: K) -> Lookup<'_, K, V> {
        self.get_at(key, Instant::now())
    }

    fn get_at(&self, key: K, at: Instant) -> Lookup<'_, K, V> {
        let version = Version { changes: self.policy.changes.load(Ordering::Acquire), at };
        let value = self.with_slot(key.hash(), |slot| {
            let entry = slot.as_ref().filter(|entry| entry.key == key)?;
            self.is_current(entry.version, version).then(|| entry.value.clone())
        });
        // The version is from before the caller's read: a change during the read may or may not be in the value.
        value.flatten().map_or(Lookup::Miss(Slot { cache: self, key, version }), Lookup::Hit)
    }

    fn is_current(&self, then: Version, now: Version) -> bool {
        then.changes == now.changes
            && now.at.duration_since(then.at) < self.policy.max_age
            && self.policy.last_check.as_ref().is_none_or(|last| last.is_recent(now.at))
    }

    /// May do nothing if another thread holds the slot: see [`Contention`].
    fn with_slot<T>(&self, hash: usize, access: impl FnOnce(&mut Option<Entry<K, V>>) -> T) -> Option<T> {
        let slot = self.slots.get(hash % SLOTS)?;
        let mut slot = match (slot.try_lock(), self.policy.contention) {
            (Ok(slot), _) => slot,
            (Err(TryLockError::Poisoned(slot)), _) => slot.into_inner(),
            (Err(TryLockError::WouldBlock), Contention::ReadDatabase) => return None,
            (Err(TryLockError::WouldBlock), Contention::Wait) => {
                slot.lock().unwrap_or_else(PoisonError::into_inner)
            }
        };
        Some(access(&mut slot))
    }
}

impl<K: CacheKey, V: Clone> Slot<'_, K, V> {
    /// Stores the value that was read after the lookup.
    pub fn fill(self, value: V) {
        let Self { cache, key, version } = self;
        cache.with_slot(key.hash(), |slot| *slot = Some(Entry { key, value, version }));
    }
}

impl<K, V> fmt::Debug for ReadCache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadCache").field("policy", &self.policy).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_AGE: Duration = Duration::from_millis(50);

    fn cache<K: CacheKey>() -> ReadCache<K, &'static str> {
        cache_with(Contention::ReadDatabase)
    }

    fn cache_with<K: CacheKey>(contention: Contention) -> ReadCache<K, &'static str> {
        ReadCache::new(Policy { changes: Arc::default(), max_age: MAX_AGE, last_check: None, contention })
    }

    fn fill<K: CacheKey + Copy>(
        cache: &ReadCache<K, &'static str>,
        key: K,
        value: &'static str,
        at: Instant,
    ) {
        match cache.get_at(key, at) {
            Lookup::Hit(value) => panic!("{value} is cached"),
            Lookup::Miss(slot) => slot.fill(value),
        }
    }

    fn cached<K: CacheKey>(cache: &ReadCache<K, &'static str>, key: K, at: Instant) -> Option<&'static str> {
        match cache.get_at(key, at) {
            Lookup::Hit(value) => Some(value),
            Lookup::Miss(_) => None,
        }
    }

    fn session(last: u16) -> SessionId {
        let mut bytes = *SessionId::parse("018f3404-d600-7fff-bfff-ffffffffffff").unwrap().as_bytes();
        bytes[14..].copy_from_slice(&last.to_be_bytes());
        SessionId::from_bytes(bytes)
    }

    #[test]
    fn a_value_is_used_until_the_database_changes_or_the_maximum_age() {
        let user = |id| UserId::from_i64(id).unwrap();
        let (cache, start) = (cache(), Instant::now());
        let key = (session(7), user(1));
        fill(&cache, key, "alice", start);
        let later = |milliseconds| start + Duration::from_millis(milliseconds);
        assert_eq!(cached(&cache, key, later(49)), Some("alice"));
        assert_eq!(cached(&cache, key, later(50)), None);
        assert_eq!(cached(&cache, (session(7), user(2)), start), None);
        cache.policy.changes.fetch_add(1, Ordering::Release);
        assert_eq!(cached(&cache, key, start), None);
    }

    #[test]
    fn a_value_that_was_read_while_the_database_changed_is_not_used() {
        let (cache, start) = (cache(), Instant::now());
        let key = RecipeId::from_i64(1).unwrap();
        let Lookup::Miss(slot) = cache.get_at(key, start) else { panic!("the cache is empty") };
        cache.policy.changes.fetch_add(1, Ordering::Release);
        slot.fill("maybe old");
        assert_eq!(cached(&cache, key, start), None);
    }

    #[test]
    fn keys_with_the_same_slot_are_told_apart() {
        let recipe = |id| RecipeId::from_i64(id).unwrap();
        let (one, other) = (recipe(7), recipe(7 + (1 << 10)));
        let (cache, start) = (cache(), Instant::now());
        fill(&cache, one, "soup", start);
        fill(&cache, other, "bread", start);
        assert_eq!(cached(&cache, one, start), None);
        assert_eq!(cached(&cache, other, start), Some("bread"));
    }

    #[test]
    fn slot_that_another_thread_holds_is_waited_for_only_if_the_database_is_a_server() {
        let (key, start) = (RecipeId::from_i64(7).unwrap(), Instant::now());
        for (contention, found) in [(Contention::ReadDatabase, None), (Contention::Wait, Some("soup"))] {
            let cache = cache_with(contention);
            fill(&cache, key, "soup", start);
            let held = cache.slots[key.hash() % SLOTS].lock().unwrap();
            std::thread::scope(|scope| {
                let other = scope.spawn(|| cached(&cache, key, start));
                if found.is_some() {
                    std::thread::sleep(Duration::from_millis(20));
                    assert!(!other.is_finished());
                    drop(held);
                    assert_eq!(other.join().unwrap(), found);
                } else {
                    assert_eq!(other.join().unwrap(), found);
                    drop(held);
                }
            });
        }
    }

    #[test]
    fn values_are_not_used_while_changes_of_other_processes_are_not_counted() {
        let last_check = Arc::new(LastCheck::never());
        let policy = Policy {
            changes: Arc::default(),
            max_age: Duration::from_secs(1),
            last_check: Some(Arc::clone(&last_check)),
            contention: Contention::Wait,
        };
        let (cache, start) = (ReadCache::new(policy), Instant::now() + Duration::from_millis(1));
        let key = UserId::from_i64(1).unwrap();
        let later = |milliseconds| start + Duration::from_millis(milliseconds);
        fill(&cache, key, "alice", start);
        assert_eq!(cached(&cache, key, start), None, "nothing was ever counted");
        last_check.note(start);
        assert_eq!(cached(&cache, key, later(799)), Some("alice"));
        assert_eq!(cached(&cache, key, later(801)), None);
        last_check.note(later(801));
        assert_eq!(cached(&cache, key, later(801)), Some("alice"));
        assert_eq!(cached(&cache, key, later(1_000)), None, "the value is too old");
    }
}
