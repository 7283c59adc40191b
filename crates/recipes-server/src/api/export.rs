//! All data about a user, as one JSON file.

use accounts::LanguageTag;
use axum::{BoxError, body::Body, response::Response};
use futures_util::stream;
use http::{HeaderValue, header};
use ids::{RecipeId, UserId};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{json, value::RawValue};
use store::{BinKey, Cooked, Favourite, PlanEntry, SharedByUser, StoredRecipe, UserRating};

use super::{
    admin::{audit::EntryView, invitations::InvitationView},
    api_tokens::ApiTokenView,
    applications::ApplicationView,
    documented_errors::{Malformed, NotAcceptable, Unauthorized, Unavailable, WithoutScope},
    household::household_json,
    json_array::JsonArray,
    me::Profile,
    plan::export_json,
    recipes::cooked::CookedView,
    responses::NO_STORE,
    sessions::SessionView,
    shopping_list::item_json,
};
use crate::app::App;
use crate::auth::requirements::AccountOwner;
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::NoQuery;
use crate::use_cases::accounts::Export;
use crate::use_cases::planning::{Household, ShoppingItem};

/// Exports all data that this service stores about you.
#[utoipa::path(
    get, path = "/api/v1/users/me/export", tag = "users", operation_id = "exportMe",
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "Account, sessions, API tokens, applications, favourites, ratings, cooked recipes, share links, meal plan, shopping list, invitations, recipes with their history and the bin, and the events of the account and of your own actions", body = ref("#/components/schemas/Export"),
            headers(("content-disposition" = String, description = "A name for the file"))),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, Unavailable,
    )
)]
pub async fn read(JsonApi(app): JsonApi<App>, me: AccountOwner, _: NoQuery) -> Result<Response, Report> {
    let personal = Personal {
        favourites: app.recipes().favourites(me.user.id).await?,
        ratings: app.recipes().ratings(me.user.id).await?,
        cooked: app.recipes().cooked(me.user.id, None).await?,
        shares: app.recipes().shares_of(me.user.id).await?,
        household: app.planning().household(me.user.id).await?,
        plan: app.planning().whole_plan(me.user.id).await?,
        shopping_list: app.planning().shopping_list(me.user.id).await?,
    };
    let head = head(&app.accounts().export(me.user.id).await?, &personal, &me)?;
    let owner = me.user.id;
    let start = Part::Events { array: JsonArray::after(head), before: None };
    let chunks = stream::try_unfold(start, move |part| next_chunk(app.clone(), owner, part));
    let mut response = Response::new(Body::from_stream(chunks));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"my-recipes-account.json\""),
    );
    Ok(response)
}

/// What comes next. The events and recipes of one user can be too many for the memory of one request.
enum Part {
    Events { array: JsonArray, before: Option<i64> },
    Recipes { array: JsonArray, after: Option<RecipeId> },
    FormerRevisions { array: JsonArray, after: Option<(RecipeId, i64)> },
    Bin { array: JsonArray, after: Option<BinKey> },
    End,
}

/// What the user keeps about recipes, also of other users.
struct Personal {
    favourites: Vec<Favourite>,
    ratings: Vec<UserRating>,
    cooked: Vec<Cooked>,
    shares: Vec<SharedByUser>,
    household: Household,
    plan: Vec<PlanEntry>,
    shopping_list: Vec<ShoppingItem>,
}

