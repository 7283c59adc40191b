//! The bin of deleted recipes.

use axum::response::Response;
use http::{StatusCode, Uri};
use ids::{RecipeId, UserId};
use jiff::Timestamp;
use recipes::Visibility;
use serde::Serialize;
use store::BinnedRecipe;

use super::response::RecipeResponse;
use crate::api::documented_errors::{
    BinnedNotFound, CommunalBinned, Malformed, NotAcceptable, QuotaExceeded, UidTaken, Unauthorized,
    Unavailable, WithoutBin, WithoutRecipesWrite,
};
use crate::api::list::ListRequest;
use crate::api::parameters::{PageQuery, RecipeInPath};
use crate::api::path::PathId;
use crate::app::App;
use crate::auth::requirements::{BinReader, RecipeEditor};
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::use_cases::recipes::{Recipes, Writer};

/// Lists the deleted recipes that you can restore, in pages, the newest deletion first: your own and, unless the operator
/// leaves those to administrators, those without an owner. For administrators all.
#[utoipa::path(
    get, path = "/api/v1/recipes/bin", tag = "recipes", operation_id = "listBin",
    params(PageQuery),
    security(("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "A page of the bin", body = ref("#/components/schemas/BinPage"), headers(
            ("link" = String, description = "The address of the next page (`rel=\"next\"`), if there is one"))),
        Malformed, Unauthorized, WithoutBin, NotAcceptable, Unavailable,
    )
)]
pub async fn list(
    JsonApi(app): JsonApi<App>,
    BinReader(viewer): BinReader,
    uri: Uri,
) -> Result<Response, Report> {
    let request = ListRequest::parse("/api/v1/recipes/bin", &uri, &[])?;
    let found = app.recipes().bin(request.page, viewer).await?;
    request.respond(found.rows.iter().map(|binned| BinnedView::of(binned, app.recipes())), found.next, None)
}

/// Takes a recipe out of the bin. It is as it was, with its id, its history, and what users keep about it. An API token needs
/// `recipes:read` as well.
#[utoipa::path(
    post, path = "/api/v1/recipes/bin/{id}/restore", tag = "recipes", operation_id = "restoreRecipe",
    params(RecipeInPath),
    security(("bearer" = ["recipes:write", "recipes:read"])),
    responses(
        (status = 200, description = "Restored, on disk", body = ref("#/components/schemas/RecipeEnvelope"), headers(
            ("etag" = String, description = "The revision, which is the one before the deletion"))),
        Malformed, Unauthorized, WithoutRecipesWrite, BinnedNotFound, UidTaken, QuotaExceeded, NotAcceptable, Unavailable,
    )
)]
pub async fn restore(
    JsonApi(app): JsonApi<App>,
    RecipeEditor(writer): RecipeEditor,
    PathId(id): PathId<RecipeId>,
) -> Result<Response, Report> {
    let recipe = app.recipes().restore_binned(writer, id).await?;
    Ok(RecipeResponse::of(&recipe).with_status(StatusCode::OK))
}

/// Deletes a recipe in the bin and its history for good. Only administrators do that with recipes without an owner.
#[utoipa::path(
    delete, path = "/api/v1/recipes/bin/{id}", tag = "recipes", operation_id = "deleteRecipeForGood",
    params(RecipeInPath),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "Deleted, on disk"),
        Malformed, Unauthorized, CommunalBinned, BinnedNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn delete(
    JsonApi(app): JsonApi<App>,
    writer: Writer,
    PathId(id): PathId<RecipeId>,
) -> Result<StatusCode, Report> {
    app.recipes().delete_binned(writer, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BinnedView<'a> {
    id: RecipeId,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_id: Option<UserId>,
    visibility: Visibility,
    deleted_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_by: Option<UserId>,
    kept_until: Timestamp,
}

impl<'a> BinnedView<'a> {
    fn of(binned: &'a BinnedRecipe, recipes: &Recipes) -> Self {
        let BinnedRecipe { id, ref name, owner, visibility, deleted_at, deleted_by } = *binned;
        let kept_until = recipes.leaves_bin_at(deleted_at);
        Self { id, name, owner_id: owner, visibility, deleted_at, deleted_by, kept_until }
    }
}
