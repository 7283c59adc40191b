//! Up to a thousand changes of recipes in one request.

mod operations;

use std::sync::Arc;

use axum::response::Response;
use http::header;
use ids::RecipeId;
use serde::Serialize;
use store::Atomicity;

pub use self::operations::Bulk;
use crate::api::documented_errors::{
    AnswerLost, Forbidden, Malformed, NotAcceptable, PreconditionFailed, PreconditionRequired, QuotaExceeded,
    RecipeNotFound, UnacceptableBulk, Unauthorized, Unavailable,
};
use crate::api::json_array::JsonArray;
use crate::api::list::DATA;
use crate::api::once::once;
use crate::api::parameters::IdempotencyKeyHeader;
use crate::app::App;
use crate::http::conditional::ETag;
use crate::http::error::{ErrorMember, Report, RequestError};
use crate::http::json_api::JsonOrNdjson;
use crate::http::negotiation::{JSON, NDJSON};
use crate::http::repeatable::{Answer, RepeatableBody};
use crate::use_cases::recipes::{BulkDone, BulkOutcome, RecipeError, Writer};

/// Creates, replaces, patches and deletes recipes: all of them or none (`atomic`), or each that can be done.
///
/// Each operation is what the request of its own would be, with the same rights, limits and errors: `ifMatch` is its `If-Match`.
/// With `Accept: application/x-ndjson` each line is the result of one operation. With an `Idempotency-Key` the request can be
/// repeated.
#[utoipa::path(
    post, path = "/api/v1/recipes/bulk", tag = "recipes", operation_id = "changeRecipes",
    params(IdempotencyKeyHeader),
    request_body(content = ref("#/components/schemas/Bulk"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 200, description = "A result for each operation, in their order", content(
            (ref("#/components/schemas/BulkResults") = "application/json"),
            (ref("#/components/schemas/TextDocument") = "application/x-ndjson"),
        )),
        Malformed, Unauthorized, Forbidden, RecipeNotFound, PreconditionFailed, PreconditionRequired,
        UnacceptableBulk, QuotaExceeded, NotAcceptable, AnswerLost, Unavailable,
    )
)]
pub async fn edit(
    JsonOrNdjson { app, is_ndjson }: JsonOrNdjson<App>,
    writer: Writer,
    RepeatableBody(key, Bulk { atomicity, operations }): RepeatableBody<Bulk>,
) -> Result<Response, Report> {
    let needs_if_match = app.recipes().requires_if_match();
    let (mut valid, mut places) =
        (Vec::with_capacity(operations.len()), Vec::with_capacity(operations.len()));
    for (index, operation) in operations.into_iter().enumerate() {
        // As in a request of its own, rights come before the body, and the body before If-Match.
        let may_not_read = |is_patch: bool| is_patch && !writer.may_read();
        let (report, id): (Report, _) = match operation {
            Err(invalid) if may_not_read(invalid.is_patch) => (RecipeError::MayNotRead.into(), None),
            Err(invalid) => (RequestError::Invalid(invalid.errors).into(), None),
            Ok(operation) if may_not_read(operation.is_patch()) => {
                (RecipeError::MayNotRead.into(), operation.id())
            }
            Ok(operation) if needs_if_match && !operation.has_if_match && operation.id().is_some() => {
                (RequestError::PreconditionRequired.into(), operation.id())
            }
            Ok(operation) => {
                places.push(Place::Valid(operation.id()));
                valid.push(operation.operation);
                continue;
            }
        };
        let report = Report::of_operation(report, index);
        if atomicity == Atomicity::All {
            return Err(report);
        }
        places.push(Place::Refused(report, id));
    }
    let results = Results { places: places.into(), is_ndjson, has_current: key.is_none() };
    let answer = move |outcomes: &Vec<BulkOutcome>| results.answer(outcomes);
    let edit = |once| app.recipes().edit_all(writer, valid, atomicity, once);
    once(&app, writer.actor(), key, answer, edit).await
}

/// An operation.
enum Place {
    /// It was handed over, and is to change this recipe.
    Valid(Option<RecipeId>),
    Refused(Report, Option<RecipeId>),
}

/// The results of all operations.
#[derive(Clone)]
struct Results {
    places: Arc<[Place]>,
    is_ndjson: bool,
    /// Whether the result of an outdated change has the recipe as it is. Not if the answer is remembered: it would be large.
    has_current: bool,
}

impl Results {
    fn answer(&self, outcomes: &[BulkOutcome]) -> Result<Answer, Report> {
        let mut outcomes = outcomes.iter();
        let (mut lines, mut data) = (Vec::new(), JsonArray::after(DATA));
        for (index, place) in self.places.iter().enumerate() {
            let failed;
            let (outcome, id) = match place {
                Place::Refused(report, id) => (Err(report), *id),
                Place::Valid(id) => {
                    let outcome =
                        outcomes.next().ok_or_else(|| Report::internal("an operation has no outcome"))?;
                    let outcome = match outcome {
                        Ok(done) => Ok(done),
                        Err(refusal) => {
                            let error = RecipeError::from(refusal.clone());
                            failed = Report::from(error).of_operation(index);
                            Err(&failed)
                        }
                    };
                    (outcome, *id)
                }
            };
            let result = OperationResult::of(outcome, id, self.has_current);
            if self.is_ndjson {
                serde_json::to_writer(&mut lines, &result).map_err(Report::internal)?;
                lines.push(b'\n');
            } else {
                data.push(&result).map_err(Report::internal)?;
            }
        }
        if self.is_ndjson {
            return Ok(Answer::document(NDJSON.content_type, lines));
        }
        let mut body = data.close();
        body.push(b'}');
        Ok(Answer::document(JSON.content_type, body))
    }
}

/// The result of one operation.
#[derive(Serialize)]
struct OperationResult<'a> {
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<RecipeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorMember<'a>>,
}

impl<'a> OperationResult<'a> {
    fn of(outcome: Result<&BulkDone, &'a Report>, id: Option<RecipeId>, has_current: bool) -> Self {
        let (status, revised) = match outcome {
            Ok(BulkDone::Created { id, revision }) => (201, Some((*id, *revision))),
            Ok(BulkDone::Changed { id, revision }) => (200, Some((*id, *revision))),
            Ok(BulkDone::Deleted { .. }) => (204, None),
            Err(report) => {
                return Self {
                    status: report.status().as_u16(),
                    id,
                    revision: None,
                    etag: report.header(header::ETAG).map(str::to_owned),
                    error: Some(report.member(has_current)),
                };
            }
        };
        let tag = |(id, revision)| ETag::json(id, revision).to_string();
        Self {
            status,
            id: revised.map(|(id, _)| id).or(id),
            revision: revised.map(|(_, revision)| revision),
            etag: revised.map(tag),
            error: None,
        }
    }
}
