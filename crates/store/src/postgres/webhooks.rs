//! Webhooks and the queue of their messages, in PostgreSQL's dialect. Triggers fill the queue.
//!
//! The transactions of the queue are `READ COMMITTED`, as those of the queue of mails: a condition in each statement decides.

use accounts::audit::Event;
use ids::{RecipeId, WebhookId};
use jiff::Timestamp;

use super::columns::Columns;
use super::connection::{Db, Isolation};
use super::failure::Failure;
use super::{Postgres, at, audit, authority};
use crate::webhooks::{Finished, KEPT_DELIVERIES, MAX_WEBHOOKS};
use crate::{
    Context, DueWebhookDelivery, FormerSecret, StoreError, TakeWebhookDelivery, WebhookChange,
    WebhookDelivery, WebhookOutcome, WebhookRow,
};

/// What [`webhook_in`] reads.
macro_rules! webhooks {
    ($rest:literal) => {
        concat!(
            "SELECT id, url, events, secret, former_secret, former_until, created_at, disabled_at, disabled_because
             FROM webhooks ",
            $rest
        )
    };
}

/// The id of the oldest message that is due at `$1`. It is looked for in each webhook, so that many messages of a webhook that does not
/// answer cost nothing.
macro_rules! next_delivery {
    () => {
        "SELECT min(next) FROM (
             SELECT (SELECT waiting.id FROM webhook_deliveries AS waiting
                     WHERE waiting.webhook_id = webhooks.id AND waiting.due_at <= $1
                       AND NOT EXISTS (SELECT 1 FROM webhook_deliveries AS earlier
                                       WHERE earlier.webhook_id = webhooks.id AND earlier.recipe_id = waiting.recipe_id
                                         AND earlier.id < waiting.id AND earlier.due_at IS NOT NULL)
                     ORDER BY waiting.due_at, waiting.id LIMIT 1) AS next
             FROM webhooks
             WHERE disabled_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM webhook_deliveries AS other
                               WHERE other.webhook_id = webhooks.id AND other.taken AND other.due_at > $1)) AS due"
    };
}

/// Webhooks.
impl Postgres {
    pub(crate) async fn create_webhook(&self, new: WebhookRow, context: Context) -> Result<bool, StoreError> {
        let (new, context) = (&new, &context);
        self.write_recipes_for(context, move |db, authority| async move {
            authority::require_admin(authority)?;
            let sql = "INSERT INTO webhooks (id, url, events, secret, created_at)
                       SELECT $1, $2, $3, $4, $5 WHERE (SELECT count(*) FROM webhooks) < $6";
            let (id, most) = (new.id.as_bytes().as_slice(), i64::from(MAX_WEBHOOKS));
            let (secret, created_at) = (new.secret.as_slice(), at(new.created_at));
            let rows = db.execute(sql, &[&id, &new.url, &new.events, &secret, &created_at, &most]).await?;
            if rows == 1 {
                record(&db, Event::WebhookCreated, new.id, context).await?;
            }
            Ok(rows == 1)
        })
        .await
    }

    pub(crate) async fn webhooks(&self) -> Result<Vec<WebhookRow>, StoreError> {
        self.read(
            move |db| async move { db.list(webhooks!("ORDER BY created_at, id"), &[], webhook_in).await },
        )
        .await
    }

    pub(crate) async fn webhook(&self, id: WebhookId) -> Result<Option<WebhookRow>, StoreError> {
        self.read(move |db| async move { find_webhook(&db, id).await }).await
    }

