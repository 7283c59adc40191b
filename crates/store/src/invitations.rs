//! Invitations, whatever the database. [`Store::sign_up`] uses one up.

use jiff::Timestamp;

use crate::{Context, Listing, Page, Store, StoreError};
use accounts::{Email, Invitation, NewInvitation, TokenDigest};
use ids::{InvitationId, UserId};

/// Invitations.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// `None`: there are [`MAX_INVITATIONS`](accounts::MAX_INVITATIONS) already.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the actor is no longer logged in, [`StoreError::AdminRequired`] if the actor is no
    /// longer an administrator.
    pub async fn create_invitation(
        &self,
        new: NewInvitation,
        context: Context,
    ) -> Result<Option<Invitation>, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_invitation(new, context).await,
            Self::Postgres(db) => db.create_invitation(new, context).await,
        }
    }

    /// The invitations that can still be used, the oldest first.
    pub async fn invitations(
        &self,
        page: Page<InvitationId>,
        now: Timestamp,
    ) -> Result<Listing<Vec<Invitation>, InvitationId>, StoreError> {
        match self {
            Self::Sqlite(db) => db.invitations(page, now).await,
            Self::Postgres(db) => db.invitations(page, now).await,
        }
    }

    /// How many can still be used.
    pub async fn count_invitations(&self, now: Timestamp) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(db) => db.count_invitations(now).await,
            Self::Postgres(db) => db.count_invitations(now).await,
        }
    }

    /// The unused invitations of a user, the oldest first.
    pub async fn invitations_of(&self, user: UserId) -> Result<Vec<Invitation>, StoreError> {
        match self {
            Self::Sqlite(db) => db.invitations_of(user).await,
            Self::Postgres(db) => db.invitations_of(user).await,
        }
    }

    /// Whether an invitation is good for this address now, without using it up.
    pub async fn is_invited(
        &self,
        invitation: TokenDigest,
        email: &Email,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.is_invited(invitation, email, now),
            Self::Postgres(db) => db.is_invited(invitation, email, now).await,
        }
    }

    /// Says whether there was one.
    ///
    /// # Errors
    /// As [`create_invitation`](Self::create_invitation).
    pub async fn revoke_invitation(&self, id: InvitationId, context: Context) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.revoke_invitation(id, context).await,
            Self::Postgres(db) => db.revoke_invitation(id, context).await,
        }
    }
}
