//! Sends the messages of webhooks.
//!
//! Triggers of the database queue a message in the transaction of each change of a public recipe. A message is made when it is sent, of
//! the recipe as it is then: a recipe that is not public any more is not sent. A server that ends during a try sends the message again
//! after the lease, with the same `webhook-id`.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use store::{
    DueWebhookDelivery, Store, StoreError, StoredRecipe, TakeWebhookDelivery, Viewer, WebhookOutcome,
    WebhookRow,
};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower_passport::HttpError;

use crate::clock::Clock;
use crate::provider::SecretSealer;
use crate::webhook_event::{TEST, WebhookEvent};
use crate::webhook_sender::{Message, WebhookSender, secret_name};

/// The pauses after failed tries: ten tries in three days.
pub const PAUSES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// Webhooks that are told at the same time: a slow one does not hold up the others.
const CONCURRENT: usize = 8;

/// No other server takes the message in this time. A try ends sooner.
const LEASE: Duration = Duration::from_secs(30);

/// Between two looks for messages, each one short read.
const INTERVAL: Duration = Duration::from_secs(1);

/// A pause after an error of the database.
const AFTER_ERROR: Duration = Duration::from_secs(10);

/// What the worker needs.
pub struct WebhookWorkerConfig {
    pub store: Store,
    pub sealer: SecretSealer,
    pub sender: WebhookSender,
    pub clock: Clock,
}

/// Empties the queue of webhooks.
#[derive(Clone)]
pub struct WebhookWorker(Arc<WebhookWorkerConfig>);

impl WebhookWorker {
    pub fn new(config: WebhookWorkerConfig) -> Self {
        Self(Arc::new(config))
    }

    /// Works for as long as the service runs.
    pub async fn run(self) {
        // An alert on an increase needs the zero before it.
        for result in RESULTS {
            counter(result).absolute(0);
        }
        loop {
            let pause = match self.send_due().await {
                Ok(()) => INTERVAL,
                Err(error) => {
                    tracing::warn!(%error, "The queue of webhooks could not be read; retrying");
                    AFTER_ERROR
                }
            };
            sleep(pause).await;
        }
    }

