//! `HttpClient`: allowed addresses and limits.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use serde_json::{Value, json};
use strict_jose::Rules;
use tower_passport::{HttpClient, HttpError, Jwt, Network, Outcome, RemoteKeys, Strategy as _};

use crate::identity_provider::{Answer, IdentityProvider, NOW, at};
use crate::remote_keys::key;

async fn asked(
    provider: &IdentityProvider,
    http: &HttpClient,
    answer: Answer,
) -> Result<StatusCode, HttpError> {
    provider.now().answers = [("/jwks", answer)].into();
    let request = Request::get(format!("{}/jwks", provider.url)).body(Bytes::new()).unwrap();
    http.send(request).await.map(|answer| answer.status())
}

#[tokio::test]
async fn a_response_or_an_error_is_returned() {
    let provider = IdentityProvider::start().await;
    let http = HttpClient::new(Network::Loopback).unwrap();
    for status in [200, 404, 500] {
        assert_eq!(asked(&provider, &http, Answer::Status(status)).await.unwrap(), status);
    }
    for location in ["https://169.254.169.254/", "/userinfo"] {
        let seen = asked(&provider, &http, Answer::RedirectTo(location.into())).await;
        assert!(matches!(seen, Err(HttpError::Status(StatusCode::TEMPORARY_REDIRECT))));
    }
    assert_eq!(provider.asked("/userinfo"), 0);
    let small = http.clone().max_body(6);
    assert_eq!(asked(&provider, &small, Answer::Text("6 char".into())).await.unwrap(), 200);
    let seen = asked(&provider, &small, Answer::Text("7 chars".into())).await;
    assert!(matches!(seen, Err(HttpError::TooLarge { limit: 6 })));
    assert!(matches!(asked(&provider, &small, Answer::Endless).await, Err(HttpError::TooLarge { limit: 6 })));
    let status_only = small.cut_bodies();
    for answer in [Answer::Text("7 chars".into()), Answer::Endless] {
        assert_eq!(asked(&provider, &status_only, answer).await.unwrap(), 200);
    }
    let impatient = http.timeout(Duration::from_millis(200));
    assert!(matches!(asked(&provider, &impatient, Answer::Hanging).await, Err(HttpError::TimedOut { .. })));
}

#[tokio::test]
async fn private_addresses_are_not_connected_to() {
    let provider = IdentityProvider::start().await;
    let public = HttpClient::new(Network::Public).unwrap();
    assert!(matches!(asked(&provider, &public, Answer::Status(200)).await, Err(HttpError::Forbidden(_))));
    // A name that resolves to this machine.
    let request = Request::get("https://localhost.localhost/").body(Bytes::new()).unwrap();
    assert!(matches!(public.send(request).await, Err(HttpError::Forbidden(_))));
    assert_eq!(provider.asked("/jwks"), 0);
}

#[tokio::test]
async fn a_failed_connection_is_an_error_without_the_url() {
    let http = HttpClient::new(Network::Loopback).unwrap();
    let request = Request::get("http://127.0.0.1:1/?access_token=secret").body(Bytes::new()).unwrap();
    let error = http.send(request).await.unwrap_err();
    assert!(matches!(error, HttpError::Transport(_)));
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}

tokio::task_local! {
    static SPAN: &'static str;
}

fn traceparent(provider: &IdentityProvider, path: &str) -> Option<String> {
    let header = provider.now().headers[path].get("traceparent").cloned();
    header.map(|span| span.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_trace_continues_in_requests_and_in_the_fetch_of_keys() {
    let provider = IdentityProvider::start().await;
    provider.now().published = vec![key("first")];
    let http = HttpClient::new(Network::Loopback).unwrap();
    asked(&provider, &http, Answer::Status(200)).await.unwrap();
    assert_eq!(traceparent(&provider, "/jwks"), None);

    let http = http.propagate(|headers: &mut HeaderMap| {
        if let Ok(span) = SPAN.try_with(|span| *span) {
            headers.insert("traceparent", HeaderValue::from_static(span));
        }
    });
    SPAN.scope("of-a-request", asked(&provider, &http, Answer::Status(200))).await.unwrap();
    assert_eq!(traceparent(&provider, "/jwks").as_deref(), Some("of-a-request"));

    // The fetch runs in a task of its own.
    provider.now().answers.clear();
    let keys = RemoteKeys::of_issuer(&provider.url, http).unwrap();
    let rules = Rules::typ("at+jwt").issuer(&provider.url).audience("recipes");
    let jwt = Jwt::new(keys, rules, async |claims: Value| Ok::<_, String>(Some(claims))).clock(|| at(NOW));
    let claims = json!({ "iss": provider.url, "aud": "recipes", "sub": "alice", "exp": NOW * 2 });
    let token = provider.now().published[0].sign("at+jwt", &claims).unwrap();
    let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
    let (head, ()) = request.into_parts();
    let outcome = SPAN.scope("of-a-token", jwt.authenticate(&head)).await.unwrap();
    assert!(matches!(outcome, Outcome::Accept(_)));
    let discovery = "/.well-known/openid-configuration";
    assert_eq!(traceparent(&provider, discovery).as_deref(), Some("of-a-token"));
    assert_eq!(traceparent(&provider, "/jwks").as_deref(), Some("of-a-token"));
}

#[tokio::test]
async fn redirects_are_followed_on_request_and_checked() {
    let provider = IdentityProvider::start().await;
    let http = HttpClient::new(Network::Loopback).unwrap().max_redirects(2);
    // The address behind the redirect answers without the credentials of another test.
    let seen = asked(&provider, &http, Answer::RedirectTo("/.well-known/openid-configuration".into())).await;
    assert_eq!(seen.unwrap(), 200);
    let seen = asked(&provider, &http, Answer::RedirectTo("/jwks".into())).await;
    assert!(matches!(seen, Err(HttpError::Status(StatusCode::TEMPORARY_REDIRECT))));
    let inside = asked(&provider, &http, Answer::RedirectTo("https://169.254.169.254/".into())).await;
    assert!(matches!(inside, Err(HttpError::Forbidden(_))));
}
