//! Recipes: anybody reads them, whoever is signed in writes them, their owner changes them.

mod answer;

use crate::http::cursor::Cursor;
use axum::{extract::State, response::Response};
use http::{HeaderValue, StatusCode, Uri, header};
use ids::{RecipeId, Uid};
use recipes::{Draft, Encoding, Problem};
use serde_json::{Map, Value};
use store::{Edit, NewRecipe, Page, Viewer};
use tower_passport::{Auth, Scoped};

pub use self::answer::RecipeAnswer;
use super::{
    answers::{
        Forbidden, Malformed, NotAcceptable, PreconditionFailed, RecipeNotFound, UnacceptableBody,
        Unauthorized, Unavailable, WithoutRecipesRead, WithoutRecipesWrite,
    },
    pages,
    parameters::{IfMatch, IfNoneMatch, PageQuery, RecipeInPath},
    path::InPath,
};
use crate::app::App;
use crate::auth::caller::{Guard, WriteRecipes, viewer};
use crate::http::body::{Body, Parse};
use crate::http::conditional::{self, Conditions, ETag};
use crate::http::error::ApiError;
use crate::http::query::{self, Count, Query};

/// Lists recipes in the order of their ids, a page at a time.
#[utoipa::path(
    get, path = "/api/v1/recipes", tag = "recipes", operation_id = "listRecipes",
    params(PageQuery),
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "A page of recipes", body = ref("#/components/schemas/RecipePage"), headers(
            ("link" = String, description = "Where the next page is (`rel=\"next\"`), if there is one"))),
        Malformed, Unauthorized, WithoutRecipesRead, NotAcceptable, Unavailable,
    )
)]
pub async fn list(
    State(app): State<App>,
    caller: Option<Auth<Guard>>,
    uri: Uri,
    count: Count,
) -> Result<Response, ApiError> {
    let query = Query::parse(&uri, &["limit", "cursor"])?;
    let page = page(&query)?;
    let viewer = viewer(caller.as_ref())?;
    let listing = app.store.recipes(&page, viewer, b"{\"data\":".to_vec()).await?;
    let mut body = listing.json;
    let next = listing.next.map(|last| Cursor::new(last, FILTERS).encode());
    if let Some(next) = &next {
        // A cursor is base64url: nothing in it needs escaping.
        body.extend_from_slice(format!(",\"nextCursor\":\"{next}\"").as_bytes());
    }
    let total = count.of(app.store.count_recipes(viewer)).await?;
    if let Some(total) = total {
        body.extend_from_slice(format!(",\"totalCount\":{total}").as_bytes());
    }
    body.push(b'}');

    let mut response = answer::json(StatusCode::OK, body);
    if let Some(next) = next {
        let link = format!("</api/v1/recipes?limit={}&cursor={next}>; rel=\"next\"", page.limit());
        let link = HeaderValue::try_from(link).map_err(ApiError::internal)?;
        response.headers_mut().insert(header::LINK, link);
    }
    if total.is_some() {
        query::set_count_applied(response.headers_mut());
    }
    Ok(response)
}

/// What a cursor is good for: this list has no filters yet, and a cursor of one that has will not fit.
const FILTERS: &str = "recipes";