    pub(crate) async fn change_webhook(
        &self,
        id: WebhookId,
        change: WebhookChange,
        context: Context,
    ) -> Result<Option<WebhookRow>, StoreError> {
        let (change, context) = (&change, &context);
        self.write_recipes_for(context, move |db, authority| async move {
            authority::require_admin(authority)?;
            let Some(mut row) = find_webhook(&db, id).await? else { return Ok(None) };
            change.clone().apply(&mut row, context.now);
            let sql = "UPDATE webhooks SET url = $2, events = $3, secret = $4, former_secret = $5, former_until = $6,
                                           disabled_at = $7, disabled_because = $8
                       WHERE id = $1";
            let (former, disabled) = (row.former_secret.as_ref(), row.disabled.as_ref());
            let (number, secret) = (id.as_bytes().as_slice(), row.secret.as_slice());
            let former_secret = former.map(|former| former.secret.as_slice());
            let former_until = former.map(|former| at(former.until));
            let disabled_at = disabled.map(|(time, _)| at(*time));
            let because = disabled.map(|(_, why)| why.as_str());
            db.execute(
                sql,
                &[&number, &row.url, &row.events, &secret, &former_secret, &former_until, &disabled_at, &because],
            )
            .await?;
            if row.disabled.is_some() {
                drop_waiting(&db, id).await?;
            }
            record(&db, change.event(), id, context).await?;
            Ok(Some(row))
        })
        .await
    }

    pub(crate) async fn delete_webhook(&self, id: WebhookId, context: Context) -> Result<bool, StoreError> {
        let context = &context;
        self.write_recipes_for(context, move |db, authority| async move {
            authority::require_admin(authority)?;
            let rows = db.execute("DELETE FROM webhooks WHERE id = $1", &[&id.as_bytes().as_slice()]).await?;
            if rows == 1 {
                record(&db, Event::WebhookDeleted, id, context).await?;
            }
            Ok(rows == 1)
        })
        .await
    }
}

/// Messages.
impl Postgres {
    pub(crate) async fn queue_webhook_test(
        &self,
        id: WebhookId,
        event: &'static str,
        context: Context,
    ) -> Result<bool, StoreError> {
        let context = &context;
        self.write_recipes_for(context, move |db, authority| async move {
            authority::require_admin(authority)?;
            let sql = "INSERT INTO webhook_deliveries (webhook_id, event)
                       SELECT id, $2 FROM webhooks WHERE id = $1 AND disabled_at IS NULL";
            Ok(db.execute(sql, &[&id.as_bytes().as_slice(), &event]).await? == 1)
        })
        .await
    }

    pub(crate) async fn webhook_deliveries(&self, id: WebhookId) -> Result<Vec<WebhookDelivery>, StoreError> {
        self.read(move |db| async move {
            let sql = "SELECT id, message, event, recipe_id, tries, tried_at, due_at, status, problem FROM webhook_deliveries
                       WHERE webhook_id = $1 ORDER BY id DESC LIMIT $2";
            db.list(sql, &[&id.as_bytes().as_slice(), &i64::from(KEPT_DELIVERIES)], delivery_in).await
        })
        .await
    }

