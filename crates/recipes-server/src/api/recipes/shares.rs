//! Share links: each shows one recipe to visitors without an account.

use axum::response::Response;
use http::{StatusCode, Uri};
use ids::{RecipeId, ShareId, UserId};
use jiff::Timestamp;
use recipes::time::parse_time;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use store::Share;

use super::response::RecipeResponse;
use crate::api::documented_errors::{
    Forbidden, Malformed, NotAcceptable, RecipeNotFound, ShareNotFound, TooManyShares, UnacceptableBody,
    Unauthorized, Unavailable,
};
use crate::api::once::once;
use crate::api::parameters::{IdempotencyKeyHeader, IfNoneMatch, RecipeInPath, ShareInPath, ShareToken};
use crate::api::path::{PathId, SharePath};
use crate::api::responses::data;
use crate::app::App;
use crate::http::body::{ParseFields, fields::Fields};
use crate::http::conditional::Conditions;
use crate::http::error::{Report, RequestError};
use crate::http::json_api::JsonApi;
use crate::http::query::{NoQuery, Query};
use crate::http::repeatable::{Answer, RepeatableBody};
use crate::http::site::Site;
use crate::use_cases::recipes::{CreatedShare, ShareRecipe, Writer};

/// Lists the links to a recipe that you may change, the oldest first. Their tokens are not stored.
#[utoipa::path(
    get, path = "/api/v1/recipes/{id}/shares", tag = "recipes", operation_id = "listShares",
    params(RecipeInPath),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 200, description = "The links that have not expired", body = ref("#/components/schemas/ShareList")),
        Malformed, Unauthorized, Forbidden, RecipeNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn list(
    JsonApi(app): JsonApi<App>,
    writer: Writer,
    PathId(id): PathId<RecipeId>,
    _: NoQuery,
) -> Result<Response, Report> {
    let shares = app.recipes().shares(writer, id).await?;
    Ok(data(&shares.iter().map(ShareView::of).collect::<Vec<_>>()))
}

/// Makes a link that shows a recipe which you may change, also a private one, to all visitors who have the link.
///
/// Token and address are shown once. The link ends when it is revoked or expires, with the recipe, when the recipe gets another
/// owner, and with your account. While the recipe is in the bin it shows nothing.
#[utoipa::path(
    post, path = "/api/v1/recipes/{id}/shares", tag = "recipes", operation_id = "createShare",
    params(RecipeInPath, IdempotencyKeyHeader),
    request_body(content = ref("#/components/schemas/NewShare"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 201, description = "Created, on disk", body = ref("#/components/schemas/CreatedShare"), headers(
            ("location" = String, description = "The address of the link, to revoke it"))),
        Malformed, Unauthorized, Forbidden, RecipeNotFound, TooManyShares, UnacceptableBody, NotAcceptable, Unavailable,
    )
)]
pub async fn create(
    JsonApi(app): JsonApi<App>,
    writer: Writer,
    Site(site): Site,
    PathId(id): PathId<RecipeId>,
    RepeatableBody(key, command): RepeatableBody<ShareRecipe>,
) -> Result<Response, Report> {
    #[derive(Serialize)]
    struct Created<'a> {
        #[serde(flatten)]
        about: ShareView,
        token: &'a str,
        url: String,
    }
    let answer = move |created: &CreatedShare| {
        let (about, token) = (ShareView::of(&created.share), created.token.expose_secret());
        let data = Created { about, token, url: created.link(&site) };
        Answer::created(&format!("/api/v1/recipes/{id}/shares/{}", created.share.id), &data)
    };
    let create = |once| app.recipes().share(writer, id, command, once);
    once(&app, writer.actor(), key, answer, create).await
}

/// Revokes a link: it shows the recipe no longer.
#[utoipa::path(
    delete, path = "/api/v1/recipes/{id}/shares/{share}", tag = "recipes", operation_id = "revokeShare",
    params(RecipeInPath, ShareInPath),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "Revoked, on disk"),
        Malformed, Unauthorized, Forbidden, ShareNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn revoke(
    JsonApi(app): JsonApi<App>,
    writer: Writer,
    SharePath { recipe, share }: SharePath,
) -> Result<StatusCode, Report> {
    app.recipes().revoke_share(writer, recipe, share).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads the recipe that a link shows. It needs no account, also where only members read.
#[utoipa::path(
    get, path = "/api/v1/shared-recipe", tag = "recipes", operation_id = "readSharedRecipe",
    params(ShareToken, IfNoneMatch),
    responses(
        (status = 200, description = "The recipe", body = ref("#/components/schemas/RecipeEnvelope"), headers(
            ("etag" = String, description = "The revision"))),
        (status = 304, description = "You have the current revision"),
        Malformed, ShareNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn read(JsonApi(app): JsonApi<App>, uri: Uri, conditions: Conditions) -> Result<Response, Report> {
    let query = Query::parse(&uri, &["token"])?;
    let token = query.get("token").ok_or_else(|| RequestError::Malformed("token is required".into()))?;
    let response = RecipeResponse::of(&app.recipes().shared(token).await?);
    Ok(response.for_conditions(&conditions, app.accounts().now()))
}

impl ParseFields for ShareRecipe {
    const FIELDS: &'static [&'static str] = &["expiresAt"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { expires_at: fields.stated("expiresAt", parse_time) })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShareView {
    id: ShareId,
    created_by: UserId,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

impl ShareView {
    fn of(share: &Share) -> Self {
        let Share { id, created_by, created_at, expires_at } = *share;
        Self { id, created_by, created_at, expires_at }
    }
}
