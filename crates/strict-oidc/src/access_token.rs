//! Access tokens ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)).

use serde::{Deserialize, Serialize};
use strict_jose::{Keys, Rules};

use crate::client::Client;
use crate::error::{Challenge, ErrorCode, OAuthError};
use crate::grant::Grant;
use crate::provider::{Provider, Target};
use crate::random::Random;
use crate::scopes::Scopes;
use crate::status_list::StatusReference;
use crate::time::UnixTime;

/// The type of an access token ([RFC 9068 §2.1](https://www.rfc-editor.org/rfc/rfc9068#section-2.1)).
pub(crate) const TYP: &str = "at+jwt";

/// The claims of an access token ([RFC 9068 §2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2)). No personal data: many
/// servers log tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccessClaims {
    /// The server.
    pub iss: String,
    /// The user as this client sees them, or the client itself: then `sub` equals `client_id`, and the caller is no user.
    pub sub: String,
    /// The APIs that may accept the token.
    pub aud: Audience,
    /// The client.
    pub client_id: String,
    /// The scopes.
    #[serde(default)]
    pub scope: Scopes,
    /// The time of issue.
    pub iat: UnixTime,
    /// The expiry time.
    pub exp: UnixTime,
    /// The unique id of the token.
    pub jti: String,
    /// The grant. `None` for a client on its own behalf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// When the user authenticated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<UnixTime>,
    /// The authentication level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// How the user authenticated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The key that the token is bound to ([RFC 9449 §6.1](https://www.rfc-editor.org/rfc/rfc9449#section-6.1)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// The place in a status list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// The claim `aud`: one audience as a string, several as an array
/// ([RFC 7519 §4.1.3](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Audience {
    /// Whether `audience` is one of them.
    pub fn contains(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

impl From<Vec<String>> for Audience {
    fn from(mut audiences: Vec<String>) -> Self {
        match audiences.len() {
            1 => Self::One(audiences.remove(0)),
            _ => Self::Several(audiences),
        }
    }
}

/// The claim `cnf`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The thumbprint of the DPoP key.
    pub jkt: String,
}

/// The claim `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The place.
    pub status_list: StatusReference,
}

/// The values that differ in each token.
pub(crate) struct NewToken<'a> {
    pub(crate) sub: String,
    pub(crate) random: &'a Random,
    pub(crate) now: UnixTime,
}

impl AccessClaims {
    /// The claims of a token for `sub`.
    pub(crate) fn new(provider: &Provider, client: &Client, target: &Target, token: NewToken<'_>) -> Self {
        let NewToken { sub, random, now } = token;
        Self {
            iss: provider.issuer().to_owned(),
            sub,
            aud: target.audience.clone().into(),
            client_id: client.id.clone(),
            scope: target.scopes.clone(),
            iat: now,
            exp: now + provider.lifetimes.access_token,
            jti: random.token_id(),
            sid: None,
            auth_time: None,
            acr: None,
            amr: Vec::new(),
            cnf: None,
            status: None,
        }
    }

    /// Adds the known facts about the user.
    #[must_use]
    pub(crate) fn of_grant(self, grant: &Grant) -> Self {
        Self {
            sid: Some(grant.id.to_string()),
            auth_time: Some(grant.authenticated_at),
            acr: Some(grant.acr.clone()),
            amr: grant.amr.clone(),
            status: grant.status.clone().map(|status_list| Status { status_list }),
            ..self
        }
    }

    /// Whether the token belongs to a client on its own behalf, not to a user
    /// ([RFC 9068 §5](https://www.rfc-editor.org/rfc/rfc9068#section-5)).
    pub fn is_client(&self) -> bool {
        self.sub == self.client_id
    }
}

/// Verifies the access tokens of one server for one audience. Make one at the start and share it.
///
/// ```
/// use strict_oidc::{AccessTokenVerifier, SigningKeys, UnixTime};
///
/// let verifier = AccessTokenVerifier::new("https://id.example", "https://api.example/v1");
/// let refused = verifier.verify("eyJ", &SigningKeys::default(), UnixTime(1_900_000_000)).unwrap_err();
/// assert_eq!(refused.status(), 401);
/// ```
#[derive(Clone, Debug)]
pub struct AccessTokenVerifier(Rules);

impl AccessTokenVerifier {
    /// A verifier of tokens of `issuer` for `audience`. The audience of userinfo is the issuer.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self(Rules::typ(TYP).issuer(issuer).audience(audience))
    }

    /// Verifies a token. If its claims have a `cnf`, also verify the proof of the request: [`dpop`](crate::DpopRules).
    ///
    /// # Errors
    /// `invalid_token` (401) if the token is not an access token of the server for the audience, or has expired.
    pub fn verify(
        &self,
        token: &str,
        keys: &(impl Keys + ?Sized),
        now: UnixTime,
    ) -> Result<AccessClaims, OAuthError> {
        let verified = self.0.verify(token, keys, now.system_time());
        verified.map(|verified| verified.claims).map_err(|error| {
            let refused = format!("the access token is refused: {error}");
            OAuthError::new(ErrorCode::InvalidToken, refused).with_challenge(Challenge::Bearer)
        })
    }
}
