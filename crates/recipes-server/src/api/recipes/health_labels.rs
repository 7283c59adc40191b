//! The known health labels.

use axum::response::Response;
use http::Uri;
use serde_json::{Value, json};

use super::search::revalidated;
use crate::api::documented_errors::{
    Malformed, NotAcceptable, Unauthorized, Unavailable, WithoutRecipesRead,
};
use crate::app::App;
use crate::auth::requirements::RecipeReader;
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::Query;

/// Lists the known health labels, what they mean, and how many recipes have them.
#[utoipa::path(
    get, path = "/api/v1/health-labels", tag = "recipes", operation_id = "listHealthLabels",
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "All known labels by name, with the counts of the recipes that you may read",
            body = ref("#/components/schemas/HealthLabels")),
        Malformed, Unauthorized, WithoutRecipesRead, NotAcceptable, Unavailable,
    )
)]
pub async fn list(JsonApi(app): JsonApi<App>, reader: RecipeReader, uri: Uri) -> Result<Response, Report> {
    Query::parse(&uri, &[])?;
    let found = app.recipes().health_labels(reader.viewer).await?;
    let labels = found.labels.into_iter().map(|(label, count)| {
        let mut shown = json!({
            "name": label.name,
            "value": label.slug(),
            "meaning": label.meaning,
            "euAllergen": label.eu_allergen.is_some(),
            "count": count,
        });
        if let Some(allergen) = label.eu_allergen {
            shown["allergen"] = allergen.into();
        }
        if let Some(diet) = label.schema_org {
            shown["schemaOrg"] = format!("https://schema.org/{diet}").into();
        }
        shown
    });
    let mut body = json!({ "data": labels.collect::<Vec<_>>() });
    if found.is_stale {
        body["stale"] = Value::Bool(true);
    }
    Ok(revalidated(body))
}
