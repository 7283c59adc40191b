//! The body of a request for several changes.

use http::{HeaderMap, HeaderValue, header};
use ids::RecipeId;
use recipes::{Draft, FieldError, RecipePatch, Scalars};
use serde_json::{Map, Value};
use store::Atomicity;

use crate::http::body::{Parse, fields};
use crate::http::conditional::{self, Conditions};
use crate::limits;
use crate::use_cases::recipes::{BulkOperation, Precondition};

/// Operations of one request at most.
const MAX_OPERATIONS: usize = 1_000;

/// Errors of one request that are listed.
const LISTED: usize = 1_000;

/// A request for several changes.
pub struct Bulk {
    pub(super) atomicity: Atomicity,
    /// With the errors of those that are not valid, unless all are to be made or none.
    pub(super) operations: Vec<Result<Operation, InvalidOperation>>,
}

pub(super) struct InvalidOperation {
    pub(super) is_patch: bool,
    pub(super) errors: Vec<FieldError>,
}

pub(super) struct Operation {
    pub(super) operation: BulkOperation,
    /// Whether it says which revision it may change, if only with `*`. A creation changes none.
    pub(super) has_if_match: bool,
}

impl Operation {
    pub(super) fn is_patch(&self) -> bool {
        matches!(self.operation, BulkOperation::Patch { .. })
    }

    /// The recipe that is changed.
    pub(super) fn id(&self) -> Option<RecipeId> {
        match &self.operation {
            BulkOperation::Create(_) => None,
            BulkOperation::Replace { id, .. }
            | BulkOperation::Patch { id, .. }
            | BulkOperation::Delete { id, .. } => Some(*id),
        }
    }
}

impl Parse for Bulk {
    const MAX_BYTES: usize = limits::BULK_BYTES;

    fn unknown_fields(body: &Map<String, Value>) -> Vec<FieldError> {
        let mut unknown = fields::unknown(body, &["atomic", "operations"]);
        let operations = body.get("operations").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (index, operation) in operations.iter().enumerate() {
            let Value::Object(members) = operation else { continue };
            let mut inside = fields::unknown(members, &["op", "id", "ifMatch", "recipe", "patch"]);
            for part in ["recipe", "patch"] {
                if let Some(Value::Object(recipe)) = members.get(part) {
                    inside.extend(within(Draft::unknown_fields(recipe), &format!("/{part}")));
                }
            }
            unknown.extend(within(inside, &format!("/operations/{index}")));
        }
        unknown.truncate(LISTED);
        unknown
    }

    fn parse(body: &Map<String, Value>, encoding: Scalars) -> Result<Self, Vec<FieldError>> {
        let atomicity = match body.get("atomic") {
            None | Some(Value::Null | Value::Bool(true)) => Ok(Atomicity::All),
            Some(Value::Bool(false)) => Ok(Atomicity::Each),
            Some(Value::String(text)) if encoding == Scalars::Text => match text.trim() {
                "" | "true" => Ok(Atomicity::All),
                "false" => Ok(Atomicity::Each),
                _ => Err(error("/atomic", "must be true or false")),
            },
            Some(_) => Err(error("/atomic", "must be true or false")),
        };
        let operations = match body.get("operations") {
            Some(Value::Array(operations)) if (1..=MAX_OPERATIONS).contains(&operations.len()) => {
                Ok(operations)
            }
            _ => Err(error("/operations", "is required and must be a list of 1 to 1,000 operations")),
        };
        let (atomicity, operations) = match (atomicity, operations) {
            (Ok(atomicity), Ok(operations)) => (atomicity, operations),
            (atomicity, operations) => {
                return Err(atomicity.err().into_iter().chain(operations.err()).collect());
            }
        };
        let operations: Vec<_> = operations.iter().map(|operation| parsed(operation, encoding)).collect();
        if atomicity == Atomicity::Each || operations.iter().all(Result::is_ok) {
            return Ok(Self { atomicity, operations });
        }
        let places = operations.into_iter().enumerate();
        let errors = places.filter_map(|(index, operation)| Some((index, operation.err()?.errors)));
        let errors = errors.flat_map(|(index, errors)| within(errors, &format!("/operations/{index}")));
        Err(errors.take(LISTED).collect())
    }
}

