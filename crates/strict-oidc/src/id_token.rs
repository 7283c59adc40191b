//! ID tokens ([OpenID Connect Core §2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)).

use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};
use strict_jose::{Algorithm, Rules};

use crate::claims::UserClaims;
use crate::client::{Client, ClientFlag};
use crate::error::{ErrorCode, OAuthError};
use crate::grant::Grant;
use crate::keys::SigningKeys;
use crate::provider::Provider;
use crate::scopes::Scopes;
use crate::time::UnixTime;

/// The type that ID tokens have in practice. Access tokens and logout tokens have others.
const TYP: &str = "JWT";

/// How long after its expiry an ID token is a valid hint. Its key is deleted long before.
const HINT_LEEWAY: Duration = Duration::from_hours(365 * 24);

/// An ID token before it is signed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IdToken {
    claims: Map<String, Value>,
    algorithm: Algorithm,
}

/// What an ID token contains beside its grant.
#[derive(Clone, Copy)]
pub(crate) struct NewIdToken<'a> {
    pub(crate) nonce: Option<&'a str>,
    pub(crate) user: &'a UserClaims,
    pub(crate) now: UnixTime,
}

impl IdToken {
    /// The ID token of a grant. Claims about the user come from userinfo, unless the client asked for them here.
    pub(crate) fn new(provider: &Provider, client: &Client, grant: &Grant, token: NewIdToken<'_>) -> Self {
        let NewIdToken { nonce, user, now } = token;
        let with_scopes = client.has(ClientFlag::IdTokenClaims);
        let no_scopes = Scopes::default();
        let mut claims =
            user.select(if with_scopes { &grant.scopes } else { &no_scopes }, &grant.claims.id_token);
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        set("iss", provider.issuer().into());
        set("sub", provider.subject(client, &grant.subject).into());
        set("aud", client.id.clone().into());
        set("iat", now.0.into());
        set("exp", (now + provider.lifetimes.id_token).0.into());
        set("auth_time", grant.authenticated_at.0.into());
        set("acr", grant.acr.clone().into());
        set("amr", grant.amr.clone().into());
        set("sid", grant.id.to_string().into());
        if let Some(nonce) = nonce {
            set("nonce", nonce.into());
        }
        Self { claims, algorithm: client.id_token_algorithm }
    }

    /// Signs the token, with the hash of the access token beside it.
    pub(crate) fn sign(mut self, access_token: &str, keys: &SigningKeys) -> Result<String, OAuthError> {
        self.claims.insert("at_hash".into(), half_hash(self.algorithm, access_token).into());
        let signed = keys.signer(self.algorithm)?.sign(TYP, &self.claims);
        signed.map_err(|error| OAuthError::new(ErrorCode::ServerError, error.to_string()))
    }
}

/// The left half of the hash that the algorithm uses
/// ([OpenID Connect Core §3.1.3.6](https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken)). Ed25519 uses SHA-512.
fn half_hash(algorithm: Algorithm, text: &str) -> String {
    let hash = if algorithm == Algorithm::EdDsa { &digest::SHA512 } else { &digest::SHA256 };
    let digest = digest::digest(hash, text.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest.as_ref()[..digest.as_ref().len() / 2])
}

/// The claims of a hint.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Hint {
    pub(crate) sub: String,
    pub(crate) aud: String,
    #[serde(default)]
    pub(crate) sid: Option<String>,
}

/// Verifies an `id_token_hint`: an ID token of this server, also an expired one.
pub(crate) fn verify_hint(
    provider: &Provider,
    keys: &SigningKeys,
    hint: &str,
    now: UnixTime,
) -> Option<Hint> {
    let rules = Rules::typ(TYP).issuer(provider.issuer()).any_audience().leeway(HINT_LEEWAY);
    rules.verify(hint, &keys.for_hints(), now.system_time()).ok().map(|verified| verified.claims)
}

/// The subject of the hint of an authorization request, which must be an ID token of this client.
pub(crate) fn hinted_subject(
    provider: &Provider,
    client: &Client,
    keys: &SigningKeys,
    hint: &str,
    now: UnixTime,
) -> Result<String, OAuthError> {
    let hint = verify_hint(provider, keys, hint, now).filter(|hint| hint.aud == client.id);
    hint.map(|hint| hint.sub).ok_or_else(|| {
        let refused = "the `id_token_hint` is not an ID token that this client got from this server";
        OAuthError::new(ErrorCode::InvalidRequest, refused)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_an_access_token_is_half_of_the_algorithms_hash() {
        // OpenID Connect Core, appendix A.3
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(Algorithm::Rs256, token), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(half_hash(Algorithm::EdDsa, token).len(), 43);
    }
}
