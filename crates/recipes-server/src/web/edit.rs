//! New recipes, changes and deletion.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use ids::RecipeId;
use recipes::{Content, Image, Recipe};

use super::editor::Editor;
use super::form::{PageForm, Problems};
use super::frame::{Frame, page_with_status, see_other};
use super::labels::{ALLERGENS, DIETS};
use super::languages::Text;
use super::recipe::{find, may_edit};
use super::visitor::{Member, Visitor};
use crate::api::path::PathId;
use crate::app::App;
use crate::http::error::{Report, RequestError};
use crate::use_cases::recipes::{Precondition, RecipeError};

#[derive(Template)]
#[template(path = "recipes/edit.html")]
struct EditPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    p: Problems,
    e: Editor,
    /// `None`: a new recipe.
    id: Option<RecipeId>,
    revision: i64,
    /// The version that another user has saved meanwhile.
    theirs: Option<&'a Content>,
    /// Whether the form shows what was typed before.
    was_sent: bool,
    is_logged_in: bool,
    /// The picture of the dish, and the number of steps that can have one.
    image: Option<Image>,
    steps: usize,
    allergens: [&'static str; ALLERGENS.len()],
    diets: [&'static str; DIETS.len()],
}

/// The fields that the form shows, so that a problem elsewhere is shown above it.
pub(super) const FIELDS: [&str; 18] = [
    "name",
    "description",
    "servings",
    "yield",
    "prepTimeMinutes",
    "cookTimeMinutes",
    "restTimeMinutes",
    "totalTimeMinutes",
    "ingredients",
    "instructions",
    "healthLabels",
    "category",
    "cuisine",
    "keywords",
    "tools",
    "source",
    "language",
    "difficulty",
];

impl EditPage<'_> {
    fn address(&self) -> String {
        self.id.map_or_else(|| "/recipes/new".to_owned(), |id| format!("/recipes/{id}/edit"))
    }

    /// The name of the draft in the browser.
    fn draft(&self) -> String {
        self.id.map_or_else(|| "new".to_owned(), |id| id.to_string())
    }
}

fn form<'a>(visitor: &'a Visitor, stored: Option<&Recipe>, e: Editor, p: Problems) -> EditPage<'a> {
    EditPage {
        f: &visitor.frame,
        t: visitor.frame.text(),
        p,
        e,
        id: stored.map(|recipe| recipe.id),
        revision: stored.map_or(0, |recipe| recipe.server.revision),
        theirs: None,
        was_sent: false,
        is_logged_in: visitor.user().is_some(),
        image: stored.and_then(|recipe| recipe.images.clone().with_base(&visitor.frame.base).image),
        steps: stored.and_then(|recipe| recipe.content.instructions.as_ref()).map_or(0, Vec::len),
        allergens: ALLERGENS,
        diets: DIETS,
    }
}

/// Visitors log in first.
pub(super) async fn new_form(member: Member, visitor: Visitor) -> Result<Response, Report> {
    if !member.user.may_write() {
        return Err(RecipeError::ReadOnlyAccount.into());
    }
    page_with_status(StatusCode::OK, &form(&visitor, None, Editor::empty(), Problems::none()))
}

pub(super) async fn edit_form(
    State(app): State<App>,
    _: Member,
    visitor: Visitor,
    PathId(id): PathId<RecipeId>,
) -> Result<Response, Report> {
    let recipe = find(&app, id, &visitor).await?;
    if !may_edit(&app, &visitor, &recipe) {
        return Err(refusal(&visitor, &recipe).into());
    }
    let editor = Editor::of(&recipe.content);
    page_with_status(StatusCode::OK, &form(&visitor, Some(&recipe), editor, Problems::none()))
}

/// The form of a recipe with a problem of its pictures.
pub(super) fn form_again(visitor: &Visitor, recipe: &Recipe, problems: Problems) -> Result<Response, Report> {
    let status = problems.status;
    page_with_status(status, &form(visitor, Some(recipe), Editor::of(&recipe.content), problems))
}

pub(super) async fn create(
    State(app): State<App>,
    visitor: Visitor,
    sent: PageForm,
) -> Result<Response, Report> {
    save(&app, &visitor, None, &sent).await
}

pub(super) async fn update(
    State(app): State<App>,
    visitor: Visitor,
    PathId(id): PathId<RecipeId>,
    sent: PageForm,
) -> Result<Response, Report> {
    save(&app, &visitor, Some(id), &sent).await
}

/// Why the visitor may not change this recipe.
fn refusal(visitor: &Visitor, recipe: &Recipe) -> RecipeError {
    match recipe.server.owner {
        _ if !visitor.frame.may_write => RecipeError::ReadOnlyAccount,
        None => RecipeError::NoOwner,
        Some(_) => RecipeError::NotTheOwner,
    }
}

