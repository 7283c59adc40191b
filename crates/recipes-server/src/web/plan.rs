//! The meal plan, a week a page.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::Uri;
use ids::{PlanEntryId, RecipeId};
use jiff::ToSpan as _;
use jiff::civil::Date;
use recipes::time::parse_date;

use super::form::{PageForm, Problems};
use super::frame::{Frame, page_with_status, see_other};
use super::languages::{Text, fill};
use super::visitor::Member;
use crate::api::nested::{line, problem};
use crate::api::path::PathId;
use crate::api::plan::NOTE;
use crate::app::App;
use crate::http::error::{Report, RequestError};
use crate::http::query::Query;
use crate::use_cases::planning::{Days, Meal, MealRecipe, NewMeal, PLANNED_DAYS, Servings};

#[derive(Template)]
#[template(path = "plan.html")]
struct PlanPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    p: Problems,
    /// The errors of the form.
    errors: Vec<String>,
    first: Date,
    last: Date,
    previous: Option<Date>,
    next: Option<Date>,
    days: Vec<DayView>,
    /// What was typed.
    note: &'a str,
    date: Date,
}

struct DayView {
    date: Date,
    weekday: &'static str,
    is_today: bool,
    meals: Vec<MealView>,
}

struct MealView {
    id: PlanEntryId,
    /// Where to read the recipe.
    recipe: Option<RecipeId>,
    title: String,
    /// The recipe cannot be read.
    is_gone: bool,
    is_binned: bool,
    servings: Option<String>,
    note: Option<String>,
}

impl MealView {
    fn of(meal: Meal, t: &Text) -> Self {
        let Meal { id, recipe, servings, note, .. } = meal;
        let servings = servings.map(|servings| fill(t.for_servings, servings));
        let gone = |title: &str| (title.to_owned(), true);
        let is_binned = matches!(recipe, MealRecipe::Binned { .. });
        let (recipe, (title, is_gone), note) = match recipe {
            MealRecipe::Readable { id, name } => (Some(id), (name, false), note),
            MealRecipe::Binned { name, .. } => (None, (name, false), note),
            MealRecipe::Hidden(_) => (None, gone(t.hidden_recipe), note),
            MealRecipe::Deleted => (None, gone(t.deleted_recipe), note),
            MealRecipe::None => (None, (note.unwrap_or_default(), false), None),
        };
        Self { id, recipe, title, is_gone, is_binned, servings, note }
    }
}

pub(super) async fn read(State(app): State<App>, member: Member, uri: Uri) -> Result<Response, Report> {
    let query = Query::parse(&uri, &["from", "done"])?;
    show_page(&app, &member, query.date("from")?, Shown::default()).await
}

/// What the page shows after a form.
#[derive(Default)]
struct Shown<'a> {
    problems: Problems,
    sent: Option<&'a PageForm>,
}

async fn show_page(
    app: &App,
    member: &Member,
    first: Option<Date>,
    shown: Shown<'_>,
) -> Result<Response, Report> {
    let (t, today) = (member.frame.text(), app.planning().today());
    let days = app.planning().days(first, None).map_err(|why| RequestError::Malformed(why.into()))?;
    let Days { first, last } = days;
    let mut meals = app.planning().plan(member.user.id, member.viewer(), days).await?;
    let mut of_day = |date: Date| {
        let (of_day, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut meals).into_iter().partition(|meal| meal.date == date);
        meals = others;
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
        DayView {
            date,
            weekday: t.weekdays.split(' ').nth(weekday).unwrap_or_default(),
            is_today: date == today,
            meals: of_day.into_iter().map(|meal| MealView::of(meal, t)).collect(),
        }
    };
    let dates = first.series(1.day()).take_while(|date| *date <= last);
    let days = dates.map(&mut of_day).collect();
    let reach = PLANNED_DAYS.days();
    let turned = |date: Date| {
        let is_near = date <= today.saturating_add(reach) && date >= today.saturating_sub(reach);
        is_near.then_some(date)
    };
    let page = PlanPage {
        f: &member.frame,
        t,
        errors: shown.problems.elsewhere(&[]),
        p: shown.problems,
        first,
        last,
        previous: turned(first.saturating_sub(7.days())),
        next: turned(first.saturating_add(7.days())),
        days,
        note: shown.sent.map_or("", |sent| sent.get("note")),
        date: if (first..=last).contains(&today) { today } else { first },
    };
    page_with_status(page.p.status, &page)
}

/// Adds a recipe or a note to a day.
pub(super) async fn add(State(app): State<App>, member: Member, form: PageForm) -> Result<Response, Report> {
    let date = parse_date(form.get("date").trim());
    let adding = async {
        form.check_token(&app, Some(member.session))?;
        let invalid = |field: &str, why: String| {
            Report::from(RequestError::Invalid(vec![problem(format!("/{field}"), why)]))
        };
        let date = date.map_err(|why| invalid("date", why.to_owned()))?;
        let recipe = match form.get("recipe") {
            "" => None,
            id => Some(
                RecipeId::parse(id)
                    .ok_or_else(|| invalid("recipe", "must be the id of a recipe".to_owned()))?,
            ),
        };
        let servings = servings(&form).map_err(|why| invalid("servings", why))?.filter(|_| recipe.is_some());
        let note = line(form.get("note"), NOTE).map_err(|why| invalid("note", why))?;
        let note = Some(note).filter(|note| !note.is_empty());
        if recipe.is_none() && note.is_none() {
            return Err(invalid("note", "is required".to_owned()));
        }
        app.planning().add(date, NewMeal { recipe, servings, note }, member.actor, None).await?;
        Ok::<_, Report>(date)
    };
    match adding.await {
        Ok(date) => see_other(&format!("/plan?from={}&done=planned", week_of(&app, date))),
        Err(report) => {
            let problems = Problems::of(report, member.frame.text())?;
            show_page(&app, &member, date.ok(), Shown { problems, sent: Some(&form) }).await
        }
    }
}

/// The first day of the page that shows this day: of today's if it is on that.
fn week_of(app: &App, date: Date) -> Date {
    let today = app.planning().today();
    if (today..=today.saturating_add(6.days())).contains(&date) { today } else { date }
}

/// # Errors
/// The error of the field.
pub(super) fn servings(form: &PageForm) -> Result<Option<Servings>, String> {
    let text = form.get("servings").trim().replace(',', ".");
    if text.is_empty() {
        return Ok(None);
    }
    let message = format!("must be a number above 0 and at most {}", Servings::MAX);
    Servings::parse(&text).map(Some).ok_or(message)
}

pub(super) async fn remove(
    State(app): State<App>,
    member: Member,
    PathId(id): PathId<PlanEntryId>,
    form: PageForm,
) -> Result<Response, Report> {
    form.check_token(&app, Some(member.session))?;
    app.planning().remove(id, member.actor).await?;
    let first = parse_date(form.get("from")).unwrap_or_else(|_| app.planning().today());
    see_other(&format!("/plan?from={first}&done=deleted"))
}
