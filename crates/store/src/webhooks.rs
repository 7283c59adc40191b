//! Webhooks and the queue of their messages, in either kind of database.

use accounts::audit::Event;
use ids::{RecipeId, WebhookId};
use jiff::Timestamp;

use crate::{Context, Store, StoreError};

/// Webhooks that a service may have: each change of a recipe adds a message for each.
pub const MAX_WEBHOOKS: u32 = 20;

/// Messages of a webhook that stay after they have left the queue, for the administrator.
pub(crate) const KEPT_DELIVERIES: u32 = 100;

/// A program that is told of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookRow {
    pub id: WebhookId,
    pub url: String,
    /// The names of the events that it wants, with spaces between.
    pub events: String,
    /// The key that signs the messages. It is encrypted before it comes here.
    pub secret: Vec<u8>,
    pub former_secret: Option<FormerSecret>,
    pub created_at: Timestamp,
    /// Since when it is disabled, and why. `None`: it is enabled.
    pub disabled: Option<(Timestamp, String)>,
}

/// The key before the current one, which signs as well for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerSecret {
    pub secret: Vec<u8>,
    pub until: Timestamp,
}

/// A new key. The one before it signs until this time.
#[derive(Clone, Debug)]
pub struct NewWebhookSecret {
    pub secret: Vec<u8>,
    pub former_until: Timestamp,
}

/// The new values of a webhook. `None`: the value stays.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    pub url: Option<String>,
    pub events: Option<String>,
    /// `Some(None)`: it is enabled. Else why it is disabled.
    pub disabled: Option<Option<String>>,
    pub secret: Option<NewWebhookSecret>,
}

impl WebhookChange {
    /// The event for the audit log.
    pub(crate) fn event(&self) -> Event {
        if self.secret.is_some() { Event::WebhookSecretReplaced } else { Event::WebhookChanged }
    }

    pub(crate) fn apply(self, row: &mut WebhookRow, now: Timestamp) {
        let Self { url, events, disabled, secret } = self;
        row.url = url.unwrap_or_else(|| std::mem::take(&mut row.url));
        row.events = events.unwrap_or_else(|| std::mem::take(&mut row.events));
        match disabled {
            Some(None) => row.disabled = None,
            Some(Some(why)) if row.disabled.is_none() => row.disabled = Some((now, why)),
            _ => {}
        }
        if let Some(NewWebhookSecret { secret, former_until }) = secret {
            let former = std::mem::replace(&mut row.secret, secret);
            row.former_secret = Some(FormerSecret { secret: former, until: former_until });
        }
    }
}

/// A message of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookDelivery {
    pub id: i64,
    /// Random, and the same for each try.
    pub message: String,
    pub event: String,
    pub recipe: Option<RecipeId>,
    /// The tries that have begun.
    pub tries: u16,
    pub tried_at: Option<Timestamp>,
    /// When the next try is due. `None`: the message has left the queue.
    pub due_at: Option<Timestamp>,
    /// Of the answer to the last try.
    pub status: Option<u16>,
    /// Why the last try failed.
    pub problem: Option<String>,
}

/// The request to take the next message that is due.
#[derive(Clone, Copy, Debug)]
pub struct TakeWebhookDelivery {
    pub now: Timestamp,
    /// No other worker takes the message before this time.
    pub until: Timestamp,
}

/// A message to be sent now, and only by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueWebhookDelivery {
    pub id: i64,
    pub message: String,
    pub webhook: WebhookId,
    pub event: String,
    /// `None`: a test.
    pub recipe: Option<RecipeId>,
    /// When the message was first taken.
    pub noticed_at: Timestamp,
    /// The number of this try, from 1.
    pub tries: u16,
}

/// How a try has ended.
#[derive(Clone, Debug)]
pub enum WebhookOutcome {
    /// The receiver has the message.
    Delivered { status: u16 },
    /// There is nothing to send any more.
    Dropped { problem: String },
    Failed {
        status: Option<u16>,
        problem: String,
        /// When it is tried again.
        retry_at: Timestamp,
    },
    /// The webhook is disabled, and what waits for it is dropped.
    GivenUp { status: Option<u16>, problem: String },
}