impl Operation {
    fn parse(operation: &Value, encoding: Scalars) -> Result<Self, Vec<FieldError>> {
        let Value::Object(members) = operation else {
            return Err(vec![error("", "must be an object with op, and id, recipe or patch")]);
        };
        let members = Members { members, encoding };
        let (operation, has_if_match) = match members.text("op") {
            Some("create") => (members.draft().map(BulkOperation::Create)?, false),
            Some("replace") => {
                let (id, draft) = both(members.id(), members.draft())?;
                let (precondition, has_if_match) = members.precondition(id)?;
                (BulkOperation::Replace { id, draft, precondition }, has_if_match)
            }
            Some("patch") => {
                let (id, patch) = both(members.id(), members.patch())?;
                let (precondition, has_if_match) = members.precondition(id)?;
                (BulkOperation::Patch { id, patch, precondition }, has_if_match)
            }
            Some("delete") => {
                let id = members.id()?;
                let (precondition, has_if_match) = members.precondition(id)?;
                (BulkOperation::Delete { id, precondition }, has_if_match)
            }
            _ => {
                let message = "must be \"create\", \"replace\", \"patch\" or \"delete\"";
                return Err(vec![error("/op", message)]);
            }
        };
        Ok(Self { operation, has_if_match })
    }
}

fn parsed(operation: &Value, encoding: Scalars) -> Result<Operation, InvalidOperation> {
    Operation::parse(operation, encoding).map_err(|errors| {
        let op = operation.get("op").and_then(Value::as_str);
        InvalidOperation { is_patch: op.is_some_and(|op| op.trim() == "patch"), errors }
    })
}

/// The members of an operation.
#[derive(Clone, Copy)]
struct Members<'a> {
    members: &'a Map<String, Value>,
    encoding: Scalars,
}

impl<'a> Members<'a> {
    fn text(self, name: &str) -> Option<&'a str> {
        self.members.get(name).and_then(Value::as_str).map(str::trim)
    }

    fn id(self) -> Result<RecipeId, Vec<FieldError>> {
        let id = match self.members.get("id") {
            Some(Value::String(text)) if self.encoding == Scalars::Text => RecipeId::parse(text.trim()),
            Some(value) => value.as_i64().and_then(RecipeId::from_i64),
            None => None,
        };
        id.ok_or_else(|| vec![error("/id", "is required and must be the id of a recipe")])
    }

    fn draft(self) -> Result<Draft, Vec<FieldError>> {
        let recipe = self.object("recipe")?;
        Draft::parse(recipe, self.encoding).map_err(|errors| within(errors, "/recipe"))
    }

    fn patch(self) -> Result<RecipePatch, Vec<FieldError>> {
        let patch = self.object("patch")?;
        RecipePatch::parse(patch, self.encoding).map_err(|errors| within(errors, "/patch"))
    }

    /// An object that could also be the body of a request of its own.
    fn object(self, name: &str) -> Result<&'a Map<String, Value>, Vec<FieldError>> {
        let Some(Value::Object(object)) = self.members.get(name) else {
            return Err(vec![error(&format!("/{name}"), "is required and must be an object")]);
        };
        // A patch of a recipe that has the largest texts is still small beside this.
        let length = serde_json::to_vec(object).map_or(usize::MAX, |json| json.len());
        if length > limits::BODY_BYTES {
            let message = format!("must be at most {} bytes of JSON", limits::BODY_BYTES);
            return Err(vec![error(&format!("/{name}"), &message)]);
        }
        Ok(object)
    }

    /// `ifMatch` is what a request of its own would have as `If-Match`.
    fn precondition(self, id: RecipeId) -> Result<(Precondition, bool), Vec<FieldError>> {
        let invalid = || {
            let message = "must be the ETag of your copy with its quotes, as in \"\\\"11-2\\\"\", a list of such tags, or *";
            vec![error("/ifMatch", message)]
        };
        let tags = match self.members.get("ifMatch") {
            None | Some(Value::Null) => return Ok((Precondition::None, false)),
            Some(Value::String(tags)) if tags.trim().is_empty() => return Ok((Precondition::None, false)),
            Some(Value::String(tags)) => HeaderValue::from_str(tags).map_err(|_| invalid())?,
            Some(_) => return Err(invalid()),
        };
        let conditions = Conditions::from(&HeaderMap::from_iter([(header::IF_MATCH, tags)]));
        let precondition = conditional::precondition(&conditions, id).map_err(|_| invalid())?;
        Ok((precondition, true))
    }
}

/// Both values, or the errors of both.
fn both<A, B>(
    a: Result<A, Vec<FieldError>>,
    b: Result<B, Vec<FieldError>>,
) -> Result<(A, B), Vec<FieldError>> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(a.err().into_iter().chain(b.err()).flatten().collect()),
    }
}

fn within(mut errors: Vec<FieldError>, place: &str) -> Vec<FieldError> {
    for error in &mut errors {
        error.pointer.insert_str(0, place);
    }
    errors
}

fn error(pointer: &str, message: &str) -> FieldError {
    FieldError { pointer: pointer.to_owned(), message: message.to_owned() }
}
