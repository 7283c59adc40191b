//! Webhooks, for administrators.

use axum::response::Response;
use http::StatusCode;
use ids::{RecipeId, WebhookId};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use store::{WebhookDelivery, WebhookRow};

use super::super::{
    documented_errors::{
        AdminRequired, AnswerLost, KeyReused, Malformed, NotAcceptable, TooManyWebhooks, UnacceptableBody,
        Unauthorized, Unavailable, WebhookDisabled, WebhookNotFound,
    },
    once::once,
    parameters::{IdempotencyKeyHeader, UuidInPath},
    path::PathId,
    responses::data,
};
use crate::api::nested::is_blank;
use crate::app::App;
use crate::auth::requirements::Admin;
use crate::http::body::{Body, ParseFields, fields::Fields};
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::NoQuery;
use crate::http::repeatable::{Answer, Repeatable, RepeatableBody};
use crate::use_cases::webhooks::{NewWebhook, WebhookPatch, WithSecret};
use crate::webhook_event::WebhookEvent;

/// Lists the programs that are told of changes of public recipes, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/admin/webhooks", tag = "admin", operation_id = "listWebhooks",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "All webhooks", body = ref("#/components/schemas/WebhookList")),
        Malformed, Unauthorized, AdminRequired, NotAcceptable, Unavailable,
    )
)]
pub async fn list(JsonApi(app): JsonApi<App>, _: Admin, _: NoQuery) -> Result<Response, Report> {
    let webhooks = app.webhooks().list().await?;
    Ok(data(&webhooks.iter().map(WebhookView::of).collect::<Vec<_>>()))
}

/// Creates a webhook. The secret, with which the receiver verifies the messages, is shown once.
#[utoipa::path(
    post, path = "/api/v1/admin/webhooks", tag = "admin", operation_id = "createWebhook",
    params(IdempotencyKeyHeader),
    request_body(content = ref("#/components/schemas/NewWebhook"), content_type = "application/json"),
    security(("bearer" = [])),
    responses(
        (status = 201, description = "Created, on disk", body = ref("#/components/schemas/CreatedWebhook"), headers(
            ("location" = String, description = "The address of the webhook"))),
        Malformed, Unauthorized, AdminRequired, TooManyWebhooks, UnacceptableBody, NotAcceptable, AnswerLost, Unavailable,
    )
)]
pub async fn create(
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    RepeatableBody(key, new): RepeatableBody<NewWebhook>,
) -> Result<Response, Report> {
    once(&app, actor, key, with_secret, |once| app.webhooks().create(new, actor, once)).await
}

/// Reads one webhook.
#[utoipa::path(
    get, path = "/api/v1/admin/webhooks/{id}", tag = "admin", operation_id = "readWebhook",
    params(UuidInPath),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The webhook", body = ref("#/components/schemas/WebhookEnvelope")),
        Malformed, Unauthorized, AdminRequired, WebhookNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn read(
    JsonApi(app): JsonApi<App>,
    _: Admin,
    PathId(id): PathId<WebhookId>,
    _: NoQuery,
) -> Result<Response, Report> {
    Ok(data(&WebhookView::of(&app.webhooks().get(id).await?)))
}

/// Changes a webhook. What waits for one that is disabled is dropped, and what changes meanwhile is not told later.
#[utoipa::path(
    patch, path = "/api/v1/admin/webhooks/{id}", tag = "admin", operation_id = "updateWebhook",
    params(UuidInPath),
    request_body(content(
        (ref("#/components/schemas/WebhookPatch") = "application/merge-patch+json"),
        (ref("#/components/schemas/WebhookPatch") = "application/json"),
    )),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Changed, on disk", body = ref("#/components/schemas/WebhookEnvelope")),
        Malformed, Unauthorized, AdminRequired, WebhookNotFound, UnacceptableBody, NotAcceptable, Unavailable,
    )
)]
pub async fn update(
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    PathId(id): PathId<WebhookId>,
    Body(patch): Body<WebhookPatch>,
) -> Result<Response, Report> {
    Ok(data(&WebhookView::of(&app.webhooks().change(id, patch, actor).await?)))
}

/// Deletes a webhook with its messages.
#[utoipa::path(
    delete, path = "/api/v1/admin/webhooks/{id}", tag = "admin", operation_id = "deleteWebhook",
    params(UuidInPath),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "Deleted, on disk"),
        Malformed, Unauthorized, AdminRequired, WebhookNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn delete(
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    PathId(id): PathId<WebhookId>,
) -> Result<StatusCode, Report> {
    app.webhooks().delete(id, actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a new secret for a webhook, which is shown once. For a day, messages have a signature with the old one as well.
#[utoipa::path(
    post, path = "/api/v1/admin/webhooks/{id}/secret", tag = "admin", operation_id = "replaceWebhookSecret",
    params(UuidInPath, IdempotencyKeyHeader),
    security(("bearer" = [])),
    responses(
        (status = 201, description = "Replaced, on disk", body = ref("#/components/schemas/CreatedWebhook"), headers(
            ("location" = String, description = "The address of the webhook"))),
        Malformed, Unauthorized, AdminRequired, WebhookNotFound, NotAcceptable, KeyReused, AnswerLost, Unavailable,
    )
)]
pub async fn replace_secret(
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    PathId(id): PathId<WebhookId>,
    Repeatable(key): Repeatable,
) -> Result<Response, Report> {
    once(&app, actor, key, with_secret, |once| app.webhooks().replace_secret(id, actor, once)).await
}

