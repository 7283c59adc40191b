//! Mails that wait to be sent.

use ids::InvitationId;

use crate::mail_token::MailPurpose;
use crate::user::Email;

/// How many mails may wait for their first try: more than a mail server accepts in a minute.
pub const MAX_NEW_MAILS: u16 = 1_024;

/// How many may wait for another try. They have room of their own: otherwise a few mailboxes that refuse for now would hold
/// up all other mails for minutes.
pub const MAX_RETRIED_MAILS: u16 = 1_024;

/// A mail that is requested. It holds no secret: the token of its link is made when it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewMail {
    /// A link to the account with this address, if there is one.
    Link { purpose: MailPurpose, to: Email },
    /// An invitation, to its address.
    Invitation(InvitationId),
}
