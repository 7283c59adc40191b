//! The background task that writes mails and sends them.

use std::{pin::pin, sync::Arc, time::Duration};

use accounts::{LINK_LIFETIME, NewMailToken, TokenDigest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ids::UserId;
use lettre::Message;
use secrecy::ExposeSecret as _;
use store::{Context, Store};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinSet,
    time::{sleep, sleep_until},
};

use super::{
    job::{MailJob, QueuedMail},
    send_error::SendError,
    template::{MailTemplate, MailType},
    transport::Transport,
};
use crate::clock::Clock;
use crate::entropy::Entropy;

/// Mails sent at the same time: one slow mail server does not hold up the others.
pub(super) const CONCURRENT: usize = 8;

/// A mail is written this long after its request, and up to a second later.
pub(super) const MIN_DELAY: Duration = Duration::from_millis(500);

/// Mails waiting for a retry, at 2 KiB each. They have room of their own: otherwise a few mailboxes that refuse for now
/// would hold up all other mails for minutes.
pub(super) const RETRIES: usize = 1_024;

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
    queue: mpsc::Receiver<QueuedMail>,
    pub(super) sender: Arc<Sender>,
}

impl MailWorker {
    pub(super) fn new(queue: mpsc::Receiver<QueuedMail>, config: MailerConfig) -> Self {
        let (sending, retries) = (Arc::new(Semaphore::new(CONCURRENT)), Semaphore::new(RETRIES));
        Self { queue, sender: Arc::new(Sender { config, sending, retries }) }
    }

    /// Works until `ending` resolves and every mail that was queued before is sent or given up.
    pub async fn run(mut self, ending: impl Future<Output = ()>) {
        let mut ending = pin!(ending);
        let mut tasks = JoinSet::new();
        loop {
            let job = tokio::select! {
                job = self.queue.recv() => job,
                () = &mut ending, if !self.queue.is_closed() => {
                    self.queue.close();
                    continue;
                }
            };
            let Some(QueuedMail { job, queued_at }) = job else { break };
            let random = u16::from_le_bytes(self.sender.config.entropy.bytes());
            let delay = MIN_DELAY + Duration::from_millis((random % 1_000).into());
            if !self.queue.is_closed() {
                tokio::select! {
                    () = sleep_until(queued_at + delay) => {}
                    () = &mut ending => self.queue.close(),
                }
            }
            // While all permits are taken, mails stay in the queue. When it is full, requests are refused.
            let permit = self.sender.permit().await;
            while tasks.try_join_next().is_some() {}
            let sender = Arc::clone(&self.sender);
            tasks.spawn(async move { sender.deliver(job, permit).await });
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Sends the mails that are in the queue now.
    pub async fn deliver_waiting(&mut self) {
        while let Ok(QueuedMail { job, .. }) = self.queue.try_recv() {
            let permit = self.sender.permit().await;
            self.sender.deliver(job, permit).await;
        }
    }
}

pub(super) struct Sender {
    config: MailerConfig,
    sending: Arc<Semaphore>,
    pub(super) retries: Semaphore,
}

/// A mail that is ready to be sent.
struct WrittenMail {
    mail_type: MailType,
    /// `None`: the recipient has no account yet.
    user: Option<UserId>,
    message: Message,
}

impl Sender {
    /// `None` never occurs: the semaphore is not closed.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.sending).acquire_owned().await.ok()
    }

    async fn deliver(&self, job: MailJob, mut permit: Option<OwnedSemaphorePermit>) {
        let WrittenMail { mail_type, user, message } = match self.write(job).await {
            Ok(Some(mail)) => mail,
            Ok(None) => return,
            Err(error) => {
                count("failed");
                return tracing::warn!(error, "A mail could not be written");
            }
        };
        let user = user.map(tracing::field::display);
        let mut pauses = self.config.retry_pauses.into_iter();
        let mut retry = None;
        let sent_to = loop {
            let SendError { why, can_retry } = match self.config.transport.send(&message).await {
                Ok(sent_to) => break sent_to,
                Err(error) => error,
            };
            drop(permit);
            let Some(pause) = pauses.next().filter(|_| can_retry) else {
                count("failed");
                return tracing::warn!(user.id = user, ?mail_type, why, "A mail could not be sent: given up");
            };
            retry = retry.or_else(|| self.retries.try_acquire().ok());
            if retry.is_none() {
                count("failed");
                return tracing::warn!(
                    user.id = user,
                    ?mail_type,
                    why,
                    "A mail could not be sent: given up, because too many mails wait for a retry"
                );
            }
            count("retried");
            tracing::info!(user.id = user, ?mail_type, why, "A mail could not be sent and will be retried");
            sleep(pause).await;
            permit = self.permit().await;
        };
        count("sent");
        tracing::info!(user.id = user, ?mail_type, "A mail was {sent_to}");
    }

    /// `None`: no account has the address, so there is no mail.
    async fn write(&self, job: MailJob) -> Result<Option<WrittenMail>, String> {
        let MailerConfig { store, clock, entropy, template, .. } = &self.config;
        let now = clock.now();
        let (mail_type, user, to, token) = match job {
            MailJob::Link { purpose, to, actor } => {
                let mail_type = MailType::of_link(purpose, &actor);
                let token = URL_SAFE_NO_PAD.encode(entropy.bytes::<32>());
                let digest = TokenDigest::of(token.as_bytes());
                let new = NewMailToken { digest, purpose, expires_at: now + LINK_LIFETIME };
                let user = store.create_mail_token(&to, new, Context { actor, now }).await;
                let Some(user) = user.map_err(|error| error.to_string())? else { return Ok(None) };
                (mail_type, Some(user.id), user.email, token.into())
            }
            MailJob::Invitation { to, token } => (MailType::Invitation, None, to, token),
        };
        let message = template.write(mail_type, &to, token.expose_secret(), entropy.bytes(), now)?;
        Ok(Some(WrittenMail { mail_type, user, message }))
    }
}

fn count(result: &'static str) {
    metrics::counter!("recipes_mails_total", "result" => result).increment(1);
}
