//! The token endpoint: a code or a refresh token goes in, tokens come out.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::Failure;
use super::client::AUTHORIZATION;
use crate::{HttpClient, HttpError};

/// What a provider gives out for a code (RFC 6749, section 5.1).
#[derive(Clone)]
#[non_exhaustive]
pub struct Tokens {
    /// For requests to the provider in the user's name.
    pub access_token: SecretString,
    /// For the next access token, if the provider gives one out: see `refresh` of the strategies.
    pub refresh_token: Option<SecretString>,
    /// What `OpenID` providers say about the log-in, signed. `Oidc` has verified it; a hint for logging out.
    pub id_token: Option<SecretString>,
    /// How long the access token is good.
    pub expires_in: Option<Duration>,
    /// What the tokens are good for, if that differs from what was asked.
    pub scope: Option<String>,
    /// Everything else that the provider says.
    pub extra: Map<String, Value>,
}

/// What is sent to a token endpoint.
pub(super) struct TokenRequest<'a> {
    pub(super) endpoint: &'a str,
    pub(super) form: &'a [(&'a str, String)],
    pub(super) authorization: Option<HeaderValue>,
}

/// What came back, if it is about the grant.
pub(super) enum Granted {
    Tokens(Box<Tokens>),
    /// The code or refresh token is used up, expired, or was never given out to us.
    InvalidGrant,
}

impl TokenRequest<'_> {
    pub(super) async fn send(self, http: &HttpClient) -> Result<Granted, Failure> {
        const BAD: Failure = Failure::Protocol("a token request that cannot be written");
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(self.form).finish();
        let mut request = Request::post(self.endpoint)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let answer = http.send(request.body(Bytes::from(body)).map_err(|_| BAD)?).await?;
        let status = answer.status();
        let Ok(read) = serde_json::from_slice::<Answer>(answer.body()) else {
            return Err(if status == StatusCode::OK {
                Failure::Protocol("a token answer that cannot be read")
            } else {
                HttpError::Status(status).into()
            });
        };
        // Some say so with 200.
        if let Some(error) = read.error {
            return match error.as_str() {
                "invalid_grant" | "bad_verification_code" | "invalid_code" => Ok(Granted::InvalidGrant),
                error => Err(Failure::refused(error, read.error_description.as_deref())),
            };
        }
        if status != StatusCode::OK && status != StatusCode::CREATED {
            return Err(HttpError::Status(status).into());
        }
        read.tokens().map(|tokens| Granted::Tokens(Box::new(tokens)))
    }
}

/// A member that is known is not there twice: serde refuses that.
#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    token_type: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<Duration>,
    refresh_token: Option<String>,
    scope: Option<Value>,
    id_token: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Answer {
    fn tokens(self) -> Result<Tokens, Failure> {
        // RFC 6749, section 7.1: a token of a type that is not understood must not be used. Some leave the type out.
        if self.token_type.is_some_and(|token_type| !token_type.eq_ignore_ascii_case("bearer")) {
            return Err(Failure::Protocol("a token that is not a bearer token"));
        }
        let access_token = self.access_token.filter(|token| !token.is_empty());
        Ok(Tokens {
            access_token: access_token
                .ok_or(Failure::Protocol("a token answer without access_token"))?
                .into(),
            refresh_token: self.refresh_token.map(Into::into),
            id_token: self.id_token.map(Into::into),
            expires_in: self.expires_in,
            scope: self.scope.as_ref().and_then(Value::as_str).map(str::to_owned),
            extra: self.extra,
        })
    }
}

/// A number of seconds, which some write as text.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(seconds) => seconds.as_u64(),
        Value::String(seconds) => seconds.parse().ok(),
        _ => None,
    }
    .map(Duration::from_secs))
}

/// No token is shown, nor what the provider says besides.
impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tokens")
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
