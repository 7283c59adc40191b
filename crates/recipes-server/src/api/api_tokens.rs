//! API tokens, as their owner sees them.

use accounts::{ApiToken, Scope};
use axum::{extract::State, response::Response};
use http::StatusCode;
use ids::ApiTokenId;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use store::Context;
use tower_passport::Scoped;

use super::{
    answers::{
        ApiTokenNotFound, Malformed, NoSession, NotAcceptable, RateLimited, TooManyApiTokens,
        UnacceptableBody, Unauthorized, Unavailable, WithoutScope,
    },
    parameters::UuidInPath,
    path::InPath,
    personal::{created, personal},
};
use crate::app::App;
use crate::auth::caller::{Guard, ManageAccount};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::query::NoQuery;
use crate::use_cases::accounts::{DescribeApiToken, Origin};

/// Lists your API tokens, the oldest first. The tokens themselves are not shown again.
#[utoipa::path(
    get, path = "/api/v1/users/me/api-tokens", tag = "users", operation_id = "listApiTokens",
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "Your API tokens", body = ref("#/components/schemas/ApiTokenList")),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, Unavailable,
    )
)]
pub async fn list(
    State(app): State<App>,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
    _: NoQuery,
) -> Result<Response, ApiError> {
    let tokens = app.store.api_tokens(caller.user.id).await?;
    Ok(personal(&tokens.iter().map(ApiTokenView::of).collect::<Vec<_>>()))
}

/// Makes an API token, for a program. It is shown this once.
#[utoipa::path(
    post, path = "/api/v1/users/me/api-tokens", tag = "users", operation_id = "createApiToken",
    request_body(content = ref("#/components/schemas/NewApiToken"), content_type = "application/json"),
    security(("bearer" = ["account"])),
    responses(
        (status = 201, description = "Made, on disk", body = ref("#/components/schemas/CreatedApiToken"), headers(
            ("location" = String, description = "Where to delete it"))),
        Malformed, Unauthorized, NoSession, TooManyApiTokens, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn create(
    State(app): State<App>,
    origin: Origin,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
    Body(wanted): Body<DescribeApiToken>,
) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    struct Created<'a> {
        #[serde(flatten)]
        about: ApiTokenView<'a>,
        token: &'a str,
    }
    let (made, secret) = app.accounts.create_api_token(&caller, wanted, caller.actor(&origin)).await?;
    let data = Created { about: ApiTokenView::of(&made), token: secret.expose_secret() };
    created(&format!("/api/v1/users/me/api-tokens/{}", made.id), &data)
}

/// Deletes an API token; whoever uses it is refused from now on.
#[utoipa::path(
    delete, path = "/api/v1/users/me/api-tokens/{id}", tag = "users", operation_id = "deleteApiToken",
    params(UuidInPath),
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "Gone, on disk"),
        Malformed, Unauthorized, WithoutScope, ApiTokenNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn delete(
    State(app): State<App>,
    origin: Origin,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
    InPath(id): InPath<ApiTokenId>,
) -> Result<StatusCode, ApiError> {
    let user = caller.user.id;
    let context = Context { actor: caller.actor(&origin), now: app.clock.now() };
    if !app.store.delete_api_token(user, id, context).await? {
        return Err(ApiError::ApiTokenNotFound);
    }
    tracing::info!(user.id = %user, token.id = %id, "User {user} deleted an API token");
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiTokenView<'a> {
    id: ApiTokenId,
    name: &'a str,
    scopes: Vec<&'static str>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<Timestamp>,
}

impl<'a> ApiTokenView<'a> {
    pub(super) fn of(token: &'a ApiToken) -> Self {
        Self {
            id: token.id,
            name: token.name.as_str(),
            scopes: token.scopes.iter().map(Scope::as_str).collect(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}
