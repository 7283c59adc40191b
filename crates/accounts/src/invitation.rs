//! Invitations: who may sign up where not everybody may.

use jiff::Timestamp;

use crate::digest::TokenDigest;
use crate::user::Email;
use ids::{InvitationId, UserId};

/// An invitation that nobody has used yet, as it is stored: everything but what invites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    /// `None`: for whoever has it.
    pub email: Option<Email>,
    /// `None`: whoever runs the program.
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// An invitation before it is stored.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    pub id: InvitationId,
    /// Of the token, which is shown once and not kept.
    pub digest: TokenDigest,
    pub email: Option<Email>,
    pub expires_at: Timestamp,
}
