//! The history of a recipe.

use axum::response::Response;
use http::{StatusCode, Uri, header};
use ids::{RecipeId, UserId};
use jiff::Timestamp;
use recipes::{FieldChanges, Visibility};
use serde::Serialize;

use super::precondition;
use super::response::{REVALIDATE, RecipeResponse};
use crate::api::documented_errors::{
    Forbidden, Malformed, NotAcceptable, PreconditionFailed, PreconditionRequired, QuotaExceeded,
    RecipeNotFound, RevisionNotFound, Unauthorized, Unavailable, WithoutRecipesRead,
};
use crate::api::list::ListRequest;
use crate::api::parameters::{DiffQuery, IfMatch, PageQuery, RecipeInPath, RevisionInPath};
use crate::api::path::{PathId, RevisionPath};
use crate::api::responses::data;
use crate::app::App;
use crate::auth::requirements::{RecipeEditor, RecipeReader};
use crate::http::conditional::Conditions;
use crate::http::error::{Report, RequestError};
use crate::http::json_api::JsonApi;
use crate::http::query::{NoQuery, Query};
use crate::use_cases::recipes::HistoryEntry;

/// Lists the revisions of a recipe in pages, the newest first: who made each of them, when, and which fields changed.
///
/// You see the revisions that you may read now and could have read then: a recipe that is made public does not publish what it was
/// before. Changes are those since the revision before that you see.
#[utoipa::path(
    get, path = "/api/v1/recipes/{id}/revisions", tag = "recipes", operation_id = "listRevisions",
    params(RecipeInPath, PageQuery),
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "A page of revisions", body = ref("#/components/schemas/RevisionPage"), headers(
            ("link" = String, description = "The address of the next page (`rel=\"next\"`), if there is one"))),
        Malformed, Unauthorized, WithoutRecipesRead, RecipeNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn list(
    JsonApi(app): JsonApi<App>,
    RecipeReader { viewer, .. }: RecipeReader,
    PathId(id): PathId<RecipeId>,
    uri: Uri,
) -> Result<Response, Report> {
    let path = format!("/api/v1/recipes/{id}/revisions");
    let request = ListRequest::parse(&path, &uri, &[])?;
    let found = app.recipes().revisions(id, request.page, viewer).await?;
    let mut response = request.respond(found.rows.iter().map(EntryView::of), found.next, None)?;
    response.headers_mut().insert(header::CACHE_CONTROL, REVALIDATE);
    Ok(response)
}

/// Reads a recipe as it was at a revision, without pictures: only those that a recipe has now are kept.
#[utoipa::path(
    get, path = "/api/v1/recipes/{id}/revisions/{revision}", tag = "recipes", operation_id = "readRevision",
    params(RecipeInPath, RevisionInPath),
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "The recipe as it was then", body = ref("#/components/schemas/RecipeEnvelope")),
        Malformed, Unauthorized, WithoutRecipesRead, RevisionNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn read(
    JsonApi(app): JsonApi<App>,
    RecipeReader { viewer, .. }: RecipeReader,
    RevisionPath { recipe, revision }: RevisionPath,
    _: NoQuery,
) -> Result<Response, Report> {
    let found = app.recipes().revision(recipe, revision, viewer).await?;
    let mut response = RecipeResponse::of(&found.recipe).with_status(StatusCode::OK);
    // It would be that of a recipe that can be changed.
    response.headers_mut().remove(header::ETAG);
    Ok(response)
}

/// What makes one revision of another one, as a JSON Patch (RFC 6902) of the fields that the author writes.
#[utoipa::path(
    get, path = "/api/v1/recipes/{id}/revisions/{revision}/diff", tag = "recipes", operation_id = "compareRevisions",
    params(RecipeInPath, RevisionInPath, DiffQuery),
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "The operations", body = ref("#/components/schemas/JsonPatchEnvelope")),
        Malformed, Unauthorized, WithoutRecipesRead, RevisionNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn diff(
    JsonApi(app): JsonApi<App>,
    RecipeReader { viewer, .. }: RecipeReader,
    RevisionPath { recipe, revision }: RevisionPath,
    uri: Uri,
) -> Result<Response, Report> {
    let query = Query::parse(&uri, &["to"])?;
    let malformed = || RequestError::Malformed("to must be the number of a revision".into());
    let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 1).ok_or_else(malformed);
    let to = query.get("to").map(number).transpose()?;
    let patch = app.recipes().revision_patch(recipe, revision, to, viewer).await?;
    let mut response = data(&patch);
    response.headers_mut().insert(header::CACHE_CONTROL, REVALIDATE);
    Ok(response)
}

/// Makes a new revision with the content of a former one, its visibility included. The pictures stay as they are now. An API token needs
/// `recipes:read` as well.
#[utoipa::path(
    post, path = "/api/v1/recipes/{id}/revisions/{revision}/restore", tag = "recipes", operation_id = "restoreRevision",
    params(RecipeInPath, RevisionInPath, IfMatch),
    security(("bearer" = ["recipes:write", "recipes:read"])),
    responses(
        (status = 200, description = "Restored, on disk", body = ref("#/components/schemas/RecipeEnvelope"), headers(
            ("etag" = String, description = "The new revision"))),
        Malformed, Unauthorized, Forbidden, RevisionNotFound, PreconditionFailed, PreconditionRequired, QuotaExceeded,
        NotAcceptable, Unavailable,
    )
)]
pub async fn restore(
    JsonApi(app): JsonApi<App>,
    RecipeEditor(writer): RecipeEditor,
    RevisionPath { recipe, revision }: RevisionPath,
    conditions: Conditions,
) -> Result<Response, Report> {
    let precondition = precondition(&app, &conditions, recipe)?;
    let recipe = app.recipes().restore_revision(writer, recipe, revision, precondition).await?;
    Ok(RecipeResponse::of(&recipe).with_status(StatusCode::OK))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryView<'a> {
    revision: i64,
    updated_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_by: Option<UserId>,
    name: &'a str,
    visibility: Visibility,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<&'a FieldChanges>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
}

impl<'a> EntryView<'a> {
    fn of(entry: &'a HistoryEntry) -> Self {
        let HistoryEntry { revision, updated_at, updated_by, ref name, visibility, ref changes } = *entry;
        let summary = changes.as_ref().map(FieldChanges::summary);
        let summary = summary.or_else(|| (revision == 1).then(|| "Created".to_owned()));
        Self { revision, updated_at, updated_by, name, visibility, changes: changes.as_ref(), summary }
    }
}
