//! The OpenAPI document, and a page that shows it and sends requests. The page works offline.

use std::collections::BTreeMap;

use axum::{
    Router,
    middleware::{from_fn_with_state, map_response},
    response::Response,
    routing::get,
};
use http::{HeaderValue, header};
use serde_json::{Map, Value};
use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        OpenApi, RefOr, Required, Schema,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::app::App;
use crate::http::json_api::JsonApi;
use crate::http::static_body::{StaticBody, StaticFiles};

const OPENAPI: &str = "/api/v1/openapi.json";

/// The document without its routes.
pub fn document() -> OpenApi {
    Document::openapi()
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Recipes API",
        description = "Recipes over REST. Reading public recipes needs no account. To write, sign up or log in, and \
            send the token as `Authorization: Bearer TOKEN`.\n\n\
            Bodies may also be sent as `application/x-www-form-urlencoded`, with nested fields as \
            `ingredients[]=..` and `author[name]=..`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    modifiers(&Bearer, &Schemas),
    tags(
        (name = "recipes", description = "Read and write recipes"),
        (name = "users", description = "Sign up, log in, and manage your account"),
        (name = "admin", description = "For administrators: accounts of other users, invitations and the audit log"),
        (name = "health", description = "For operators: whether the service works"),
    ),
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut OpenApi) {
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.bearer_format = Some("JWT".to_owned());
        bearer.description = Some(
            "The `token` from sign-up, log-in or refresh; or an API token (`rcp_..`) with the scope that the operation \
             requires."
                .to_owned(),
        );
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// The schemas of request and response bodies. Those of recipes are generated from the list of their fields; the others
/// are in a file, and contract tests compare them with real responses.
struct Schemas;

fn schemas() -> serde_json::Result<Map<String, Value>> {
    let mut schemas: Map<String, Value> = serde_json::from_str(include_str!("schemas.json"))?;
    schemas.extend(recipes::recipe_schemas());
    Ok(schemas)
}

impl Modify for Schemas {
    fn modify(&self, openapi: &mut OpenApi) {
        // A test proves that no schema is lost here.
        let schemas: BTreeMap<String, RefOr<Schema>> =
            schemas().and_then(|schemas| serde_json::from_value(schemas.into())).unwrap_or_default();
        openapi.components.get_or_insert_default().schemas.extend(schemas);
    }
}

/// Marks every described request body as required; the route macros do not.
pub fn require_bodies(openapi: &mut OpenApi) {
    for path in openapi.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete];
        for body in operations.into_iter().flatten().filter_map(|operation| operation.request_body.as_mut()) {
            if let RefOr::T(body) = body {
                body.required = Some(Required::True);
            }
        }
    }
}

/// The routes of the document and of the page.
pub fn pages(openapi: &OpenApi) -> Router<App> {
    let document = StaticBody::new(openapi.to_pretty_json().unwrap_or_default());
    let document = get(move |_: JsonApi<App>| async move {
        let mut response = document.response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    });
    // The validator badge would send the address of this service to another host.
    let config = Config::new([OPENAPI]).validator_url("none").try_it_out_enabled(true);
    let page = Router::from(SwaggerUi::new("/docs").config(config)).layer(map_response(with_policy));
    let page = page.layer(from_fn_with_state(StaticFiles::default(), StaticFiles::share));
    Router::new().route(OPENAPI, document).merge(page)
}

/// The page may load from and call this server only.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

async fn with_policy(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_of_the_schemas_reaches_the_document() {
        let written = schemas().unwrap();
        assert!(written.contains_key("Recipe") && written.contains_key("User"));
        let published = serde_json::to_value(document()).unwrap();
        assert_eq!(published["components"]["schemas"], Value::Object(written));
    }
}
