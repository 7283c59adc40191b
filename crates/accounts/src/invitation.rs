//! Invitations: permissions to sign up where sign-up is not open.

use std::time::Duration;

use jiff::Timestamp;

use crate::digest::TokenDigest;
use crate::user::Email;
use ids::{InvitationId, UserId};

/// How many open invitations there may be.
pub const MAX_INVITATIONS: u16 = 1_000;

/// How long an invitation is valid: long enough for a holiday, short enough that forgotten ones are no risk.
pub const INVITATION_LIFETIME: Duration = Duration::from_hours(14 * 24);

/// An unused invitation as it is stored, without the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    /// The address that can use it. `None`: any address.
    pub email: Option<Email>,
    /// `None`: the operator.
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// An invitation before it is stored.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    pub id: InvitationId,
    /// Of the secret, which is shown once and not stored.
    pub digest: TokenDigest,
    pub email: Option<Email>,
    pub expires_at: Timestamp,
}
