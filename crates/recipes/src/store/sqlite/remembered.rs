//! Who was here a moment ago.
//!
//! Requests come in bursts from the same people, and each asks again who its session is: two rows, 2.5 µs while a
//! transaction is kept open and 4 µs while recipes are being written and none is. So the answer is kept, and is good for
//! as long as a kept transaction would be (see `reader.rs`): until a commit that may have changed a user or a session,
//! which is counted before anybody hears of it, and never longer than [`MAX_AGE`], as another process may write. A
//! session that was ended is therefore unknown to the very next request.

use std::sync::{Mutex, TryLockError};
use std::time::Instant;

use super::reader::{MAX_AGE, Readers};
use crate::id::{SessionId, UserId};
use crate::store::SessionUser;

/// Sessions that share a place take turns; there is nothing to clear away and no more than this in memory.
const PLACES: usize = 1 << 10;

pub(super) struct Remembered(Box<[Place]>);

type Place = Mutex<Option<Entry>>;

struct Entry {
    session: SessionId,
    found: SessionUser,
    state: State,
}

/// What a reader knew of the database before it read.
#[derive(Clone, Copy)]
pub(super) struct State {
    account_commits: u64,
    at: Instant,
}

impl State {
    pub(super) fn of(readers: &Readers) -> Self {
        Self { account_commits: readers.account_commits(), at: Instant::now() }
    }

    fn still_holds(self, now: Self) -> bool {
        self.account_commits == now.account_commits && now.at.duration_since(self.at) < MAX_AGE
    }
}

impl Remembered {
    pub(super) fn nobody() -> Self {
        Self((0..PLACES).map(|_| Place::default()).collect())
    }

    pub(super) fn get(&self, session: SessionId, user: UserId, now: State) -> Option<SessionUser> {
        self.at(session, |place| {
            let entry = place.as_ref().filter(|entry| entry.session == session)?;
            (entry.found.user.id == user && entry.state.still_holds(now)).then(|| entry.found.clone())
        })
    }

    /// `before` is the state from before the read: what was committed meanwhile may or may not be in what was found.
    pub(super) fn put(&self, session: SessionId, found: &SessionUser, before: State) {
        self.at(session, |place| {
            *place = Some(Entry { session, found: found.clone(), state: before });
            None::<()>
        });
    }

    /// Nobody waits here: who finds the place taken reads the database.
    fn at<T>(&self, session: SessionId, look: impl FnOnce(&mut Option<Entry>) -> Option<T>) -> Option<T> {
        // The end of a UUIDv7 is random.
        let [.., high, low] = *session.as_bytes();
        let place = self.0.get(usize::from(u16::from_be_bytes([high, low])) % PLACES)?;
        match place.try_lock() {
            Ok(mut entry) => look(&mut entry),
            Err(TryLockError::Poisoned(entry)) => look(&mut entry.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::user::{Email, Name, Role, User};

    fn session(last: u16) -> SessionId {
        let mut bytes = *SessionId::parse("018f3404-d600-7fff-bfff-ffffffffffff").unwrap().as_bytes();
        bytes[14..].copy_from_slice(&last.to_be_bytes());
        SessionId::from_bytes(bytes)
    }

    fn alice() -> SessionUser {
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        let user = User {
            id: UserId::from_i64(1).unwrap(),
            name: Name::parse("Alice").unwrap(),
            email: Email::parse("alice@example.org").unwrap(),
            role: Role::User,
            email_verified: true,
            disabled: false,
            created_at: now,
            updated_at: now,
        };
        SessionUser { user, created_at: now, last_used_at: now }
    }

    #[test]
    fn a_session_is_known_until_an_account_changes_or_time_has_passed() {
        let (here, alice) = (session(7), alice());
        let state = State { account_commits: 3, at: Instant::now() };
        let remembered = Remembered::nobody();
        let known = |session, user, now| remembered.get(session, user, now).is_some();
        assert!(!known(here, alice.user.id, state));
        remembered.put(here, &alice, state);
        let later = |milliseconds| State { at: state.at + Duration::from_millis(milliseconds), ..state };
        assert!(known(here, alice.user.id, later(49)));
        assert!(!known(here, alice.user.id, later(50)));
        assert!(!known(here, alice.user.id, State { account_commits: 4, ..state }));
        assert!(!known(here, UserId::from_i64(2).unwrap(), state));
    }

    #[test]
    fn sessions_in_the_same_place_are_told_apart() {
        let (one, other) = (session(7), session(7 + (1 << 10)));
        let state = State { account_commits: 0, at: Instant::now() };
        let remembered = Remembered::nobody();
        remembered.put(one, &alice(), state);
        assert_eq!(remembered.get(other, alice().user.id, state), None);
        remembered.put(other, &alice(), state);
        assert_eq!(remembered.get(one, alice().user.id, state), None);
    }
}
