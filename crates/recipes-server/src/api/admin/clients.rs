//! Clients of the authorization server, for administrators.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

mod fields;

use self::fields::ClientView;
pub use self::fields::{ClientPatch, NewClient};
use super::super::{
    documented_errors::{
        AdminRequired, AnswerLost, ClientChanged, ClientNotFound, KeyReused, Malformed, NotAcceptable,
        SecretlessClient, UnacceptableBody, Unauthorized, Unavailable,
    },
    once::once,
    parameters::{ClientInPath, IdempotencyKeyHeader},
    path::PathClient,
    responses::data,
};
use crate::app::App;
use crate::auth::requirements::Admin;
use crate::http::body::Body;
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::NoQuery;
use crate::http::repeatable::{Answer, Repeatable, RepeatableBody};
use crate::use_cases::clients::RegisteredClient;

/// Lists the applications that log their users in here, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/admin/clients", tag = "admin", operation_id = "listClients",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "All clients", body = ref("#/components/schemas/ClientList")),
        Malformed, Unauthorized, AdminRequired, NotAcceptable, Unavailable,
    )
)]
pub async fn list(JsonApi(app): JsonApi<App>, _: Admin, _: NoQuery) -> Result<Response, Report> {
    let clients = app.clients().list().await?;
    Ok(data(&clients.iter().map(ClientView::of).collect::<Vec<_>>()))
}

/// Registers an application. Its secret is shown once.
#[utoipa::path(
    post, path = "/api/v1/admin/clients", tag = "admin", operation_id = "createClient",
    params(IdempotencyKeyHeader),
    request_body(content = ref("#/components/schemas/NewClient"), content_type = "application/json"),
    security(("bearer" = [])),
    responses(
        (status = 201, description = "Created, on disk", body = ref("#/components/schemas/CreatedClient"), headers(
            ("location" = String, description = "The address of the client"))),
        Malformed, Unauthorized, AdminRequired, UnacceptableBody, NotAcceptable, AnswerLost, Unavailable,
    )
)]
pub async fn create(
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    RepeatableBody(key, new): RepeatableBody<NewClient>,
) -> Result<Response, Report> {
    once(&app, actor, key, with_secret, |once| app.clients().create(new.0, actor, once)).await
}

/// Reads one client.
#[utoipa::path(
    get, path = "/api/v1/admin/clients/{clientId}", tag = "admin", operation_id = "readClient",
    params(ClientInPath),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The client", body = ref("#/components/schemas/ClientEnvelope")),
        Malformed, Unauthorized, AdminRequired, ClientNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn read(
    JsonApi(app): JsonApi<App>,
    _: Admin,
    PathClient(id): PathClient,
    _: NoQuery,
) -> Result<Response, Report> {
    Ok(data(&ClientView::of(&app.clients().get(&id).await?)))
}

/// Changes a client. Lists are replaced as a whole. A disabled client and its tokens are refused.
#[utoipa::path(
    patch, path = "/api/v1/admin/clients/{clientId}", tag = "admin", operation_id = "updateClient",
    params(ClientInPath),
    request_body(content(
        (ref("#/components/schemas/ClientPatch") = "application/merge-patch+json"),
        (ref("#/components/schemas/ClientPatch") = "application/json"),
    )),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Changed, on disk", body = ref("#/components/schemas/ClientEnvelope")),
        Malformed, Unauthorized, AdminRequired, ClientNotFound, ClientChanged, UnacceptableBody, NotAcceptable, Unavailable,
    )
)]
pub async fn update(
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    PathClient(id): PathClient,
    Body(patch): Body<ClientPatch>,
) -> Result<Response, Report> {
    let client = app.clients().change(&id, |record| patch.apply(record), actor).await?;
    Ok(data(&ClientView::of(&client)))
}

/// Deletes a client with the access that users gave it.
#[utoipa::path(
    delete, path = "/api/v1/admin/clients/{clientId}", tag = "admin", operation_id = "deleteClient",
    params(ClientInPath),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "Deleted, on disk"),
        Malformed, Unauthorized, AdminRequired, ClientNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn delete(
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    PathClient(id): PathClient,
) -> Result<StatusCode, Report> {
    app.clients().delete(&id, actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a new secret for a client, which is shown once. The old one stays good for a day.
#[utoipa::path(
    post, path = "/api/v1/admin/clients/{clientId}/secret", tag = "admin", operation_id = "replaceClientSecret",
    params(IdempotencyKeyHeader, ClientInPath),
    security(("bearer" = [])),
    responses(
        (status = 201, description = "Replaced, on disk", body = ref("#/components/schemas/CreatedClient"), headers(
            ("location" = String, description = "The address of the client"))),
        Malformed, Unauthorized, AdminRequired, ClientNotFound, SecretlessClient, NotAcceptable, KeyReused, Unavailable,
    )
)]
pub async fn replace_secret(
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    PathClient(id): PathClient,
    Repeatable(key): Repeatable,
) -> Result<Response, Report> {
    once(&app, actor, key, with_secret, |once| app.clients().replace_secret(&id, actor, once)).await
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WithSecret<'a> {
    #[serde(flatten)]
    client: ClientView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
}

fn with_secret(client: &RegisteredClient) -> Result<Answer, Report> {
    let data = WithSecret {
        client: ClientView::of(client),
        client_secret: client.secret.as_ref().map(strict_oidc::ClientSecret::expose),
    };
    Answer::created(&format!("/api/v1/admin/clients/{}", client.id), &data)
}
