//! Hints on the allergens that a recipe may contain.

use axum::response::Response;
use http::header;
use ids::RecipeId;
use recipes::allergens::LabelHint;
use serde::Serialize;

use super::{
    documented_errors::{
        Malformed, NotAcceptable, RecipeNotFound, Unauthorized, Unavailable, WithoutRecipesRead,
    },
    parameters::RecipeInPath,
    path::PathId,
    recipes::response::REVALIDATE,
};
use crate::app::App;
use crate::auth::requirements::RecipeReader;
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::NoQuery;

/// Lists the allergens that the ingredients may contain, with the words that say so.
///
/// These are hints to check, not statements: a recipe without hints may still contain allergens. No label is set.
#[utoipa::path(
    get, path = "/api/v1/recipes/{id}/label-hints", tag = "recipes", operation_id = "readLabelHints",
    params(RecipeInPath),
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "The hints, in the order of the 14 allergens of EU Regulation 1169/2011",
            body = ref("#/components/schemas/LabelHints")),
        Malformed, Unauthorized, WithoutRecipesRead, RecipeNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn read(
    JsonApi(app): JsonApi<App>,
    PathId(id): PathId<RecipeId>,
    RecipeReader { viewer, .. }: RecipeReader,
    _: NoQuery,
) -> Result<Response, Report> {
    let hints = app.recipes().label_hints(id, viewer).await?;
    let body = serde_json::to_vec(&LabelHints { data: hints, notice: NOTICE }).map_err(Report::internal)?;
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, REVALIDATE);
    Ok(response)
}

const NOTICE: &str = "Hints from the words of the ingredients only. An allergen without a hint may still be in the dish; read \
    the labels of what you buy.";

#[derive(Serialize)]
struct LabelHints {
    data: Vec<LabelHint>,
    notice: &'static str,
}
