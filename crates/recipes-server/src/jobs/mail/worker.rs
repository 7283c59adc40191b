//! The background task that writes mails and sends them.

use std::{pin::pin, sync::Arc, time::Duration};

use accounts::{LINK_LIFETIME, TokenDigest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ids::UserId;
use lettre::Message;
use store::{DueMail, MailContent, Store, StoreError, TakeMail, TakenMail};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    send_error::SendError,
    template::{Letter, MailTemplate, MailType},
    transport::{SentTo, Transport},
};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::web::languages::Language;

/// Mails sent at the same time: one slow mail server does not hold up the others.
pub(super) const CONCURRENT: usize = 8;

/// A try takes no longer.
const TRY: Duration = Duration::from_mins(1);

/// A mail that a server has taken belongs to it for this time: a try, the removal, and more than clocks of servers differ.
pub(super) const MINE_FOR: Duration = Duration::from_mins(2);

/// The removal of a mail that was sent is tried again for this long while the database is away.
const REMOVAL: Duration = Duration::from_secs(30);

/// Between two looks for mails that other servers have queued.
const POLL: Duration = Duration::from_secs(1);

/// Between two looks at least.
const MIN_PAUSE: Duration = Duration::from_millis(10);

/// Between two looks while the database is away.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(5);

/// New mails are due within this time. At the end of the service, and in tests, they are not waited for.
const LONGEST_DELAY: Duration = Duration::from_millis(1_500);

/// What the worker needs.
pub struct MailerConfig {
    pub store: Store,
    pub clock: Clock,
    pub entropy: Entropy,
    pub template: MailTemplate,
    pub transport: Transport,
    /// The pause before each retry.
    pub retry_pauses: [Duration; 3],
}

/// Empties the queue of a [`Mailer`](super::Mailer).
pub struct MailWorker {
    wake: Arc<Notify>,
    sender: Arc<Sender>,
}

impl MailWorker {
    pub(super) fn new(wake: Arc<Notify>, config: MailerConfig) -> Self {
        let sending = Arc::new(Semaphore::new(CONCURRENT));
        Self { sender: Arc::new(Sender { config, sending, wake: Arc::clone(&wake) }), wake }
    }

