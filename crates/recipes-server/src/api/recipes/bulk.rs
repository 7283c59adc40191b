//! Up to a thousand changes of recipes in one request.

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header};
use ids::RecipeId;
use recipes::{Draft, FieldError, Scalars};
use serde::Serialize;
use serde_json::{Map, Value};
use store::Atomicity;

use crate::api::documented_errors::{
    Forbidden, Malformed, NotAcceptable, PreconditionFailed, QuotaExceeded, RecipeNotFound, UnacceptableBulk,
    Unauthorized, Unavailable,
};
use crate::api::responses::NO_STORE;
use crate::app::App;
use crate::http::body::{Body, Parse};
use crate::http::conditional::ETag;
use crate::http::error::{Report, RequestError};
use crate::http::json_api::JsonApi;
use crate::limits;
use crate::use_cases::recipes::{BulkOperation, BulkOutcome, Precondition, Writer};

/// Operations of one request at most.
pub const MAX_OPERATIONS: usize = 1_000;

/// A request for several changes.
pub struct Bulk {
    atomicity: Atomicity,
    operations: Vec<Result<BulkOperation, Vec<FieldError>>>,
}

/// The result of one operation.
#[derive(Serialize)]
struct Done {
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<RecipeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failed>,
}

#[derive(Serialize)]
struct Results {
    data: Vec<Done>,
}

#[derive(Serialize)]
struct Failed {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// Creates, replaces and deletes recipes: all of them or none (`atomic`), or each that can be done.
#[utoipa::path(
    post, path = "/api/v1/recipes/bulk", tag = "recipes", operation_id = "changeRecipes",
    request_body(content = ref("#/components/schemas/Bulk"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 200, description = "A result for each operation, in their order", body = ref("#/components/schemas/BulkResults")),
        Malformed, Unauthorized, Forbidden, RecipeNotFound, PreconditionFailed,
        UnacceptableBulk, QuotaExceeded, NotAcceptable, Unavailable,
    )
)]
pub async fn edit(
    JsonApi(app): JsonApi<App>,
    writer: Writer,
    Body(Bulk { atomicity, operations }): Body<Bulk>,
) -> Result<Response, Report> {
    let kinds: Vec<_> =
        operations.iter().map(|operation| operation.as_ref().map_or((422, None), kind)).collect();
    let (mut valid, mut invalid) = (Vec::with_capacity(operations.len()), Vec::new());
    for operation in operations {
        match operation {
            Ok(operation) => {
                valid.push(operation);
                invalid.push(None);
            }
            Err(errors) => invalid.push(Some(errors)),
        }
    }
    let mut outcomes = app.recipes().edit_all(writer, valid, atomicity).await?.into_iter();
    let mut results = Vec::with_capacity(kinds.len());
    for (index, ((status, id), errors)) in kinds.into_iter().zip(invalid).enumerate() {
        let result = match errors {
            Some(errors) => Err(RequestError::Invalid(errors).into()),
            None => outcomes.next().map_or(Ok(None), |outcome: BulkOutcome| outcome.map_err(Report::from)),
        };
        results.push(match result {
            Ok(recipe) => {
                let tag = recipe.as_ref().map(|recipe| (recipe.id, recipe.revision));
                Done {
                    status,
                    id: tag.map(|(id, _)| id).or(id),
                    revision: tag.map(|(_, revision)| revision),
                    etag: tag.map(|(id, revision)| text_of(ETag::json(id, revision))),
                    error: None,
                }
            }
            // Not of this operation, but of the service.
            Err(report)
                if report.status().is_server_error()
                    && report.status() != StatusCode::INSUFFICIENT_STORAGE =>
            {
                return Err(report);
            }
            Err(report) if atomicity == Atomicity::All => {
                let message = report.message().to_owned();
                return Err(
                    report.with_errors(vec![FieldError { pointer: format!("/operations/{index}"), message }])
                );
            }
            Err(report) => refused(&report, id),
        });
    }
    Ok(([(header::CACHE_CONTROL, NO_STORE)], Json(Results { data: results })).into_response())
}

fn refused(report: &Report, id: Option<RecipeId>) -> Done {
    Done {
        status: report.status().as_u16(),
        id,
        revision: None,
        etag: report.header(header::ETAG),
        error: Some(Failed {
            code: report.code(),
            message: report.message().to_owned(),
            errors: report.errors().to_vec(),
        }),
    }
}

