//! The recipes that users keep for themselves.

use http::StatusCode;
use ids::RecipeId;

use crate::api::documented_errors::{
    Malformed, NotAcceptable, RecipeNotFound, TooManyFavourites, Unauthorized, Unavailable,
    WithoutRecipesWrite,
};
use crate::api::parameters::RecipeInPath;
use crate::api::path::PathId;
use crate::app::App;
use crate::auth::requirements::Member;
use crate::http::error::Report;
use crate::http::json_api::JsonApi;

/// Adds a recipe to your favourites. Doing it again changes nothing.
#[utoipa::path(
    put, path = "/api/v1/recipes/{id}/favourite", tag = "recipes", operation_id = "addFavourite",
    params(RecipeInPath),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "The recipe is one of your favourites"),
        Malformed, Unauthorized, WithoutRecipesWrite, RecipeNotFound, TooManyFavourites, NotAcceptable, Unavailable,
    )
)]
pub async fn add(
    JsonApi(app): JsonApi<App>,
    Member(actor): Member,
    PathId(id): PathId<RecipeId>,
) -> Result<StatusCode, Report> {
    app.recipes().add_favourite(id, actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a recipe from your favourites. Doing it again changes nothing.
#[utoipa::path(
    delete, path = "/api/v1/recipes/{id}/favourite", tag = "recipes", operation_id = "removeFavourite",
    params(RecipeInPath),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "The recipe is none of your favourites"),
        Malformed, Unauthorized, WithoutRecipesWrite, RecipeNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn remove(
    JsonApi(app): JsonApi<App>,
    Member(actor): Member,
    PathId(id): PathId<RecipeId>,
) -> Result<StatusCode, Report> {
    app.recipes().remove_favourite(id, actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