    /// Works until `ending` resolves and every new mail that was queued before is sent or waits for another try.
    pub async fn run(self, ending: impl Future<Output = ()>) {
        let mut ending = pin!(ending);
        let mut tasks = JoinSet::new();
        loop {
            let pause = match self.send_due(Duration::ZERO, &mut tasks).await {
                Ok(()) => self.sender.pause().await,
                Err(error) => {
                    tracing::warn!(%error, "The queue of mails could not be read; retrying");
                    PAUSE_AFTER_ERROR
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.wake.notified() => {}
                () = &mut ending => break,
            }
        }
        if let Err(error) = self.send_due(LONGEST_DELAY, &mut tasks).await {
            tracing::warn!(%error, "The queue of mails could not be read; what it has is sent after the next start");
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Starts to send the mails that are due within `horizon`.
    async fn send_due(&self, horizon: Duration, tasks: &mut JoinSet<()>) -> Result<(), StoreError> {
        loop {
            // While all permits are taken, mails stay in the queue, where other servers can take them.
            let permit = self.sender.permit().await;
            while tasks.try_join_next().is_some() {}
            let Some(mail) = self.sender.take(horizon).await? else { return Ok(()) };
            let sender = Arc::clone(&self.sender);
            tasks.spawn(async move { sender.deliver(mail, permit).await });
        }
    }

    /// Sends the mails that are in the queue now.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn deliver_waiting(&self) -> Result<(), StoreError> {
        while let Some(mail) = self.sender.take(LONGEST_DELAY).await? {
            self.sender.deliver(mail, self.sender.permit().await).await;
        }
        Ok(())
    }
}

struct Sender {
    config: MailerConfig,
    sending: Arc<Semaphore>,
    wake: Arc<Notify>,
}

/// A mail that this server has taken, and the token of its link.
struct TakenForMe {
    mail: DueMail,
    token: String,
}

impl Sender {
    /// `None` never occurs: the semaphore is not closed.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.sending).acquire_owned().await.ok()
    }

    /// Until the next mail is due, or may have been queued by another server.
    async fn pause(&self) -> Duration {
        let Ok(Some(next)) = self.config.store.next_mail_at().await else { return POLL };
        Duration::try_from(next - self.config.clock.now()).unwrap_or_default().clamp(MIN_PAUSE, POLL)
    }

    async fn take(&self, horizon: Duration) -> Result<Option<TakenForMe>, StoreError> {
        let MailerConfig { store, clock, entropy, .. } = &self.config;
        let mut now = clock.now();
        // A look costs less than a transaction.
        while store.next_mail_at().await?.is_some_and(|next| next <= now + horizon) {
            let token = URL_SAFE_NO_PAD.encode(entropy.bytes::<32>());
            let digest = TokenDigest::of(token.as_bytes());
            let (due_by, until, link_expires_at) = (now + horizon, now + MINE_FOR, now + LINK_LIFETIME);
            match store.take_mail(TakeMail { due_by, until, digest, link_expires_at, now }).await? {
                TakenMail::Mail(mail) => return Ok(Some(TakenForMe { mail, token })),
                TakenMail::Unwanted => now = clock.now(),
                TakenMail::Nothing => break,
            }
        }
        Ok(None)
    }

    async fn deliver(&self, TakenForMe { mail, token }: TakenForMe, permit: Option<OwnedSemaphorePermit>) {
        let MailerConfig { store, clock, entropy, template, transport, .. } = &self.config;
        let (mail_type, user) = type_and_user(mail.content);
        let user = user.map(tracing::field::display);
        let message = {
            let language = mail.language.and_then(|tag| Language::parse(tag.as_str()));
            let letter = Letter {
                mail_type,
                language: language.unwrap_or(Language::English),
                to: &mail.to,
                token: &token,
            };
            template.write(&letter, transport.text_form(), entropy.bytes(), clock.now())
        };
        let sent = match message {
            Ok(message) => self.send(&message).await,
            Err(why) => Err(SendError { why, can_retry: false }),
        };
        drop(permit);
        let SendError { why, can_retry } = match sent {
            Ok(sent_to) => {
                count("sent");
                tracing::info!(user.id = user, ?mail_type, "A mail was {sent_to}");
                return self.remove(&mail).await;
            }
            Err(error) => error,
        };
        let pause = self.config.retry_pauses.get(usize::from(mail.tries).saturating_sub(1));
        let Some(pause) = pause.filter(|_| can_retry) else {
            count("failed");
            tracing::warn!(user.id = user, ?mail_type, why, "A mail could not be sent: given up");
            return self.remove(&mail).await;
        };
        match store.retry_mail(&mail, clock.now() + *pause).await {
            Ok(true) => {
                count("retried");
                tracing::info!(
                    user.id = user,
                    ?mail_type,
                    why,
                    "A mail could not be sent and will be retried"
                );
                self.wake.notify_one();
            }
            Ok(false) => {
                count("failed");
                tracing::warn!(
                    user.id = user,
                    ?mail_type,
                    why,
                    "A mail could not be sent: given up, because too many mails wait for a retry"
                );
            }
            Err(error) => {
                tracing::warn!(%error, why, "A mail could not be sent, and stays in the queue as it is");
            }
        }
    }

    async fn send(&self, message: &Message) -> Result<SentTo, SendError> {
        let late = |_| SendError { why: "the mail server is too slow".to_owned(), can_retry: true };
        timeout(TRY, self.config.transport.send(message)).await.map_err(late)?
    }

    /// A mail that stays in the queue would be sent again.
    async fn remove(&self, mail: &DueMail) {
        for _ in 0..REMOVAL.as_secs() {
            match self.config.store.remove_mail(mail).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "A mail could not be removed from the queue; retrying"),
            }
            sleep(Duration::from_secs(1)).await;
        }
    }
}

fn type_and_user(content: MailContent) -> (MailType, Option<UserId>) {
    match content {
        MailContent::Link { purpose, user, requested_by } => {
            (MailType::of_link(purpose, requested_by), Some(user))
        }
        // The recipient has no account yet.
        MailContent::Invitation => (MailType::Invitation, None),
    }
}

fn count(result: &'static str) {
    metrics::counter!("recipes_mails_total", "result" => result).increment(1);
}
