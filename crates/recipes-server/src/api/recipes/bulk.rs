//! Up to a thousand changes of recipes in one request.

mod operations;

use axum::response::Response;
use http::{HeaderValue, header};
use ids::RecipeId;
use serde::Serialize;
use store::Atomicity;

pub use self::operations::Bulk;
use crate::api::documented_errors::{
    Forbidden, Malformed, NotAcceptable, PreconditionFailed, PreconditionRequired, QuotaExceeded,
    RecipeNotFound, UnacceptableBulk, Unauthorized, Unavailable,
};
use crate::api::json_array::JsonArray;
use crate::api::list::DATA;
use crate::api::responses::NO_STORE;
use crate::app::App;
use crate::http::body::Body;
use crate::http::conditional::ETag;
use crate::http::error::{ErrorMember, Report, RequestError};
use crate::http::json_api::JsonOrNdjson;
use crate::http::negotiation::{JSON, NDJSON};
use crate::use_cases::recipes::{BulkDone, BulkOutcome, Writer};

/// Creates, replaces, patches and deletes recipes: all of them or none (`atomic`), or each that can be done.
///
/// Each operation is what the request of its own would be, with the same rights, limits and errors: `ifMatch` is its `If-Match`.
/// With `Accept: application/x-ndjson` each line is the result of one operation. With an `Idempotency-Key` the request can be
/// repeated.
#[utoipa::path(
    post, path = "/api/v1/recipes/bulk", tag = "recipes", operation_id = "changeRecipes",
    request_body(content = ref("#/components/schemas/Bulk"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 200, description = "A result for each operation, in their order", content(
            (ref("#/components/schemas/BulkResults") = "application/json"),
            (ref("#/components/schemas/TextDocument") = "application/x-ndjson"),
        )),
        Malformed, Unauthorized, Forbidden, RecipeNotFound, PreconditionFailed, PreconditionRequired,
        UnacceptableBulk, QuotaExceeded, NotAcceptable, Unavailable,
    )
)]
pub async fn edit(
    JsonOrNdjson { app, is_ndjson }: JsonOrNdjson<App>,
    writer: Writer,
    Body(Bulk { atomicity, operations }): Body<Bulk>,
) -> Result<Response, Report> {
    let needs_if_match = app.recipes().requires_if_match();
    let (mut valid, mut places) =
        (Vec::with_capacity(operations.len()), Vec::with_capacity(operations.len()));
    for (index, operation) in operations.into_iter().enumerate() {
        let (error, id) = match operation {
            Err(errors) => (RequestError::Invalid(errors), None),
            Ok(operation) => {
                let id = operation.id();
                if operation.has_if_match || id.is_none() || !needs_if_match {
                    valid.push(operation.operation);
                    places.push(Place::Valid(id));
                    continue;
                }
                (RequestError::PreconditionRequired, id)
            }
        };
        let report = Report::from(error).of_operation(index);
        if atomicity == Atomicity::All {
            return Err(report);
        }
        places.push(Place::Refused(report, id));
    }
    let outcomes = app.recipes().edit_all(writer, valid, atomicity).await?;
    document(places, outcomes, is_ndjson)
}

/// An operation.
enum Place {
    /// It was handed over, and is to change this recipe.
    Valid(Option<RecipeId>),
    Refused(Report, Option<RecipeId>),
}

/// The results of all operations.
fn document(places: Vec<Place>, outcomes: Vec<BulkOutcome>, is_ndjson: bool) -> Result<Response, Report> {
    let mut outcomes = outcomes.into_iter();
    let mut lines = Vec::new();
    let mut data = JsonArray::after(DATA);
    for (index, place) in places.into_iter().enumerate() {
        let (outcome, id) = match place {
            Place::Refused(report, id) => (Err(report), id),
            Place::Valid(id) => {
                let outcome =
                    outcomes.next().ok_or_else(|| Report::internal("an operation has no outcome"))?;
                (outcome.map_err(|error| Report::from(error).of_operation(index)), id)
            }
        };
        let result = OperationResult::of(&outcome, id);
        if is_ndjson {
            serde_json::to_writer(&mut lines, &result).map_err(Report::internal)?;
            lines.push(b'\n');
        } else {
            data.push(&result).map_err(Report::internal)?;
        }
    }
    let (body, representation) = if is_ndjson {
        (lines, &NDJSON)
    } else {
        let mut body = data.close();
        body.push(b'}');
        (body, &JSON)
    };
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(representation.content_type));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    Ok(response)
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
    fn of(outcome: &'a Result<BulkDone, Report>, id: Option<RecipeId>) -> Self {
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
                    error: Some(report.member()),
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
