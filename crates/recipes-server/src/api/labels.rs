//! The known health labels, and how many recipes have them.

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use http::{Uri, header};
use recipes::{KNOWN_LABELS, KnownLabel, label_slug};
use serde_json::{Value, json};

use super::documented_errors::{Malformed, NotAcceptable, Unauthorized, Unavailable, WithoutRecipesRead};
use super::recipes::response::REVALIDATE;
use crate::app::App;
use crate::auth::requirements::RecipeReader;
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::Query;

/// Lists the known health labels: what they mean, and how many recipes the caller can find with each.
#[utoipa::path(
    get, path = "/api/v1/health-labels", tag = "recipes", operation_id = "listHealthLabels",
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "The known labels, by name", body = ref("#/components/schemas/HealthLabels")),
        Malformed, Unauthorized, WithoutRecipesRead, NotAcceptable, Unavailable,
    )
)]
pub async fn list(JsonApi(app): JsonApi<App>, reader: RecipeReader, uri: Uri) -> Result<Response, Report> {
    Query::parse(&uri, &[])?;
    let (counts, is_stale) = app.recipes().label_counts(reader.viewer).await?;
    let show = |label: &KnownLabel| {
        let slug = label_slug(label.name);
        let mut shown = json!({
            "name": label.name,
            "slug": slug,
            "meaning": label.meaning,
            "euAllergen": label.eu_allergen.is_some(),
            "recipes": counts.get(&slug).copied().unwrap_or(0),
        });
        if let Some(allergen) = label.eu_allergen {
            shown["allergen"] = allergen.into();
        }
        if let Some(diet) = label.schema_org {
            shown["schemaOrg"] = format!("https://schema.org/{diet}").into();
        }
        shown
    };
    let mut body = json!({ "data": KNOWN_LABELS.iter().map(show).collect::<Vec<_>>() });
    if is_stale {
        body["stale"] = Value::Bool(true);
    }
    Ok(([(header::CACHE_CONTROL, REVALIDATE)], Json(body)).into_response())
}
