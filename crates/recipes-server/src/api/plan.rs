//! The meal plan of the caller's household: `/api/v1/plan`.

use accounts::TokenDigest;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, Uri, header};
use ids::PlanEntryId;
use jiff::civil::Date;
use recipes::{FieldError, Scalars};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use store::PlanEntry;

use super::documented_errors::{
    AnswerLost, CalendarNotFound, KeyReused, Malformed, MealNotFound, NotAcceptable, TooManyMeals,
    UnacceptableBody, Unauthorized, Unavailable, WithoutRecipesRead, WithoutRecipesWrite, WithoutScope,
};
use super::nested::{Nested, Problems, problem};
use super::once::once;
use super::parameters::{DaysQuery, IdempotencyKeyHeader, UuidInPath};
use super::path::PathId;
use super::responses::{NO_STORE, data};
use crate::app::App;
use crate::auth::requirements::{AccountOwner, Member, MemberReader};
use crate::http::body::{Body, Parse};
use crate::http::error::{Report, RequestError};
use crate::http::json_api::JsonApi;
use crate::http::query::{NoQuery, Query};
use crate::http::repeatable::{Answer, Repeatable, RepeatableBody};
use crate::http::site::Site;
use crate::use_cases::planning::{
    CreatedFeed, Days, MAX_PLAN_ENTRIES_OF_DAY, Meal, MealRecipe, NewDay, NewMeal, calendar::calendar,
};

/// The longest note, in characters.
pub(crate) const NOTE: usize = 300;

/// Days that one request replaces at most.
const DAYS: usize = 62;

/// Lists the meals of some days: of the week that begins today, if nothing else is stated.
#[utoipa::path(
    get, path = "/api/v1/plan", tag = "planning", operation_id = "getPlan",
    params(DaysQuery),
    security(("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "The days in their order, each with its meals", body = ref("#/components/schemas/Plan")),
        Malformed, Unauthorized, WithoutRecipesRead, NotAcceptable, Unavailable,
    )
)]
pub async fn read(
    JsonApi(app): JsonApi<App>,
    MemberReader { viewer, user }: MemberReader,
    uri: Uri,
) -> Result<Response, Report> {
    let days = days_of(&app, &Query::parse(&uri, &["from", "to"])?)?;
    let meals = app.planning().plan(user, viewer, days).await?;
    let of_day = |date: Date| {
        let meals = meals.iter().filter(|meal| meal.date == date).map(meal_json);
        json!({ "date": date, "meals": meals.collect::<Vec<_>>() })
    };
    let dates = days.first.series(jiff::Span::new().days(1)).take_while(|date| *date <= days.last);
    Ok(data(&json!({ "days": dates.map(of_day).collect::<Vec<_>>() })))
}

/// Replaces the meals of the days that the body names. Other days stay as they are.
#[utoipa::path(
    put, path = "/api/v1/plan", tag = "planning", operation_id = "replacePlan",
    request_body(content = ref("#/components/schemas/NewPlan"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "The days are replaced, on disk"),
        Malformed, Unauthorized, WithoutRecipesWrite, TooManyMeals, UnacceptableBody, NotAcceptable, Unavailable,
    )
)]
pub async fn replace(
    JsonApi(app): JsonApi<App>,
    Member(actor): Member,
    Body(NewPlan(days)): Body<NewPlan>,
) -> Result<StatusCode, Report> {
    app.planning().replace(days, actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds a meal to a day.
#[utoipa::path(
    post, path = "/api/v1/plan/meals", tag = "planning", operation_id = "addMeal",
    params(IdempotencyKeyHeader),
    request_body(content = ref("#/components/schemas/DatedMeal"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 201, description = "Added, on disk", body = ref("#/components/schemas/MealId"), headers(
            ("location" = String, description = "The address of the meal"))),
        Malformed, Unauthorized, WithoutRecipesWrite, TooManyMeals, UnacceptableBody, NotAcceptable, Unavailable,
    )
)]
pub async fn add(
    JsonApi(app): JsonApi<App>,
    Member(actor): Member,
    RepeatableBody(key, DatedMeal(date, meal)): RepeatableBody<DatedMeal>,
) -> Result<Response, Report> {
    let answer =
        |id: &PlanEntryId| Answer::created(&format!("/api/v1/plan/meals/{id}"), &json!({ "id": id }));
    once(&app, actor, key, answer, |once| app.planning().add(date, meal, actor, once)).await
}

