//! Recipes of other programs and of web pages come in here, and all recipes of a user go out as an archive.

use std::io::Cursor;

use askama::Template;
use axum::{extract::State, response::Response};
use http::{HeaderValue, StatusCode, header};
use ids::RecipeId;
use recipes::FieldError;
use store::OnConflict;

use super::form::{Problems, form_expired};
use super::frame::{Frame, page_with_status};
use super::languages::{Text, fill};
use super::visitor::{Author, Member};
use crate::app::App;
use crate::auth::requirements::RecipeReader;
use crate::http::body::{FileForm, RawFile};
use crate::http::error::{Report, RequestError};
use crate::limits;
use crate::use_cases::recipes::Writer;
use crate::use_cases::recipes::import::{ImportFile, ImportOptions, ItemReport, ItemResult};

/// Recipes in the report at most. The counts above them are of all.
const SHOWN: usize = 300;

/// Names and errors in the report of one recipe at most.
const LISTED: usize = 30;

/// A longer text is not sent back to the browser in the form.
const KEPT_BYTES: usize = 1 << 20;

#[derive(Template)]
#[template(path = "recipes/import.html")]
struct ImportPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    p: Problems,
    /// Whether the form has a field for an address.
    has_address: bool,
    url: &'a str,
    text: &'a str,
    conflicts: [Conflict; 3],
    /// Whether a file was sent: a browser does not choose it again by itself.
    had_file: bool,
    is_dry_run: bool,
    outcome: Option<Outcome>,
}

/// What can happen to recipes that are there already.
struct Conflict {
    value: &'static str,
    name: &'static str,
    is_chosen: bool,
}

