//! Mails: requested by use cases, written and sent by a background task.
//!
//! A request only puts an address and a purpose into a queue. Whether an account has this address is looked up by the
//! background task, so neither the response nor its time can tell. The task waits for a random time first: its write to
//! the database takes longer if there is an account, and a client would see that in a write of its own right behind the
//! request. The mail goes to the *stored* address: two addresses that count as equal may be different mailboxes.
//!
//! The token of a link is created here. It is in the mail and nowhere else, and comes back from the page that the link
//! opens (`api/links.rs`). It is in the fragment, behind `#`, which browsers do not send and proxies do not log. Opening a
//! link changes nothing: programs that scan mails for dangerous links open all of them.

mod job;
mod outbox;
mod send_error;
mod smtp;
mod template;
mod transport;
mod worker;

use std::time::Duration;

use accounts::{Email, MailPurpose, audit::Actor};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{sync::mpsc, time::Instant};

use self::job::{MailJob, QueuedMail};
pub use self::{
    outbox::Outbox,
    smtp::Smtp,
    template::{MailTemplate, invitation_link},
    transport::Transport,
    worker::{MailWorker, MailerConfig},
};
use crate::public_url::PublicUrl;

/// Length of the queue, at 0.5 KiB a mail: more than a mail server accepts in a minute.
const QUEUE: usize = 1_024;

/// Pauses before the retries. Servers that use greylisting refuse the first attempt of an unknown client for a minute or
/// so. After much more time the user has requested another mail.
pub const RETRY_PAUSES: [Duration; 3] =
    [Duration::from_secs(5), Duration::from_mins(1), Duration::from_mins(5)];

/// Queues mails. Clones share the queue.
#[derive(Clone, Debug)]
pub struct Mailer {
    queue: mpsc::Sender<QueuedMail>,
    site: PublicUrl,
    has_server: bool,
}

/// The queue of mails is full.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("too many mails are waiting to be sent")]
pub struct QueueFull;

impl Mailer {
    /// Creates a queue and the worker that empties it.
    pub fn new(config: MailerConfig) -> (Self, MailWorker) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let site = config.template.site.clone();
        let has_server = matches!(config.transport, Transport::Smtp(_));
        (Self { queue: sender, site, has_server }, MailWorker::new(queue, config))
    }

    /// Queues a mail with a link to the account with this address. Without such an account, no mail is sent.
    ///
    /// # Errors
    /// [`QueueFull`], also while the service stops.
    pub fn request_link(&self, purpose: MailPurpose, to: &Email, actor: Actor) -> Result<(), QueueFull> {
        self.put(MailJob::Link { purpose, to: to.clone(), actor })
    }

    /// Queues an invitation.
    ///
    /// # Errors
    /// [`QueueFull`], also while the service stops.
    pub fn invite(&self, to: &Email, token: &SecretString) -> Result<(), QueueFull> {
        self.put(MailJob::Invitation { to: to.clone(), token: token.clone() })
    }

    /// The number of mails in the queue.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Whether mails go to a mail server. Otherwise they are files, which only the operator can read.
    pub fn has_server(&self) -> bool {
        self.has_server
    }

    /// The link that accepts an invitation.
    pub fn invitation_link(&self, token: &SecretString) -> String {
        invitation_link(&self.site, token.expose_secret())
    }

    fn put(&self, job: MailJob) -> Result<(), QueueFull> {
        let mail = QueuedMail { job, queued_at: Instant::now() };
        self.queue.try_send(mail).map_err(|_| QueueFull)
    }
}

#[cfg(test)]
mod tests;
