//! Webhooks and the queue of their messages, in SQLite's dialect. Triggers fill the queue.

use accounts::audit::Event;
use ids::WebhookId;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::columns::{self, Columns};
use super::{Sqlite, audit, authority, execute, find, find_value, list};
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

/// The id of the oldest message that is due at `?1`. It is looked for in each webhook, so that many messages of a webhook that does not
/// answer cost nothing.
macro_rules! next_delivery {
    () => {
        "SELECT min(next) FROM (
             SELECT (SELECT waiting.id FROM webhook_deliveries AS waiting
                     WHERE waiting.webhook_id = webhooks.id AND waiting.due_at <= ?1
                       AND NOT EXISTS (SELECT 1 FROM webhook_deliveries AS earlier
                                       WHERE earlier.webhook_id = webhooks.id AND earlier.recipe_id = waiting.recipe_id
                                         AND earlier.id < waiting.id AND earlier.due_at IS NOT NULL)
                     ORDER BY waiting.due_at, waiting.id LIMIT 1) AS next
             FROM webhooks
             WHERE disabled_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM webhook_deliveries AS other
                               WHERE other.webhook_id = webhooks.id AND other.taken = 1 AND other.due_at > ?1))"
    };
}

/// Webhooks.
impl Sqlite {
    pub(crate) async fn create_webhook(&self, new: WebhookRow, context: Context) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            authority::require_admin(authority)?;
            let sql = "INSERT INTO webhooks (id, url, events, secret, created_at)
                       SELECT ?1, ?2, ?3, ?4, ?5 WHERE (SELECT count(*) FROM webhooks) < ?6";
            let WebhookRow { id, url, events, secret, created_at, .. } = &new;
            let values =
                params![id.as_bytes(), url, events, secret, created_at.as_microsecond(), MAX_WEBHOOKS];
            let is_created = execute(db, sql, values)? == 1;
            if is_created {
                record(db, Event::WebhookCreated, new.id, &context)?;
            }
            Ok(is_created)
        })
        .await
    }

    pub(crate) fn webhooks(&self) -> Result<Vec<WebhookRow>, StoreError> {
        self.read(|db| list(db, webhooks!("ORDER BY created_at, id"), [], webhook_in))
    }

    pub(crate) fn webhook(&self, id: WebhookId) -> Result<Option<WebhookRow>, StoreError> {
        self.read(|db| find_webhook(db, id))
    }

    pub(crate) async fn change_webhook(
        &self,
        id: WebhookId,
        change: WebhookChange,
        context: Context,
    ) -> Result<Option<WebhookRow>, StoreError> {
        self.write_for(context, move |db, authority| {
            authority::require_admin(authority)?;
            let Some(mut row) = find_webhook(db, id)? else { return Ok(None) };
            let event = change.event();
            change.apply(&mut row, context.now);
            let sql = "UPDATE webhooks SET url = ?2, events = ?3, secret = ?4, former_secret = ?5, former_until = ?6,
                                           disabled_at = ?7, disabled_because = ?8
                       WHERE id = ?1";
            let (former, disabled) = (row.former_secret.as_ref(), row.disabled.as_ref());
            let values = params![
                id.as_bytes(),
                row.url,
                row.events,
                row.secret,
                former.map(|former| &former.secret),
                former.map(|former| former.until.as_microsecond()),
                disabled.map(|(at, _)| at.as_microsecond()),
                disabled.map(|(_, why)| why),
            ];
            execute(db, sql, values)?;
            if row.disabled.is_some() {
                drop_waiting(db, id)?;
            }
            record(db, event, id, &context)?;
            Ok(Some(row))
        })
        .await
    }

    pub(crate) async fn delete_webhook(&self, id: WebhookId, context: Context) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            authority::require_admin(authority)?;
            let is_deleted = execute(db, "DELETE FROM webhooks WHERE id = ?1", [id.as_bytes()])? == 1;
            if is_deleted {
                record(db, Event::WebhookDeleted, id, &context)?;
            }
            Ok(is_deleted)
        })
        .await
    }
}

