//! The shopping list of the caller's household: `/api/v1/shopping-list`.

use axum::response::Response;
use http::{StatusCode, Uri};
use ids::{RecipeId, ShoppingItemId};
use recipes::{FieldError, Scalars};
use serde_json::{Map, Value, json};

use super::documented_errors::{
    ItemChanged, ItemNotFound, Malformed, NotAcceptable, TooManyItems, UnacceptableBody, Unauthorized,
    Unavailable, WithoutRecipesRead, WithoutRecipesWrite,
};
use super::nested::{Nested, Problems, is_blank, line, problem};
use super::once::once;
use super::parameters::{IdempotencyKeyHeader, TickedQuery, UuidInPath};
use super::path::PathId;
use super::responses::data;
use crate::app::App;
use crate::auth::requirements::{Member, MemberReader};
use crate::http::body::{Body, Parse, ParseFields, fields::Fields};
use crate::http::error::{Report, RequestError};
use crate::http::json_api::JsonApi;
use crate::http::query::{NoQuery, Query};
use crate::http::repeatable::{Answer, RepeatableBody};
use crate::use_cases::planning::{AddToList, Added, ChangeShoppingItem, Servings, ShoppingItem};

/// The longest item, in characters.
pub(crate) const TEXT: usize = 500;

/// Recipes that one request adds at most.
const RECIPES: usize = 50;

/// Items that one request adds at most.
const ITEMS: usize = 200;

/// Lists what to buy, with the ticked items at the end.
#[utoipa::path(
    get, path = "/api/v1/shopping-list", tag = "planning", operation_id = "getShoppingList",
    security(("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "The items", body = ref("#/components/schemas/ShoppingList")),
        Malformed, Unauthorized, WithoutRecipesRead, NotAcceptable, Unavailable,
    )
)]
pub async fn read(
    JsonApi(app): JsonApi<App>,
    MemberReader { user, .. }: MemberReader,
    _: NoQuery,
) -> Result<Response, Report> {
    let items = app.planning().shopping_list(user).await?;
    Ok(data(&items.iter().map(item_json).collect::<Vec<_>>()))
}

/// Adds the ingredients of recipes, those of the plan, or items of your own.
///
/// Equal foods are added up where their units allow, also with items that are not ticked. A recipe for the same servings, and a meal
/// of the plan, are added once as long as one of their items is in the list, ticked or not: a repeated request changes nothing. `again`
/// adds them once more. Items of your own are always added.
#[utoipa::path(
    post, path = "/api/v1/shopping-list", tag = "planning", operation_id = "addToShoppingList",
    params(IdempotencyKeyHeader),
    request_body(content = ref("#/components/schemas/NewShoppingItems"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "Added, on disk, or in the list already"),
        Malformed, Unauthorized, WithoutRecipesWrite, TooManyItems, UnacceptableBody, NotAcceptable, Unavailable,
    )
)]
pub async fn add(
    JsonApi(app): JsonApi<App>,
    Member(actor): Member,
    RepeatableBody(key, new): RepeatableBody<NewShoppingItems>,
) -> Result<Response, Report> {
    let NewShoppingItems { recipes, days, items, again } = new;
    let plan = match days {
        None => None,
        Some((first, last)) => {
            let days = app.planning().days(Some(first), last);
            Some(days.map_err(|why| RequestError::Invalid(vec![problem("/plan".to_owned(), why)]))?)
        }
    };
    let add = |once| app.planning().add_to_list(AddToList { recipes, plan, items, again }, actor, once);
    once(&app, actor, key, |_: &Added| Ok(Answer::no_content()), add).await
}