fn page(query: &Query<'_>) -> Result<Page<RecipeId>, ApiError> {
    let malformed = |message: String| ApiError::Malformed(message.into());
    let limit = pages::limit(query)?;
    let after = query.get("cursor").map(|text| Cursor::decode(text, FILTERS)).transpose();
    let after = after.map_err(|error| malformed(error.to_string()))?;
    Page::new(after, limit).ok_or_else(|| malformed("limit is out of range".to_owned()))
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
        (status = 304, description = "You have it already"),
        Malformed, Unauthorized, WithoutRecipesRead, RecipeNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn read(
    State(app): State<App>,
    InPath(id): InPath<RecipeId>,
    caller: Option<Auth<Guard>>,
    conditions: Conditions,
) -> Result<Response, ApiError> {
    let viewer = viewer(caller.as_ref())?;
    let mark = app.store.mark();
    if let Some(known) = app.public_recipes.get(&id, mark) {
        return Ok(known.unless_known(&conditions));
    }
    let stored = app.store.recipe(id, viewer).await?.ok_or(ApiError::RecipeNotFound)?;
    let answer = RecipeAnswer::of(&stored);
    // What anybody may see is the same for everybody.
    if viewer == Viewer::Anyone && answer.is_worth_keeping() {
        app.public_recipes.put(id, &answer, mark);
    }
    Ok(answer.unless_known(&conditions))
}

/// Adds a recipe; whoever sends it owns it.
#[utoipa::path(
    post, path = "/api/v1/recipes", tag = "recipes", operation_id = "createRecipe",
    request_body(content = ref("#/components/schemas/RecipeDraft"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 201, description = "Stored, on disk", body = ref("#/components/schemas/RecipeEnvelope"), headers(
            ("location" = String, description = "Where the recipe is from now on"),
            ("etag" = String, description = "Its revision"))),
        Malformed, Unauthorized, WithoutRecipesWrite, UnacceptableBody, NotAcceptable, Unavailable,
    )
)]
pub async fn create(
    State(app): State<App>,
    Scoped(caller, ..): Scoped<Guard, WriteRecipes>,
    Body(draft): Body<Draft>,
) -> Result<Response, ApiError> {
    app.accounts.may_write(&caller.user)?;
    let now = app.clock.now();
    let new = NewRecipe::of(&draft, Uid::new(now, app.entropy.bytes()), Some(caller.user.id));
    let stored = app.store.create_recipe(new, now).await?;
    let mut response = RecipeAnswer::of(&stored).whole(StatusCode::CREATED);
    let location =
        HeaderValue::try_from(format!("/api/v1/recipes/{}", stored.id)).map_err(ApiError::internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// Replaces a recipe as a whole; fields that are not sent are unset.
#[utoipa::path(
    put, path = "/api/v1/recipes/{id}", tag = "recipes", operation_id = "replaceRecipe",
    params(RecipeInPath, IfMatch),
    request_body(content = ref("#/components/schemas/RecipeDraft"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 200, description = "Replaced, on disk", body = ref("#/components/schemas/RecipeEnvelope"), headers(
            ("etag" = String, description = "The new revision"))),
        Malformed, Unauthorized, Forbidden, RecipeNotFound, PreconditionFailed,
        UnacceptableBody, NotAcceptable, Unavailable,
    )
)]
pub async fn replace(
    State(app): State<App>,
    Scoped(caller, ..): Scoped<Guard, WriteRecipes>,
    InPath(id): InPath<RecipeId>,
    conditions: Conditions,
    Body(draft): Body<Draft>,
) -> Result<Response, ApiError> {
    app.accounts.may_write(&caller.user)?;
    let precondition = conditional::precondition(&conditions, id);
    let now = app.clock.now();
    let edit = app.store.replace_recipe(id, caller.editor(), &draft, precondition, now).await?;
    Ok(RecipeAnswer::of(&done(edit, id)?).whole(StatusCode::OK))
}

/// Deletes a recipe; its id is never used again.
#[utoipa::path(
    delete, path = "/api/v1/recipes/{id}", tag = "recipes", operation_id = "deleteRecipe",
    params(RecipeInPath, IfMatch),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "Gone, on disk"),
        Malformed, Unauthorized, Forbidden, RecipeNotFound, PreconditionFailed, NotAcceptable, Unavailable,
    )
)]
pub async fn delete(
    State(app): State<App>,
    Scoped(caller, ..): Scoped<Guard, WriteRecipes>,
    InPath(id): InPath<RecipeId>,
    conditions: Conditions,
) -> Result<StatusCode, ApiError> {
    app.accounts.may_write(&caller.user)?;
    let precondition = conditional::precondition(&conditions, id);
    let edit = app.store.delete_recipe(id, caller.editor(), precondition).await?;
    done(edit, id).map(|()| StatusCode::NO_CONTENT)
}

impl Parse for Draft {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<String> {
        Draft::unknown_fields(fields)
    }

    fn parse(fields: &Map<String, Value>, encoding: Encoding) -> Result<Self, Vec<Problem>> {
        Draft::parse(fields, encoding)
    }
}

fn done<T>(edit: Edit<T>, id: RecipeId) -> Result<T, ApiError> {
    match edit {
        Edit::Done(done) => Ok(done),
        Edit::NotFound => Err(ApiError::RecipeNotFound),
        Edit::Forbidden => Err(ApiError::NotTheOwner),
        Edit::Stale { revision } => Err(ApiError::PreconditionFailed { current: ETag::json(id, revision) }),
    }
}
