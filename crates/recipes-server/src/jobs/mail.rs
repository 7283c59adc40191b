//! Mails: asked for by whoever answers a request, written and sent by a task of their own.
//!
//! A request only puts an address and a purpose into a queue. Whether an account has this address is looked up behind
//! it, so that neither the answer nor the time it takes can tell. What is sent goes to the *stored* address: two
//! addresses that count as the same may be different mailboxes.
//!
//! The token of a link is made here, is in the mail and nowhere else, and comes back from the page that the link opens
//! (`api/links.rs`). Links carry it behind `#`, which no browser sends and no log of a proxy has, and opening one does
//! nothing yet: programs that look through mails for dangerous links open them all.

mod messages;
mod outbox;
mod smtp;

use std::{fmt, path::PathBuf, pin::pin, sync::Arc, time::Duration};

use crate::clock::Clock;
use crate::entropy::Entropy;
use accounts::{Email, LINK_LIFETIME, MailPurpose, NewMailToken, TokenDigest, audit::Actor};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ids::UserId;
use lettre::Message;
use secrecy::{ExposeSecret as _, SecretString};
use store::{Context, Store};
use tokio::{
    sync::{OwnedSemaphorePermit as Place, Semaphore, mpsc},
    task::JoinSet,
    time::sleep,
};

use self::messages::Letter;
pub use self::{messages::Letterhead, outbox::Outbox, smtp::Smtp};
use crate::config::PublicUrl;

/// Waiting at most, of 0.5 KiB each: more than a mail server takes in a minute.
const QUEUE: usize = 1_024;

/// Sent at once: one mailbox whose server takes its time does not hold up the others.
const AT_ONCE: usize = 8;

/// Wait to be tried again at most, of 2 KiB each. They wait elsewhere than those that are sent, or a few mailboxes that
/// ask to come back later would hold up everybody's mail for minutes.
const LATER: usize = 1_024;

/// How long is waited before a mail is sent again. Servers that have not seen us before turn a first try away for a
/// minute or so (greylisting); much later, nobody waits for the mail any more.
pub const PAUSES: [Duration; 3] = [Duration::from_secs(5), Duration::from_mins(1), Duration::from_mins(5)];

/// How long the end of the service waits for mails.
pub(crate) const DRAIN: Duration = Duration::from_secs(5);

/// Takes requests for mails. Clones share the queue.
#[derive(Clone, Debug)]
pub struct Mailer {
    queue: mpsc::Sender<Wanted>,
    site: PublicUrl,
}

#[derive(Debug)]
enum Wanted {
    /// Somebody wants a mail, or says so.
    Link { purpose: MailPurpose, to: Email, actor: Actor },
    /// Somebody is invited, whose token is known already.
    Invitation { to: Email, token: SecretString },
}

/// As many mails are waiting as may.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("too many mails are waiting to be sent")]
pub struct QueueFull;

impl Mailer {
    /// A mailer, and what does its work.
    pub fn new(office: Office) -> (Self, Delivery) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let site = office.letterhead.site.clone();
        let sending = Arc::new(Semaphore::new(AT_ONCE));
        let later = Semaphore::new(LATER);
        (
            Self { queue: sender, site },
            Delivery { queue, counter: Arc::new(Counter { office, sending, later }) },
        )
    }

    /// Asks for a mail to whoever has this address, if anybody has.
    ///
    /// # Errors
    /// [`QueueFull`], and when the service ends.
    pub fn ask(&self, purpose: MailPurpose, to: &Email, actor: Actor) -> Result<(), QueueFull> {
        self.put(Wanted::Link { purpose, to: to.clone(), actor })
    }

    /// Sends an invitation to the address it was made for.
    ///
    /// # Errors
    /// [`QueueFull`], and when the service ends.
    pub fn invite(&self, to: &Email, token: &SecretString) -> Result<(), QueueFull> {
        self.put(Wanted::Invitation { to: to.clone(), token: token.clone() })
    }

    /// What whoever is invited opens.
    pub fn invitation_link(&self, token: &SecretString) -> String {
        messages::invitation_link(&self.site, token.expose_secret())
    }

    fn put(&self, wanted: Wanted) -> Result<(), QueueFull> {
        self.queue.try_send(wanted).map_err(|_| QueueFull)
    }
}

/// Empties the queue.
pub struct Delivery {
    queue: mpsc::Receiver<Wanted>,
    counter: Arc<Counter>,
}

