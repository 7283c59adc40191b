//! Search and filters of recipes, counts for filters, and suggestions while a user types.

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, Uri, header};
use ids::UserId;
use recipes::limits::MINUTES;
use search::{Direction, Facet, Order, SortKey, TIME_RANGES, TagFilter};
use serde_json::{Value, json};
use store::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};

use super::hit_stream::HitStream;
use super::response::REVALIDATE;
use super::view::{PARAMETERS, View};
use crate::api::documented_errors::{
    Malformed, NotAcceptable, Unauthorized, Unavailable, WithoutRecipesRead,
};
use crate::api::json_array::JsonArray;
use crate::api::list::DATA;
use crate::api::parameters::{SearchQuery, SuggestQuery};
use crate::app::App;
use crate::auth::requirements::RecipeReader;
use crate::http::cursor::Cursor;
use crate::http::error::{Report, RequestError};
use crate::http::json_api::JsonApi;
use crate::http::query::{self, Count, Query};
use crate::use_cases::recipes::{PageWanted, RecipeQuery};

const PATH: &str = "/api/v1/recipes";

/// The parameters that select recipes.
pub(crate) const FILTERS: [&str; 20] = [
    "q",
    "label",
    "excludeLabel",
    "ingredient",
    "excludeIngredient",
    "keyword",
    "cuisine",
    "category",
    "author",
    "language",
    "maxTotalMinutes",
    "maxPrepMinutes",
    "maxCookMinutes",
    "difficulty",
    "owner",
    "visibility",
    "favourite",
    "updatedSince",
    "createdSince",
    "sort",
];

/// Those that may be given several times: all of their values must hold.
pub(crate) const REPEATABLE: [&str; 8] = [
    "label",
    "excludeLabel",
    "ingredient",
    "excludeIngredient",
    "keyword",
    "cuisine",
    "category",
    "language",
];

/// Whether a request for the list has a parameter that only a search knows. Unknown ones are reported by the search.
pub(super) fn is_search(uri: &Uri) -> bool {
    let names = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    names.into_iter().any(|(name, _)| !matches!(&*name, "limit" | "cursor" | "view" | "fields" | "_"))
}

/// The page of a search.
pub(super) async fn page(
    app: App,
    reader: RecipeReader,
    uri: &Uri,
    count: Count,
) -> Result<Response, Report> {
    let known = [&["limit", "cursor"], &FILTERS[..], &PARAMETERS].concat();
    let query = Query::parse_repeatable(uri, &known, &REPEATABLE)?;
    let view = View::parse(&query)?;
    let filters = query.canonical(&[&FILTERS[..], &PARAMETERS].concat());
    let limit = query.get("limit").map_or(Some(DEFAULT_PAGE_SIZE), |text| text.parse().ok());
    let limit = limit.filter(|limit| (1..=MAX_PAGE_SIZE).contains(limit)).ok_or_else(|| {
        RequestError::Malformed(format!("limit must be a whole number from 1 to {MAX_PAGE_SIZE}").into())
    })?;
    let after = query.get("cursor").map(|text| Cursor::decode(text, &filters)).transpose();
    let after = after.map_err(|error| RequestError::Malformed(error.to_string().into()))?;
    let wanted = PageWanted {
        order: order(&query)?,
        limit: usize::from(limit),
        after,
        with_total: count == Count::Exact,
    };
    let viewer = reader.viewer;
    let found = app.recipes().search(recipe_query(&query, reader.user)?, viewer, wanted).await?;

    let cursor = found.hits.next.map(|next| Cursor::new(next, &filters).encode());
    let mut tail = Vec::new();
    let mut member = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            tail.extend_from_slice(format!(",\"{name}\":{value}").as_bytes());
        }
    };
    member("nextCursor", cursor.as_deref().map(Value::from));
    member("totalCount", found.total.map(Value::from));
    member("didYouMean", found.did_you_mean.map(Value::from));
    member("stale", found.is_stale.then_some(Value::Bool(true)));
    tail.push(b'}');

    let data = JsonArray::after(DATA);
    let document = HitStream { app, viewer, view, ids: found.hits.ids, data, tail };
    let mut response = Response::new(document.into_body());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, REVALIDATE);
    if let Some(cursor) = cursor {
        let link = format!("<{PATH}?{filters}&limit={limit}&cursor={cursor}>; rel=\"next\"");
        headers.insert(header::LINK, HeaderValue::try_from(link).map_err(Report::internal)?);
    }
    if found.total.is_some() {
        query::set_count_applied(headers);
    }
    Ok(response)
}

