use accounts::{Email, MailPurpose, audit::Actor};
use secrecy::SecretString;

/// A mail to be written and sent.
#[derive(Debug)]
pub(super) enum MailJob {
    /// A mail with a new link to the account with this address, if there is one.
    Link { purpose: MailPurpose, to: Email, actor: Actor },
    /// An invitation, whose token exists already.
    Invitation { to: Email, token: SecretString },
}
