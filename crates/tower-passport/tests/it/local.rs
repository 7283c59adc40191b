//! `Local` inside `BufferBody`.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::post as on_post;
use http::request::Parts;
use secrecy::ExposeSecret;
use tower::ServiceExt;
use tower_passport::{
    Authenticate, BufferBody, Challenge, CurrentUser, Error, Local, LocalCredentials, Reason, Rejection,
    Strategy, Verification, Verify,
};

use crate::answer::{answer, post};
use crate::says::{Says, no_credentials};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const WRONG: &str = r#"401 [Form] {"error":"wrong_credentials","error_description":"The user name or the password is wrong."}"#;

/// `ali` has the password `open sesame`; the store fails for `busy` and `down`.
async fn verify(credentials: LocalCredentials) -> Result<Option<String>, Error> {
    match (credentials.username.as_str(), credentials.password.expose_secret()) {
        ("ali", "open sesame") => Ok(Some("Ali".into())),
        ("busy", _) => Err(Error::new("too many log-ins").with_retry_after(Duration::from_secs(2))),
        ("down", _) => Err(Error::new("the store is down")),
        _ => Ok(None),
    }
}

/// The handler responds with the user and the length of its body.
fn app<V: Verify<LocalCredentials, User = String>>(local: Local<V>) -> Router {
    async fn log_in(CurrentUser(user): CurrentUser<String>, body: Bytes) -> String {
        format!("{user}, {} bytes", body.len())
    }
    Router::new().route("/", on_post(log_in)).layer(Authenticate::new(local)).layer(BufferBody::new(100))
}

async fn check(content_type: &str, body: &str, want: &str) {
    let local = Local::new(verify);
    assert_eq!(answer(app(local), post(content_type, body.to_owned())).await, want, "{content_type}: {body}");
}

fn missing(fields: &str) -> String {
    format!(
        r#"400 {{"error":"invalid_request","error_description":"Fields are missing.","missing_fields":[{fields}]}}"#
    )
}

