//! Scopes in extractors, in layers and in handlers.

use std::sync::Arc;

use axum::extract::FromRef;
use axum::routing::{get as on_get, post as on_post};
use axum::{Json, Router};
use http::HeaderName;
use http::request::Parts;
use secrecy::ExposeSecret;
use tower_passport::{
    Anonymous, ApiKey, ApiKeyFormat, Auth, Authenticate, Challenge, Error, HasScope, NamedHeader, Outcome,
    Rejection, RequiredScope, Scoped, Strategy, TokenDigest, Verification, Verify, require_scope,
    scope_list_has,
};

use crate::answer::{answer, get, post};
use crate::says::no_credentials;

const INSUFFICIENT: &str = r#"403 [Bearer error="insufficient_scope", scope="recipes:write"] {"error":"insufficient_scope","error_description":"These credentials do not allow this."}"#;

#[derive(Clone)]
struct Caller {
    scope: String,
}

impl HasScope for Caller {
    fn has_scope(&self, scope: &str) -> bool {
        scope_list_has(&self.scope, scope)
    }
}

/// A caller with the scopes of a header.
struct Guard;

impl Strategy for Guard {
    type User = Caller;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<Caller>, Error> {
        Ok(match request.headers.get("scope") {
            Some(scope) => Outcome::Accept(Caller { scope: scope.to_str().unwrap().into() }),
            None => Outcome::Pass(Challenge::bearer().into()),
        })
    }
}

#[derive(Clone, FromRef)]
struct App {
    guard: Arc<Guard>,
}

struct WriteRecipes;

impl RequiredScope for WriteRecipes {
    const SCOPE: &'static str = "recipes:write";
}

async fn create(Scoped(caller, ..): Scoped<Guard, WriteRecipes>) -> String {
    caller.scope
}

async fn decide(Auth(caller): Auth<Guard>, Json(wanted): Json<String>) -> Result<String, Rejection> {
    require_scope(&caller, &wanted)?;
    Ok(caller.scope)
}

fn doors() -> [(&'static str, Router); 3] {
    let layer = || Authenticate::new(Guard.require_scope("recipes:write"));
    let argument = Router::new().route("/", on_get(create)).with_state(App { guard: Arc::new(Guard) });
    let reached = || Router::new().route("/", on_get(async || "reached"));
    [
        ("argument", argument),
        ("layer", reached().layer(layer())),
        ("optional layer", reached().layer(layer().optional())),
    ]
}

#[tokio::test]
async fn a_user_with_the_scope_is_accepted() {
    for (door, app) in doors() {
        let answer = answer(app, get(&[("scope", "recipes:read recipes:write")])).await;
        assert!(answer.starts_with("200 re"), "{door}: {answer}");
    }
}

#[tokio::test]
async fn a_user_without_the_scope_gets_its_name() {
    for (door, app) in doors() {
        for scope in ["", "recipes:read", "recipes:write2", "recipes"] {
            assert_eq!(answer(app.clone(), get(&[("scope", scope)])).await, INSUFFICIENT, "{door} {scope}");
        }
    }
}

#[tokio::test]
async fn a_request_without_credentials_is_401_before_403() {
    let [(_, argument), (_, layer), (_, optional)] = doors();
    assert_eq!(answer(argument, get(&[])).await, no_credentials("Bearer"));
    assert_eq!(answer(layer, get(&[])).await, no_credentials("Bearer"));
    assert_eq!(answer(optional, get(&[])).await, "200 reached");
}

#[tokio::test]
async fn a_scope_applies_to_the_whole_chain() {
    let chain =
        Guard.or(Anonymous::new(|| Caller { scope: "recipes:read".into() })).require_scope("recipes:write");
    let app = Router::new().route("/", on_get(async || "reached")).layer(Authenticate::new(chain));
    assert_eq!(answer(app.clone(), get(&[])).await, INSUFFICIENT);
    assert_eq!(answer(app, get(&[("scope", "recipes:write")])).await, "200 reached");
}

#[tokio::test]
async fn a_handler_can_require_a_scope() {
    let app = Router::new().route("/", on_post(decide)).with_state(App { guard: Arc::new(Guard) });
    let ask = async |wanted: &str| {
        let mut request = post("application/json", format!("{wanted:?}"));
        request.headers_mut().insert("scope", "recipes:read".parse().unwrap());
        answer(app.clone(), request).await
    };
    assert_eq!(ask("recipes:read").await, "200 recipes:read");
    assert_eq!(ask("recipes:write").await, INSUFFICIENT);
}

/// The challenge of a scope names the scheme of the credentials, through each door.
#[tokio::test]
async fn a_scope_refusal_of_a_key_in_its_own_header_has_its_own_scheme() {
    type Keys = ApiKey<ReadOnly>;

    #[derive(Clone)]
    struct ReadOnly;
    impl Verify<TokenDigest> for ReadOnly {
        type User = Caller;

        async fn verify(&self, _: TokenDigest, _: &Parts) -> Result<Verification<Caller>, Error> {
            Ok(Verification::Accept(Caller { scope: "recipes:read".into() }))
        }
    }
    async fn write(_: Scoped<Keys, WriteRecipes>) -> &'static str {
        "reached"
    }
    let format = ApiKeyFormat::new("recipes").unwrap();
    let header = HeaderName::from_static("x-api-key");
    let keys = || ApiKey::new(format.clone(), ReadOnly).tokens_from(NamedHeader::new(header.clone()));
    let reached = || Router::new().route("/", on_get(async || "reached"));
    let layer = reached().route_layer(Authenticate::new(keys().require_scope("recipes:write")));
    let chain = reached().route_layer(Authenticate::new(Guard.or(keys()).require_scope("recipes:write")));
    let argument = Router::new().route("/", on_get(write)).with_state(Arc::new(keys()));
    let key = format.generate(&[7; 32]);
    for app in [layer, chain, argument] {
        assert_eq!(
            answer(app, get(&[("x-api-key", key.expose_secret())])).await,
            INSUFFICIENT.replace("[Bearer", "[ApiKey")
        );
    }
}
