use accounts::{Email, MailPurpose, audit::Actor};
use secrecy::SecretString;
use tokio::time::Instant;

/// A mail to be written and sent.
#[derive(Debug)]
pub(super) enum MailJob {
    /// A mail with a new link to the account with this address, if there is one.
    Link { purpose: MailPurpose, to: Email, actor: Actor },
    /// An invitation, whose token exists already.
    Invitation { to: Email, token: SecretString },
}

/// A mail in the queue.
#[derive(Debug)]
pub(super) struct QueuedMail {
    pub(super) job: MailJob,
    pub(super) queued_at: Instant,
}