/// Saves, or shows the form again with all that was typed.
async fn save(
    app: &App,
    visitor: &Visitor,
    id: Option<RecipeId>,
    sent: &PageForm,
) -> Result<Response, Report> {
    let t = visitor.frame.text();
    let mut editor = Editor::typed(sent);
    if visitor.user().is_none() {
        let problems = Problems::general(StatusCode::FORBIDDEN, t.session_ended);
        let mut page = form(visitor, None, editor, problems);
        (page.id, page.was_sent, page.revision) =
            (id, true, sent.get("revision").parse().unwrap_or_default());
        return page_with_status(StatusCode::FORBIDDEN, &page);
    }
    let stored = match id {
        Some(id) => Some(find(app, id, visitor).await?),
        None => None,
    };
    if let Some(recipe) = stored.as_ref().filter(|recipe| !may_edit(app, visitor, recipe)) {
        return Err(refusal(visitor, recipe).into());
    }
    if !sent.get("more").is_empty() {
        editor.add_steps();
        let mut page = form(visitor, stored.as_ref(), editor, Problems::none());
        (page.was_sent, page.revision) = (true, sent.get("revision").parse().unwrap_or_default());
        return page_with_status(StatusCode::OK, &page);
    }
    let refusal = match store(app, visitor, stored.as_ref(), (sent, &editor)).await {
        // Pictures have a form of their own below that of a stored recipe.
        Ok(id) if sent.get("next") == "picture" => {
            return see_other(&format!("/recipes/{id}/edit?done=saved#pictures"));
        }
        Ok(id) => return see_other(&format!("/recipes/{id}?done=saved")),
        Err(refusal) => refusal,
    };
    let is_stale = refusal.status() == StatusCode::PRECONDITION_FAILED;
    let mut problems = Problems::of(refusal, t)?;
    if is_stale {
        problems.general = t.saved_meanwhile.to_owned();
    }
    // Read again: it may have been saved since.
    let current = match id {
        Some(id) => Some(find(app, id, visitor).await?),
        None => None,
    };
    let mut page = form(visitor, current.as_ref(), editor, problems);
    page.was_sent = true;
    if is_stale {
        // The next attempt replaces the version that the user sees beside the own one.
        page.theirs = current.as_ref().map(|recipe| &recipe.content);
    } else {
        page.revision = sent.get("revision").parse().unwrap_or_default();
    }
    page_with_status(page.p.status, &page)
}

async fn store(
    app: &App,
    visitor: &Visitor,
    stored: Option<&Recipe>,
    (sent, editor): (&PageForm, &Editor),
) -> Result<RecipeId, Report> {
    sent.check_token(app, visitor.session())?;
    let user = visitor.user().ok_or(RequestError::NoSuchRoute)?;
    let writer = app.recipes().writer(user, visitor.actor(), true)?;
    let Some(recipe) = stored else {
        let draft = editor.draft(None).map_err(RequestError::Invalid)?;
        return Ok(app.recipes().create(writer, &draft).await?.id);
    };
    let revision: i64 = sent.get("revision").parse().unwrap_or_default();
    if revision != recipe.server.revision {
        let stale = RecipeError::Stale { id: recipe.id, revision: recipe.server.revision, current: None };
        return Err(stale.into());
    }
    let draft = editor.draft(Some(&recipe.content)).map_err(RequestError::Invalid)?;
    let precondition = Precondition::Revisions(vec![revision]);
    Ok(app.recipes().replace(writer, recipe.id, draft, precondition).await?.id)
}

#[derive(Template)]
#[template(path = "recipes/delete.html")]
struct DeletePage<'a> {
    f: &'a Frame,
    t: &'static Text,
    p: Problems,
    recipe: &'a Recipe,
}

pub(super) async fn delete_form(
    State(app): State<App>,
    _: Member,
    visitor: Visitor,
    PathId(id): PathId<RecipeId>,
) -> Result<Response, Report> {
    let recipe = find(&app, id, &visitor).await?;
    if !may_edit(&app, &visitor, &recipe) {
        return Err(refusal(&visitor, &recipe).into());
    }
    let (f, t) = (&visitor.frame, visitor.frame.text());
    page_with_status(StatusCode::OK, &DeletePage { f, t, p: Problems::none(), recipe: &recipe })
}

pub(super) async fn delete(
    State(app): State<App>,
    member: Member,
    visitor: Visitor,
    PathId(id): PathId<RecipeId>,
    sent: PageForm,
) -> Result<Response, Report> {
    sent.check_token(&app, Some(member.session))?;
    let writer = app.recipes().writer(&member.user, member.actor, true)?;
    let precondition = Precondition::Revisions(vec![sent.get("revision").parse().unwrap_or_default()]);
    match app.recipes().delete(writer, id, precondition).await {
        Ok(()) => see_other("/?done=deleted"),
        Err(RecipeError::Stale { .. }) => {
            let (f, t) = (&visitor.frame, visitor.frame.text());
            let p = Problems::general(StatusCode::PRECONDITION_FAILED, t.changed_meanwhile);
            page_with_status(p.status, &DeletePage { f, t, p, recipe: &find(&app, id, &visitor).await? })
        }
        Err(error) => Err(error.into()),
    }
}
