//! The pages of the history of a recipe and of the bin.

use std::collections::HashMap;

use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use http::{StatusCode, Uri};
use ids::{RecipeId, UserId};
use recipes::{Content, FieldChanges};
use serde_json::Value;
use store::{BinKey, DEFAULT_PAGE_SIZE, Page};

use super::field_names::field_name;
use super::form::{PageForm, Problems};
use super::frame::{Frame, page, page_with_status, see_other};
use super::languages::{Text, fill};
use super::recipe::{find, may_edit};
use super::visitor::{Member, Reader, Visitor};
use super::{nutrition, show};
use crate::api::path::PathId;
use crate::app::App;
use crate::http::cursor::Cursor;
use crate::http::error::Report;
use crate::use_cases::accounts::AccountError;
use crate::use_cases::recipes::{HistoryEntry, Precondition, RecipeError, Writer};

/// Revisions of a page.
const REVISIONS: u16 = 20;

#[derive(Template)]
#[template(path = "recipes/history.html")]
struct HistoryPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    p: Problems,
    id: RecipeId,
    name: String,
    /// Of the recipe's text.
    language: Option<String>,
    /// Of the current revision.
    current: i64,
    rows: Vec<Row>,
    next: Option<i64>,
    may_edit: bool,
    /// The revision that is compared with the current one.
    compared: Option<Compared>,
}

struct Row {
    revision: i64,
    time: String,
    /// Who made the revision: "you" or a name. `None`: unknown, or the visitor has not logged in.
    author: Option<String>,
    changes: Vec<String>,
    /// Who could read it, unless it was everyone.
    readers: Option<&'static str>,
}

struct Compared {
    title: String,
    fields: Vec<Difference>,
}

/// A field that differs, with its former and its current value.
struct Difference {
    name: String,
    before: String,
    after: String,
}

/// What of the history is shown.
#[derive(Default)]
struct Shown {
    before: Option<i64>,
    compare: Option<i64>,
}

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/recipes/{id}/history", get(history).post(restore_revision))
        .route("/bin", get(bin).post(change_bin))
}

async fn history(
    State(app): State<App>,
    PathId(id): PathId<RecipeId>,
    uri: Uri,
    Reader(visitor): Reader,
) -> Result<Response, Report> {
    let number = |name| parameter(&uri, name).and_then(|text| text.parse().ok());
    let shown = Shown { before: number("before"), compare: number("compare") };
    history_page(&app, &visitor, id, shown, Problems::none()).await
}

fn parameter(uri: &Uri, wanted: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default().as_bytes();
    let found = form_urlencoded::parse(query).find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.into_owned())
}

async fn history_page(
    app: &App,
    visitor: &Visitor,
    id: RecipeId,
    shown: Shown,
    p: Problems,
) -> Result<Response, Report> {
    let t = visitor.frame.text();
    let recipe = find(app, id, visitor).await?;
    let wanted = Page::new(shown.before, REVISIONS).unwrap_or_default();
    let found = app.recipes().revisions(id, wanted, visitor.viewer()).await?;
    let authors = authors(app, visitor, &found.rows).await?;
    let compared = match shown.compare {
        None => None,
        Some(revision) => {
            let contents = app.recipes().revision_contents(id, revision, None, visitor.viewer()).await?;
            let title = fill(t.compared_revision, revision);
            Some(Compared { title, fields: differences(&contents.0, &contents.1, t) })
        }
    };
    let status = if p.status.is_success() { StatusCode::OK } else { p.status };
    let history = HistoryPage {
        f: &visitor.frame,
        t,
        p,
        id,
        current: recipe.server.revision,
        rows: found.rows.iter().map(|entry| Row::of(entry, &authors, t)).collect(),
        next: found.next,
        may_edit: may_edit(app, visitor, &recipe),
        name: recipe.content.name,
        language: recipe.content.language,
        compared,
    };
    page_with_status(status, &history)
}

async fn restore_revision(
    State(app): State<App>,
    member: Member,
    visitor: Visitor,
    PathId(id): PathId<RecipeId>,
    sent: PageForm,
) -> Result<Response, Report> {
    let writer = writer(&app, &member, &sent)?;
    let number = |name| sent.get(name).parse().unwrap_or_default();
    let precondition = Precondition::Revisions(vec![number("current")]);
    match app.recipes().restore_revision(writer, id, number("revision"), precondition).await {
        Ok(_) => see_other(&format!("/recipes/{id}?done=restored")),
        Err(RecipeError::Stale { .. }) => {
            let problems =
                Problems::general(StatusCode::PRECONDITION_FAILED, visitor.frame.text().history_changed);
            history_page(&app, &visitor, id, Shown::default(), problems).await
        }
        Err(error) => Err(error.into()),
    }
}

impl Row {
    fn of(entry: &HistoryEntry, authors: &HashMap<UserId, String>, t: &'static Text) -> Self {
        let changes = match &entry.changes {
            None if entry.revision == 1 => vec![t.history_created.to_owned()],
            None => Vec::new(),
            Some(changes) if changes.is_empty() => vec![t.history_nothing.to_owned()],
            Some(FieldChanges { added, removed, changed }) => {
                [(t.history_changed_fields, changed), (t.history_added, added), (t.history_removed, removed)]
                    .into_iter()
                    .filter(|(_, names)| !names.is_empty())
                    .map(|(text, names)| {
                        let names: Vec<_> = names.iter().map(|name| field_name(name, t)).collect();
                        fill(text, names.join(", "))
                    })
                    .collect()
            }
        };
        let readers = t.readers(entry.visibility);
        let author = entry.updated_by.and_then(|author| authors.get(&author)).cloned();
        Self { revision: entry.revision, time: show::time(entry.updated_at), author, changes, readers }
    }
}

