//! Recipes from files, pages and addresses.

use std::io::{Cursor, Write as _};

use axum::body::Body;
use axum::response::Response;
use axum::{BoxError, response::IntoResponse as _};
use formats::Format;
use futures_util::stream;
use http::{HeaderValue, Uri, header};
use recipes::FieldError;
use serde_json::{Value, json};
use store::OnConflict;

use crate::api::documented_errors::{
    AnswerLost, Malformed, NotAcceptable, UnacceptableImport, Unauthorized, Unavailable, WithoutRecipesWrite,
};
use crate::api::once::once;
use crate::api::parameters::IdempotencyKeyHeader;
use crate::api::responses::NO_STORE;
use crate::app::App;
use crate::http::body::{RawBody, RawFile};
use crate::http::error::{Report, RequestError};
use crate::http::idempotency_key::IdempotencyKey;
use crate::http::json_api::JsonOrNdjson;
use crate::http::negotiation::{JSON, NDJSON};
use crate::http::query::{Query, did_you_mean};
use crate::http::repeatable::{Answer, RequestKey};
use crate::use_cases::recipes::Writer;
use crate::use_cases::recipes::import::{Import, ImportFile, ImportOptions, ItemReport, ItemResult};

/// Imports recipes from files of this or of another program.
///
/// The body is a file with any media type, or several files as `multipart/form-data`. The format follows from the content.
/// `{"url": ".."}` imports from a web page, and `{"html": "..", "url": ".."}` from its source. With
/// `Accept: application/x-ndjson` the report comes line by line while the import goes on. With an `Idempotency-Key` all is
/// imported in one transaction, and the report comes at its end.
#[utoipa::path(
    post, path = "/api/v1/recipes/import", tag = "recipes", operation_id = "importRecipes",
    params(
        IdempotencyKeyHeader,
        ("dryRun" = Option<bool>, Query, description = "`true`: check everything, write nothing"),
        ("mode" = Option<String>, Query, description = "After an error: `continue` with the other recipes (default), or \
            `atomic`: all or nothing", example = "continue"),
        ("onConflict" = Option<String>, Query, description = "What happens to recipes of yours that exist already, with the \
            same uid, content or source: `skip` (default), `update` or `copy`", example = "skip"),
        ("format" = Option<String>, Query, description = "The format of all files, if their content does not tell: json, \
            jsonld, html, mealie, tandoor, nextcloud, paprika, recipesage, recipekeeper, csv, cooklang, markdown, text, zip",
            example = "json"),
    ),
    request_body(content = ref("#/components/schemas/ImportSource"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 200, description = "What became of each item. As application/x-ndjson, each line is an item, and the last \
            line the summary", body = ref("#/components/schemas/ImportReport")),
        Malformed, Unauthorized, WithoutRecipesWrite, NotAcceptable, UnacceptableImport, AnswerLost, Unavailable,
    )
)]
pub async fn import(
    JsonOrNdjson { app, is_ndjson }: JsonOrNdjson<App>,
    writer: Writer,
    uri: Uri,
    IdempotencyKey(key): IdempotencyKey,
    body: RawBody,
) -> Result<Response, Report> {
    let mut options = options(&uri)?;
    if body.trim_ascii().is_empty() {
        let message = "is empty; send a file, several files, an address or the source of a page".to_owned();
        return Err(RequestError::Invalid(vec![FieldError { pointer: String::new(), message }]).into());
    }
    let (key, content) = if let Some(source) = source(&body) {
        options.url.clone_from(&source.url);
        options.fetches_image = source.html.is_none();
        (key.map(|key| RequestKey::new(key, &uri, [&*body])), Content::Page(source))
    } else {
        // The boundaries of the parts may be others when the request is repeated.
        let files = body.into_files()?;
        let key = key.map(|key| RequestKey::new(key, &uri, files.iter().map(AsRef::as_ref)));
        (key, Content::Files(files))
    };
    let is_atomic = options.is_atomic;
    let answer = move |reports: &Vec<ItemReport>| report_of(reports, is_atomic, is_ndjson);
    let app = &app;
    if key.is_some() {
        let import = |once| async move {
            let import = begin(app, content, options).await?;
            Ok::<_, Report>(app.recipes().import_once(import, writer, once).await?)
        };
        return once(app, writer.actor(), key, answer, import).await;
    }
    let import = begin(app, content, options).await?;
    if is_ndjson && !is_atomic {
        return Ok(streamed(app.clone(), import, writer));
    }
    let reports = app.recipes().import_all(import, writer).await?;
    Ok(answer(&reports)?.into_response())
}