/// Removes all items, or the ticked ones.
#[utoipa::path(
    delete, path = "/api/v1/shopping-list", tag = "planning", operation_id = "clearShoppingList",
    params(TickedQuery),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "Removed, on disk"),
        Malformed, Unauthorized, WithoutRecipesWrite, NotAcceptable, Unavailable,
    )
)]
pub async fn clear(
    JsonApi(app): JsonApi<App>,
    Member(actor): Member,
    uri: Uri,
) -> Result<StatusCode, Report> {
    let only_ticked = match Query::parse(&uri, &["ticked"])?.get("ticked") {
        None => false,
        Some("true") => true,
        Some(_) => return Err(RequestError::Malformed("ticked must be true".into()).into()),
    };
    app.planning().clear_list(only_ticked, actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ticks an item off, or changes its text.
///
/// With `version`, the item is changed only if its text still has this version.
#[utoipa::path(
    patch, path = "/api/v1/shopping-list/{id}", tag = "planning", operation_id = "changeShoppingItem",
    params(UuidInPath),
    request_body(content = ref("#/components/schemas/ShoppingItemChange"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "Changed, on disk"),
        Malformed, Unauthorized, WithoutRecipesWrite, ItemNotFound, ItemChanged, UnacceptableBody, NotAcceptable,
        Unavailable,
    )
)]
pub async fn change(
    JsonApi(app): JsonApi<App>,
    Member(actor): Member,
    PathId(id): PathId<ShoppingItemId>,
    Body(ItemChange { text, ticked, version }): Body<ItemChange>,
) -> Result<StatusCode, Report> {
    app.planning().change_item(ChangeShoppingItem { id, text, ticked, version }, actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes an item.
#[utoipa::path(
    delete, path = "/api/v1/shopping-list/{id}", tag = "planning", operation_id = "removeShoppingItem",
    params(UuidInPath),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "Removed, on disk"),
        Malformed, Unauthorized, WithoutRecipesWrite, ItemNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn remove(
    JsonApi(app): JsonApi<App>,
    Member(actor): Member,
    PathId(id): PathId<ShoppingItemId>,
) -> Result<StatusCode, Report> {
    app.planning().remove_item(id, actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn item_json(item: &ShoppingItem) -> Value {
    let mut json = json!({
        "id": item.id, "text": item.text, "version": item.version, "ticked": item.ticked_at.is_some()
    });
    if let Some(at) = item.ticked_at {
        json["tickedAt"] = json!(at);
    }
    json
}

/// What the body adds.
pub struct NewShoppingItems {
    recipes: Vec<(RecipeId, Option<Servings>)>,
    days: Option<(jiff::civil::Date, Option<jiff::civil::Date>)>,
    items: Vec<String>,
    again: bool,
}

/// A change of one item, as the body states it.
pub struct ItemChange {
    text: Option<String>,
    ticked: Option<bool>,
    version: Option<i64>,
}

impl Parse for NewShoppingItems {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        crate::http::body::fields::unknown(fields, &["recipes", "plan", "items", "again"])
    }

    fn parse(fields: &Map<String, Value>, encoding: Scalars) -> Result<Self, Vec<FieldError>> {
        let (body, mut problems) = (Nested::body(fields, encoding), Problems::new());
        let mut recipes = Vec::new();
        for recipe in body.objects("recipes", RECIPES, &mut problems) {
            let before = problems.len();
            let id = recipe.recipe("recipeId", &mut problems);
            if id.is_none() && problems.len() == before {
                problems.push(problem(recipe.at("recipeId"), "is required"));
            }
            let servings = recipe.servings("servings", &mut problems);
            recipes.extend(id.map(|id| (id, servings)));
        }
        let days = match fields.get("plan") {
            None => None,
            Some(plan) if is_blank(plan) => None,
            Some(Value::Object(plan)) => {
                let plan = Nested::body(plan, encoding);
                let mut of_plan = Problems::new();
                let (first, last) = (plan.date("from", &mut of_plan), plan.date("to", &mut of_plan));
                if first.is_none() && of_plan.is_empty() {
                    of_plan.push(problem("/from".to_owned(), "is required"));
                }
                let inside = of_plan.into_iter();
                problems.extend(inside.map(|it| problem(format!("/plan{}", it.pointer), it.message)));
                first.map(|first| (first, last))
            }
            Some(_) => {
                problems.push(problem("/plan".to_owned(), "must be an object"));
                None
            }
        };
        let items = body.texts("items", (ITEMS, TEXT), &mut problems);
        let mut scalars = Fields::of(fields, encoding);
        let again = scalars.flag("again").unwrap_or_default();
        problems.extend(scalars.finish(Some(())).err().into_iter().flatten());
        if problems.is_empty() && recipes.is_empty() && days.is_none() && items.is_empty() {
            problems.push(problem("/items".to_owned(), "is required, or recipes, or a plan"));
        }
        if problems.is_empty() { Ok(Self { recipes, days, items, again }) } else { Err(problems) }
    }
}

impl ParseFields for ItemChange {
    const FIELDS: &'static [&'static str] = &["text", "ticked", "version"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let text = fields.optional("text", |text| match line(text, TEXT) {
            Ok(text) if text.is_empty() => Err("must not be empty".to_owned()),
            line => line,
        });
        let ticked = fields.flag("ticked");
        let version = match fields.get("version") {
            None | Some(Value::Null) => None,
            Some(Value::Number(number)) if number.is_i64() => number.as_i64(),
            Some(Value::String(text)) => {
                text.trim().parse().ok().or_else(|| fields.invalid("version", "must be a whole number"))
            }
            Some(_) => fields.invalid("version", "must be a whole number"),
        };
        Some(Self { text, ticked, version })
    }
}
