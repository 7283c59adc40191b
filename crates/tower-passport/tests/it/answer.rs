//! A response as one text, so that a test is a table of requests and responses.

use std::fmt::{Debug, Write};

use axum::Router;
use axum::body::Body;
use axum::routing::any as on_any;
use http::{Request, Response, header};
use http_body_util::BodyExt;
use tower::{Service, ServiceExt};
use tower_passport::{Authenticate, CurrentUser, Strategy};

/// Sends the request and returns the response as `401 [Bearer] {"error":..}`: status, challenges, `Retry-After`,
/// `Location`, `Set-Cookie`, body.
pub(crate) async fn answer<S, B, Answer>(service: S, request: Request<B>) -> String
where
    S: Service<Request<B>, Response = Response<Answer>, Error: Debug>,
    Answer: http_body::Body<Data: Debug, Error: Debug>,
{
    let response = service.oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let mut text = head.status.as_u16().to_string();
    let challenges: Vec<_> =
        head.headers.get_all(header::WWW_AUTHENTICATE).iter().map(|value| value.to_str().unwrap()).collect();
    if !challenges.is_empty() {
        write!(text, " [{}]", challenges.join("; ")).unwrap();
    }
    for name in [header::RETRY_AFTER, header::LOCATION, header::SET_COOKIE] {
        if let Some(value) = head.headers.get(&name) {
            write!(text, " {name}: {}", value.to_str().unwrap()).unwrap();
        }
    }
    let body = body.collect().await.unwrap().to_bytes();
    if !body.is_empty() {
        write!(text, " {}", String::from_utf8(body.into()).unwrap()).unwrap();
    }
    text
}

/// A site that responds with the name of the user.
pub(crate) fn app(strategy: impl Strategy<User = String>) -> Router {
    async fn whoami(user: Option<CurrentUser<String>>) -> String {
        user.map_or_else(|| "no user".into(), |CurrentUser(user)| user)
    }
    Router::new().route("/", on_any(whoami)).layer(Authenticate::new(strategy))
}

/// `GET /` with these headers.
pub(crate) fn get(headers: &[(&str, &str)]) -> Request<Body> {
    let request = Request::get("/");
    headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value))
        .body(Body::empty())
        .unwrap()
}

/// `POST /` with this body; no `Content-Type` if that is empty.
pub(crate) fn post(content_type: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/");
    let request =
        if content_type.is_empty() { request } else { request.header(header::CONTENT_TYPE, content_type) };
    request.body(body.into()).unwrap()
}