/// The content to import.
enum Content {
    Page(Source),
    Files(Vec<RawFile>),
}

async fn begin(app: &App, content: Content, options: ImportOptions) -> Result<Import, Report> {
    let files = match content {
        Content::Page(source) => vec![page(app, source).await?],
        Content::Files(files) => files
            .into_iter()
            .map(|file| ImportFile { name: file.name.clone(), bytes: Box::new(Cursor::new(file)) })
            .collect(),
    };
    Ok(app.recipes().begin_import(files, options).await)
}

/// The report of all items, unless nothing was imported.
fn report_of(reports: &[ItemReport], is_atomic: bool, is_ndjson: bool) -> Result<Answer, Report> {
    let summary = Summary::of(reports);
    if summary.failed > 0 && (is_atomic || summary.failed == reports.len()) {
        return Err(RequestError::Invalid(errors(reports)).into());
    }
    let items = reports.iter().map(item);
    if is_ndjson {
        let last = json!({ "summary": summary.to_json() });
        let mut lines = Vec::new();
        for line in items.chain([last]) {
            writeln!(lines, "{line}").map_err(Report::internal)?;
        }
        return Ok(Answer::document(NDJSON.content_type, lines));
    }
    let report = json!({ "data": { "summary": summary.to_json(), "items": items.collect::<Vec<_>>() } });
    Ok(Answer::document(JSON.content_type, report.to_string().into_bytes()))
}

fn options(uri: &Uri) -> Result<ImportOptions, RequestError> {
    let query = Query::parse(uri, &["dryRun", "mode", "onConflict", "format"])?;
    let wrong = |name: &str, value: &str, known: &[&str]| {
        let hint = did_you_mean(value, known).replace("known parameters", "known values");
        RequestError::Malformed(format!("{name} cannot be \"{value}\"; {hint}").into())
    };
    let is_dry_run = match query.get("dryRun") {
        None | Some("false" | "0") => false,
        Some("true" | "1" | "") => true,
        Some(other) => return Err(wrong("dryRun", other, &["true", "false"])),
    };
    let is_atomic = match query.get("mode") {
        None | Some("continue") => false,
        Some("atomic") => true,
        Some(other) => return Err(wrong("mode", other, &["continue", "atomic"])),
    };
    let on_conflict = match query.get("onConflict") {
        None | Some("skip") => OnConflict::Skip,
        Some("update") => OnConflict::Update,
        Some("copy") => OnConflict::Copy,
        Some(other) => return Err(wrong("onConflict", other, &["skip", "update", "copy"])),
    };
    let format = match query.get("format") {
        None => None,
        Some(name) => {
            let names: Vec<_> = Format::ALL.into_iter().map(Format::name).collect();
            Some(Format::parse(name).ok_or_else(|| wrong("format", name, &names))?)
        }
    };
    Ok(ImportOptions { is_atomic, on_conflict, is_dry_run, format, url: None, fetches_image: false })
}

/// An address, or the source of a page.
struct Source {
    url: Option<String>,
    html: Option<String>,
}

/// `{"url":..}` or `{"html":..,"url":..}`; other JSON is a file.
fn source(body: &RawBody) -> Option<Source> {
    let is_small = body.len() < 8 << 20;
    let is_json = body.media_type().is_empty() || body.media_type() == "application/json";
    // A large file is not parsed here, where other requests would wait for it.
    let first = body.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start();
    let may_be = first.starts_with(b"\"url\"") || first.starts_with(b"\"html\"");
    if !is_small || !is_json || !may_be {
        return None;
    }
    let Value::Object(object) = serde_json::from_slice(body).ok()? else { return None };
    if object.is_empty() || !object.keys().all(|name| matches!(name.as_str(), "url" | "html")) {
        return None;
    }
    let text = |name: &str| {
        object
            .get(name)
            .and_then(Value::as_str)
            .map(|text| text.trim().to_owned())
            .filter(|it| !it.is_empty())
    };
    Some(Source { url: text("url"), html: text("html") })
}

