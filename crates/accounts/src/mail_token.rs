//! What a link in a mail is good for: once, for a short time, for the address it was sent to.

use std::time::Duration;

use jiff::Timestamp;

use crate::digest::TokenDigest;

/// How long links are good. Mail that takes longer is rare, and what lies in a mailbox may be read by others later.
pub const LINKS_LAST: Duration = Duration::from_mins(30);

/// What whoever has read the mail may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailPurpose {
    /// Show that mail to the address reaches the user.
    VerifyEmail,
    /// Choose a new password without knowing the old one.
    ResetPassword,
}

impl MailPurpose {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify",
            Self::ResetPassword => "reset",
        }
    }
}

/// A token for a mail before it is stored.
#[derive(Clone, Copy, Debug)]
pub struct NewMailToken {
    /// Of the token, which only the mail has.
    pub digest: TokenDigest,
    pub purpose: MailPurpose,
    pub expires_at: Timestamp,
}
