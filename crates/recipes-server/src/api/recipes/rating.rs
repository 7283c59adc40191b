//! The stars that users give to recipes.

use axum::response::Response;
use http::StatusCode;
use ids::RecipeId;
use recipes::Stars;
use serde_json::json;

use crate::api::documented_errors::{
    Malformed, NotAcceptable, RatingNotFound, RecipeNotFound, TooManyRatings, UnacceptableBody, Unauthorized,
    Unavailable, WithoutRecipesRead, WithoutRecipesWrite,
};
use crate::api::parameters::RecipeInPath;
use crate::api::path::PathId;
use crate::api::responses::data;
use crate::app::App;
use crate::auth::requirements::{Member, MemberReader};
use crate::http::body::{Body, ParseFields, fields::Fields};
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::NoQuery;
use crate::use_cases::recipes::RecipeError;

/// Reads your rating of a recipe. The average of all users is in the recipe itself.
#[utoipa::path(
    get, path = "/api/v1/recipes/{id}/rating", tag = "recipes", operation_id = "readRating",
    params(RecipeInPath),
    security(("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "Your rating", body = ref("#/components/schemas/StarsEnvelope")),
        Malformed, Unauthorized, WithoutRecipesRead, RatingNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn read(
    JsonApi(app): JsonApi<App>,
    MemberReader { viewer, user }: MemberReader,
    PathId(id): PathId<RecipeId>,
    _: NoQuery,
) -> Result<Response, Report> {
    app.recipes().read(id, viewer).await?;
    let stars = app.recipes().rating_of(user, id).await?.ok_or(RecipeError::NoRating)?;
    Ok(data(&json!({ "rating": stars.get() })))
}

/// Rates a recipe with one to five stars, in place of your former rating. The recipe gets no new revision.
#[utoipa::path(
    put, path = "/api/v1/recipes/{id}/rating", tag = "recipes", operation_id = "rateRecipe",
    params(RecipeInPath),
    request_body(content = ref("#/components/schemas/Stars"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "Rated, on disk"),
        Malformed, Unauthorized, WithoutRecipesWrite, RecipeNotFound, TooManyRatings, UnacceptableBody, NotAcceptable,
        Unavailable,
    )
)]
pub async fn rate(
    JsonApi(app): JsonApi<App>,
    Member(actor): Member,
    PathId(id): PathId<RecipeId>,
    Body(stars): Body<Stars>,
) -> Result<StatusCode, Report> {
    app.recipes().rate(id, stars, actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes your rating of a recipe. Doing it again changes nothing.
#[utoipa::path(
    delete, path = "/api/v1/recipes/{id}/rating", tag = "recipes", operation_id = "removeRating",
    params(RecipeInPath),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "You have no rating of the recipe"),
        Malformed, Unauthorized, WithoutRecipesWrite, RecipeNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn remove(
    JsonApi(app): JsonApi<App>,
    Member(actor): Member,
    PathId(id): PathId<RecipeId>,
) -> Result<StatusCode, Report> {
    app.recipes().remove_rating(id, actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl ParseFields for Stars {
    const FIELDS: &'static [&'static str] = &["rating"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        fields.whole_number("rating", Stars::new, "must be a whole number from 1 to 5")
    }
}