impl Delivery {
    /// Works until `ending` resolves and what was asked for before is sent or given up.
    pub async fn run(mut self, ending: impl Future<Output = ()>) {
        let mut ending = pin!(ending);
        let mut under_way = JoinSet::new();
        loop {
            let wanted = tokio::select! {
                wanted = self.queue.recv() => wanted,
                () = &mut ending, if !self.queue.is_closed() => {
                    self.queue.close();
                    continue;
                }
            };
            let Some(wanted) = wanted else { break };
            // What cannot be sent yet stays in the queue, which is full at some time and says so.
            let place = self.counter.place().await;
            while under_way.try_join_next().is_some() {}
            let counter = Arc::clone(&self.counter);
            under_way.spawn(async move { counter.deliver(wanted, place).await });
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Sends what is waiting now.
    pub async fn deliver_waiting(&mut self) {
        while let Ok(wanted) = self.queue.try_recv() {
            let place = self.counter.place().await;
            self.counter.deliver(wanted, place).await;
        }
    }
}

/// Where mails wait for their turn.
struct Counter {
    office: Office,
    sending: Arc<Semaphore>,
    later: Semaphore,
}

impl Counter {
    /// Among those that are sent at once; nobody closes it.
    async fn place(&self) -> Option<Place> {
        Arc::clone(&self.sending).acquire_owned().await.ok()
    }

    async fn deliver(&self, wanted: Wanted, mut place: Option<Place>) {
        let Mail { letter, user, message } = match self.office.write(wanted).await {
            Ok(Some(mail)) => mail,
            Ok(None) => return,
            Err(error) => return tracing::warn!(error, "A mail could not be written"),
        };
        let user = user.map(tracing::field::display);
        let mut pauses = self.office.pauses.into_iter();
        let mut later = None;
        let gone = loop {
            let Failure { why, again } = match self.office.transport.send(&message).await {
                Ok(gone) => break gone,
                Err(failure) => failure,
            };
            drop(place);
            let Some(pause) = pauses.next().filter(|_| again) else {
                return tracing::warn!(
                    user.id = user,
                    ?letter,
                    why,
                    "A mail could not be sent and is given up"
                );
            };
            later = later.or_else(|| self.later.try_acquire().ok());
            if later.is_none() {
                return tracing::warn!(
                    user.id = user,
                    ?letter,
                    why,
                    "A mail could not be sent and is given up, as too many wait to be tried again"
                );
            }
            tracing::info!(user.id = user, ?letter, why, "A mail could not be sent and is tried again");
            sleep(pause).await;
            place = self.place().await;
        };
        tracing::info!(user.id = user, ?letter, "A mail was {gone}");
    }
}

/// Writes mails and sends them.
pub struct Office {
    pub store: Store,
    pub clock: Clock,
    pub entropy: Entropy,
    pub letterhead: Letterhead,
    pub transport: Transport,
    /// Before each further try.
    pub pauses: [Duration; 3],
}

/// A mail that is ready to go.
struct Mail {
    letter: Letter,
    /// `None`: somebody who has no account yet.
    user: Option<UserId>,
    message: Message,
}

impl Office {
    /// `None`: there is nobody to write to.
    async fn write(&self, wanted: Wanted) -> Result<Option<Mail>, String> {
        let now = self.clock.now();
        let (letter, user, to, token) = match wanted {
            Wanted::Link { purpose, to, actor } => {
                let token = URL_SAFE_NO_PAD.encode(self.entropy.bytes::<32>());
                let digest = TokenDigest::of(token.as_bytes());
                let new = NewMailToken { digest, purpose, expires_at: now + LINK_LIFETIME };
                let user = self.store.create_mail_token(&to, new, Context { actor, now }).await;
                let Some(user) = user.map_err(|error| error.to_string())? else { return Ok(None) };
                (Letter::from(purpose), Some(user.id), user.email, token.into())
            }
            Wanted::Invitation { to, token } => (Letter::Invitation, None, to, token),
        };
        let message = self.letterhead.write(letter, &to, token.expose_secret(), self.entropy.bytes(), now)?;
        Ok(Some(Mail { letter, user, message }))
    }
}

/// How mails leave.
#[derive(Debug)]
pub enum Transport {
    Smtp(Smtp),
    Outbox(Outbox),
}

/// Where a mail has gone, for the log.
enum Gone {
    Sent,
    Written(PathBuf),
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent => f.write_str("sent"),
            Self::Written(file) => write!(f, "written to {}", file.display()),
        }
    }
}

/// Why a mail has not left.
struct Failure {
    why: String,
    /// Whether it may the next time.
    again: bool,
}

impl Transport {
    async fn send(&self, message: &Message) -> Result<Gone, Failure> {
        match self {
            Self::Smtp(smtp) => smtp.send(message).await.map(|()| Gone::Sent),
            Self::Outbox(outbox) => outbox.put(message).await.map(Gone::Written),
        }
    }
}

/// Where mails go, for the log: no password is in it.
impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp(smtp) => write!(f, "Mails are sent through {smtp}"),
            Self::Outbox(outbox) => {
                write!(
                    f,
                    "SMTP_URL is not set: mails are not sent but written to {outbox}, for you to look at"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
