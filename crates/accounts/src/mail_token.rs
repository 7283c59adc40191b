//! Links in mails: valid once, for a short time, for the address they were sent to.

use std::time::Duration;

/// How long a link is valid. Mail that takes longer is rare, and a mailbox may be read by other people later.
pub const LINK_LIFETIME: Duration = Duration::from_mins(30);

/// What a link allows the reader of the mail to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailPurpose {
    /// Confirm that the address is the user's.
    VerifyEmail,
    /// Set a new password without the old one.
    ResetPassword,
}

impl MailPurpose {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify",
            Self::ResetPassword => "reset",
        }
    }

    /// From [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::VerifyEmail, Self::ResetPassword].into_iter().find(|purpose| purpose.as_str() == text)
    }
}