fn bad_request(description: &str) -> String {
    format!(r#"400 {{"error":"invalid_request","error_description":"{description}"}}"#)
}

#[tokio::test]
async fn the_right_password_is_accepted_and_the_handler_gets_the_body() {
    check(JSON, r#"{"username":"ali","password":"open sesame"}"#, "200 Ali, 43 bytes").await;
    check(
        "application/vnd.api+json; v=1",
        r#"{"password":"open sesame","username":"ali"}"#,
        "200 Ali, 43 bytes",
    )
    .await;
    check(
        "Application/JSON;charset=utf-8",
        r#"{"username":"ali","password":"open sesame"}"#,
        "200 Ali, 43 bytes",
    )
    .await;
    check(FORM, "username=ali&password=open+sesame", "200 Ali, 33 bytes").await;
    check(&format!("{FORM}; charset=UTF-8"), "password=open%20sesame&username=ali&x=y", "200 Ali, 39 bytes")
        .await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_response() {
    check(JSON, r#"{"username":"ali","password":"open"}"#, WRONG).await;
    check(JSON, r#"{"username":"unknown","password":"open sesame"}"#, WRONG).await;
    check(FORM, "username=ali&password=Open+Sesame", WRONG).await;
    check(FORM, "username=+ali&password=open+sesame", WRONG).await;
}

#[tokio::test]
async fn every_missing_field_is_named() {
    for body in
        ["{}", "[]", "null", r#"{"username":null,"password":7}"#, r#"{"username":"","password":["x"]}"#]
    {
        check(JSON, body, &missing(r#""username","password""#)).await;
    }
    check(JSON, r#"{"username":"ali"}"#, &missing(r#""password""#)).await;
    check(FORM, "password=x&username=", &missing(r#""username""#)).await;
    check(FORM, "username=ali&password", &missing(r#""password""#)).await;
    check(FORM, "a=b", &missing(r#""username","password""#)).await;
    check(FORM, "", &missing(r#""username","password""#)).await;
}

#[tokio::test]
async fn missing_fields_have_the_configured_names() {
    let local = Local::new(verify).username_field("user[email]").password_field("user.password");
    let response = app(local).oneshot(post(JSON, "{}")).await.unwrap();
    let rejection = response.extensions().get::<Rejection>().unwrap();
    assert_eq!(rejection.reason(), Reason::InvalidRequest);
    assert_eq!(rejection.missing_fields(), ["user[email]", "user.password"]);
}

#[tokio::test]
async fn unreadable_bodies_are_rejected() {
    for body in ["{", r#"{"username":"ali"} {}"#, "username=ali&password=x"] {
        check(JSON, body, &bad_request("The body cannot be read.")).await;
    }
    check(FORM, "username=%ff&password=x", &bad_request("The body cannot be read.")).await;
    check(
        JSON,
        r#"{"username":"ali","username":"bob","password":"x"}"#,
        &bad_request("A field appears twice."),
    )
    .await;
    check(FORM, "username=ali&password=x&password=y", &bad_request("A field appears twice.")).await;
    let want = bad_request("Send the credentials as application/json or application/x-www-form-urlencoded.");
    for content_type in ["", "text/plain", "multipart/form-data", "text/json", "application/jsonp", "json"] {
        check(content_type, r#"{"username":"ali","password":"open sesame"}"#, &want).await;
    }
}

#[tokio::test]
async fn a_request_without_a_body_passes() {
    check("", "", &no_credentials("Form")).await;
    check(JSON, "", &no_credentials("Form")).await;
    check("text/plain", "", &no_credentials("Form")).await;
}

#[tokio::test]
async fn the_query_string_is_never_read() {
    let mut request = post("", "");
    *request.uri_mut() = "/?username=ali&password=open+sesame".parse().unwrap();
    assert_eq!(answer(app(Local::new(verify)), request).await, no_credentials("Form"));
    let mut request = post(FORM, "username=ali");
    *request.uri_mut() = "/?password=open+sesame".parse().unwrap();
    assert_eq!(answer(app(Local::new(verify)), request).await, missing(r#""password""#));
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read() {
    let body = format!(r#"{{"username":"ali","password":"open sesame","x":"{}"}}"#, "x".repeat(100));
    check(JSON, &body, r#"413 {"error":"body_too_large","error_description":"The body is too large."}"#)
        .await;
}

#[tokio::test]
async fn a_busy_or_failed_store_is_503() {
    const UNDECIDED: &str = r#"{"error":"temporarily_unavailable","error_description":"The server cannot check credentials now. Try again later."}"#;
    check(FORM, "username=busy&password=x", &format!("503 retry-after: 2 {UNDECIDED}")).await;
    check(FORM, "username=down&password=x", &format!("503 {UNDECIDED}")).await;
}

#[tokio::test]
async fn fields_can_be_renamed_and_nested() {
    let nested = || app(Local::new(verify).username_field("user[email]").password_field("user[password]"));
    for (content_type, body, want) in [
        (JSON, r#"{"user":{"email":"ali","password":"open sesame"}}"#, "200 Ali, 49 bytes"),
        (FORM, "user[email]=ali&user[password]=open+sesame", "200 Ali, 42 bytes"),
        (FORM, "user%5Bemail%5D=ali&user.password=open+sesame", "200 Ali, 45 bytes"),
        (JSON, r#"{"email":"ali","password":"open sesame"}"#, &missing(r#""user[email]","user[password]""#)),
        (FORM, "email=ali&password=open+sesame", &missing(r#""user[email]","user[password]""#)),
    ] {
        assert_eq!(answer(nested(), post(content_type, body)).await, want, "{body}");
    }
    let renamed = app(Local::new(verify).username_field("email").password_field("word"));
    assert_eq!(answer(renamed, post(FORM, "email=ali&word=open+sesame")).await, "200 Ali, 26 bytes");
}

#[tokio::test]
async fn a_missing_layer_is_500_and_the_error_names_it() {
    let unbuffered =
        Router::new().route("/", on_post(|| async {})).layer(Authenticate::new(Local::new(verify)));
    let body = "username=ali&password=open+sesame";
    let want = r#"500 {"error":"server_error","error_description":"The server is not set up completely."}"#;
    assert_eq!(answer(unbuffered.clone(), post(FORM, body)).await, want);
    let response = unbuffered.oneshot(post(FORM, body)).await.unwrap();
    let rejection = response.extensions().get::<Rejection>().unwrap();
    assert_eq!(rejection.reason(), Reason::Misconfigured);
    let cause = std::error::Error::source(rejection.error().unwrap()).unwrap();
    assert!(cause.to_string().contains("`BufferBody`"), "{cause}");
}

#[tokio::test]
async fn a_chain_continues_only_without_a_body() {
    let chain = || {
        Router::new()
            .route("/", on_post(|CurrentUser(user): CurrentUser<String>| async move { user }))
            .layer(Authenticate::new(Local::new(verify).or(Says("Key"))))
            .layer(BufferBody::new(100))
    };
    let with_key = |content_type: &str, body: &'static str| {
        let mut request = post(content_type, Body::from(body));
        request.headers_mut().insert("key", "Bob".parse().unwrap());
        request
    };
    assert_eq!(answer(chain(), post("", "")).await, no_credentials("Form; Key"));
    assert_eq!(answer(chain(), with_key("", "")).await, "200 Bob");
    assert_eq!(answer(chain(), with_key(JSON, "")).await, "200 Bob");
    assert_eq!(answer(chain(), with_key(FORM, "username=ali&password=wrong")).await, WRONG);
    assert_eq!(answer(chain(), with_key(JSON, "{}")).await, missing(r#""username","password""#));
}

#[tokio::test]
async fn the_challenge_can_be_replaced() {
    let local = || Local::new(verify).challenges(Challenge::from_static("Passphrase"));
    assert_eq!(answer(app(local()), post("", "")).await, no_credentials("Passphrase"));
    assert!(answer(app(local()), post(FORM, "username=a&password=b")).await.starts_with("401 [Passphrase]"));
}

#[tokio::test]
async fn a_type_can_be_the_verification() {
    struct AcceptAll;
    impl Verify<LocalCredentials> for AcceptAll {
        type User = String;

        async fn verify(
            &self,
            credentials: LocalCredentials,
            _request: &Parts,
        ) -> Result<Verification<String>, Error> {
            assert_eq!(format!("{credentials:?}"), "LocalCredentials(..)");
            Ok(Some(credentials.username).into())
        }
    }
    let local: Local<AcceptAll> = Local::new(AcceptAll);
    assert_eq!(answer(app(local), post(FORM, "username=eve&password=x")).await, "200 eve, 23 bytes");
}

#[tokio::test]
async fn credentials_that_the_application_parsed_are_used_instead_of_the_body() {
    let local = Local::new(verify).username_field("email");
    for (username, password, want) in [
        ("ali", "open sesame", "accepted"),
        ("ali", "wrong", "wrong_credentials"),
        ("", "open sesame", "missing_fields"),
        ("ali", "", "missing_fields"),
    ] {
        let (mut head, _) = post(JSON, r#"{"email":"eve","password":"x"}"#).into_parts();
        head.extensions.insert(LocalCredentials::new(username, password));
        let outcome = local.admit(&head).await;
        assert_eq!(outcome.map_or_else(|rejection| rejection.cause(), |_| "accepted"), want);
    }
}