/// The status of an operation that is done, and the recipe that it is about.
fn kind(operation: &BulkOperation) -> (u16, Option<RecipeId>) {
    match operation {
        BulkOperation::Create(_) => (201, None),
        BulkOperation::Replace { id, .. } => (200, Some(*id)),
        BulkOperation::Delete { id, .. } => (204, Some(*id)),
    }
}

fn text_of(tag: ETag) -> String {
    tag.to_header().to_str().unwrap_or_default().to_owned()
}

impl Parse for Bulk {
    const MAX_BYTES: usize = limits::BULK_BYTES;

    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        let known = ["atomic", "operations"];
        let unknown = fields.keys().filter(|name| !known.contains(&name.as_str()));
        unknown.map(|name| FieldError::unknown("", name, &known)).collect()
    }

    fn parse(fields: &Map<String, Value>, encoding: Scalars) -> Result<Self, Vec<FieldError>> {
        let invalid = |pointer: &str, message: &str| FieldError {
            pointer: pointer.to_owned(),
            message: message.to_owned(),
        };
        let atomicity = match fields.get("atomic") {
            None | Some(Value::Bool(true)) => Ok(Atomicity::All),
            Some(Value::Bool(false)) => Ok(Atomicity::Each),
            Some(Value::String(text)) if encoding == Scalars::Text && text == "true" => Ok(Atomicity::All),
            Some(Value::String(text)) if encoding == Scalars::Text && text == "false" => Ok(Atomicity::Each),
            Some(_) => Err(invalid("/atomic", "must be true or false")),
        };
        let operations = match fields.get("operations") {
            Some(Value::Array(operations)) if (1..=MAX_OPERATIONS).contains(&operations.len()) => {
                Ok(operations)
            }
            _ => Err(invalid("/operations", "is required and must be a list of 1 to 1,000 operations")),
        };
        match (atomicity, operations) {
            (Ok(atomicity), Ok(operations)) => {
                let parsed = operations.iter().enumerate().map(|(index, operation)| {
                    operation_of(operation, encoding).map_err(|mut errors| {
                        for error in &mut errors {
                            error.pointer.insert_str(0, &format!("/operations/{index}"));
                        }
                        errors
                    })
                });
                let operations: Vec<_> = parsed.collect();
                if atomicity == Atomicity::All && operations.iter().any(Result::is_err) {
                    return Err(operations.into_iter().filter_map(Result::err).flatten().collect());
                }
                Ok(Self { atomicity, operations })
            }
            (atomicity, operations) => Err(atomicity.err().into_iter().chain(operations.err()).collect()),
        }
    }
}

fn operation_of(operation: &Value, encoding: Scalars) -> Result<BulkOperation, Vec<FieldError>> {
    let error = |pointer: &str, message: &str| FieldError {
        pointer: pointer.to_owned(),
        message: message.to_owned(),
    };
    let Value::Object(members) = operation else {
        return Err(vec![error("", "must be an object with op, and id or recipe")]);
    };
    let number = |value: &Value| match value {
        Value::String(text) if encoding == Scalars::Text => text.parse().ok(),
        value => value.as_i64(),
    };
    let id = || {
        let id = members.get("id").and_then(number).and_then(RecipeId::from_i64);
        id.ok_or_else(|| vec![error("/id", "is required and must be the id of a recipe")])
    };
    let precondition = || match members.get("revision") {
        None | Some(Value::Null) => Ok(Precondition::None),
        Some(value) => match number(value) {
            Some(revision) => Ok(Precondition::Revisions(vec![revision])),
            None => Err(vec![error("/revision", "must be the revision of your copy")]),
        },
    };
    let draft = || {
        let Some(Value::Object(recipe)) = members.get("recipe") else {
            return Err(vec![error("/recipe", "is required and must be a recipe")]);
        };
        Draft::parse(recipe, encoding).map_err(|mut errors| {
            for error in &mut errors {
                error.pointer.insert_str(0, "/recipe");
            }
            errors
        })
    };
    match members.get("op").and_then(Value::as_str) {
        Some("create") => Ok(BulkOperation::Create(draft()?)),
        Some("replace") => {
            Ok(BulkOperation::Replace { id: id()?, draft: draft()?, precondition: precondition()? })
        }
        Some("delete") => Ok(BulkOperation::Delete { id: id()?, precondition: precondition()? }),
        _ => Err(vec![error("/op", "must be \"create\", \"replace\" or \"delete\"")]),
    }
}
