//! `Auth<S>` as an argument of axum handlers.

use std::sync::Arc;

use axum::extract::FromRef;
use axum::routing::get as on_get;
use axum::{Extension, Router};
use http::{StatusCode, header};
use tower::ServiceExt;
use tower_passport::{Auth, Authenticate, BoxStrategy, CurrentUser, Or, Reason, Rejection, Strategy};

use crate::answer::{answer, get};
use crate::says::{REJECTIONS, Says, no_credentials};

#[derive(Clone, FromRef)]
struct App {
    a: Arc<Says>,
    chain: Arc<Or<Says, Says>>,
    boxed: Arc<BoxStrategy<String>>,
}

fn app() -> Router {
    async fn required(Auth(user): Auth<Says>) -> String {
        user
    }
    async fn optional(user: Option<Auth<Says>>) -> String {
        user.map_or_else(|| "no user".into(), |Auth(user)| user)
    }
    async fn chain(Auth(user): Auth<Or<Says, Says>>) -> String {
        user
    }
    async fn boxed(Auth(user): Auth<BoxStrategy<String>>) -> String {
        user
    }
    async fn two_kinds(Auth(a): Auth<Says>, Auth(either): Auth<Or<Says, Says>>) -> String {
        format!("{a} and {either}")
    }
    Router::new()
        .route("/", on_get(required))
        .route("/optional", on_get(optional))
        .route("/chain", on_get(chain))
        .route("/boxed", on_get(boxed))
        .route("/two-kinds", on_get(two_kinds))
        .with_state(App {
            a: Arc::new(Says("A")),
            chain: Arc::new(Says("B").or(Says("C"))),
            boxed: Arc::new(Says("A").boxed()),
        })
}

async fn check(path: &str, headers: &[(&str, &str)], want: &str) {
    let mut request = get(headers);
    *request.uri_mut() = path.parse().unwrap();
    assert_eq!(answer(app(), request).await, want, "{path} {headers:?}");
}

#[tokio::test]
async fn an_accepted_request_reaches_the_handler_with_its_user() {
    check("/", &[("a", "Alice")], "200 Alice").await;
    check("/boxed", &[("a", "Alice")], "200 Alice").await;
    check("/chain", &[("c", "Alice")], "200 Alice").await;
    check("/two-kinds", &[("a", "Alice"), ("b", "Bob")], "200 Alice and Bob").await;
}

#[tokio::test]
async fn a_request_without_credentials_gets_all_challenges() {
    check("/", &[], &no_credentials("A")).await;
    check("/boxed", &[], &no_credentials("A")).await;
    check("/chain", &[], &no_credentials("B; C")).await;
    check("/two-kinds", &[("a", "Alice")], &no_credentials("B; C")).await;
}

#[tokio::test]
async fn bad_credentials_are_rejected_even_if_optional() {
    for (says, want) in REJECTIONS {
        for path in ["/", "/optional", "/boxed"] {
            check(path, &[("a", says)], want).await;
        }
    }
}

#[tokio::test]
async fn an_optional_user_may_be_absent() {
    check("/optional", &[], "200 no user").await;
    check("/optional", &[("a", "Alice")], "200 Alice").await;
}

#[tokio::test]
async fn a_rejection_is_json_and_not_cacheable() {
    let response = app().oneshot(get(&[("a", "invalid token")])).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let rejection = response.extensions().get::<Rejection>().unwrap();
    assert_eq!((rejection.status(), rejection.reason()), (StatusCode::UNAUTHORIZED, Reason::InvalidToken));
    assert_eq!(rejection.cause(), "it says so");
    assert_eq!(rejection.challenges().collect::<Vec<_>>(), ["A"]);
    assert!(rejection.error().is_none());
}

#[tokio::test]
async fn a_missing_layer_of_current_user_is_500() {
    async fn required(CurrentUser(user): CurrentUser<String>) -> String {
        user
    }
    async fn optional(user: Option<CurrentUser<String>>) -> String {
        user.map_or_else(|| "no user".into(), |CurrentUser(user)| user)
    }
    let (required, optional) =
        (Router::new().route("/", on_get(required)), Router::new().route("/", on_get(optional)));
    let with_layer = |router: &Router| router.clone().layer(Extension(CurrentUser("Alice".to_owned())));

    assert_eq!(answer(with_layer(&required), get(&[])).await, "200 Alice");
    assert_eq!(answer(with_layer(&optional), get(&[])).await, "200 Alice");
    for router in [required, optional] {
        assert_eq!(
            mistake(router).await,
            "`CurrentUser<alloc::string::String>` needs the layer `Authenticate` around its handler"
        );
    }
}

#[tokio::test]
async fn a_current_user_of_another_type_is_500() {
    let wrong = Router::new().route("/", on_get(async |_: Option<CurrentUser<u64>>| "reached"));
    let guest = wrong.route("/required", on_get(async |_: CurrentUser<String>| "reached"));
    let app = guest.route_layer(Authenticate::new(Says("A")).optional());
    let found = "the handler asks for `CurrentUser<u64>`, but `Authenticate` has a user of type `alloc::string::String`";
    assert_eq!(mistake(app.clone()).await, found);
    let both = Router::new()
        .route(
            "/",
            on_get(async |user: Option<CurrentUser<u64>>| user.map_or(0, |CurrentUser(id)| id).to_string()),
        )
        .route_layer(Authenticate::new(Says("B").map(|name| name.len() as u64)).optional())
        .route_layer(Authenticate::new(Says("A")).optional());
    assert_eq!(answer(both.clone(), get(&[("a", "Alice")])).await, "200 0");
    assert_eq!(answer(both, get(&[("b", "Bob")])).await, "200 3");
    let mut required = get(&[]);
    *required.uri_mut() = "/required".parse().unwrap();
    let response = app.oneshot(required).await.unwrap();
    assert_eq!(
        cause_of(&response),
        "`CurrentUser<alloc::string::String>` behind an optional layer must be `Option<CurrentUser<alloc::string::String>>`"
    );
}

/// The cause of the 500 in the log.
async fn mistake(router: Router) -> String {
    cause_of(&router.oneshot(get(&[("a", "Alice")])).await.unwrap())
}

fn cause_of<B>(response: &http::Response<B>) -> String {
    let rejection = response.extensions().get::<Rejection>().unwrap();
    assert_eq!(rejection.reason(), Reason::Misconfigured);
    std::error::Error::source(rejection.error().unwrap()).unwrap().to_string()
}
