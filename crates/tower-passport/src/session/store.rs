use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::SessionUser;

/// Where sessions are kept: a table, a cache server, [`MemoryStore`].
///
/// A table has the key as its primary key (32 bytes), and the columns of [`SessionRecord`]. Rows past `expires_at` can be
/// deleted at any time.
///
/// With the feature `tower-sessions`, every store of that crate is one, by
#[cfg_attr(feature = "tower-sessions", doc = "[`TowerSessions`](crate::TowerSessions).")]
#[cfg_attr(not(feature = "tower-sessions"), doc = "`TowerSessions`.")]
pub trait SessionStore: Send + Sync + 'static {
    /// Why it did not answer: the request is answered with 503.
    type Error: Into<Box<dyn std::error::Error + Send + Sync>>;

    /// Adds a session. Its key is random: there is none with the same.
    ///
    /// # Errors
    /// If it is not stored.
    fn insert(
        &self,
        key: &SessionKey,
        session: SessionRecord,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The session with this key, ended or not.
    ///
    /// # Errors
    /// If it cannot be found out whether there is one.
    fn load(
        &self,
        key: &SessionKey,
    ) -> impl Future<Output = Result<Option<SessionRecord>, Self::Error>> + Send;

    /// Notes that the session was used. It must not bring back a session that was removed meanwhile, by a log-out in
    /// another tab: `UPDATE .. SET last_used_at = ? WHERE key = ?`, and no `INSERT`.
    ///
    /// # Errors
    /// If it may not be stored.
    fn touch(
        &self,
        key: &SessionKey,
        last_used_at: SystemTime,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Removes the session, and says whether it was there: of two who remove it at once, one hears `true`. So a session
    /// that was logged out in another tab is not [renewed](crate::Sessions::renew) at the same moment:
    /// `DELETE .. WHERE key = ?`, and whether that was a row.
    ///
    /// # Errors
    /// If it may still be there.
    fn remove(&self, key: &SessionKey) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// What a store finds a session by: the SHA-256 digest of the token in the cookie. Whoever reads the store cannot make a
/// cookie of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey([u8; 32]);

impl SessionKey {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// The key that a store has written down, for stores that list their sessions, and for their tests.
    ///
    /// ```
    /// use tower_passport::SessionKey;
    ///
    /// assert_eq!(SessionKey::from_bytes([7; 32]).as_bytes(), &[7; 32]);
    /// ```
    pub const fn from_bytes(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SessionKey(..)")
    }
}

/// What is kept of a session.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// The [id](SessionUser::id) of the user.
    pub user: String,
    /// The digest of his [`session_auth_hash`](SessionUser::session_auth_hash) at the log-in.
    pub auth: [u8; 32],
    /// When he logged in.
    pub created_at: SystemTime,
    /// When the session was last used, to a few minutes.
    pub last_used_at: SystemTime,
    /// When it ends, used or not.
    pub expires_at: SystemTime,
    /// What the program keeps with it: see [`log_in_with`](crate::Sessions::log_in_with).
    pub data: Option<String>,
}

impl SessionRecord {
    pub(super) fn is_of(&self, user: &impl SessionUser) -> bool {
        self.auth == auth_of(user)
    }
}

/// Neither the digest nor the data prints: an ID token may be among them.
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

pub(super) fn auth_of(user: &impl SessionUser) -> [u8; 32] {
    Sha256::digest(user.session_auth_hash()).into()
}

/// Sessions in memory, for tests and for programs that run once: after a restart everybody has to log in again.
///
/// It forgets sessions that have expired when it has doubled since it last did, so it holds at most about twice those
/// that are good.
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
    /// No sessions yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T>(&self, change: impl FnOnce(&mut Sessions) -> T) -> T {
        // A panic while it is locked cannot leave it half changed: each change is one call of the map.
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