/// Sends the webhook a message of the type `webhook.test`, within a few seconds; its deliveries show the outcome.
#[utoipa::path(
    post, path = "/api/v1/admin/webhooks/{id}/test", tag = "admin", operation_id = "testWebhook",
    params(UuidInPath),
    security(("bearer" = [])),
    responses(
        (status = 202, description = "Queued, on disk"),
        Malformed, Unauthorized, AdminRequired, WebhookNotFound, WebhookDisabled, NotAcceptable, Unavailable,
    )
)]
pub async fn test(
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    PathId(id): PathId<WebhookId>,
) -> Result<StatusCode, Report> {
    app.webhooks().test(id, actor).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Lists the newest 100 messages of a webhook with the outcome of each, the newest first.
#[utoipa::path(
    get, path = "/api/v1/admin/webhooks/{id}/deliveries", tag = "admin", operation_id = "listWebhookDeliveries",
    params(UuidInPath),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The newest messages", body = ref("#/components/schemas/WebhookDeliveryList")),
        Malformed, Unauthorized, AdminRequired, WebhookNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn deliveries(
    JsonApi(app): JsonApi<App>,
    _: Admin,
    PathId(id): PathId<WebhookId>,
    _: NoQuery,
) -> Result<Response, Report> {
    let deliveries = app.webhooks().deliveries(id).await?;
    Ok(data(&deliveries.iter().map(DeliveryView::of).collect::<Vec<_>>()))
}

fn with_secret(WithSecret { webhook, secret }: &WithSecret) -> Result<Answer, Report> {
    #[derive(Serialize)]
    struct View<'a> {
        #[serde(flatten)]
        webhook: WebhookView<'a>,
        secret: &'a str,
    }
    let view = View { webhook: WebhookView::of(webhook), secret: secret.expose_secret() };
    Answer::created(&format!("/api/v1/admin/webhooks/{}", webhook.id), &view)
}

/// A webhook in responses and in the lines of the command line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookView<'a> {
    id: WebhookId,
    url: &'a str,
    events: Vec<WebhookEvent>,
    disabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_because: Option<&'a str>,
    created_at: Timestamp,
}

impl<'a> WebhookView<'a> {
    pub(crate) fn of(webhook: &'a WebhookRow) -> Self {
        let disabled = webhook.disabled.as_ref();
        Self {
            id: webhook.id,
            url: &webhook.url,
            events: WebhookEvent::split(&webhook.events),
            disabled: disabled.is_some(),
            disabled_at: disabled.map(|(at, _)| *at),
            disabled_because: disabled.map(|(_, why)| why.as_str()),
            created_at: webhook.created_at,
        }
    }
}

/// A message in responses and in the lines of the command line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryView<'a> {
    /// The header `webhook-id`.
    webhook_id: String,
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipe_id: Option<RecipeId>,
    state: &'static str,
    tries: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    tried_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_try_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
}

impl<'a> DeliveryView<'a> {
    pub(crate) fn of(delivery: &'a WebhookDelivery) -> Self {
        let state = match delivery {
            WebhookDelivery { due_at: Some(_), .. } => "waiting",
            WebhookDelivery { problem: Some(_), .. } => "failed",
            _ => "delivered",
        };
        Self {
            webhook_id: format!("msg_{}", delivery.message),
            r#type: &delivery.event,
            recipe_id: delivery.recipe,
            state,
            tries: delivery.tries,
            tried_at: delivery.tried_at,
            // The first try is due at once, which is stored as a time long ago.
            next_try_at: delivery.due_at.filter(|_| delivery.tries > 0),
            status: delivery.status,
            problem: delivery.problem.as_deref(),
        }
    }
}

impl ParseFields for NewWebhook {
    const FIELDS: &'static [&'static str] = &["url", "events"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let url = fields.required("url", |text| Ok::<_, String>(text.to_owned()));
        let events = events(fields);
        Some(Self { url: url?, events: events.unwrap_or_default() })
    }
}

impl ParseFields for WebhookPatch {
    const FIELDS: &'static [&'static str] = &["url", "events", "disabled"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            url: fields.optional("url", |text| Ok::<_, String>(text.to_owned())),
            events: events(fields),
            disabled: fields.flag("disabled"),
        })
    }
}

/// All events if the list is empty or `null`.
fn events(fields: &mut Fields<'_>) -> Option<Vec<WebhookEvent>> {
    if fields.get("events")?.is_null() {
        return Some(Vec::new());
    }
    let list = match fields.list("events") {
        Ok(list) => list,
        Err(message) => return fields.invalid("events", message),
    };
    let event = |value: &serde_json::Value| WebhookEvent::parse(value.as_str().unwrap_or_default().trim());
    match list.iter().filter(|value| !is_blank(value)).map(event).collect::<Result<Vec<_>, _>>() {
        Ok(events) => Some(events),
        Err(message) => fields.invalid("events", format!("has an item that {message}")),
    }
}
