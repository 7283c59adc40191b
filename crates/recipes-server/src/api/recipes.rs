//! Recipes: every client reads the public ones, users create their own, owners change theirs.

pub mod bulk;
mod hit_stream;
mod page_stream;
pub mod response;
pub mod search;
mod view;

use axum::response::Response;
use http::{HeaderValue, StatusCode, Uri, header};
use ids::RecipeId;
use recipes::{Draft, FieldError, Scalars};
use serde_json::{Map, Value};

use self::page_stream::PageStream;
use self::response::{REVALIDATE, RecipeResponse};
use self::view::View;
use super::{
    documented_errors::{
        Forbidden, Malformed, NotAcceptable, PreconditionFailed, QuotaExceeded, RecipeNotFound,
        UnacceptableBody, Unauthorized, Unavailable, WithoutRecipesRead, WithoutRecipesWrite,
    },
    json_array::JsonArray,
    list::{DATA, ListRequest},
    parameters::{IfMatch, IfNoneMatch, PageQuery, RecipeInPath, SearchQuery, ViewQuery},
    path::PathId,
};
use crate::app::App;
use crate::auth::requirements::RecipeReader;
use crate::http::body::{Body, Parse};
use crate::http::conditional::{self, Conditions};
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::Count;
use crate::use_cases::recipes::Writer;

/// Lists recipes in pages: all in the order of their ids, or those that a search finds.
#[utoipa::path(
    get, path = "/api/v1/recipes", tag = "recipes", operation_id = "listRecipes",
    params(PageQuery, ViewQuery, SearchQuery),
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "A page of recipes", body = ref("#/components/schemas/RecipePage"), headers(
            ("link" = String, description = "The address of the next page (`rel=\"next\"`), if there is one"))),
        Malformed, Unauthorized, WithoutRecipesRead, NotAcceptable, Unavailable,
    )
)]
pub async fn list(
    JsonApi(app): JsonApi<App>,
    reader: RecipeReader,
    uri: Uri,
    count: Count,
) -> Result<Response, Report> {
    if search::is_search(&uri) {
        return search::page(app, reader, &uri, count).await;
    }
    let viewer = reader.viewer;
    let request = ListRequest::parse("/api/v1/recipes", &uri, &view::PARAMETERS)?;
    let (page, view) = (request.page, View::parse(&request.query)?);
    let total = count.of(app.recipes().count(viewer)).await?;
    let (data, rest, next) = if view.is_full() {
        let recipes = app.recipes().list(page, viewer, JsonArray::after(DATA).take_written()).await?;
        let rest = recipes.next.and_then(|last| page.rest(recipes.rows.len(), last));
        let mut json = recipes.rows.into_json();
        if json.capacity() > 2 * json.len() {
            // The client may take its time to read the response.
            json.shrink_to_fit();
        }
        (JsonArray::open_in(json), rest, recipes.next)
    } else {
        (JsonArray::after(DATA), Some(page), None)
    };
    let mut response = if let Some(rest) = rest {
        // Its end is in a header, before all its rows are read.
        let end = app.recipes().end_of_page(rest, viewer).await?;
        let next = end.and_then(|end| end.next);
        let (last, tail) = (end.map(|end| end.last), request.tail(next, total));
        let document = PageStream { app, viewer, view, rest, last, data, tail };
        request.respond_with(document.into_body(), next, total)?
    } else {
        request.finish(data, next, total)?
    };
    response.headers_mut().insert(header::CACHE_CONTROL, REVALIDATE);
    Ok(response)
}

/// Reads one recipe.
#[utoipa::path(
    get, path = "/api/v1/recipes/{id}", tag = "recipes", operation_id = "readRecipe",
    params(RecipeInPath, IfNoneMatch),
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "The recipe", body = ref("#/components/schemas/RecipeEnvelope"), headers(
            ("etag" = String, description = "The revision, for If-None-Match and If-Match"),
            ("last-modified" = String, description = "When it was last changed"))),
        (status = 304, description = "You have the current revision"),
        Malformed, Unauthorized, WithoutRecipesRead, RecipeNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn read(
    JsonApi(app): JsonApi<App>,
    PathId(id): PathId<RecipeId>,
    RecipeReader { viewer, .. }: RecipeReader,
    conditions: Conditions,
) -> Result<Response, Report> {
    let response = app.recipe_responses().read(app.recipes(), id, viewer).await?;
    Ok(response.for_conditions(&conditions))
}

/// Creates a recipe. The caller becomes its owner.
#[utoipa::path(
    post, path = "/api/v1/recipes", tag = "recipes", operation_id = "createRecipe",
    request_body(content = ref("#/components/schemas/RecipeDraft"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 201, description = "Created, on disk", body = ref("#/components/schemas/RecipeEnvelope"), headers(
            ("location" = String, description = "The address of the recipe"),
            ("etag" = String, description = "The revision"))),
        Malformed, Unauthorized, WithoutRecipesWrite, UnacceptableBody, QuotaExceeded, NotAcceptable, Unavailable,
    )
)]
pub async fn create(
    JsonApi(app): JsonApi<App>,
    writer: Writer,
    Body(draft): Body<Draft>,
) -> Result<Response, Report> {
    let recipe = app.recipes().create(writer, &draft).await?;
    let mut response = RecipeResponse::of(&recipe).with_status(StatusCode::CREATED);
    let location = format!("/api/v1/recipes/{}", recipe.id);
    let location = HeaderValue::try_from(location).map_err(Report::internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// Replaces a recipe as a whole. Fields that the body does not contain are removed.
#[utoipa::path(
    put, path = "/api/v1/recipes/{id}", tag = "recipes", operation_id = "replaceRecipe",
    params(RecipeInPath, IfMatch),
    request_body(content = ref("#/components/schemas/RecipeDraft"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 200, description = "Replaced, on disk", body = ref("#/components/schemas/RecipeEnvelope"), headers(
            ("etag" = String, description = "The new revision"))),
        Malformed, Unauthorized, Forbidden, RecipeNotFound, PreconditionFailed,
        UnacceptableBody, QuotaExceeded, NotAcceptable, Unavailable,
    )
)]
pub async fn replace(
    JsonApi(app): JsonApi<App>,
    writer: Writer,
    PathId(id): PathId<RecipeId>,
    conditions: Conditions,
    Body(draft): Body<Draft>,
) -> Result<Response, Report> {
    let precondition = conditional::precondition(&conditions, id)?;
    let recipe = app.recipes().replace(writer, id, draft, precondition).await?;
    Ok(RecipeResponse::of(&recipe).with_status(StatusCode::OK))
}

/// Deletes a recipe. Its id is never used again.
#[utoipa::path(
    delete, path = "/api/v1/recipes/{id}", tag = "recipes", operation_id = "deleteRecipe",
    params(RecipeInPath, IfMatch),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "Deleted, on disk"),
        Malformed, Unauthorized, Forbidden, RecipeNotFound, PreconditionFailed, NotAcceptable, Unavailable,
    )
)]
pub async fn delete(
    JsonApi(app): JsonApi<App>,
    writer: Writer,
    PathId(id): PathId<RecipeId>,
    conditions: Conditions,
) -> Result<StatusCode, Report> {
    let precondition = conditional::precondition(&conditions, id)?;
    app.recipes().delete(writer, id, precondition).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Parse for Draft {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        Draft::unknown_fields(fields)
    }

    fn parse(fields: &Map<String, Value>, encoding: Scalars) -> Result<Self, Vec<FieldError>> {
        Draft::parse(fields, encoding)
    }
}