/// Counts the recipes of a search by label, cuisine, category, keyword and time.
#[utoipa::path(
    get, path = "/api/v1/recipes/facets", tag = "recipes", operation_id = "countRecipes",
    params(SearchQuery),
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "How many recipes there are of each kind", body = ref("#/components/schemas/Facets")),
        Malformed, Unauthorized, WithoutRecipesRead, NotAcceptable, Unavailable,
    )
)]
pub async fn facets(JsonApi(app): JsonApi<App>, reader: RecipeReader, uri: Uri) -> Result<Response, Report> {
    let query = Query::parse_repeatable(&uri, &FILTERS, &REPEATABLE)?;
    // Counts have no order, but the parameters of a list can be sent as they are.
    order(&query)?;
    let (facets, is_stale) = app.recipes().facets(recipe_query(&query, reader.user)?, reader.viewer).await?;
    let shown = |facets: Vec<Facet>| -> Vec<Value> {
        let show = |facet: Facet| json!({ "value": facet.slug, "text": facet.text, "count": facet.count });
        facets.into_iter().map(show).collect()
    };
    let times = facets.total_time.iter().enumerate().map(|(range, count)| {
        let from = range.checked_sub(1).and_then(|before| TIME_RANGES.get(before)).map(|minutes| minutes + 1);
        json!({ "fromMinutes": from.unwrap_or(0), "toMinutes": TIME_RANGES.get(range), "count": count })
    });
    let mut body = json!({ "data": {
        "total": facets.total,
        "labels": shown(facets.labels),
        "cuisine": shown(facets.cuisine),
        "category": shown(facets.category),
        "keywords": shown(facets.keywords),
        "totalTimeMinutes": times.collect::<Vec<_>>(),
        "withoutTime": facets.without_time,
    }});
    if is_stale {
        body["stale"] = Value::Bool(true);
    }
    Ok(revalidated(body))
}

/// Completes what a user types: names of recipes, and words of ingredients.
#[utoipa::path(
    get, path = "/api/v1/recipes/suggest", tag = "recipes", operation_id = "suggestRecipes",
    params(SuggestQuery),
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "At most ten names and ten words", body = ref("#/components/schemas/Suggestions")),
        Malformed, Unauthorized, WithoutRecipesRead, NotAcceptable, Unavailable,
    )
)]
pub async fn suggest(JsonApi(app): JsonApi<App>, reader: RecipeReader, uri: Uri) -> Result<Response, Report> {
    let query = Query::parse(&uri, &["q"])?;
    let text = query.get("q").unwrap_or_default().to_owned();
    let found = app.recipes().suggest(text, reader.viewer).await?;
    let mut recipes = Vec::new();
    let mut ids = &found.recipes[..];
    // Large recipes come in several parts.
    while !ids.is_empty() {
        let (page, looked_up) = app.recipes().read_all(ids, reader.viewer).await?;
        for (id, document) in page.iter() {
            let Named { name } = serde_json::from_slice(document).map_err(Report::internal)?;
            recipes.push(json!({ "id": id, "name": name }));
        }
        ids = ids.get(looked_up.max(1)..).unwrap_or_default();
    }
    Ok(revalidated(json!({ "data": { "recipes": recipes, "ingredients": found.ingredients } })))
}

#[derive(serde::Deserialize)]
struct Named {
    name: String,
}

pub(super) fn revalidated(body: Value) -> Response {
    ([(header::CACHE_CONTROL, REVALIDATE)], Json(body)).into_response()
}