/// The document up to its events.
fn head(export: &Export, personal: &Personal, me: &AccountOwner) -> Result<Vec<u8>, Report> {
    let Export { at, language, sessions, api_tokens, applications, invitations } = export;
    let current = me.actor.session;
    let favourites: Vec<_> = personal
        .favourites
        .iter()
        .map(|it| json!({ "recipeId": it.recipe, "addedAt": it.added_at }))
        .collect();
    let ratings: Vec<_> = personal
        .ratings
        .iter()
        .map(|it| json!({ "recipeId": it.recipe, "rating": it.stars.get(), "ratedAt": it.rated_at }))
        .collect();
    let shares: Vec<_> = personal
        .shares
        .iter()
        .map(|SharedByUser { recipe, share }| {
            json!({
                "recipeId": recipe, "id": share.id, "createdAt": share.created_at, "expiresAt": share.expires_at,
            })
        })
        .collect();
    let head = json!({
        "exportedAt": at,
        "account": Profile::of(&me.user),
        "language": language.as_ref().map(LanguageTag::as_str),
        "sessions": sessions.iter().map(|session| SessionView::of(session, current)).collect::<Vec<_>>(),
        "apiTokens": api_tokens.iter().map(ApiTokenView::of).collect::<Vec<_>>(),
        "applications": applications.iter().map(ApplicationView::of).collect::<Vec<_>>(),
        "favourites": favourites,
        "ratings": ratings,
        "cooked": personal.cooked.iter().map(CookedView::of).collect::<Vec<_>>(),
        "shares": shares,
        "household": household_json(&personal.household),
        "plan": personal.plan.iter().map(export_json).collect::<Vec<_>>(),
        "shoppingList": personal.shopping_list.iter().map(item_json).collect::<Vec<_>>(),
        "invitations": invitations.iter().map(InvitationView::for_creator).collect::<Vec<_>>(),
    });
    let mut head = serde_json::to_vec(&head).map_err(Report::internal)?;
    head.pop();
    head.extend_from_slice(b",\"events\":");
    Ok(head)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BinnedExport {
    deleted_at: Timestamp,
    recipe: Box<RawValue>,
}

fn json_of(recipe: &StoredRecipe) -> Vec<u8> {
    let mut json = Vec::with_capacity(recipe.json_len());
    recipe.write_json(&mut json);
    json
}

async fn next_chunk(app: App, owner: UserId, part: Part) -> Result<Option<(Vec<u8>, Part)>, BoxError> {
    Ok(Some(match part {
        Part::Events { mut array, before } => {
            let events = app.accounts().events_for_export(owner, before).await?;
            for event in events.rows {
                array.push(&EntryView::of(event))?;
            }
            if events.next.is_some() {
                (array.take_written(), Part::Events { array, before: events.next })
            } else {
                let mut json = array.close();
                json.extend_from_slice(b",\"recipes\":");
                (json, Part::Recipes { array: JsonArray::after(Vec::new()), after: None })
            }
        }
        Part::Recipes { mut array, after } => {
            let recipes = app.recipes().list_of_owner(owner, after).await?;
            recipes.rows.iter().for_each(|(_, json)| array.push_json(json));
            if recipes.next.is_some() {
                (array.take_written(), Part::Recipes { array, after: recipes.next })
            } else {
                let mut json = array.close();
                json.extend_from_slice(b",\"formerRevisions\":");
                (json, Part::FormerRevisions { array: JsonArray::after(Vec::new()), after: None })
            }
        }
        Part::FormerRevisions { mut array, after } => {
            let revisions = app.recipes().former_revisions_of(owner, after).await?;
            for revision in &revisions {
                array.push_json(&json_of(revision));
            }
            if let Some(last) = revisions.last() {
                (array.take_written(), Part::FormerRevisions { array, after: Some((last.id, last.revision)) })
            } else {
                let mut json = array.close();
                json.extend_from_slice(b",\"bin\":");
                (json, Part::Bin { array: JsonArray::after(Vec::new()), after: None })
            }
        }
        Part::Bin { mut array, after } => {
            let bin = app.recipes().bin_of(owner, after).await?;
            for (binned, recipe) in &bin.rows {
                let recipe: Box<RawValue> = serde_json::from_slice(&json_of(recipe))?;
                array.push(&BinnedExport { deleted_at: binned.deleted_at, recipe })?;
            }
            if bin.next.is_some() {
                (array.take_written(), Part::Bin { array, after: bin.next })
            } else {
                let mut json = array.close();
                json.push(b'}');
                (json, Part::End)
            }
        }
        Part::End => return Ok(None),
    }))
}
