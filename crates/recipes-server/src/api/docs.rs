//! The OpenAPI document, and a page that shows it and sends requests.

mod page;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::{Router, routing::get};
use http::{HeaderValue, header};
use recipes::{Draft, FieldError, Scalars};
use serde_json::{Map, Value};
use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        Content, OpenApi, RefOr, Required, Schema,
        header::HeaderBuilder,
        path::Parameter,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::documented_errors::invalid_field;
use crate::app::App;
use crate::http::json_api::JsonApi;
use crate::http::negotiation::Shape;
use crate::http::static_body::StaticBody;

const OPENAPI: &str = "/api/v1/openapi.json";

/// The document without its routes.
pub fn document() -> OpenApi {
    Document::openapi()
}

#[derive(utoipa::OpenApi)]
#[openapi(
    servers((url = "/", description = "This server")),
    // Operations without a requirement of their own need no token.
    security(()),
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
        (name = "planning", description = "The meal plan and the shopping list that you share with your household"),
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

/// Completes what the route macros leave out: that described request bodies are required, and an example of the error
/// for an invalid one.
pub fn complete_bodies(openapi: &mut OpenApi) {
    let errors: BTreeMap<String, FieldError> =
        schemas().map(|all| all.iter().map(first_error).collect()).unwrap_or_default();
    for path in openapi.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete];
        for operation in operations.into_iter().flatten() {
            let Some(RefOr::T(body)) = &mut operation.request_body else { continue };
            body.required = Some(Required::True);
            let schema = body.content.values().find_map(schema_name);
            let invalid = operation.responses.responses.get_mut("422");
            if let (Some(error), Some(RefOr::T(response))) =
                (schema.and_then(|name| errors.get(&name)).filter(|error| !error.pointer.is_empty()), invalid)
            {
                for (media_type, content) in &mut response.content {
                    let RefOr::T(content) = content else { continue };
                    let is_problem = media_type == "application/problem+json";
                    let shape = if is_problem { Shape::Problem } else { Shape::Seed };
                    content.example = invalid_field(error.clone(), shape);
                }
            }
        }
    }
}

/// Adds the header of repeated answers to the operations that take an `Idempotency-Key`.
pub fn complete_repeats(openapi: &mut OpenApi) {
    for path in openapi.paths.paths.values_mut() {
        let Some(operation) = &mut path.post else { continue };
        let is_key =
            |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(it) if it.name == "Idempotency-Key");
        if !operation.parameters.iter().flatten().any(is_key) {
            continue;
        }
        for status in ["200", "201", "204"] {
            if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) {
                let meaning = "`true`: the answer to a former request with the key";
                let header = HeaderBuilder::new().description(Some(meaning)).build();
                response.headers.insert("idempotency-replayed".to_owned(), RefOr::T(header));
            }
        }
    }
}

fn schema_name(content: &RefOr<Content>) -> Option<String> {
    let RefOr::T(Content { schema: Some(RefOr::Ref(reference)), .. }) = content else { return None };
    reference.ref_location.rsplit('/').next().map(str::to_owned)
}

/// The error of an empty body; of a body without required fields, the error of a number as its first text or list.
fn first_error((name, schema): (&String, &Value)) -> (String, FieldError) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let error = if name == "RecipeDraft" {
        Draft::parse(&Map::new(), Scalars::Typed).err().and_then(|errors| errors.into_iter().next())
    } else if let Some(field) = schema["required"].get(0) {
        Some(FieldError { pointer: format!("/{}", text(field)), message: "is required".to_owned() })
    } else {
        let texts = schema["properties"].as_object().into_iter().flatten();
        let is_text = |kind: &Value| kind == "string" || kind[0] == "string";
        let mut texts = texts.filter(|(_, property)| is_text(&property["type"])).map(|(name, _)| name);
        let text = texts.next().map(|name| (name, "must be a text"));
        let mut lists = schema["properties"].as_object().into_iter().flatten();
        let list = lists.find(|(_, property)| property["type"] == "array");
        let first = text.or(list.map(|(name, _)| (name, "must be a list")));
        first.map(|(field, message)| FieldError { pointer: format!("/{field}"), message: message.to_owned() })
    };
    let none = || FieldError { pointer: String::new(), message: String::new() };
    (name.clone(), error.unwrap_or_else(none))
}

/// The routes of the document, which is made when it is first asked for, and of the page.
pub fn pages(document: impl Fn() -> OpenApi + Clone + Send + Sync + 'static) -> Router<App> {
    let made = Arc::new(OnceLock::new());
    let document = get(move |_: JsonApi<App>| async move {
        let made = made.get_or_init(|| StaticBody::new(document().to_pretty_json().unwrap_or_default()));
        let mut response = made.response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    });
    Router::new().route(OPENAPI, document).merge(page::routes())
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
