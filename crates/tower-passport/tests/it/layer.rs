//! `Authenticate` around various services.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_passport::{Authenticate, BufferBody, CurrentUser, Reason, Rejection};

use crate::answer::{answer, get};
use crate::says::{REJECTIONS, Says, no_credentials};

/// A service without axum, with its own body type.
async fn greet(request: Request<Body>) -> Result<Response<Full<Bytes>>, Infallible> {
    let user = request.extensions().get::<CurrentUser<String>>();
    Ok(Response::new(user.map_or("no user", |CurrentUser(user)| user).to_owned().into()))
}

async fn check(layer: Authenticate<Says>, headers: &[(&str, &str)], want: &str) {
    let axum = Router::new()
        .route("/", on_get(async |request: Request<Body>| greet(request).await.unwrap().map(Body::new)));
    assert_eq!(answer(axum.layer(layer.clone()), get(headers)).await, want, "axum, {headers:?}");
    assert_eq!(answer(layer.layer(service_fn(greet)), get(headers)).await, want, "tower, {headers:?}");
}

#[tokio::test]
async fn the_service_gets_the_user() {
    check(Authenticate::new(Says("A")), &[("a", "Alice")], "200 Alice").await;
    check(Authenticate::new(Says("A")).optional(), &[("a", "Alice")], "200 Alice").await;
}

#[tokio::test]
async fn requests_without_credentials_are_rejected_unless_optional() {
    check(Authenticate::new(Says("A")), &[], &no_credentials("A")).await;
    check(Authenticate::new(Says("A")).optional(), &[], "200 no user").await;
}

#[tokio::test]
async fn the_innermost_layer_decides_about_the_user() {
    let both =
        Authenticate::new(Says("A")).layer(Authenticate::new(Says("B")).optional().layer(service_fn(greet)));
    assert_eq!(answer(both.clone(), get(&[("a", "Alice")])).await, "200 no user");
    assert_eq!(answer(both, get(&[("a", "Alice"), ("b", "Bob")])).await, "200 Bob");
}

#[tokio::test]
async fn bad_credentials_are_rejected_with_and_without_optional() {
    for (says, want) in REJECTIONS {
        check(Authenticate::new(Says("A")), &[("a", says)], want).await;
        check(Authenticate::new(Says("A")).optional(), &[("a", says)], want).await;
    }
}

#[tokio::test]
async fn a_rejected_request_does_not_reach_the_service() {
    let unreachable =
        service_fn(async |_: Request<Body>| -> Result<Response<Body>, Infallible> { panic!("reached") });
    let response = Authenticate::new(Says("A")).layer(unreachable).oneshot(get(&[])).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_responder_gets_rejection_and_request_and_may_use_any_body() {
    /// A body type that cannot be made from bytes.
    fn page(rejection: &Rejection, request: &http::request::Parts) -> Response<http_body_util::Empty<Bytes>> {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        let said = format!("{} {} {rejection}", request.uri, rejection.status());
        response.headers_mut().insert("said", said.try_into().unwrap());
        response
    }
    let inner = service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::default()));
    let service = Authenticate::new(Says("A")).respond_with(page).layer(inner);
    let response = service.clone().oneshot(get(&[("a", "scope")])).await.unwrap();
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
    assert_eq!(response.headers()["said"], "/ 403 Forbidden These credentials do not allow this.");
    assert_eq!(response.extensions().get::<Rejection>().unwrap().reason(), Reason::InsufficientScope);
    let response = service.clone().oneshot(get(&[("a", "elsewhere")])).await.unwrap();
    assert_eq!(response.headers()["set-cookie"], "flow=1", "the browser must bring it back");
    assert_eq!(answer(service, get(&[("a", "Alice")])).await, "200");
}

#[tokio::test]
async fn the_ready_service_is_called() {
    /// Panics if it is called before `poll_ready`, as a service may.
    struct Strict {
        ready: bool,
    }
    impl Clone for Strict {
        fn clone(&self) -> Self {
            Self { ready: false }
        }
    }
    impl Service<Request<Body>> for Strict {
        type Response = Response<Body>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
            self.ready = true;
            std::task::Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<Body>) -> Self::Future {
            assert!(std::mem::take(&mut self.ready), "called before ready");
            std::future::ready(Ok(Response::default()))
        }
    }
    let mut service = Authenticate::new(Says("A")).layer(Strict { ready: false });
    for _ in 0..3 {
        let response = service.ready().await.unwrap().call(get(&[("a", "Alice")])).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    let inner = Strict { ready: false }.map_request(|request: Request<Full<Bytes>>| request.map(Body::new));
    let mut service = BufferBody::new(6).layer(inner);
    for _ in 0..3 {
        let ready = ServiceExt::<Request<Body>>::ready(&mut service).await.unwrap();
        assert_eq!(ready.call(get(&[])).await.unwrap().status(), StatusCode::OK);
    }
}

/// Why all documentation says `route_layer`.
#[tokio::test]
async fn route_layer_does_not_protect_unknown_paths() {
    let members = || Router::new().route("/me", on_get(async || "reached"));
    let public = || Router::new().route("/", on_get(async || "public"));
    let ask = async |app: Router, path: &str| {
        let mut request = get(&[]);
        *request.uri_mut() = path.parse().unwrap();
        answer(app, request).await
    };
    let app = || public().merge(members().route_layer(Authenticate::new(Says("A"))));
    assert_eq!(ask(app(), "/me").await, no_credentials("A"));
    assert_eq!(ask(app(), "/").await, "200 public");
    assert_eq!(ask(app(), "/nowhere").await, "404");
    let everywhere = public().merge(members().layer(Authenticate::new(Says("A"))));
    assert_eq!(ask(everywhere, "/nowhere").await, no_credentials("A"));
}