/// What became of the recipes.
struct Outcome {
    counts: Vec<(&'static str, usize)>,
    rows: Vec<Row>,
    /// How many recipes are not in the rows.
    more: usize,
}

struct Row {
    title: String,
    id: Option<RecipeId>,
    result: &'static str,
    notes: Vec<String>,
}

/// The fields of the form, except the files.
#[derive(Default)]
struct Typed {
    url: String,
    text: String,
    on_conflict: OnConflict,
    is_dry_run: bool,
}

pub(super) async fn form(State(app): State<App>, author: Author) -> Result<Response, Report> {
    show(&app, &author.frame, &Typed::default(), Shown::default())
}

/// What the page shows after the form was sent.
#[derive(Default)]
struct Shown {
    problems: Problems,
    had_file: bool,
    outcome: Option<Outcome>,
}

fn show(app: &App, f: &Frame, typed: &Typed, shown: Shown) -> Result<Response, Report> {
    let t = f.text();
    let conflict = |value, name, choice| Conflict { value, name, is_chosen: typed.on_conflict == choice };
    let page = ImportPage {
        f,
        t,
        p: shown.problems,
        has_address: app.recipes().fetches_pages(),
        url: &typed.url,
        text: if typed.text.len() > KEPT_BYTES { "" } else { &typed.text },
        conflicts: [
            conflict("skip", t.imports.conflict_skip, OnConflict::Skip),
            conflict("update", t.imports.conflict_update, OnConflict::Update),
            conflict("copy", t.imports.conflict_copy, OnConflict::Copy),
        ],
        had_file: shown.had_file,
        is_dry_run: typed.is_dry_run,
        outcome: shown.outcome,
    };
    page_with_status(page.p.status, &page)
}

/// The report is in the response, not behind a redirect: it is stored nowhere. Reloading the page adds nothing, because recipes that
/// are there already are left as they are, unless the user has chosen otherwise.
pub(super) async fn submit(
    State(app): State<App>,
    author: Author,
    sent: FileForm<{ limits::IMPORT_BYTES }>,
) -> Result<Response, Report> {
    let Author { frame, session, writer } = author;
    let t = frame.text();
    let mut typed = Typed {
        url: sent.text("url").trim().to_owned(),
        text: sent.text("text").trim().to_owned(),
        on_conflict: match sent.text("onConflict") {
            "update" => OnConflict::Update,
            "copy" => OnConflict::Copy,
            _ => OnConflict::Skip,
        },
        is_dry_run: !sent.text("look").is_empty(),
    };
    let has_token = app.form_tokens().verify(Some(session), sent.text("form_token"));
    let files = sent.into_files("file");
    let had_file = !files.is_empty();
    let imported = if has_token { import(&app, writer, &typed, files, t).await } else { Err(form_expired()) };
    let mut shown = Shown { had_file, ..Shown::default() };
    match imported {
        Ok(reports) => {
            let is_failure = |report: &ItemReport| matches!(report.result, ItemResult::Failed(_));
            if reports.iter().all(is_failure) {
                shown.problems.status = StatusCode::UNPROCESSABLE_ENTITY;
            } else if !typed.is_dry_run && !reports.iter().any(is_failure) {
                // The next import is of something else.
                typed = Typed { on_conflict: typed.on_conflict, ..Typed::default() };
            }
            shown.outcome = Some(Outcome::of(&reports, t));
        }
        Err(report) => shown.problems = Problems::of(report, t)?,
    }
    show(&app, &frame, &typed, shown)
}

async fn import(
    app: &App,
    writer: Writer,
    typed: &Typed,
    files: Vec<RawFile>,
    t: &'static Text,
) -> Result<Vec<ItemReport>, Report> {
    let has_page = !typed.url.is_empty() || !typed.text.is_empty();
    let mut options = ImportOptions {
        on_conflict: typed.on_conflict,
        is_dry_run: typed.is_dry_run,
        ..ImportOptions::default()
    };
    let files = match (files.is_empty(), has_page) {
        (true, false) => return Err(invalid("file", t.imports.nothing)),
        (false, true) => return Err(invalid("file", t.imports.one_of_them)),
        (false, false) => files.into_iter().map(import_file).collect(),
        (true, true) => {
            options.url = Some(typed.url.clone()).filter(|url| !url.is_empty());
            options.fetches_image = typed.text.is_empty();
            vec![page(app, typed).await?]
        }
    };
    let import = app.recipes().begin_import(files, options).await;
    let reports = app.recipes().import_all(import, writer).await?;
    // Of a file with white space only.
    if reports.is_empty() { Err(invalid("file", "has no recipe")) } else { Ok(reports) }
}

fn import_file(file: RawFile) -> ImportFile {
    ImportFile { name: file.name.clone(), bytes: Box::new(Cursor::new(file)) }
}

/// The text that was pasted, else the page at the address.
async fn page(app: &App, typed: &Typed) -> Result<ImportFile, Report> {
    let bytes = if typed.text.is_empty() {
        app.recipes().fetch_page(&typed.url).await.map_err(|why| invalid("url", &why.to_string()))?
    } else {
        typed.text.clone().into_bytes()
    };
    Ok(ImportFile { name: None, bytes: Box::new(Cursor::new(bytes)) })
}

fn invalid(field: &str, message: &str) -> Report {
    let problem = FieldError { pointer: format!("/{field}"), message: message.to_owned() };
    RequestError::Invalid(vec![problem]).into()
}

impl Outcome {
    fn of(reports: &[ItemReport], t: &'static Text) -> Self {
        let mut counts: Vec<(&'static str, usize)> = Vec::new();
        for report in reports {
            let (word, _) = result(&report.result, t);
            match counts.iter_mut().find(|(known, _)| *known == word) {
                Some((_, count)) => *count += 1,
                None => counts.push((word, 1)),
            }
        }
        let rows = reports.iter().take(SHOWN).map(|report| Row::of(report, t)).collect();
        Self { counts, rows, more: reports.len().saturating_sub(SHOWN) }
    }
}

/// The word for a result, and the recipe that the page links.
fn result(result: &ItemResult, t: &'static Text) -> (&'static str, Option<RecipeId>) {
    match result {
        ItemResult::Valid => (t.imports.valid, None),
        ItemResult::Added(id) => (t.imports.added, Some(*id)),
        ItemResult::Updated(id) => (t.imports.updated, Some(*id)),
        ItemResult::AlreadyThere(id) => (t.imports.there, *id),
        ItemResult::Failed(_) => (t.imports.failed, None),
    }
}

impl Row {
    fn of(report: &ItemReport, t: &'static Text) -> Self {
        let (word, id) = result(&report.result, t);
        let title =
            report.name.clone().or_else(|| report.place.entry.clone()).or_else(|| report.file.clone());
        let title = title.unwrap_or_else(|| fill(t.imports.item, report.number.max(1)));
        let mut notes = Vec::new();
        if let ItemResult::Failed(errors) = &report.result {
            notes.extend(report.place.line.map(|line| fill(t.hints.line, line)));
            let errors = RequestError::Invalid(errors.iter().take(LISTED).cloned().collect());
            // A refusal of fields is never a page of its own.
            notes.extend(
                Problems::of(errors.into(), t).map(|problems| problems.elsewhere(&[])).unwrap_or_default(),
            );
        }
        notes.extend(report.warnings.iter().take(LISTED).map(|warning| t.message(warning)));
        let names = report.left_out.iter().take(LISTED);
        let names: Vec<_> = names.map(|field| field.pointer.trim_start_matches('/')).collect();
        if !names.is_empty() {
            notes.push(fill(t.imports.left_out, names.join(", ")));
        }
        Self { title: title.chars().take(200).collect(), id, result: word, notes }
    }
}

/// All recipes of the user with their pictures.
pub(super) async fn export(State(app): State<App>, member: Member) -> Result<Response, Report> {
    let reader = RecipeReader { viewer: member.viewer(), user: Some(member.user.id) };
    let mut response = crate::api::recipes::own_archive(&app, reader).await?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
