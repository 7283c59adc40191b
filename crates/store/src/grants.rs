//! Codes, grants and consents of OAuth clients, and the cookie of pages, in either kind of database.

use accounts::{TokenDigest, User};
use ids::{SessionId, UserId};
use jiff::Timestamp;

use crate::{Context, Store, StoreError};

/// The result of a guarded write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The row was as it had been found, and the write is stored.
    First,
    /// Another request used the row first.
    Replayed,
    /// The row does not exist, or its user, client or session does not.
    Gone,
    /// The place in the status list belongs to another grant. Nothing is stored.
    Taken,
}

/// A code to store.
#[derive(Clone, Debug)]
pub struct NewCode {
    pub digest: TokenDigest,
    /// A JSON text of the server.
    pub record: String,
    /// When the row can be deleted: after the access token that the code can be exchanged for.
    pub expires_at: Timestamp,
    pub user: UserId,
    pub client: String,
    /// The consent that the user gave with it.
    pub consent: Option<NewConsent>,
    /// The pushed request that it uses up.
    pub pushed: Option<TokenDigest>,
}

/// A consent to store.
#[derive(Clone, Debug)]
pub struct NewConsent {
    pub id: [u8; 16],
    pub consent: ConsentRow,
}

/// The scopes that a user allowed a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRow {
    pub resource: Option<String>,
    pub scopes: String,
}

/// A stored code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRow {
    pub record: String,
    /// The grant that the code became. It may have ended.
    pub grant: Option<[u8; 16]>,
}

/// A grant to store.
#[derive(Clone, Debug)]
pub struct NewGrant {
    pub id: [u8; 16],
    pub user: UserId,
    pub client: String,
    /// The session whose end ends the grant.
    pub session: Option<SessionId>,
    /// The session whose end is reported to the client.
    pub logout_session: Option<SessionId>,
    /// The place in the status list.
    pub status_index: Option<u32>,
    pub state: GrantState,
}

/// The part of a grant that changes when its refresh token is used.
#[derive(Clone, Debug)]
pub struct GrantState {
    /// The digest of the current refresh token.
    pub current: Option<TokenDigest>,
    /// A JSON text of the server.
    pub record: String,
    pub expires_at: Timestamp,
}

/// A stored grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRow {
    pub user: UserId,
    pub client: String,
    pub record: String,
    pub expires_at: Timestamp,
    pub status_index: Option<u32>,
}

/// The session of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowserSession {
    pub session: SessionId,
    pub user: User,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
}

/// Codes, grants and consents.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Stores a code and the consent that the user gave with it, and deletes the pushed request. [`Outcome::Gone`]: the request
    /// was used before. Deletes a few expired codes.
    pub async fn create_code(&self, new: NewCode, context: Context) -> Result<Outcome, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_code(new, context).await,
            Self::Postgres(db) => db.create_code(new, context).await,
        }
    }

    /// The code with this digest.
    pub async fn code(&self, digest: TokenDigest) -> Result<Option<CodeRow>, StoreError> {
        match self {
            Self::Sqlite(db) => db.code(digest),
            Self::Postgres(db) => db.code(digest).await,
        }
    }

    /// Marks a code as used and inserts its grant. [`Outcome::Replayed`]: the code was used before, and its grant has ended now.
    /// Deletes a few expired grants.
    pub async fn redeem_code(
        &self,
        digest: TokenDigest,
        grant: NewGrant,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        match self {
            Self::Sqlite(db) => db.redeem_code(digest, grant, now).await,
            Self::Postgres(db) => db.redeem_code(digest, grant, now).await,
        }
    }

    /// Deletes a code that is in wrong hands.
    pub async fn delete_code(&self, digest: TokenDigest) -> Result<Outcome, StoreError> {
        match self {
            Self::Sqlite(db) => db.delete_code(digest).await,
            Self::Postgres(db) => db.delete_code(digest).await,
        }
    }

    /// The grant with this id.
    pub async fn grant(&self, id: [u8; 16]) -> Result<Option<GrantRow>, StoreError> {
        match self {
            Self::Sqlite(db) => db.grant(id),
            Self::Postgres(db) => db.grant(id).await,
        }
    }

    /// Replaces the state of a grant if its refresh token is still `current`.
    pub async fn rotate_grant(
        &self,
        id: [u8; 16],
        current: TokenDigest,
        state: GrantState,
    ) -> Result<Outcome, StoreError> {
        match self {
            Self::Sqlite(db) => db.rotate_grant(id, current, state).await,
            Self::Postgres(db) => db.rotate_grant(id, current, state).await,
        }
    }

    /// Ends a grant.
    pub async fn end_grant(&self, id: [u8; 16]) -> Result<Outcome, StoreError> {
        match self {
            Self::Sqlite(db) => db.end_grant(id).await,
            Self::Postgres(db) => db.end_grant(id).await,
        }
    }

    /// What this user allowed this client.
    pub async fn consents(&self, user: UserId, client: &str) -> Result<Vec<ConsentRow>, StoreError> {
        match self {
            Self::Sqlite(db) => db.consents(user, client),
            Self::Postgres(db) => db.consents(user, client).await,
        }
    }

    /// Sets the digest of the cookie by which pages find the session.
    pub async fn set_session_browser(
        &self,
        session: SessionId,
        browser: TokenDigest,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.set_session_browser(session, browser).await,
            Self::Postgres(db) => db.set_session_browser(session, browser).await,
        }
    }

    /// The session of the browser with this cookie. Whether the session has expired is for
    /// [`SessionLimits`](accounts::SessionLimits) to say.
    pub async fn browser_session(&self, browser: TokenDigest) -> Result<Option<BrowserSession>, StoreError> {
        match self {
            Self::Sqlite(db) => db.browser_session(browser),
            Self::Postgres(db) => db.browser_session(browser).await,
        }
    }
}
