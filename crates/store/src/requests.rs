//! Requests that wait for a browser or for a device, and proofs that were used, in either kind of database.

use accounts::TokenDigest;
use ids::UserId;
use jiff::Timestamp;

use crate::{Context, NewGrant, Outcome, Store, StoreError};

/// Requests of each kind that may wait for one client. Anyone can send the id of a client that has no secret.
pub const MAX_WAITING_REQUESTS: u32 = 1_000;

/// An authorization request that its client sent in advance.
#[derive(Clone, Debug)]
pub struct NewPushedRequest {
    pub digest: TokenDigest,
    pub client: String,
    /// A JSON text of the server.
    pub record: String,
    pub expires_at: Timestamp,
}

/// A device that waits for its user.
#[derive(Clone, Debug)]
pub struct NewDeviceCode {
    pub digest: TokenDigest,
    /// The digest of the code that the user types.
    pub user_code: TokenDigest,
    pub client: String,
    /// A JSON text of the server.
    pub record: String,
    pub expires_at: Timestamp,
}

/// How a device code is found.
#[derive(Clone, Copy, Debug)]
pub enum DeviceCodeKey {
    /// The digest of the code of the device.
    Device(TokenDigest),
    /// The digest of the code that the user types.
    User(TokenDigest),
}

/// Requests and proofs. Each insert deletes a few expired rows.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Stores the digest of a proof until it expires. [`Outcome::Replayed`]: it was stored before.
    pub async fn use_proof(
        &self,
        digest: TokenDigest,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        match self {
            Self::Sqlite(db) => db.use_proof(digest, expires_at, now).await,
            Self::Postgres(db) => db.use_proof(digest, expires_at, now).await,
        }
    }

    /// Stores a pushed request. `false`: [`MAX_WAITING_REQUESTS`] of the client wait already, or the client was deleted.
    pub async fn create_pushed_request(
        &self,
        new: NewPushedRequest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_pushed_request(new, now).await,
            Self::Postgres(db) => db.create_pushed_request(new, now).await,
        }
    }

    /// The record of the pushed request with this digest. It may have expired.
    pub async fn pushed_request(&self, digest: TokenDigest) -> Result<Option<String>, StoreError> {
        match self {
            Self::Sqlite(db) => db.pushed_request(digest),
            Self::Postgres(db) => db.pushed_request(digest).await,
        }
    }

    /// Stores a device code. [`Outcome::Replayed`]: another device has the same user code. [`Outcome::Gone`]:
    /// [`MAX_WAITING_REQUESTS`] devices of the client wait already, or the client was deleted.
    pub async fn create_device_code(
        &self,
        new: NewDeviceCode,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_device_code(new, now).await,
            Self::Postgres(db) => db.create_device_code(new, now).await,
        }
    }

    /// The record of a device code. It may have expired.
    pub async fn device_code(&self, key: DeviceCodeKey) -> Result<Option<String>, StoreError> {
        match self {
            Self::Sqlite(db) => db.device_code(key),
            Self::Postgres(db) => db.device_code(key).await,
        }
    }

    /// Replaces the record of a device code if it is still `found`. Returns whether it was.
    pub async fn replace_device_code(
        &self,
        device: TokenDigest,
        found: &str,
        record: &str,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.replace_device_code(device, found, record).await,
            Self::Postgres(db) => db.replace_device_code(device, found, record).await,
        }
    }

    /// [`replace_device_code`](Self::replace_device_code) by a user who allows the device. It is recorded in the audit log.
    pub async fn approve_device_code(
        &self,
        device: TokenDigest,
        (found, record): (&str, &str),
        user: UserId,
        context: Context,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.approve_device_code(device, (found, record), user, context).await,
            Self::Postgres(db) => db.approve_device_code(device, (found, record), user, context).await,
        }
    }

    /// Deletes a device code and inserts its grant. [`Outcome::Replayed`]: it was deleted before.
    pub async fn redeem_device_code(
        &self,
        device: TokenDigest,
        grant: NewGrant,
    ) -> Result<Outcome, StoreError> {
        match self {
            Self::Sqlite(db) => db.redeem_device_code(device, grant).await,
            Self::Postgres(db) => db.redeem_device_code(device, grant).await,
        }
    }
}
