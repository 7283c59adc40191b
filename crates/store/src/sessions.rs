//! Sessions, whatever the database.

use std::net::IpAddr;

use jiff::Timestamp;

use crate::{Context, Store, StoreError};
use accounts::{
    ApiTokens, Ending, NewSession, NewUser, PasswordHash, RefreshToken, Session, SessionLimits, TokenDigest,
    User,
};
use ids::{SessionId, UserId};

/// Who an access token speaks for, as one read finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionUser {
    pub user: User,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
}

/// What became of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// The session goes on.
    Refreshed(Box<Refreshed>),
    /// An old token of a session that has gone on without it: another client has a copy of it, or of a later one. It is
    /// not to be known who of the two this is, so the session has ended (RFC 9700, section 4.14.2).
    Reused { user: UserId, session: SessionId },
    /// Of no session that there is.
    Unknown,
}

/// A session that goes on, and the only refresh token that is good now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refreshed {
    pub user: User,
    pub session: Session,
    pub token: RefreshToken,
    /// When the token took the place of its predecessor. The same for all who ask at the same moment, so that all can
    /// be given the same answer.
    pub since: Timestamp,
}

/// Makes a user and the user's first session at once.
#[derive(Clone, Debug)]
pub struct SignUp {
    pub user: NewUser,
    pub session: NewSession,
    /// Used up by it.
    pub invitation: Option<TokenDigest>,
}

/// Begins a session of a user whose password was just checked.
#[derive(Clone, Debug)]
pub struct CreateSession {
    pub user: UserId,
    /// The hash that the password was checked against.
    pub password_hash: Option<PasswordHash>,
    pub session: NewSession,
    pub limits: SessionLimits,
}

/// Exchanges a refresh token for its successor.
#[derive(Clone, Debug)]
pub struct RefreshSession {
    pub token: RefreshToken,
    /// Random, for [`RefreshToken::successor`].
    pub nonce: [u8; 32],
    pub limits: SessionLimits,
    /// The client's.
    pub address: Option<IpAddr>,
}

/// Changes the password of a user who has just confirmed the old one.
#[derive(Clone, Debug)]
pub struct ChangePassword {
    pub user: UserId,
    /// What the old password was checked against.
    pub old: Option<PasswordHash>,
    pub new: PasswordHash,
    /// The session that does not end.
    pub keep: Option<SessionId>,
    pub api_tokens: ApiTokens,
}

/// Sessions.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Makes a user and the first session at once: there is no account whose owner was told that it failed. An
    /// invitation is used up by it, and only by it.
    ///
    /// # Errors
    /// [`StoreError::EmailTaken`] if the address, in any case of letters, has an account; [`StoreError::NotInvited`].
    pub async fn sign_up(&self, command: SignUp, now: Timestamp) -> Result<(User, Session), StoreError> {
        match self {
            Self::Sqlite(db) => db.sign_up(command, now).await,
            Self::Postgres(db) => db.sign_up(command, now).await,
        }
    }

    /// Begins a session for the user whose password was just checked against `password_hash`. `None` if that is not
    /// the password any more, or the user is disabled or gone: what ends all sessions must not miss this one.
    ///
    /// Forgets sessions that have ended by themselves on the way.
    pub async fn create_session(
        &self,
        command: CreateSession,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_session(command, now).await,
            Self::Postgres(db) => db.create_session(command, now).await,
        }
    }

    /// The user of a session, in one read. Whether the session's time is over is for [`SessionLimits`] to say.
    pub async fn session_user(
        &self,
        session: SessionId,
        user: UserId,
    ) -> Result<Option<SessionUser>, StoreError> {
        match self {
            Self::Sqlite(db) => db.session_user(session, user),
            Self::Postgres(db) => db.session_user(session, user).await,
        }
    }

    /// Queues the note that a session was used. Returns at once; a failure is not reported.
    pub fn session_used(&self, session: SessionId, now: Timestamp) {
        match self {
            Self::Sqlite(db) => db.session_used(session, now),
            Self::Postgres(db) => db.session_used(session, now),
        }
    }

    /// Exchanges a refresh token for its successor, by one guarded update.
    ///
    /// The token before the current one is good still, as long as the current one was not used: its answer was
    /// lost, and no session shall be lost by that. Within [`REPEATABLE`](accounts::REPEATABLE) it gets the same successor again, later
    /// another in its place.
    pub async fn refresh_session(
        &self,
        command: RefreshSession,
        now: Timestamp,
    ) -> Result<Refresh, StoreError> {
        match self {
            Self::Sqlite(db) => db.refresh_session(command, now).await,
            Self::Postgres(db) => db.refresh_session(command, now).await,
        }
    }

    /// The sessions of a user, the last used first, at most [`MAX_SESSIONS`](accounts::MAX_SESSIONS).
    pub async fn sessions(
        &self,
        user: UserId,
        limits: SessionLimits,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        match self {
            Self::Sqlite(db) => db.sessions(user, limits, now),
            Self::Postgres(db) => db.sessions(user, limits, now).await,
        }
    }

    /// Whether the account with this key ([`accounts::Email::key`]) has a session at this network address.
    /// Takes as long if there is no such account.
    pub async fn has_session_from(
        &self,
        email_key: &str,
        address: IpAddr,
        limits: SessionLimits,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.has_session_from(email_key, address, limits, now),
            Self::Postgres(db) => db.has_session_from(email_key, address, limits, now).await,
        }
    }

    /// Ends one session of this user. Says whether there was one.
    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        context: Context,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.end_session(user, session, context).await,
            Self::Postgres(db) => db.end_session(user, session, context).await,
        }
    }

    /// Ends all sessions of a user, and all API tokens: nothing goes on in the user's name. Says how many sessions there
    /// were.
    pub async fn end_sessions(&self, user: UserId, context: Context) -> Result<usize, StoreError> {
        match self {
            Self::Sqlite(db) => db.end_sessions(user, Ending::LOG_OUT_EVERYWHERE, context).await,
            Self::Postgres(db) => db.end_sessions(user, Ending::LOG_OUT_EVERYWHERE, context).await,
        }
    }

    /// Ends all sessions of a user but one. Says how many there were.
    pub async fn end_other_sessions(
        &self,
        user: UserId,
        keep: SessionId,
        context: Context,
    ) -> Result<usize, StoreError> {
        match self {
            Self::Sqlite(db) => db.end_sessions(user, Ending::log_out_others(keep), context).await,
            Self::Postgres(db) => db.end_sessions(user, Ending::log_out_others(keep), context).await,
        }
    }
}