async fn page(app: &App, source: Source) -> Result<ImportFile, RequestError> {
    let invalid = |pointer: &str, message: String| {
        RequestError::Invalid(vec![FieldError { pointer: pointer.to_owned(), message }])
    };
    let bytes = match (source.html, source.url) {
        (Some(html), _) => html.into_bytes(),
        (None, Some(url)) => app
            .recipes()
            .fetch_page(&url)
            .await
            .map_err(|why| invalid("/url", format!("{why}{}", why.advice())))?,
        (None, None) => {
            return Err(invalid("/url", "must be a web address, or html the source of a page".to_owned()));
        }
    };
    Ok(ImportFile { name: None, bytes: Box::new(Cursor::new(bytes)) })
}

/// The report line by line, each batch after its commit.
fn streamed(app: App, import: Import, writer: Writer) -> Response {
    let start = (Some(import), Summary::default());
    let lines = stream::try_unfold(start, move |(import, mut summary)| {
        let app = app.clone();
        async move {
            let Some(import) = import else { return Ok::<_, BoxError>(None) };
            let (batch, rest) = app.recipes().import_next(import, writer).await?;
            let mut lines = String::new();
            let Some(batch) = batch else {
                lines.push_str(&json!({ "summary": summary.to_json() }).to_string());
                lines.push('\n');
                return Ok(Some((lines, (None, summary))));
            };
            for report in &batch {
                summary.count(report);
                lines.push_str(&item(report).to_string());
                lines.push('\n');
            }
            Ok(Some((lines, (Some(rest), summary))))
        }
    });
    let mut response = Response::new(Body::from_stream(lines));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}

/// How many items had which result.
#[derive(Clone, Copy, Debug, Default)]
struct Summary {
    valid: usize,
    added: usize,
    updated: usize,
    already_there: usize,
    failed: usize,
}

impl Summary {
    fn of(reports: &[ItemReport]) -> Self {
        let mut summary = Self::default();
        for report in reports {
            summary.count(report);
        }
        summary
    }

    fn count(&mut self, report: &ItemReport) {
        let counter = match &report.result {
            ItemResult::Valid => &mut self.valid,
            ItemResult::Added(_) => &mut self.added,
            ItemResult::Updated(_) => &mut self.updated,
            ItemResult::AlreadyThere(_) => &mut self.already_there,
            ItemResult::Failed(_) => &mut self.failed,
        };
        *counter += 1;
    }

    fn to_json(self) -> Value {
        let Self { valid, added, updated, already_there, failed } = self;
        json!({ "valid": valid, "added": added, "updated": updated, "alreadyThere": already_there, "failed": failed })
    }
}

/// Names that are listed for one item.
const LISTED: usize = 50;

fn item(report: &ItemReport) -> Value {
    let (result, id, errors) = match &report.result {
        ItemResult::Valid => ("valid", None, &[][..]),
        ItemResult::Added(id) => ("added", Some(*id), &[][..]),
        ItemResult::Updated(id) => ("updated", Some(*id), &[][..]),
        ItemResult::AlreadyThere(id) => ("alreadyThere", *id, &[][..]),
        ItemResult::Failed(errors) => ("failed", None, errors.as_slice()),
    };
    let left_out: Vec<_> = report
        .left_out
        .iter()
        .take(LISTED)
        .map(|field| &field.pointer[1.min(field.pointer.len())..])
        .collect();
    let mut item = json!({
        "number": report.number, "format": report.format.name(), "result": result, "taken": report.taken,
        "leftOut": left_out, "warnings": report.warnings, "errors": errors.iter().take(LISTED).collect::<Vec<_>>(),
    });
    let optional = [
        ("name", report.name.as_deref().map(|name| json!(name.chars().take(200).collect::<String>()))),
        ("file", report.file.as_ref().map(|file| json!(file))),
        ("entry", report.place.entry.as_ref().map(|entry| json!(entry))),
        ("line", report.place.line.map(|line| json!(line))),
        ("id", id.map(|id| json!(id.get()))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            item[name] = value;
        }
    }
    item
}

/// The errors of all items, each with its position.
fn errors(reports: &[ItemReport]) -> Vec<FieldError> {
    let mut all = Vec::new();
    for report in reports {
        let ItemResult::Failed(errors) = &report.result else { continue };
        let place = match (&report.file, &report.place.entry) {
            (Some(file), Some(entry)) => format!(" ({file}, {entry})"),
            (Some(name), None) | (None, Some(name)) => format!(" ({name})"),
            (None, None) => String::new(),
        };
        for error in errors {
            let pointer = format!("/{}{}", report.number.saturating_sub(1), error.pointer);
            all.push(FieldError { pointer, message: format!("{}{place}", error.message) });
        }
    }
    all.truncate(1_000);
    all
}