/// Removes a meal.
#[utoipa::path(
    delete, path = "/api/v1/plan/meals/{id}", tag = "planning", operation_id = "removeMeal",
    params(UuidInPath),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "Removed, on disk"),
        Malformed, Unauthorized, WithoutRecipesWrite, MealNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn remove(
    JsonApi(app): JsonApi<App>,
    Member(actor): Member,
    PathId(id): PathId<PlanEntryId>,
) -> Result<StatusCode, Report> {
    app.planning().remove(id, actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a secret address at which calendar programs read your plan. A former address does not work any more.
#[utoipa::path(
    post, path = "/api/v1/plan/calendar", tag = "planning", operation_id = "createCalendar",
    params(IdempotencyKeyHeader),
    security(("bearer" = ["account"])),
    responses(
        (status = 201, description = "The address, which is shown once", body = ref("#/components/schemas/CalendarAddress"),
            headers(("location" = String, description = "The address"))),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, AnswerLost, KeyReused, Unavailable,
    )
)]
pub async fn create_calendar(
    JsonApi(app): JsonApi<App>,
    me: AccountOwner,
    Site(site): Site,
    _: NoQuery,
    Repeatable(key): Repeatable,
) -> Result<Response, Report> {
    let answer = move |feed: &CreatedFeed| {
        let path = format!("/api/v1/plan/calendar.ics?key={}", feed.key.expose_secret());
        Answer::created(&path, &json!({ "url": format!("{site}{path}") }))
    };
    once(&app, me.actor, key, answer, |once| app.planning().create_feed(me.actor, once)).await
}

/// Revokes the secret address of your calendar.
#[utoipa::path(
    delete, path = "/api/v1/plan/calendar", tag = "planning", operation_id = "revokeCalendar",
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "The address does not work any more"),
        Malformed, Unauthorized, WithoutScope, CalendarNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn revoke_calendar(
    JsonApi(app): JsonApi<App>,
    me: AccountOwner,
    _: NoQuery,
) -> Result<StatusCode, Report> {
    app.planning().revoke_feed(me.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The plan as a calendar, for calendar programs: the meals from a month ago on. The key is in the query, which is not logged.
#[utoipa::path(
    get, path = "/api/v1/plan/calendar.ics", tag = "planning", operation_id = "getCalendar",
    params(("key" = String, Query, description = "The secret of the address", example = "b3BlbnNlc2FtZQ")),
    responses(
        (status = 200, description = "The meals as events of a day", content_type = "text/calendar",
            body = ref("#/components/schemas/Calendar")),
        CalendarNotFound, Unavailable,
    )
)]
pub async fn calendar_file(State(app): State<App>, Site(site): Site, uri: Uri) -> Result<Response, Report> {
    let mut query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let key = query.find(|(name, _)| name == "key").map(|(_, key)| key).unwrap_or_default();
    let (meals, now) = app.planning().feed(TokenDigest::of(key.as_bytes())).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8")),
        (header::CACHE_CONTROL, NO_STORE),
    ];
    Ok((headers, calendar(&meals, &site, now)).into_response())
}

/// The days that the query states.
fn days_of(app: &App, query: &Query<'_>) -> Result<Days, Report> {
    let days = app.planning().days(query.date("from")?, query.date("to")?);
    days.map_err(|why| RequestError::Malformed(why.into()).into())
}

