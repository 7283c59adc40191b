//! The API tokens of a user.

use accounts::{ApiToken, Scope, Scopes, TokenName};
use axum::response::Response;
use http::StatusCode;
use ids::ApiTokenId;
use jiff::Timestamp;
use recipes::time::parse_time;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::Value;

use super::{
    documented_errors::{
        ApiTokenNotFound, Malformed, NoSession, NotAcceptable, RateLimited, TooManyApiTokens,
        UnacceptableBody, Unauthorized, Unavailable, WithoutScope,
    },
    nested::is_blank,
    once::once,
    parameters::{IdempotencyKeyHeader, UuidInPath},
    path::PathId,
    responses::data,
};
use crate::app::App;
use crate::auth::requirements::AccountOwner;
use crate::http::body::{ParseFields, fields::Fields};
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::NoQuery;
use crate::http::repeatable::{Answer, RepeatableBody};
use crate::use_cases::accounts::{CreateApiToken, CreatedApiToken};

/// Lists your API tokens, the oldest first. Their secrets are not shown again.
#[utoipa::path(
    get, path = "/api/v1/users/me/api-tokens", tag = "users", operation_id = "listApiTokens",
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "Your API tokens", body = ref("#/components/schemas/ApiTokenList")),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, Unavailable,
    )
)]
pub async fn list(JsonApi(app): JsonApi<App>, me: AccountOwner, _: NoQuery) -> Result<Response, Report> {
    let tokens = app.accounts().api_tokens(me.user.id).await?;
    Ok(data(&tokens.iter().map(ApiTokenView::of).collect::<Vec<_>>()))
}

/// Creates an API token for a program. The token is shown once.
#[utoipa::path(
    post, path = "/api/v1/users/me/api-tokens", tag = "users", operation_id = "createApiToken",
    params(IdempotencyKeyHeader),
    request_body(content = ref("#/components/schemas/NewApiToken"), content_type = "application/json"),
    security(("bearer" = ["account"])),
    responses(
        (status = 201, description = "Created, on disk", body = ref("#/components/schemas/CreatedApiToken"), headers(
            ("location" = String, description = "The address of the token"))),
        Malformed, Unauthorized, NoSession, TooManyApiTokens, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn create(
    JsonApi(app): JsonApi<App>,
    me: AccountOwner,
    RepeatableBody(key, command): RepeatableBody<CreateApiToken>,
) -> Result<Response, Report> {
    #[derive(Serialize)]
    struct Created<'a> {
        #[serde(flatten)]
        about: ApiTokenView<'a>,
        token: &'a str,
    }
    let answer = |CreatedApiToken { token, secret }: &CreatedApiToken| {
        let data = Created { about: ApiTokenView::of(token), token: secret.expose_secret() };
        Answer::created(&format!("/api/v1/users/me/api-tokens/{}", token.id), &data)
    };
    let create = |once| app.accounts().create_api_token(&me.user, command, me.actor, once);
    once(&app, me.actor, key, answer, create).await
}

/// Deletes an API token. Requests with it are refused from now on.
#[utoipa::path(
    delete, path = "/api/v1/users/me/api-tokens/{id}", tag = "users", operation_id = "deleteApiToken",
    params(UuidInPath),
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "Deleted, on disk"),
        Malformed, Unauthorized, WithoutScope, ApiTokenNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn delete(
    JsonApi(app): JsonApi<App>,
    me: AccountOwner,
    PathId(id): PathId<ApiTokenId>,
) -> Result<StatusCode, Report> {
    app.accounts().delete_api_token(me.user.id, id, me.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl ParseFields for CreateApiToken {
    const FIELDS: &'static [&'static str] = &["name", "scopes", "expiresAt"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", TokenName::parse);
        let scopes = match fields.list("scopes").and_then(scopes) {
            Ok(scopes) => Some(scopes),
            Err(message) => fields.invalid("scopes", message),
        };
        let expires_at = fields.stated("expiresAt", parse_time);
        Some(Self { name: name?, scopes: scopes?, expires_at })
    }
}

/// At least one scope, all of them known: a misspelled scope must not create a token with other rights.
fn scopes(list: &[Value]) -> Result<Scopes, String> {
    let known = || Scope::ALL.map(Scope::as_str).join(", ");
    let stated = list.iter().filter(|scope| !is_blank(scope));
    let scopes = stated.map(|scope| scope.as_str().and_then(|text| Scope::parse(text.trim())));
    let scopes = scopes.collect::<Option<Scopes>>();
    let scopes = scopes.ok_or_else(|| format!("must be a list of these: {}", known()))?;
    if scopes.is_empty() { Err(format!("must have at least one of these: {}", known())) } else { Ok(scopes) }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiTokenView<'a> {
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
    pub(crate) fn of(token: &'a ApiToken) -> Self {
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
