use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::user::SessionUser;

/// A store of sessions: a table, a cache server, [`MemoryStore`].
///
/// A table has the key (32 bytes) as its primary key, and the columns of [`SessionRecord`]. Rows past `expires_at` can be
/// deleted at any time.
///
/// With the feature `tower-sessions`, every store of that crate can be used through
#[cfg_attr(feature = "tower-sessions", doc = "[`TowerSessions`](crate::TowerSessions).")]
#[cfg_attr(not(feature = "tower-sessions"), doc = "`TowerSessions`.")]
pub trait SessionStore: Send + Sync + 'static {
    /// Why the store did not respond. The response to the client is 503.
    type Error: Into<Box<dyn std::error::Error + Send + Sync>>;

    /// Inserts a session. Its key is random, so there is none with the same key.
    ///
    /// # Errors
    /// If the session was not stored.
    fn insert(
        &self,
        key: &SessionKey,
        session: SessionRecord,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The session with this key, active or not.
    ///
    /// # Errors
    /// If it is unknown whether there is one.
    fn load(
        &self,
        key: &SessionKey,
    ) -> impl Future<Output = Result<Option<SessionRecord>, Self::Error>> + Send;

    /// Updates the time of the last use.
    ///
    /// It must not restore a session that was removed in the meantime, by a log-out in another tab:
    /// `UPDATE .. SET last_used_at = ? WHERE key = ?`, and no `INSERT`.
    ///
    /// # Errors
    /// If the time may not have been stored.
    fn touch(
        &self,
        key: &SessionKey,
        last_used_at: SystemTime,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Removes the session and returns whether it existed.
    ///
    /// Of two concurrent calls one must return `true`, so that a session that is logged out in another tab is not
    /// [renewed](crate::Sessions::renew) at the same time: `DELETE .. WHERE key = ?`, and whether it affected a row.
    ///
    /// # Errors
    /// If the session may still exist.
    fn remove(&self, key: &SessionKey) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// The key of a session in a store: the SHA-256 digest of the token in the cookie.
///
/// A stolen copy of the store contains no token.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey([u8; 32]);

impl SessionKey {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// The key with these bytes, as stored, for stores that list their sessions.
    ///
    /// ```
    /// use tower_passport::SessionKey;
    ///
    /// assert_eq!(SessionKey::from_bytes([7; 32]).as_bytes(), &[7; 32]);
    /// ```
    pub const fn from_bytes(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SessionKey(..)")
    }
}

/// A stored session.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// The [id](SessionUser::id) of the user.
    pub user: String,
    /// The digest of the user's [`session_auth_hash`](SessionUser::session_auth_hash) at the log-in.
    pub auth: [u8; 32],
    /// The time of the log-in.
    pub created_at: SystemTime,
    /// The time of the last use, to a few minutes.
    pub last_used_at: SystemTime,
    /// The time at which the session ends in any case.
    pub expires_at: SystemTime,
    /// The text that was passed to [`log_in_with`](crate::Sessions::log_in_with).
    pub data: Option<String>,
}

/// Leaves out the digest and the data, which may contain an ID token.
impl fmt::Debug for SessionRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SessionRecord")
            .field("user", &self.user)
            .field("created_at", &self.created_at)
            .field("last_used_at", &self.last_used_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

pub(super) fn auth_digest(user: &impl SessionUser) -> [u8; 32] {
    Sha256::digest(user.session_auth_hash()).into()
}

/// A session store in memory, for tests and single processes: after a restart, all users must log in again.
///
/// It removes expired sessions when their number has doubled since the last time, so it holds at most about twice the active
/// ones.
#[derive(Debug, Default)]
pub struct MemoryStore {
    sessions: Mutex<Sessions>,
}

#[derive(Debug, Default)]
struct Sessions {
    by_key: HashMap<SessionKey, SessionRecord>,
    sweep_at: usize,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T>(&self, change: impl FnOnce(&mut Sessions) -> T) -> T {
        // Each change is one call of the map, so the map is consistent even if the lock is poisoned.
        change(&mut self.sessions.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl SessionStore for MemoryStore {
    type Error = Infallible;

    async fn insert(&self, key: &SessionKey, session: SessionRecord) -> Result<(), Infallible> {
        self.with(|sessions| {
            if sessions.by_key.len() >= sessions.sweep_at {
                let now = session.created_at;
                sessions.by_key.retain(|_, session| session.expires_at > now);
                sessions.sweep_at = (sessions.by_key.len() * 2).max(64);
            }
            sessions.by_key.insert(*key, session);
        });
        Ok(())
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<SessionRecord>, Infallible> {
        Ok(self.with(|sessions| sessions.by_key.get(key).cloned()))
    }

    async fn touch(&self, key: &SessionKey, last_used_at: SystemTime) -> Result<(), Infallible> {
        self.with(|sessions| {
            if let Some(session) = sessions.by_key.get_mut(key) {
                session.last_used_at = last_used_at;
            }
        });
        Ok(())
    }

    async fn remove(&self, key: &SessionKey) -> Result<bool, Infallible> {
        Ok(self.with(|sessions| sessions.by_key.remove(key)).is_some())
    }
}

impl<S: SessionStore> SessionStore for std::sync::Arc<S> {
    type Error = S::Error;

    fn insert(
        &self,
        key: &SessionKey,
        session: SessionRecord,
    ) -> impl Future<Output = Result<(), S::Error>> + Send {
        S::insert(self, key, session)
    }

    fn load(&self, key: &SessionKey) -> impl Future<Output = Result<Option<SessionRecord>, S::Error>> + Send {
        S::load(self, key)
    }

    fn touch(
        &self,
        key: &SessionKey,
        last_used_at: SystemTime,
    ) -> impl Future<Output = Result<(), S::Error>> + Send {
        S::touch(self, key, last_used_at)
    }

    fn remove(&self, key: &SessionKey) -> impl Future<Output = Result<bool, S::Error>> + Send {
        S::remove(self, key)
    }
}