/// Webhooks. A message is queued in the transaction of the change that it is about. All servers on one database share the queue.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Inserts a webhook. `false`: there are [`MAX_WEBHOOKS`] already.
    ///
    /// # Errors
    /// [`StoreError::AdminRequired`], [`StoreError::ActorRevoked`]; of the methods that follow with a context as well.
    pub async fn create_webhook(&self, new: WebhookRow, context: Context) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_webhook(new, context).await,
            Self::Postgres(db) => db.create_webhook(new, context).await,
        }
    }

    /// All webhooks, the oldest first.
    pub async fn webhooks(&self) -> Result<Vec<WebhookRow>, StoreError> {
        match self {
            Self::Sqlite(db) => db.webhooks(),
            Self::Postgres(db) => db.webhooks().await,
        }
    }

    /// The webhook with this id.
    pub async fn webhook(&self, id: WebhookId) -> Result<Option<WebhookRow>, StoreError> {
        match self {
            Self::Sqlite(db) => db.webhook(id),
            Self::Postgres(db) => db.webhook(id).await,
        }
    }

    /// Changes a webhook. What waits for one that is disabled is dropped. `None`: there is no such webhook.
    pub async fn change_webhook(
        &self,
        id: WebhookId,
        change: WebhookChange,
        context: Context,
    ) -> Result<Option<WebhookRow>, StoreError> {
        match self {
            Self::Sqlite(db) => db.change_webhook(id, change, context).await,
            Self::Postgres(db) => db.change_webhook(id, change, context).await,
        }
    }

    /// Deletes a webhook with its messages. Returns whether there was one.
    pub async fn delete_webhook(&self, id: WebhookId, context: Context) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.delete_webhook(id, context).await,
            Self::Postgres(db) => db.delete_webhook(id, context).await,
        }
    }

    /// Queues a message that is about no recipe. Returns whether there is such a webhook and it is enabled.
    pub async fn queue_webhook_test(
        &self,
        id: WebhookId,
        event: &'static str,
        context: Context,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.queue_webhook_test(id, event, context).await,
            Self::Postgres(db) => db.queue_webhook_test(id, event, context).await,
        }
    }

    /// The newest messages of a webhook, at most 100, the newest first.
    pub async fn webhook_deliveries(&self, id: WebhookId) -> Result<Vec<WebhookDelivery>, StoreError> {
        match self {
            Self::Sqlite(db) => db.webhook_deliveries(id),
            Self::Postgres(db) => db.webhook_deliveries(id).await,
        }
    }

    /// Takes the oldest message that is due. One message of a webhook is sent at a time, and those about a recipe in the order of its
    /// changes.
    pub async fn take_webhook_delivery(
        &self,
        take: TakeWebhookDelivery,
    ) -> Result<Option<DueWebhookDelivery>, StoreError> {
        match self {
            Self::Sqlite(db) => db.take_webhook_delivery(take).await,
            Self::Postgres(db) => db.take_webhook_delivery(take).await,
        }
    }

    /// Notes the outcome of a try. Does nothing if another worker has taken the message meanwhile.
    pub async fn finish_webhook_delivery(
        &self,
        due: &DueWebhookDelivery,
        outcome: WebhookOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.finish_webhook_delivery(due, outcome, now).await,
            Self::Postgres(db) => db.finish_webhook_delivery(due, outcome, now).await,
        }
    }
}

/// What a finished try writes into the row of the message.
pub(crate) struct Finished {
    pub(crate) status: Option<u16>,
    pub(crate) problem: Option<String>,
    pub(crate) retry_at: Option<Timestamp>,
    /// Why the webhook is disabled.
    pub(crate) disables: Option<String>,
}

impl WebhookOutcome {
    pub(crate) fn finished(self) -> Finished {
        let (status, problem, retry_at) = match self {
            Self::Delivered { status } => (Some(status), None, None),
            Self::Dropped { problem } => (None, Some(problem), None),
            Self::Failed { status, problem, retry_at } => (status, Some(problem), Some(retry_at)),
            Self::GivenUp { status, problem } => {
                return Finished {
                    status,
                    problem: Some(problem.clone()),
                    retry_at: None,
                    disables: Some(problem),
                };
            }
        };
        Finished { status, problem, retry_at, disables: None }
    }
}