pub(crate) fn recipe_query(query: &Query<'_>, user: Option<UserId>) -> Result<RecipeQuery, RequestError> {
    let tags =
        |required: &str, excluded: &str| TagFilter::parse(query.get_all(required), query.get_all(excluded));
    let words = |name: &str| query.get_all(name).map(str::to_owned).collect();
    let filter = search::Filter {
        labels: tags("label", "excludeLabel"),
        keywords: tags("keyword", ""),
        cuisine: tags("cuisine", ""),
        category: tags("category", ""),
        language: tags("language", ""),
        ingredients: words("ingredient"),
        without_ingredients: words("excludeIngredient"),
        author: query.get("author").map(str::to_owned),
        max_total_minutes: minutes(query, "maxTotalMinutes")?,
        max_preparation_minutes: minutes(query, "maxPrepMinutes")?,
        max_cooking_minutes: minutes(query, "maxCookMinutes")?,
        difficulty: difficulty(query)?,
        owner: owner(query, user)?,
        visibility: match query.get("visibility") {
            None => None,
            Some("public") => Some(recipes::Visibility::Public),
            Some("members") => Some(recipes::Visibility::Members),
            Some("private") => Some(recipes::Visibility::Private),
            Some(_) => return Err(malformed("visibility must be \"public\", \"members\" or \"private\"")),
        },
        updated_since: query.time("updatedSince")?,
        created_since: query.time("createdSince")?,
        among: None,
    };
    let favourites_of = match (query.get("favourite"), user) {
        (None, _) => None,
        (Some("true"), Some(user)) => Some(user),
        (Some("true"), None) => return Err(malformed("favourite=true needs a log-in: send an access token")),
        (Some(_), _) => return Err(malformed("favourite must be \"true\"; leave it out for all recipes")),
    };
    Ok(RecipeQuery { text: query.get("q").unwrap_or_default().to_owned(), filter, favourites_of })
}

fn parsed<T: std::str::FromStr>(
    query: &Query<'_>,
    name: &str,
    expected: &str,
) -> Result<Option<T>, RequestError> {
    let parse = |text: &str| text.parse().map_err(|_| malformed(&format!("{name} must be {expected}")));
    query.get(name).map(parse).transpose()
}

fn minutes(query: &Query<'_>, name: &str) -> Result<Option<u32>, RequestError> {
    let expected = "a whole number of minutes from 0 to 525600";
    match parsed(query, name, expected)? {
        Some(minutes) if !MINUTES.contains(&minutes) => Err(malformed(&format!("{name} must be {expected}"))),
        minutes => Ok(minutes),
    }
}

fn difficulty(query: &Query<'_>) -> Result<Option<u8>, RequestError> {
    let expected = "a whole number from 1 to 5";
    let difficulty = parsed(query, "difficulty", expected)?;
    match difficulty {
        Some(0 | 6..) => Err(malformed(&format!("difficulty must be {expected}"))),
        difficulty => Ok(difficulty),
    }
}

fn owner(query: &Query<'_>, user: Option<UserId>) -> Result<Option<UserId>, RequestError> {
    match (query.get("owner"), user) {
        (None, _) => Ok(None),
        (Some("me"), Some(user)) => Ok(Some(user)),
        (Some("me"), None) => {
            Err(malformed("owner=me needs a log-in: send an access token, or the id of a user"))
        }
        (Some(text), _) => {
            UserId::parse(text).map(Some).ok_or_else(|| malformed("owner must be \"me\" or the id of a user"))
        }
    }
}

const ORDERS: &str = "relevance, id, name, createdAt, updatedAt, totalTimeMinutes or rating, each with - before it for the reverse";

/// By relevance if there is a text, else by id.
pub(crate) fn order(query: &Query<'_>) -> Result<Order, RequestError> {
    let Some(text) = query.get("sort") else {
        let has_text = query.get("q").is_some_and(|text| !text.trim().is_empty());
        return Ok(if has_text { Order::Relevance } else { Order::By(SortKey::Id, Direction::Ascending) });
    };
    let (key, direction) = match text.strip_prefix('-') {
        Some(key) => (key, Direction::Descending),
        None => (text, Direction::Ascending),
    };
    let key = match key {
        "relevance" if direction == Direction::Ascending => return Ok(Order::Relevance),
        "id" => SortKey::Id,
        "name" => SortKey::Name,
        "createdAt" => SortKey::CreatedAt,
        "updatedAt" => SortKey::UpdatedAt,
        "totalTimeMinutes" => SortKey::TotalTime,
        "rating" => SortKey::Rating,
        _ => return Err(malformed(&format!("sort must be {ORDERS}"))),
    };
    Ok(Order::By(key, direction))
}

fn malformed(message: &str) -> RequestError {
    RequestError::Malformed(message.to_owned().into())
}
