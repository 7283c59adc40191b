use std::time::Duration;

use http::HeaderValue;
use http::request::Parts;
use tower_passport::{Challenge, Error, Outcome, Redirect, Rejection, Strategy};

/// A strategy whose outcome is the value of the header with its name.
#[derive(Clone)]
pub(crate) struct Says(pub(crate) &'static str);

impl Strategy for Says {
    type User = String;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<String>, Error> {
        let Self(name) = *self;
        let challenge = Challenge::from_static(name);
        Ok(match request.headers.get(name).map(|value| value.to_str().unwrap()) {
            None => Outcome::Pass(challenge.into()),
            Some("invalid token") => {
                Outcome::Reject(Rejection::invalid_token(challenge).with_cause("it says so"))
            }
            Some("ended") => {
                let rejection = Rejection::session_ended(challenge);
                Outcome::Reject(rejection.with_cookie(HeaderValue::from_static("a=; Max-Age=0")))
            }
            Some("wrong") => Outcome::Reject(Rejection::wrong_credentials(challenge)),
            Some("scope") => Outcome::Reject(Rejection::insufficient_scope(challenge)),
            Some("malformed") => Outcome::Reject(Rejection::invalid_request("Say something else.")),
            Some("elsewhere") => {
                let redirect = Redirect::to("https://id.example/?a=b").unwrap();
                Outcome::Redirect(redirect.with_cookie(HeaderValue::from_static("flow=1")))
            }
            Some("denied") => {
                let rejection = Rejection::access_denied("You said no.");
                Outcome::Reject(rejection.with_cookie(HeaderValue::from_static("flow=; Max-Age=0")))
            }
            Some("undecided") => return Err(Error::new("the database is down: secret")),
            Some("later") => {
                return Err(Error::new("queue").with_retry_after(Duration::from_millis(1_001)));
            }
            Some("misconfigured") => return Err(Error::misconfigured("a layer: secret")),
            Some(user) => Outcome::Accept(user.to_owned()),
        })
    }
}

/// Every rejection of `Says("A")`: the value of its header, and the response.
pub(crate) const REJECTIONS: &[(&str, &str)] = &[
    ("invalid token", r#"401 [A] {"error":"invalid_token","error_description":"The token is not valid."}"#),
    (
        "wrong",
        r#"401 [A] {"error":"wrong_credentials","error_description":"The user name or the password is wrong."}"#,
    ),
    (
        "scope",
        r#"403 [A] {"error":"insufficient_scope","error_description":"These credentials do not allow this."}"#,
    ),
    ("malformed", r#"400 {"error":"invalid_request","error_description":"Say something else."}"#),
    ("elsewhere", "303 location: https://id.example/?a=b set-cookie: flow=1"),
    (
        "denied",
        r#"403 set-cookie: flow=; Max-Age=0 {"error":"access_denied","error_description":"You said no."}"#,
    ),
    (
        "undecided",
        r#"503 {"error":"temporarily_unavailable","error_description":"The server cannot check credentials now. Try again later."}"#,
    ),
    (
        "later",
        r#"503 retry-after: 2 {"error":"temporarily_unavailable","error_description":"The server cannot check credentials now. Try again later."}"#,
    ),
    (
        "misconfigured",
        r#"500 {"error":"server_error","error_description":"The server is not set up completely."}"#,
    ),
];

/// The response to a request without credentials, with these challenges.
pub(crate) fn no_credentials(challenges: &str) -> String {
    format!(
        r#"401 [{challenges}] {{"error":"no_credentials","error_description":"This needs credentials, and the request has none."}}"#
    )
}