fn meal_json(meal: &Meal) -> Value {
    let mut json = json!({ "id": meal.id, "available": true });
    match &meal.recipe {
        MealRecipe::None => {}
        MealRecipe::Readable { id, name } => {
            json["recipeId"] = json!(id);
            json["name"] = json!(name);
        }
        MealRecipe::Binned { id, name } => {
            json["recipeId"] = json!(id);
            json["name"] = json!(name);
            json["available"] = false.into();
        }
        MealRecipe::Hidden(id) => {
            json["recipeId"] = json!(id);
            json["available"] = false.into();
        }
        MealRecipe::Deleted => json["available"] = false.into(),
    }
    add_servings_and_note(&mut json, meal.servings.as_deref(), meal.note.as_deref());
    json
}

/// A meal for the export of an account.
pub(super) fn export_json(entry: &PlanEntry) -> Value {
    let mut json = json!({ "id": entry.id, "date": entry.day });
    if let Some(id) = entry.recipe {
        json["recipeId"] = json!(id);
    }
    add_servings_and_note(&mut json, entry.servings.as_deref(), entry.note.as_deref());
    json
}

fn add_servings_and_note(json: &mut Value, servings: Option<&str>, note: Option<&str>) {
    if let Some(servings) = servings.and_then(|text| serde_json::from_str::<serde_json::Number>(text).ok()) {
        json["servings"] = servings.into();
    }
    if let Some(note) = note {
        json["note"] = note.into();
    }
}

/// The days of a plan, as the body states them.
pub struct NewPlan(Vec<NewDay>);

/// A meal and its day.
pub struct DatedMeal(Date, NewMeal);

impl Parse for NewPlan {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        crate::http::body::fields::unknown(fields, &["days"])
    }

    fn parse(fields: &Map<String, Value>, encoding: Scalars) -> Result<Self, Vec<FieldError>> {
        let (body, mut problems) = (Nested::body(fields, encoding), Problems::new());
        let mut days: Vec<NewDay> = Vec::new();
        if fields.get("days").is_none_or(Value::is_null) {
            return Err(vec![problem("/days".to_owned(), "is required")]);
        }
        for day in body.objects("days", DAYS, &mut problems) {
            let before = problems.len();
            let date = day.date("date", &mut problems);
            if date.is_none() && problems.len() == before {
                problems.push(problem(day.at("date"), "is required"));
            }
            if date.is_some_and(|date| days.iter().any(|other| other.date == date)) {
                problems.push(problem(day.at("date"), "is there twice"));
            }
            let most = MAX_PLAN_ENTRIES_OF_DAY as usize;
            let meals = day.objects("meals", most, &mut problems);
            let meals = meals.iter().filter_map(|fields| meal(fields, &mut problems)).collect();
            days.extend(date.map(|date| NewDay { date, meals }));
        }
        if problems.is_empty() { Ok(Self(days)) } else { Err(problems) }
    }
}

impl Parse for DatedMeal {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        crate::http::body::fields::unknown(fields, &["date", "recipeId", "servings", "note"])
    }

    fn parse(fields: &Map<String, Value>, encoding: Scalars) -> Result<Self, Vec<FieldError>> {
        let (body, mut problems) = (Nested::body(fields, encoding), Problems::new());
        let date = body.date("date", &mut problems);
        if date.is_none() && problems.is_empty() {
            problems.push(problem("/date".to_owned(), "is required"));
        }
        let meal = meal(&body, &mut problems);
        match (date, meal) {
            (Some(date), Some(meal)) if problems.is_empty() => Ok(Self(date, meal)),
            _ => Err(problems),
        }
    }
}

fn meal(fields: &Nested<'_>, problems: &mut Problems) -> Option<NewMeal> {
    let before = problems.len();
    let recipe = fields.recipe("recipeId", problems);
    let servings = fields.servings("servings", problems);
    let note = fields.line("note", NOTE, problems);
    if problems.len() > before {
        return None;
    }
    if recipe.is_none() && (note.is_none() || servings.is_some()) {
        let message =
            if note.is_none() { "must have a recipeId or a note" } else { "servings need a recipeId" };
        problems.push(problem(fields.pointer().to_owned(), message));
        return None;
    }
    Some(NewMeal { recipe, servings, note })
}