/// The names of the authors of revisions, for users. Other visitors get none: the API tells them numbers only.
async fn authors(
    app: &App,
    visitor: &Visitor,
    rows: &[HistoryEntry],
) -> Result<HashMap<UserId, String>, Report> {
    let mut authors = HashMap::new();
    let Some(user) = visitor.user().filter(|_| app.mode().has_accounts()) else { return Ok(authors) };
    authors.insert(user.id, visitor.frame.text().history_you.to_owned());
    for author in rows.iter().filter_map(|entry| entry.updated_by) {
        if authors.contains_key(&author) {
            continue;
        }
        match app.accounts().user(author).await {
            Ok(found) => authors.insert(author, found.name.as_str().to_owned()),
            Err(AccountError::UserNotFound) => None,
            Err(error) => return Err(error.into()),
        };
    }
    Ok(authors)
}

fn differences(before: &Content, after: &Content, t: &'static Text) -> Vec<Difference> {
    let changes = FieldChanges::between(before, after);
    let names = changes.changed.iter().chain(&changes.added).chain(&changes.removed);
    let [before, after] = [before, after].map(|content| serde_json::to_value(content).unwrap_or_default());
    let text = |field: &str, value: &Value| match (field, value) {
        (_, Value::Null) => String::new(),
        ("healthLabels", Value::Array(labels)) => {
            let labels: Vec<_> =
                labels.iter().filter_map(Value::as_str).map(|label| t.label(label)).collect();
            labels.join("\n")
        }
        ("visibility", _) => visibility(value, t).to_owned(),
        (_, value) => lines(value, t).join("\n"),
    };
    names
        .map(|name| Difference {
            name: field_name(name, t).to_owned(),
            before: text(name, before.get(name).unwrap_or(&Value::Null)),
            after: text(name, after.get(name).unwrap_or(&Value::Null)),
        })
        .collect()
}

fn visibility(value: &Value, t: &'static Text) -> &'static str {
    match value.as_str() {
        Some("private") => t.visibility_private,
        Some("members") => t.visibility_members,
        _ => t.visibility_public,
    }
}

/// The name of a nutrition fact, or of a member of another object.
fn member_name<'a>(name: &'a str, t: &'static Text) -> &'a str {
    nutrition::name(name, t).unwrap_or_else(|| field_name(name, t))
}

/// A value of a field, as people read it.
fn lines(value: &Value, t: &'static Text) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(|item| lines(item, t)).collect(),
        Value::Object(members) => match members.get("text") {
            Some(Value::String(text)) => vec![text.clone()],
            _ => members
                .iter()
                .map(|(name, value)| format!("{}: {}", member_name(name, t), lines(value, t).join(", ")))
                .collect(),
        },
        other => vec![other.to_string()],
    }
}

#[derive(Template)]
#[template(path = "recipes/bin.html")]
struct BinPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    p: Problems,
    rows: Vec<BinRow>,
    next: Option<String>,
}

struct BinRow {
    id: RecipeId,
    name: String,
    deleted: String,
    kept_until: String,
    may_delete: bool,
}

/// Of the cursors of the bin's pages.
const BIN: &str = "/bin";

async fn bin(State(app): State<App>, member: Member, visitor: Visitor, uri: Uri) -> Result<Response, Report> {
    if !member.user.may_write() {
        return Err(RecipeError::ReadOnlyAccount.into());
    }
    let after = parameter(&uri, "after").and_then(|cursor| Cursor::<BinKey>::decode(&cursor, BIN).ok());
    bin_page(&app, &visitor, after, Problems::none()).await
}

async fn bin_page(
    app: &App,
    visitor: &Visitor,
    after: Option<BinKey>,
    p: Problems,
) -> Result<Response, Report> {
    let (f, t) = (&visitor.frame, visitor.frame.text());
    let wanted = Page::new(after, DEFAULT_PAGE_SIZE).unwrap_or_default();
    let found = app.recipes().bin(wanted, visitor.viewer()).await?;
    let rows = found.rows.into_iter().map(|binned| BinRow {
        id: binned.id,
        deleted: show::time(binned.deleted_at),
        kept_until: show::time(app.recipes().leaves_bin_at(binned.deleted_at)),
        may_delete: binned.owner.is_some() || f.is_admin,
        name: binned.name,
    });
    let next = found.next.map(|key| Cursor::new(key, BIN).encode());
    if p.status.is_success() {
        return page(&BinPage { f, t, p, rows: rows.collect(), next });
    }
    page_with_status(p.status, &BinPage { f, t, p, rows: rows.collect(), next })
}

async fn change_bin(
    State(app): State<App>,
    member: Member,
    visitor: Visitor,
    sent: PageForm,
) -> Result<Response, Report> {
    let writer = writer(&app, &member, &sent)?;
    let id = RecipeId::parse(sent.get("id")).ok_or(RecipeError::NotFound)?;
    let changed = if sent.get("action") == "delete" {
        app.recipes().delete_binned(writer, id).await.map(|()| "/bin?done=deleted".to_owned())
    } else {
        app.recipes().restore_binned(writer, id).await.map(|_| format!("/recipes/{id}?done=restored"))
    };
    match changed {
        Ok(path) => see_other(&path),
        Err(error @ (RecipeError::UidTaken | RecipeError::QuotaExceeded { .. })) => {
            let problems = Problems::of(error.into(), visitor.frame.text())?;
            bin_page(&app, &visitor, None, problems).await
        }
        Err(error) => Err(error.into()),
    }
}

fn writer(app: &App, member: &Member, sent: &PageForm) -> Result<Writer, Report> {
    sent.check_token(app, Some(member.session))?;
    Ok(app.recipes().writer(&member.user, member.actor, true)?)
}
