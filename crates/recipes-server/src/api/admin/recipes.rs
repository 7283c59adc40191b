//! Recipes, for administrators.

use axum::response::Response;
use ids::UserId;
use serde::Serialize;
use serde_json::Value;

use super::super::{
    documented_errors::{
        AdminRequired, Malformed, NotAcceptable, UnacceptableBody, Unauthorized, Unavailable, UserNotFound,
    },
    responses::data,
};
use crate::app::App;
use crate::auth::requirements::Admin;
use crate::http::body::{Body, ParseFields, fields::Fields};
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::use_cases::recipes::RecipeTransfer;

/// Gives all recipes of a user to another user, or makes them recipes without an owner.
///
/// Without a new owner (`to` is `null`) private recipes stay with their owner, because no user could see them. Quotas do not
/// apply. A request that was interrupted can be repeated: it hands over the rest.
#[utoipa::path(
    post, path = "/api/v1/admin/recipes/transfer", tag = "admin", operation_id = "transferRecipes",
    request_body(content = ref("#/components/schemas/RecipeTransfer"), content_type = "application/json"),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Handed over, on disk", body = ref("#/components/schemas/TransferredRecipes")),
        Malformed, Unauthorized, AdminRequired, UserNotFound, UnacceptableBody, NotAcceptable, Unavailable,
    )
)]
pub async fn transfer(
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    Body(command): Body<RecipeTransfer>,
) -> Result<Response, Report> {
    #[derive(Serialize)]
    struct Done {
        recipes: u64,
    }
    Ok(data(&Done { recipes: app.recipes().transfer(command, actor).await? }))
}

impl ParseFields for RecipeTransfer {
    const FIELDS: &'static [&'static str] = &["from", "to"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let from = match fields.get("from") {
            None | Some(Value::Null) => fields.invalid("from", "is required"),
            Some(value) => user(value).or_else(|| fields.invalid("from", NO_ID)),
        };
        // A forgotten `to` must not remove the owner of the recipes.
        let to = match fields.get("to") {
            None => fields.invalid("to", "is required: the id of a user, or null for no owner"),
            Some(Value::Null) => Some(None),
            Some(Value::String(text)) if text.is_empty() => Some(None),
            Some(value) => user(value).map(Some).or_else(|| fields.invalid("to", NO_ID)),
        };
        Some(Self { from: from?, to: to? })
    }
}

const NO_ID: &str = "must be the id of a user";

/// A number, or in a form its text.
fn user(value: &Value) -> Option<UserId> {
    match value {
        Value::Number(number) => number.as_i64().and_then(UserId::from_i64),
        Value::String(text) => UserId::parse(text),
        _ => None,
    }
}