    /// Of two servers that choose the same message, the second one finds that it is not due any more.
    pub(crate) async fn take_webhook_delivery(
        &self,
        take: TakeWebhookDelivery,
    ) -> Result<Option<DueWebhookDelivery>, StoreError> {
        let now = at(take.now);
        let next = self.read(move |db| async move { db.number(next_delivery!(), &[&now]).await });
        if next.await? == 0 {
            return Ok(None);
        }
        self.write_at(Isolation::ReadCommitted, move |db| async move {
            let sql = concat!(
                "UPDATE webhook_deliveries
                 SET tries = tries + 1, taken = true, tried_at = $1, due_at = $2, noticed_at = coalesce(noticed_at, $1)
                 WHERE id = (",
                next_delivery!(),
                ") AND due_at <= $1 RETURNING id, message, webhook_id, event, recipe_id, noticed_at, tries"
            );
            db.find(sql, &[&now, &at(take.until)], due_in).await
        })
        .await
    }

    pub(crate) async fn finish_webhook_delivery(
        &self,
        due: &DueWebhookDelivery,
        outcome: WebhookOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let finished = &outcome.finished();
        self.write_at(Isolation::ReadCommitted, move |db| async move {
            let Finished { status, problem, retry_at, disables } = finished;
            let sql = "UPDATE webhook_deliveries SET due_at = $3, taken = false, status = $4, problem = $5
                       WHERE id = $1 AND tries = $2 AND taken";
            let (tries, status, due_at) =
                (i32::from(due.tries), status.map(i32::from), retry_at.map(at));
            let rows = db.execute(sql, &[&due.id, &tries, &due_at, &status, problem]).await?;
            if rows == 0 || retry_at.is_some() {
                return Ok(());
            }
            let id = due.webhook.as_bytes().as_slice();
            if let Some(why) = disables {
                let sql = "UPDATE webhooks SET disabled_at = $2, disabled_because = $3 WHERE id = $1 AND disabled_at IS NULL";
                db.execute(sql, &[&id, &at(now), why]).await?;
                drop_waiting(&db, due.webhook).await?;
                record(&db, Event::WebhookDisabled, due.webhook, &Context::operator(now)).await?;
            }
            let sql = "DELETE FROM webhook_deliveries
                       WHERE webhook_id = $1 AND due_at IS NULL
                         AND id <= (SELECT id FROM webhook_deliveries WHERE webhook_id = $1 AND due_at IS NULL
                                    ORDER BY id DESC LIMIT 1 OFFSET $2)";
            db.execute(sql, &[&id, &i64::from(KEPT_DELIVERIES)]).await.map(drop)
        })
        .await
    }
}

async fn find_webhook(db: &Db, id: WebhookId) -> Result<Option<WebhookRow>, Failure> {
    db.find(webhooks!("WHERE id = $1"), &[&id.as_bytes().as_slice()], webhook_in).await
}

async fn drop_waiting(db: &Db, id: WebhookId) -> Result<(), Failure> {
    let sql = "DELETE FROM webhook_deliveries WHERE webhook_id = $1 AND due_at IS NOT NULL";
    db.execute(sql, &[&id.as_bytes().as_slice()]).await.map(drop)
}

async fn record(db: &Db, event: Event, id: WebhookId, context: &Context) -> Result<(), Failure> {
    audit::record_client(db, (event, &id.to_string()), None, context).await
}

fn webhook_in(columns: &mut Columns<'_>) -> Result<WebhookRow, StoreError> {
    let id = WebhookId::from_bytes(columns.bytes()?);
    let (url, events, secret) = (columns.get()?, columns.get()?, columns.get()?);
    let former = columns.get::<Option<Vec<u8>>>()?.zip(columns.optional_time()?);
    let created_at = columns.time()?;
    let disabled = columns.optional_time()?.zip(columns.get::<Option<String>>()?);
    let former_secret = former.map(|(secret, until)| FormerSecret { secret, until });
    Ok(WebhookRow { id, url, events, secret, former_secret, created_at, disabled })
}

fn delivery_in(columns: &mut Columns<'_>) -> Result<WebhookDelivery, StoreError> {
    Ok(WebhookDelivery {
        id: columns.get()?,
        message: columns.get()?,
        event: columns.get()?,
        recipe: columns.get::<Option<i64>>()?.and_then(RecipeId::from_i64),
        tries: small(columns.get()?),
        tried_at: columns.optional_time()?,
        due_at: columns.optional_time()?,
        status: columns.get::<Option<i32>>()?.map(small),
        problem: columns.get()?,
    })
}

fn due_in(columns: &mut Columns<'_>) -> Result<DueWebhookDelivery, StoreError> {
    Ok(DueWebhookDelivery {
        id: columns.get()?,
        message: columns.get()?,
        webhook: WebhookId::from_bytes(columns.bytes()?),
        event: columns.get()?,
        recipe: columns.get::<Option<i64>>()?.and_then(RecipeId::from_i64),
        noticed_at: columns.time()?,
        tries: small(columns.get()?),
    })
}

fn small(number: i32) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
