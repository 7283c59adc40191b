//! Recipes: every client reads the public ones, users create their own, owners change theirs.

pub mod address;
pub mod bin;
pub mod bulk;
pub mod changes;
mod collection;
pub mod cooked;
pub mod favourite;
pub mod health_labels;
mod hit_stream;
pub mod images;
pub mod import;
mod page_stream;
pub mod rating;
pub mod response;
pub mod revisions;
mod scaled;
pub mod search;
pub mod shares;
mod view;

use axum::{extract::State, response::Response};
use http::{HeaderValue, StatusCode, Uri, header};
use ids::RecipeId;
use recipes::{Draft, FieldError, RecipePatch, Scalars};
use serde_json::{Map, Value};

use self::address::RecipeAddress;
use self::collection::CollectionFormat;
use self::page_stream::PageStream;
use self::response::{REVALIDATE, RecipeResponse};
use self::scaled::ViewRequest;
use self::view::View;
use super::{
    documented_errors::{
        Forbidden, Malformed, NotAcceptable, PreconditionFailed, PreconditionRequired, QuotaExceeded,
        RecipeNotFound, UnacceptableBody, Unauthorized, Unavailable, WithoutRecipesRead, WithoutRecipesWrite,
    },
    json_array::JsonArray,
    list::{DATA, ListRequest},
    parameters::{
        IdempotencyKeyHeader, IfMatch, IfNoneMatch, PageQuery, RecipeInPath, RecipeViewQuery, SearchQuery,
        ViewQuery,
    },
    path::PathId,
};
use crate::app::App;
use crate::auth::requirements::{RecipeEditor, RecipeReader};
use crate::http::body::{Body, Parse};
use crate::http::conditional::{self, Conditions};
use crate::http::error::{Report, RequestError};
use crate::http::idempotency_key::IdempotencyKey;
use crate::http::json_api::JsonApi;
use crate::http::negotiation::{JSON, ZIP};
use crate::http::query::Count;
use crate::use_cases::recipes::{Precondition, Writer};

/// The recipes of a user with their pictures, as the archive that `GET /api/v1/recipes?owner=me` sends as `application/zip`.
///
/// # Errors
/// As that request.
pub async fn own_archive(app: &App, reader: RecipeReader) -> Result<Response, Report> {
    let uri = Uri::from_static("/api/v1/recipes?owner=me");
    collection::respond(app, reader, &uri, &ZIP).await
}

/// Lists recipes in pages: all in the order of their ids, or those that a search finds. Or sends all of them as one document.
///
/// With `Accept: application/x-ndjson`, `application/ld+json` or `application/zip` all recipes that the filters select are sent at
/// once, as they are at one moment, in the order of their ids, and without pages. `view` and `fields` are for NDJSON only.
#[utoipa::path(
    get, path = "/api/v1/recipes", tag = "recipes", operation_id = "listRecipes",
    params(PageQuery, ViewQuery, SearchQuery),
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "A page of recipes, or all of them", content(
            (ref("#/components/schemas/RecipePage") = "application/json"),
            (ref("#/components/schemas/TextDocument") = "application/x-ndjson"),
            (ref("#/components/schemas/JsonLdCollection") = "application/ld+json"),
            (ref("#/components/schemas/TextDocument") = "application/zip"),
        ), headers(
            ("link" = String, description = "The address of the next page (`rel=\"next\"`), if there is one"))),
        Malformed, Unauthorized, WithoutRecipesRead, NotAcceptable, Unavailable,
    )
)]
pub async fn list(
    State(app): State<App>,
    CollectionFormat(representation): CollectionFormat,
    reader: RecipeReader,
    uri: Uri,
    count: Count,
) -> Result<Response, Report> {
    if *representation != JSON {
        return collection::respond(&app, reader, &uri, representation).await;
    }
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
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// Reads one recipe, perhaps for other servings or in other units.
///
/// It is also sent as JSON-LD, Markdown, plain text and Cooklang: by `Accept`, or with `.jsonld`, `.md`, `.txt` or `.cook`
/// behind the id.
#[utoipa::path(
    get, path = "/api/v1/recipes/{id}", tag = "recipes", operation_id = "readRecipe",
    params(RecipeInPath, RecipeViewQuery, IfNoneMatch),
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "The recipe", content(
            (ref("#/components/schemas/RecipeView") = "application/json"),
            (ref("#/components/schemas/JsonLdRecipe") = "application/ld+json"),
            (ref("#/components/schemas/TextDocument") = "text/markdown"),
            (ref("#/components/schemas/TextDocument") = "text/plain"),
            (ref("#/components/schemas/TextDocument") = "text/x-cooklang"),
        ), headers(
            ("etag" = String, description = "The revision, the rating and the representation, for If-None-Match; that of the \
                JSON without parameters also for If-Match, which only looks at the revision"),
            ("last-modified" = String, description = "The end of the second in which it was last changed or rated, for \
                If-Modified-Since and If-Unmodified-Since. Left out for two seconds after that"))),
        (status = 304, description = "You have the current revision and rating"),
        Malformed, Unauthorized, WithoutRecipesRead, RecipeNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn read(
    State(app): State<App>,
    RecipeAddress { id, representation }: RecipeAddress,
    RecipeReader { viewer, .. }: RecipeReader,
    uri: Uri,
    conditions: Conditions,
) -> Result<Response, Report> {
    let view = ViewRequest::parse(&uri, representation)?;
    let response = if *representation == JSON && view.is_plain() {
        app.recipe_responses().read(app.recipes(), id, viewer).await?
    } else {
        let mut shown = app.recipes().view(id, viewer, view.view).await?;
        // Programs keep other documents without the address that they come from.
        if let Some(url) = app.public_url().filter(|_| *representation != JSON) {
            shown.recipe.images = shown.recipe.images.with_base(url.as_str());
        }
        view.respond(shown, representation)?
    };
    Ok(response.for_conditions(&conditions, app.accounts().now()))
}

