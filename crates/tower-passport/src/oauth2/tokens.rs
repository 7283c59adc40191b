//! The token endpoint, which exchanges a code or a refresh token for tokens.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::client::AUTHORIZATION;
use super::provider_error::ProviderError;
use crate::{HttpClient, HttpError};

/// The tokens that a provider issued (RFC 6749, section 5.1).
#[derive(Clone)]
#[non_exhaustive]
pub struct Tokens {
    /// The access token, for requests to the provider on behalf of the user.
    pub access_token: SecretString,
    /// The refresh token, if the provider issued one: see `refresh` of the strategies.
    pub refresh_token: Option<SecretString>,
    /// The ID token of an `OpenID` provider. `Oidc` has verified it; it is the hint for a log-out.
    pub id_token: Option<SecretString>,
    /// The lifetime of the access token.
    pub expires_in: Option<Duration>,
    /// The granted scopes, if they differ from the requested ones.
    pub scope: Option<String>,
    /// All other members of the response.
    pub extra: Map<String, Value>,
}

/// A request to a token endpoint.
pub(super) struct TokenRequest<'a> {
    pub(super) endpoint: &'a str,
    pub(super) form: &'a [(&'a str, String)],
    pub(super) authorization: Option<HeaderValue>,
}

/// The response of a token endpoint to a valid request.
pub(super) enum Granted {
    Tokens(Box<Tokens>),
    /// The code or refresh token was used before, has expired, or was issued to another client.
    InvalidGrant,
}

impl TokenRequest<'_> {
    pub(super) async fn send(self, http: &HttpClient) -> Result<Granted, ProviderError> {
        const BAD: ProviderError = ProviderError::Protocol("a token request that cannot be written");
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(self.form).finish();
        let mut request = Request::post(self.endpoint)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let response = http.send(request.body(Bytes::from(body)).map_err(|_| BAD)?).await?;
        let status = response.status();
        let Ok(read) = serde_json::from_slice::<TokenResponse>(response.body()) else {
            return Err(if status == StatusCode::OK {
                ProviderError::Protocol("a token response that cannot be read")
            } else {
                HttpError::Status(status).into()
            });
        };
        // Some providers return errors with 200.
        if let Some(error) = read.error {
            return match error.as_str() {
                "invalid_grant" | "bad_verification_code" | "invalid_code" => Ok(Granted::InvalidGrant),
                error => Err(ProviderError::error_response(error, read.error_description.as_deref())),
            };
        }
        if status != StatusCode::OK && status != StatusCode::CREATED {
            return Err(HttpError::Status(status).into());
        }
        read.tokens().map(|tokens| Granted::Tokens(Box::new(tokens)))
    }
}

/// serde rejects a known member that appears twice.
#[derive(Deserialize)]
struct TokenResponse {
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

impl TokenResponse {
    fn tokens(self) -> Result<Tokens, ProviderError> {
        // RFC 6749, section 7.1: a token of an unknown type must not be used. Some providers omit the type.
        if self.token_type.is_some_and(|token_type| !token_type.eq_ignore_ascii_case("bearer")) {
            return Err(ProviderError::Protocol("a token that is not a bearer token"));
        }
        let access_token = self.access_token.filter(|token| !token.is_empty());
        Ok(Tokens {
            access_token: access_token
                .ok_or(ProviderError::Protocol("a token response without access_token"))?
                .into(),
            refresh_token: self.refresh_token.map(Into::into),
            id_token: self.id_token.map(Into::into),
            expires_in: self.expires_in,
            scope: self.scope.as_ref().and_then(Value::as_str).map(str::to_owned),
            extra: self.extra,
        })
    }
}

/// A number of seconds, which some providers write as text.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(seconds) => seconds.as_u64(),
        Value::String(seconds) => seconds.parse().ok(),
        _ => None,
    }
    .map(Duration::from_secs))
}

/// Shows no tokens and no other members.
impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tokens")
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
