//! Userinfo ([OpenID Connect Core §5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo)).

use std::fmt;

use serde_json::{Map, Value};

use crate::access_token::AccessClaims;
use crate::claims::UserClaims;
use crate::client::Client;
use crate::error::{Challenge, ErrorCode, OAuthError};
use crate::grant::Grant;
use crate::keys::SigningKeys;
use crate::parameters::Parameters;
use crate::provider::Provider;

/// The access token of a request, and how it was sent ([RFC 6750 §2](https://www.rfc-editor.org/rfc/rfc6750#section-2)).
///
/// ```
/// use strict_oidc::{BearerToken, Parameters};
///
/// let token = BearerToken::read(Some("Bearer eyJ"), &Parameters::default())?;
/// assert_eq!((token.token(), token.is_dpop()), ("eyJ", false));
/// # Ok::<(), strict_oidc::OAuthError>(())
/// ```
#[derive(Clone)]
pub struct BearerToken {
    token: String,
    is_dpop: bool,
}

impl BearerToken {
    /// Reads the header `Authorization`, or the field `access_token` of a posted form. Never the query of a URL, which is logged
    /// ([RFC 9700 §4.3.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.3.2)).
    ///
    /// # Errors
    /// - `invalid_token` (401): no token.
    /// - `invalid_request`: two tokens.
    pub fn read(authorization: Option<&str>, form: &Parameters) -> Result<Self, OAuthError> {
        let posted = form.get("access_token")?;
        let header = authorization.and_then(|header| header.split_once(' ')).and_then(|(scheme, token)| {
            let is_dpop = scheme.eq_ignore_ascii_case("dpop");
            (is_dpop || scheme.eq_ignore_ascii_case("bearer"))
                .then(|| Self { token: token.trim().to_owned(), is_dpop })
        });
        match (header, posted) {
            (Some(_), Some(_)) => Err(OAuthError::new(
                ErrorCode::InvalidRequest,
                "send the access token once: in the header or in the form",
            )),
            (Some(token), None) => Ok(token),
            (None, Some(token)) => Ok(Self { token: token.to_owned(), is_dpop: false }),
            (None, None) => {
                let missing = "the request has no access token in the header `Authorization`";
                Err(OAuthError::new(ErrorCode::InvalidToken, missing).with_challenge(Challenge::NoToken))
            }
        }
    }

    /// The token. Not verified.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Whether the scheme is `DPoP`: the request then has a proof.
    pub fn is_dpop(&self) -> bool {
        self.is_dpop
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerToken").field("is_dpop", &self.is_dpop).finish_non_exhaustive()
    }
}

/// The claims about a user that the grant of an access token allows.
///
/// `token` was verified for the audience [`Provider::issuer`]. Load its grant by `sid`, and with it the client and the user.
///
/// ```
/// use serde_json::{Map, Value};
/// use strict_oidc::{AccessClaims, Client, Grant, OAuthError, Provider, UserClaims, userinfo};
///
/// fn endpoint(
///     provider: &Provider, token: &AccessClaims, client: &Client, grant: &Grant, user: &UserClaims,
/// ) -> Result<Map<String, Value>, OAuthError> {
///     userinfo(provider, token, client, Some(grant), Some(user))
/// }
/// ```
///
/// # Errors
/// - `invalid_token` (401): the grant has ended, or the user or the client is disabled.
/// - `insufficient_scope` (403): the token has no `openid`.
pub fn userinfo(
    provider: &Provider,
    token: &AccessClaims,
    client: &Client,
    grant: Option<&Grant>,
    user: Option<&UserClaims>,
) -> Result<Map<String, Value>, OAuthError> {
    let refused = |code, problem| OAuthError::new(code, problem).with_challenge(Challenge::Bearer);
    let is_own = |grant: &&Grant| {
        token.sid.as_ref().is_some_and(|sid| *sid == grant.id.to_string())
            && grant.client_id == token.client_id
            && client.id == token.client_id
            && !client.is_disabled
    };
    if !token.scope.contains("openid") {
        return Err(refused(ErrorCode::InsufficientScope, "the access token lacks the scope openid"));
    }
    let (Some(grant), Some(user)) = (grant.filter(is_own), user) else {
        return Err(refused(ErrorCode::InvalidToken, "the grant of this access token has ended"));
    };
    let mut claims = user.select(&token.scope, &grant.claims.userinfo);
    claims.insert("sub".into(), provider.subject(client, &grant.subject).into());
    Ok(claims)
}

/// Signs the answer of [`userinfo`](fn@userinfo), for a client with [`ClientFlag::SignedUserinfo`](crate::ClientFlag). Send it
/// with the type `application/jwt` ([OpenID Connect Core §5.3.2](https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse)).
///
/// It has the claims, `iss` and `aud`, and no `exp`: so it is never accepted as an ID token or a hint.
///
/// ```
/// use serde_json::{Map, Value};
/// use strict_oidc::{Client, ClientFlag, OAuthError, Provider, SigningKeys, sign_userinfo};
///
/// /// The type and the body of the answer.
/// fn answer(
///     provider: &Provider, client: &Client, claims: Map<String, Value>, keys: &SigningKeys,
/// ) -> Result<(&'static str, String), OAuthError> {
///     if client.has(ClientFlag::SignedUserinfo) {
///         return Ok(("application/jwt", sign_userinfo(provider, client, claims, keys)?));
///     }
///     Ok(("application/json", Value::Object(claims).to_string()))
/// }
/// ```
///
/// # Errors
/// `temporarily_unavailable` without a key for the client's algorithm.
pub fn sign_userinfo(
    provider: &Provider,
    client: &Client,
    mut claims: Map<String, Value>,
    keys: &SigningKeys,
) -> Result<String, OAuthError> {
    claims.insert("iss".into(), provider.issuer().into());
    claims.insert("aud".into(), client.id.clone().into());
    // A claim of the application with this name must not turn the answer into an ID token.
    claims.remove("exp");
    let signed = keys.signer(client.id_token_algorithm)?.sign("JWT", &claims);
    signed.map_err(|error| OAuthError::new(ErrorCode::ServerError, error.to_string()))
}