/// Creates a recipe. The caller becomes its owner.
///
/// With an `Idempotency-Key` the request can be repeated for 24 hours: it creates one recipe, and each repetition gets the first answer
/// with `Idempotency-Replayed: true`, also at the same time and on another server.
#[utoipa::path(
    post, path = "/api/v1/recipes", tag = "recipes", operation_id = "createRecipe",
    params(IdempotencyKeyHeader),
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
    IdempotencyKey(key): IdempotencyKey,
    Body(draft): Body<Draft>,
) -> Result<Response, Report> {
    let (recipe, is_replay) = match key {
        None => (app.recipes().create(writer, &draft).await?, false),
        Some(key) => app.recipes().create_once(writer, &draft, &key).await?,
    };
    let mut response = RecipeResponse::of(&recipe).with_status(StatusCode::CREATED);
    let location = format!("/api/v1/recipes/{}", recipe.id);
    let location = HeaderValue::try_from(location).map_err(Report::internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    if is_replay {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
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
        Malformed, Unauthorized, Forbidden, RecipeNotFound, PreconditionFailed, PreconditionRequired,
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
    let precondition = precondition(&app, &conditions, id)?;
    let recipe = app.recipes().replace(writer, id, draft, precondition).await?;
    Ok(RecipeResponse::of(&recipe).with_status(StatusCode::OK))
}

/// Changes some fields of a recipe with a JSON merge patch (RFC 7396). An API token needs `recipes:read` as well.
#[utoipa::path(
    patch, path = "/api/v1/recipes/{id}", tag = "recipes", operation_id = "changeRecipe",
    params(RecipeInPath, IfMatch),
    request_body(content(
        (ref("#/components/schemas/RecipePatch") = "application/merge-patch+json"),
        (ref("#/components/schemas/RecipePatch") = "application/json"),
    )),
    security(("bearer" = ["recipes:write", "recipes:read"])),
    responses(
        (status = 200, description = "Changed, on disk", body = ref("#/components/schemas/RecipeEnvelope"), headers(
            ("etag" = String, description = "The new revision"))),
        Malformed, Unauthorized, Forbidden, RecipeNotFound, PreconditionFailed, PreconditionRequired,
        UnacceptableBody, QuotaExceeded, NotAcceptable, Unavailable,
    )
)]
pub async fn change(
    JsonApi(app): JsonApi<App>,
    RecipeEditor(writer): RecipeEditor,
    PathId(id): PathId<RecipeId>,
    conditions: Conditions,
    Body(patch): Body<RecipePatch>,
) -> Result<Response, Report> {
    let precondition = precondition(&app, &conditions, id)?;
    let recipe = app.recipes().patch(writer, id, patch, precondition).await?;
    Ok(RecipeResponse::of(&recipe).with_status(StatusCode::OK))
}

/// Deletes a recipe. It can be restored from the bin for some days (`BIN_DAYS`). Its id is never given to another one.
#[utoipa::path(
    delete, path = "/api/v1/recipes/{id}", tag = "recipes", operation_id = "deleteRecipe",
    params(RecipeInPath, IfMatch),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "Deleted, on disk"),
        Malformed, Unauthorized, Forbidden, RecipeNotFound, PreconditionFailed, PreconditionRequired,
        NotAcceptable, Unavailable,
    )
)]
pub async fn delete(
    JsonApi(app): JsonApi<App>,
    writer: Writer,
    PathId(id): PathId<RecipeId>,
    conditions: Conditions,
) -> Result<StatusCode, Report> {
    let precondition = precondition(&app, &conditions, id)?;
    app.recipes().delete(writer, id, precondition).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a change demands of the recipe.
fn precondition(app: &App, conditions: &Conditions, id: RecipeId) -> Result<Precondition, RequestError> {
    if app.recipes().requires_if_match() && !conditions.has_precondition() {
        return Err(RequestError::PreconditionRequired);
    }
    conditional::precondition(conditions, id)
}

impl Parse for RecipePatch {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        RecipePatch::unknown_fields(fields)
    }

    fn parse(fields: &Map<String, Value>, encoding: Scalars) -> Result<Self, Vec<FieldError>> {
        RecipePatch::parse(fields, encoding)
    }
}

impl Parse for Draft {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        Draft::unknown_fields(fields)
    }

    fn parse(fields: &Map<String, Value>, encoding: Scalars) -> Result<Self, Vec<FieldError>> {
        Draft::parse(fields, encoding)
    }
}
