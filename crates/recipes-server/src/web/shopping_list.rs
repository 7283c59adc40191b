//! The shopping list, for a phone in a shop: each item is one large button.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};
use ids::{RecipeId, ShoppingItemId};
use recipes::time::parse_date;

use super::form::{PageForm, Problems};
use super::frame::{Frame, page_with_status, see_other};
use super::languages::Text;
use super::plan::servings;
use super::visitor::Member;
use crate::api::nested::{line, problem};
use crate::api::path::PathId;
use crate::api::shopping_list::TEXT;
use crate::app::App;
use crate::http::error::{Report, RequestError};
use crate::http::query::Query;
use crate::use_cases::planning::{AddToList, Added, ChangeShoppingItem, ShoppingItem};

#[derive(Template)]
#[template(path = "shopping_list.html")]
struct ShoppingListPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    p: Problems,
    errors: Vec<String>,
    open: Vec<OpenItem>,
    ticked: Vec<ShoppingItem>,
    /// What was typed.
    item: &'a str,
    /// What the list has already: the fields of a form that adds it once more.
    repeated: Vec<(&'static str, String)>,
}

struct OpenItem {
    item: ShoppingItem,
    /// The item before it, which the page shows after this one is ticked.
    before: Option<ShoppingItemId>,
}

pub(super) async fn read(State(app): State<App>, member: Member, uri: Uri) -> Result<Response, Report> {
    Query::parse(&uri, &["done"])?;
    show_page(&app, &member, Shown::default()).await
}

/// What the page shows after a form.
#[derive(Default)]
struct Shown<'a> {
    problems: Problems,
    item: &'a str,
    repeated: Vec<(&'static str, String)>,
}

async fn show_page(app: &App, member: &Member, shown: Shown<'_>) -> Result<Response, Report> {
    let Shown { problems: p, item, repeated } = shown;
    let items = app.planning().shopping_list(member.user.id).await?;
    let (open, ticked): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item.ticked_at.is_none());
    let mut before = None;
    let open = open.into_iter().map(|item| {
        let before = before.replace(item.id);
        OpenItem { item, before }
    });
    let open = open.collect();
    let (f, t) = (&member.frame, member.frame.text());
    let page = ShoppingListPage { f, t, errors: p.elsewhere(&[]), p, open, ticked, item, repeated };
    page_with_status(page.p.status, &page)
}

/// Adds an item, a recipe or days of the plan, or removes the ticked items.
pub(super) async fn add(State(app): State<App>, member: Member, form: PageForm) -> Result<Response, Report> {
    let adding = async {
        form.check_token(&app, Some(member.session))?;
        if !form.get("clear").is_empty() {
            app.planning().clear_list(true, member.actor).await?;
            return Ok(Some("deleted"));
        }
        let new = added(&app, &form)?;
        let added = app.planning().add_to_list(new, member.actor, None).await?;
        Ok::<_, Report>((added == Added::Now).then_some("listed"))
    };
    match adding.await {
        Ok(None) => {
            let fields = ["recipe", "servings", "from", "to"].into_iter();
            let sent = fields.map(|name| (name, form.get(name).to_owned()));
            let repeated = sent.filter(|(_, value)| !value.is_empty()).collect();
            show_page(&app, &member, Shown { repeated, ..Shown::default() }).await
        }
        Ok(Some(done)) => see_other(&format!("/shopping-list?done={done}")),
        Err(report) => {
            let problems = Problems::of(report, member.frame.text())?;
            let item = form.get("item");
            show_page(&app, &member, Shown { problems, item, ..Shown::default() }).await
        }
    }
}

fn added(app: &App, form: &PageForm) -> Result<AddToList, Report> {
    let invalid = |field: &str, why: String| {
        Report::from(RequestError::Invalid(vec![problem(format!("/{field}"), why)]))
    };
    let again = !form.get("again").is_empty();
    if !form.get("recipe").is_empty() {
        let id = RecipeId::parse(form.get("recipe"))
            .ok_or_else(|| invalid("recipe", "must be the id of a recipe".to_owned()))?;
        let servings = servings(form).map_err(|why| invalid("servings", why))?;
        return Ok(AddToList { recipes: vec![(id, servings)], again, ..AddToList::default() });
    }
    if !form.get("from").is_empty() {
        let first = parse_date(form.get("from")).map_err(|why| invalid("from", why.to_owned()))?;
        let last = parse_date(form.get("to")).ok();
        let days = app.planning().days(Some(first), last).map_err(|why| invalid("to", why))?;
        return Ok(AddToList { plan: Some(days), again, ..AddToList::default() });
    }
    let text = line(form.get("item"), TEXT).map_err(|why| invalid("item", why))?;
    if text.is_empty() {
        return Err(invalid("item", "is required".to_owned()));
    }
    Ok(AddToList { items: vec![text], ..AddToList::default() })
}

/// Ticks an item, takes the tick away, or removes the item.
pub(super) async fn change(
    State(app): State<App>,
    member: Member,
    PathId(id): PathId<ShoppingItemId>,
    form: PageForm,
) -> Result<Response, Report> {
    let changing = async {
        form.check_token(&app, Some(member.session))?;
        if !form.get("remove").is_empty() {
            app.planning().remove_item(id, member.actor).await?;
            return Ok(());
        }
        let ticked = Some(form.get("ticked") == "true");
        let change = ChangeShoppingItem { id, text: None, ticked, version: form.get("version").parse().ok() };
        Ok::<_, Report>(app.planning().change_item(change, member.actor).await?)
    };
    match changing.await {
        Ok(()) => match ShoppingItemId::parse(form.get("before")) {
            Some(before) => see_other(&format!("/shopping-list#i-{before}")),
            None => see_other("/shopping-list"),
        },
        // Another user has removed it.
        Err(report) if report.status() == StatusCode::NOT_FOUND => see_other("/shopping-list"),
        Err(report) => {
            let problems = Problems::of(report, member.frame.text())?;
            show_page(&app, &member, Shown { problems, ..Shown::default() }).await
        }
    }
}