/// Messages.
impl Sqlite {
    pub(crate) async fn queue_webhook_test(
        &self,
        id: WebhookId,
        event: &'static str,
        context: Context,
    ) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            authority::require_admin(authority)?;
            let sql = "INSERT INTO webhook_deliveries (webhook_id, event)
                       SELECT id, ?2 FROM webhooks WHERE id = ?1 AND disabled_at IS NULL";
            Ok(execute(db, sql, params![id.as_bytes(), event])? == 1)
        })
        .await
    }

    pub(crate) fn webhook_deliveries(&self, id: WebhookId) -> Result<Vec<WebhookDelivery>, StoreError> {
        self.read(|db| {
            let sql = "SELECT id, message, event, recipe_id, tries, tried_at, due_at, status, problem FROM webhook_deliveries
                       WHERE webhook_id = ?1 ORDER BY id DESC LIMIT ?2";
            list(db, sql, params![id.as_bytes(), KEPT_DELIVERIES], delivery_in)
        })
    }

    pub(crate) async fn take_webhook_delivery(
        &self,
        take: TakeWebhookDelivery,
    ) -> Result<Option<DueWebhookDelivery>, StoreError> {
        let (now, until) = (take.now.as_microsecond(), take.until.as_microsecond());
        // A look costs less than a transaction.
        let next = self.read(|db| Ok(find_value::<Option<i64>>(db, next_delivery!(), [now])?.flatten()))?;
        if next.is_none() {
            return Ok(None);
        }
        self.write(move |db| {
            let sql = concat!(
                "UPDATE webhook_deliveries
                 SET tries = tries + 1, taken = 1, tried_at = ?1, due_at = ?2, noticed_at = coalesce(noticed_at, ?1)
                 WHERE id = (",
                next_delivery!(),
                ") RETURNING id, message, webhook_id, event, recipe_id, noticed_at, tries"
            );
            find(db, sql, [now, until], due_in)
        })
        .await
    }

    pub(crate) async fn finish_webhook_delivery(
        &self,
        due: &DueWebhookDelivery,
        outcome: WebhookOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (id, tries, webhook) = (due.id, due.tries, due.webhook);
        let Finished { status, problem, retry_at, disables } = outcome.finished();
        self.write(move |db| {
            let sql = "UPDATE webhook_deliveries SET due_at = ?3, taken = 0, status = ?4, problem = ?5
                       WHERE id = ?1 AND tries = ?2 AND taken = 1";
            let values = params![id, tries, retry_at.map(Timestamp::as_microsecond), status, problem];
            if execute(db, sql, values)? == 0 || retry_at.is_some() {
                return Ok(());
            }
            if let Some(why) = disables {
                let sql = "UPDATE webhooks SET disabled_at = ?2, disabled_because = ?3 WHERE id = ?1 AND disabled_at IS NULL";
                execute(db, sql, params![webhook.as_bytes(), now.as_microsecond(), why])?;
                drop_waiting(db, webhook)?;
                record(db, Event::WebhookDisabled, webhook, &Context::operator(now))?;
            }
            let sql = "DELETE FROM webhook_deliveries
                       WHERE webhook_id = ?1 AND due_at IS NULL
                         AND id <= (SELECT id FROM webhook_deliveries WHERE webhook_id = ?1 AND due_at IS NULL
                                    ORDER BY id DESC LIMIT 1 OFFSET ?2)";
            execute(db, sql, params![webhook.as_bytes(), KEPT_DELIVERIES]).map(drop)
        })
        .await
    }
}

fn find_webhook(db: &Connection, id: WebhookId) -> Result<Option<WebhookRow>, StoreError> {
    find(db, webhooks!("WHERE id = ?1"), [id.as_bytes()], webhook_in)
}

fn drop_waiting(db: &Connection, id: WebhookId) -> Result<(), StoreError> {
    let sql = "DELETE FROM webhook_deliveries WHERE webhook_id = ?1 AND due_at IS NOT NULL";
    execute(db, sql, [id.as_bytes()]).map(drop)
}

fn record(db: &Connection, event: Event, id: WebhookId, context: &Context) -> Result<(), StoreError> {
    audit::record_client(db, (event, &id.to_string()), None, context)
}

fn webhook_in(columns: &mut Columns<'_>) -> Result<WebhookRow, StoreError> {
    let id = WebhookId::from_bytes(columns.get()?);
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
        recipe: columns.get::<Option<i64>>()?.map(columns::recipe_id).transpose()?,
        tries: columns.get()?,
        tried_at: columns.optional_time()?,
        due_at: columns.optional_time()?,
        status: columns.get()?,
        problem: columns.get()?,
    })
}

fn due_in(columns: &mut Columns<'_>) -> Result<DueWebhookDelivery, StoreError> {
    Ok(DueWebhookDelivery {
        id: columns.get()?,
        message: columns.get()?,
        webhook: WebhookId::from_bytes(columns.get()?),
        event: columns.get()?,
        recipe: columns.get::<Option<i64>>()?.map(columns::recipe_id).transpose()?,
        noticed_at: columns.time()?,
        tries: columns.get()?,
    })
}
