//! Mails: requested by use cases, written and sent by a background task.
//!
//! A request only puts an address and a purpose into a queue in the database. Whether an account has this address is looked up
//! by the background task, so neither the response nor its time can tell. A mail is due at a random time after its request: the
//! task's write to the database takes longer if there is an account, and a client would see that in a write of its own right
//! behind the request. The mail goes to the *stored* address: two addresses that count as equal may be different mailboxes.
//!
//! The queue also has the language of the request, so that the task on any server writes the mail without it.
//!
//! A mail that waits survives a restart, and servers that share a database share the queue. A server that takes a mail has it
//! for [`MINE_FOR`](worker::MINE_FOR). If the server ends meanwhile, the mail is sent after that time. A mail is sent twice only
//! if a server ends between the answer of the mail server and the removal of the mail.
//!
//! The token of a link is created here, at each try a new one. It is in the mail and nowhere else, and comes back from the page that the link
//! opens (`api/links.rs`). It is in the fragment, behind `#`, which browsers do not send and proxies do not log. Opening a
//! link changes nothing: programs that scan mails for dangerous links open all of them.

mod headers;
mod outbox;
mod send_error;
mod smtp;
mod template;
mod transport;
mod worker;

use std::{sync::Arc, time::Duration};

use accounts::{Email, LanguageTag, MailPurpose, NewMail, audit::Actor};
use ids::InvitationId;
use secrecy::{ExposeSecret as _, SecretString};
use store::{Context, Store, StoreError};
use tokio::sync::Notify;

pub use self::{
    headers::with_ascii_domain,
    outbox::Outbox,
    smtp::Smtp,
    template::{MailTemplate, invitation_link},
    transport::Transport,
    worker::{MailWorker, MailerConfig},
};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::public_url::PublicUrl;

/// A mail is due this long after its request, and up to a second later.
const MIN_DELAY: Duration = Duration::from_millis(500);

/// Pauses before the retries. Servers that use greylisting refuse the first attempt of an unknown client for a minute or
/// so. After much more time the user has requested another mail.
pub const RETRY_PAUSES: [Duration; 3] =
    [Duration::from_secs(5), Duration::from_mins(1), Duration::from_mins(5)];

/// Queues mails. Clones share the queue.
#[derive(Clone, Debug)]
pub struct Mailer {
    store: Store,
    clock: Clock,
    entropy: Entropy,
    wake: Arc<Notify>,
    site: PublicUrl,
    has_server: bool,
}

/// A mail that was not queued.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    #[error("too many mails are waiting to be sent")]
    Full,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Mailer {
    /// Creates a queue and the worker that empties it.
    pub fn new(config: MailerConfig) -> (Self, MailWorker) {
        let wake = Arc::<Notify>::default();
        let mailer = Self {
            store: config.store.clone(),
            clock: config.clock.clone(),
            entropy: config.entropy.clone(),
            wake: Arc::clone(&wake),
            site: config.template.site.clone(),
            has_server: matches!(config.transport, Transport::Smtp(_)),
        };
        (mailer, MailWorker::new(wake, config))
    }

    /// Queues a mail with a link to the account with this address. Without such an account, no mail is sent. The mail is in this
    /// language, unless the user has chosen another one.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn request_link(
        &self,
        purpose: MailPurpose,
        to: &Email,
        actor: Actor,
        language: LanguageTag,
    ) -> Result<(), QueueError> {
        self.queue(NewMail::Link { purpose, to: to.clone() }, actor, language).await
    }

    /// Queues an invitation, to its address.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn invite(
        &self,
        invitation: InvitationId,
        actor: Actor,
        language: LanguageTag,
    ) -> Result<(), QueueError> {
        self.queue(NewMail::Invitation(invitation), actor, language).await
    }

    /// Whether mails go to a mail server. Otherwise they are files, which only the operator can read.
    pub fn has_server(&self) -> bool {
        self.has_server
    }

    /// The link that accepts an invitation.
    pub fn invitation_link(&self, token: &SecretString) -> String {
        invitation_link(&self.site, token.expose_secret())
    }

    async fn queue(&self, mail: NewMail, actor: Actor, language: LanguageTag) -> Result<(), QueueError> {
        let (now, random) = (self.clock.now(), u16::from_le_bytes(self.entropy.bytes()));
        let due_at = now + MIN_DELAY + Duration::from_millis((random % 1_000).into());
        if !self.store.queue_mail(mail, language, due_at, Context { actor, now }).await? {
            return Err(QueueError::Full);
        }
        self.wake.notify_one();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
