//! The API's description of itself: the OpenAPI document, and a page to read and try it that works offline.

use std::collections::BTreeMap;

use axum::{
    Router,
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use http::{HeaderValue, header};
use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        OpenApi, RefOr, Required, Schema,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::app::App;
use crate::http::offers::Offers;

const OPENAPI: &str = "/api/v1/openapi.json";

/// The part of the document that no route says of itself.
pub fn document() -> OpenApi {
    Document::openapi()
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Recipes API",
        description = "Recipes over REST. Anybody reads; sign up or log in for a token, send it as \
            `Authorization: Bearer TOKEN`, and write.\n\n\
            Bodies may also be sent as `application/x-www-form-urlencoded`, with nested fields as \
            `ingredients[]=..` and `author[name]=..`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    modifiers(&Bearer, &Schemas),
    tags(
        (name = "recipes", description = "Read, write, share"),
        (name = "users", description = "Sign up, log in, be recognized"),
        (name = "admin", description = "For administrators: other people's accounts, and what has happened to them"),
        (name = "health", description = "For those who look after the service"),
    ),
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut OpenApi) {
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.bearer_format = Some("JWT".to_owned());
        bearer.description = Some(
            "The `token` that sign-up, log-in and refresh answer, or an API token (`rcp_..`), which must have the \
             scope that the operation names."
                .to_owned(),
        );
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// The shapes of the wire. They are written down, not derived, because the domain reads and writes recipes by
/// itself; the contract tests hold the two against each other.
struct Schemas;

const SCHEMAS: &str = include_str!("schemas.json");

impl Modify for Schemas {
    fn modify(&self, openapi: &mut OpenApi) {
        let schemas: BTreeMap<String, RefOr<Schema>> = serde_json::from_str(SCHEMAS).unwrap_or_default();
        openapi.components.get_or_insert_default().schemas.extend(schemas);
    }
}

/// Says that a body that is described must be sent; the route macros leave that open.
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

/// The routes of the document and of its page.
pub fn pages(openapi: &OpenApi) -> Router<App> {
    let document = Bytes::from(openapi.to_pretty_json().unwrap_or_default());
    let document =
        get(move || async move { ([(header::CONTENT_TYPE, "application/json")], document).into_response() });
    // The validator badge would tell a host elsewhere where this service is.
    let config = Config::new([OPENAPI]).validator_url("none").try_it_out_enabled(true);
    let page = Router::from(SwaggerUi::new("/docs").config(config)).layer(map_response(with_policy));
    Router::new().route(OPENAPI, document.route_layer(Offers::JSON)).merge(page)
}

/// The page may load and call this server, and nothing else.
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
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_keyword_of_the_schemas_reaches_the_document() {
        let written: Value = serde_json::from_str(SCHEMAS).unwrap();
        let published = serde_json::to_value(document()).unwrap();
        assert_eq!(published["components"]["schemas"], written);
    }
}
