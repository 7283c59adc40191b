//! A cache of verified access tokens: verifying the signature takes half the time of a request to userinfo.

use std::sync::Arc;

use moka::sync::Cache;
use strict_oidc::{
    AccessClaims, AccessTokenVerifier, OAuthError, Parameters, Provider, SigningKeys, TokenQuery, UnixTime,
};

/// An entry takes a kilobyte and a half.
const CAPACITY: u64 = 4096;

/// The claims of verified tokens for one audience, by the whole text of the token. They belong to the keys that verified them, and end
/// with them: see [`KeyRing`](super::keys::KeyRing). Whether the grant, its user and its client still exist is looked up at each request.
pub(super) struct VerifiedTokens(Cache<Box<str>, Arc<AccessClaims>>);

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self(Cache::new(CAPACITY))
    }
}

impl VerifiedTokens {
    /// The claims of a token that the verifier accepts now, or accepted before.
    pub(super) fn verify(
        &self,
        verifier: &AccessTokenVerifier,
        token: &str,
        keys: &SigningKeys,
        now: UnixTime,
    ) -> Result<Arc<AccessClaims>, OAuthError> {
        if let Some(claims) = self.get(token, now) {
            return Ok(claims);
        }
        let claims = Arc::new(verifier.verify(token, keys, now)?);
        self.0.insert(token.into(), Arc::clone(&claims));
        Ok(claims)
    }

    /// The token that a request for introspection is about.
    pub(super) fn query(
        &self,
        provider: &Provider,
        keys: &SigningKeys,
        form: &Parameters,
        now: UnixTime,
    ) -> Result<TokenQuery, OAuthError> {
        let token = form.require("token")?;
        if let Some(claims) = self.get(token, now) {
            return Ok(TokenQuery::of_verified(Arc::unwrap_or_clone(claims)));
        }
        let query = TokenQuery::read(provider, keys, form, now)?;
        if let Some(claims) = query.access_claims() {
            self.0.insert(token.into(), Arc::new(claims.clone()));
        }
        Ok(query)
    }

    fn get(&self, token: &str, now: UnixTime) -> Option<Arc<AccessClaims>> {
        self.0.get(token).filter(|claims| now < claims.exp)
    }
}
