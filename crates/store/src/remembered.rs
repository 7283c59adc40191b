//! What was read a moment ago.
//!
//! Requests come in bursts: the same people ask, each time whose session it is, and many of them for the same recipe.
//! Whose session it is, is two rows, 2.5 µs while a transaction is kept open and 4 µs while recipes are being written and
//! none is; a recipe is half of that. So the answer is kept, and is good for as long as a kept transaction would be (see
//! `sqlite/reader.rs`): until a commit that may have changed it, which is counted before anybody hears of it, and never
//! longer than [`MAX_AGE`], as another process may write; its writes may be seen after twice that, as what is kept may have
//! been read in a transaction that was kept. A session that was ended here is unknown to the very next request.

use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant};

use ids::{RecipeId, SessionId, UserId};

/// What shares a place takes turns; there is nothing to clear away and no more than this in memory.
const PLACES: usize = 1 << 10;

/// How long what another process writes may stay unseen here.
pub(super) const MAX_AGE: Duration = Duration::from_millis(50);

/// Answers of the store, or what was made of them, as long as they are surely still right.
pub struct Remembered<K, V>(Box<[Place<K, V>]>);

type Place<K, V> = Mutex<Option<Entry<K, V>>>;

struct Entry<K, V> {
    key: K,
    value: V,
    mark: Mark,
}

/// What something is remembered by.
pub trait Key: PartialEq {
    /// A number that is another one for most others.
    fn spread(&self) -> usize;
}

impl Key for (SessionId, UserId) {
    fn spread(&self) -> usize {
        // The end of a UUIDv7 is random.
        let [.., high, low] = *self.0.as_bytes();
        usize::from(u16::from_be_bytes([high, low]))
    }
}

impl Key for RecipeId {
    fn spread(&self) -> usize {
        usize::try_from(self.get()).unwrap_or_default()
    }
}

/// Until where somebody knows the database, see [`Store::mark`](super::Store::mark).
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    commits: u64,
    at: Instant,
}

impl Mark {
    pub(super) fn after(commits: u64) -> Self {
        Self { commits, at: Instant::now() }
    }

    fn still_holds(self, now: Self) -> bool {
        self.commits == now.commits && now.at.duration_since(self.at) < MAX_AGE
    }
}

impl<K: Key, V: Clone> Remembered<K, V> {
    pub fn nothing() -> Self {
        Self((0..PLACES).map(|_| Mutex::new(None)).collect())
    }

    pub fn get(&self, key: &K, now: Mark) -> Option<V> {
        self.at(key, |place| {
            let entry = place.as_ref().filter(|entry| entry.key == *key)?;
            entry.mark.still_holds(now).then(|| entry.value.clone())
        })
    }

    /// `before` is the mark from before the read: what was committed meanwhile may or may not be in what was found.
    pub fn put(&self, key: K, value: &V, before: Mark) {
        let place = key.spread();
        self.at_place(place, |place| {
            *place = Some(Entry { key, value: value.clone(), mark: before });
            None::<()>
        });
    }

    fn at<T>(&self, key: &K, look: impl FnOnce(&mut Option<Entry<K, V>>) -> Option<T>) -> Option<T> {
        self.at_place(key.spread(), look)
    }

    /// Nobody waits here: who finds the place taken reads the database.
    fn at_place<T>(
        &self,
        place: usize,
        look: impl FnOnce(&mut Option<Entry<K, V>>) -> Option<T>,
    ) -> Option<T> {
        match self.0.get(place % PLACES)?.try_lock() {
            Ok(mut entry) => look(&mut entry),
            Err(TryLockError::Poisoned(entry)) => look(&mut entry.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(last: u16) -> SessionId {
        let mut bytes = *SessionId::parse("018f3404-d600-7fff-bfff-ffffffffffff").unwrap().as_bytes();
        bytes[14..].copy_from_slice(&last.to_be_bytes());
        SessionId::from_bytes(bytes)
    }

    #[test]
    fn an_answer_is_good_until_something_changes_or_time_has_passed() {
        let user = |id| UserId::from_i64(id).unwrap();
        let key = (session(7), user(1));
        let mark = Mark { commits: 3, at: Instant::now() };
        let remembered = Remembered::nothing();
        let known = |key, now| remembered.get(&key, now).is_some();
        assert!(!known(key, mark));
        remembered.put(key, &"alice", mark);
        let later = |milliseconds| Mark { at: mark.at + Duration::from_millis(milliseconds), ..mark };
        assert!(known(key, later(49)));
        assert!(!known(key, later(50)));
        assert!(!known(key, Mark { commits: 4, ..mark }));
        assert!(!known((session(7), user(2)), mark));
    }

    #[test]
    fn what_shares_a_place_is_told_apart() {
        let recipe = |id| RecipeId::from_i64(id).unwrap();
        let (one, other) = (recipe(7), recipe(7 + (1 << 10)));
        let mark = Mark { commits: 0, at: Instant::now() };
        let remembered = Remembered::nothing();
        remembered.put(one, &"soup", mark);
        assert_eq!(remembered.get(&other, mark), None);
        remembered.put(other, &"bread", mark);
        assert_eq!(remembered.get(&one, mark), None);
        assert_eq!(remembered.get(&other, mark), Some("bread"));
    }
}