    /// Sends the messages that are due. Returns when none is left.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn send_due(&self) -> Result<(), StoreError> {
        let mut tasks = JoinSet::new();
        loop {
            let due = if tasks.len() < CONCURRENT { self.take().await? } else { None };
            match due {
                Some(due) => {
                    let worker = self.clone();
                    tasks.spawn(async move { worker.deliver(due).await });
                }
                None if tasks.is_empty() => return Ok(()),
                // The next message of a webhook can be taken when the one before is sent, and others may become due meanwhile.
                None => {
                    let _ = timeout(INTERVAL, tasks.join_next()).await;
                }
            }
        }
    }

    async fn take(&self) -> Result<Option<DueWebhookDelivery>, StoreError> {
        let now = self.0.clock.now();
        self.0.store.take_webhook_delivery(TakeWebhookDelivery { now, until: now + LEASE }).await
    }

    async fn deliver(&self, due: DueWebhookDelivery) {
        let outcome = match self.try_to_deliver(&due).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(webhook.id = %due.webhook, %error, "A message of a webhook stays in the queue as it is");
                return;
            }
        };
        log(&due, &outcome);
        if let Err(error) = self.0.store.finish_webhook_delivery(&due, outcome, self.0.clock.now()).await {
            tracing::warn!(webhook.id = %due.webhook, %error, "A message of a webhook may be sent twice");
        }
    }

    async fn try_to_deliver(&self, due: &DueWebhookDelivery) -> Result<WebhookOutcome, StoreError> {
        let WebhookWorkerConfig { store, sender, clock, .. } = &*self.0;
        let gone = |problem: &str| WebhookOutcome::Dropped { problem: problem.to_owned() };
        let Some(webhook) = store.webhook(due.webhook).await? else {
            return Ok(gone("the webhook was deleted"));
        };
        let Some(body) = self.body(due).await? else { return Ok(gone("the recipe is not public any more")) };
        let now = clock.now();
        let Some(keys) = self.keys(&webhook, now).await else {
            let problem = "the secret was encrypted with another JWT_SECRET: set JWT_SECRET_PREVIOUS to it, or make a new one (recipes webhooks rotate-secret)".to_owned();
            return Ok(failed(due.tries, None, problem, now));
        };
        let keys: Vec<_> = keys.iter().map(|key| key.as_slice()).collect();
        let message = Message { id: format!("msg_{}", due.message), body };
        let answer = sender.send(&webhook.url, message, &keys, now).await;
        let now = clock.now();
        Ok(match answer {
            Ok(status) if status.is_success() => WebhookOutcome::Delivered { status: status.as_u16() },
            Ok(StatusCode::GONE) => WebhookOutcome::GivenUp {
                status: Some(StatusCode::GONE.as_u16()),
                problem: "the receiver answered 410: it is gone".to_owned(),
            },
            Ok(status) => {
                failed(due.tries, Some(status), format!("the receiver answered {}", status.as_u16()), now)
            }
            Err(error @ HttpError::Status(status)) => failed(due.tries, Some(status), error.to_string(), now),
            Err(error) => failed(due.tries, None, error.to_string(), now),
        })
    }

    /// `None`: there is nothing to send.
    async fn body(&self, due: &DueWebhookDelivery) -> Result<Option<String>, StoreError> {
        let data = match (WebhookEvent::parse(&due.event), due.recipe) {
            (Ok(WebhookEvent::Deleted), Some(id)) => format!("{{\"id\":{id},\"deleted\":true}}"),
            (Ok(_), Some(id)) => match self.0.store.recipe(id, Viewer::Anyone).await? {
                Some(recipe) => json(&recipe),
                None => return Ok(None),
            },
            _ if due.event == TEST => "{}".to_owned(),
            _ => return Ok(None),
        };
        let (event, at) = (&due.event, due.noticed_at);
        Ok(Some(format!("{{\"type\":\"{event}\",\"timestamp\":\"{at}\",\"data\":{data}}}")))
    }

    /// The keys that sign. `None`, after it was logged: the current one cannot be decrypted. A former one that is lost signs no more, so
    /// that a new secret is enough then.
    async fn keys(&self, webhook: &WebhookRow, now: Timestamp) -> Option<Vec<zeroize::Zeroizing<Vec<u8>>>> {
        let (sealer, name) = (&self.0.sealer, secret_name(webhook.id));
        let mut keys = vec![sealer.open(&name, &webhook.secret).await.ok()?];
        if let Some(former) = webhook.former_secret.as_ref().filter(|former| former.until > now) {
            keys.extend(sealer.open(&name, &former.secret).await.ok());
        }
        Some(keys)
    }
}

fn json(recipe: &StoredRecipe) -> String {
    let mut json = Vec::with_capacity(recipe.json_len());
    recipe.write_json(&mut json);
    String::from_utf8_lossy(&json).into_owned()
}

/// After the last try the webhook is disabled.
fn failed(tries: u16, status: Option<StatusCode>, problem: String, now: Timestamp) -> WebhookOutcome {
    let status = status.map(|status| status.as_u16());
    match PAUSES.get(usize::from(tries).saturating_sub(1)) {
        Some(pause) => WebhookOutcome::Failed { status, problem, retry_at: now + *pause },
        None => WebhookOutcome::GivenUp { status, problem: format!("after {tries} tries: {problem}") },
    }
}

fn log(due: &DueWebhookDelivery, outcome: &WebhookOutcome) {
    let (id, event, tries) = (due.webhook, due.event.as_str(), due.tries);
    let result = match outcome {
        WebhookOutcome::Delivered { .. } => {
            tracing::debug!(webhook.id = %id, event, tries, "A message of a webhook was delivered");
            "delivered"
        }
        WebhookOutcome::Dropped { problem } => {
            tracing::debug!(webhook.id = %id, event, problem, "A message of a webhook was dropped");
            "dropped"
        }
        WebhookOutcome::Failed { problem, .. } => {
            tracing::info!(webhook.id = %id, event, tries, problem, "A message of a webhook will be sent again");
            "retried"
        }
        WebhookOutcome::GivenUp { problem, .. } => {
            tracing::warn!(webhook.id = %id, event, tries, problem, "A webhook is disabled");
            "failed"
        }
    };
    counter(result).increment(1);
}

const RESULTS: [&str; 4] = ["delivered", "retried", "failed", "dropped"];

fn counter(result: &'static str) -> metrics::Counter {
    metrics::counter!("recipes_webhook_messages_total", "result" => result)
}
