//! `CrossOriginProtection` around a log-in. The unit tests cover which requests it rejects.

use axum::Router;
use axum::routing::post as on_post;
use http::{Request, header};
use secrecy::ExposeSecret;
use tower::ServiceExt;
use tower_passport::{
    Authenticate, BufferBody, CrossOriginProtection, Local, LocalCredentials, ProblemJson, Rejection,
};

use crate::answer::{answer, post};

fn log_in() -> Router {
    let local = Local::new(async |credentials: LocalCredentials| {
        Ok::<_, std::convert::Infallible>(
            (credentials.password.expose_secret() == "open sesame").then_some(credentials.username),
        )
    });
    Router::new()
        .route("/", on_post(async || "logged in").get(async || "a form"))
        .layer(Authenticate::new(local))
        .layer(BufferBody::new(100))
}

fn from(headers: &[(&'static str, &'static str)]) -> Request<axum::body::Body> {
    let mut request = post("application/x-www-form-urlencoded", "username=mallory&password=open+sesame");
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

const EVIL: &[(&str, &str)] = &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];

#[tokio::test]
async fn a_log_in_caused_by_another_site_is_rejected() {
    let protected =
        || log_in().layer(CrossOriginProtection::new().trust_origin("https://app.example").unwrap());
    let refused = r#"403 {"error":"access_denied","error_description":"Another site caused this request."}"#;
    for (headers, want) in [
        (EVIL, refused),
        (&[("sec-fetch-site", "same-site")], refused),
        (&[("host", "recipes.example"), ("origin", "https://evil.example")], refused),
        (&[("host", "recipes.example"), ("origin", "https://recipes.example")], "200 logged in"),
        (&[("sec-fetch-site", "same-origin")], "200 logged in"),
        (&[("sec-fetch-site", "cross-site"), ("origin", "https://app.example")], "200 logged in"),
        (&[], "200 logged in"),
    ] {
        assert_eq!(answer(protected(), from(headers)).await, want, "{headers:?}");
    }
    let refused = protected().oneshot(from(EVIL)).await.unwrap();
    assert_eq!(refused.extensions().get::<Rejection>().unwrap().cause(), "cross_origin");
}

#[tokio::test]
async fn the_response_can_be_replaced() {
    let protected = log_in().layer(CrossOriginProtection::new().respond_as(ProblemJson));
    let refused = protected.oneshot(from(EVIL)).await.unwrap();
    assert_eq!(refused.headers()[header::CONTENT_TYPE], "application/problem+json");
}
