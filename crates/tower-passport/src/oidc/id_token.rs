//! The verification of ID tokens (`OpenID` Connect Core, section 3.1.3.7).

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{self, digest};
use serde::Deserialize;
use serde_json::Value;
use strict_jose::{Algorithm, Error as TokenError, Excerpt, Header, Key, Keys, Rules};

use super::issuer::Issuer;
use crate::oauth2::encode;

/// The rules for every ID token of a provider.
pub(super) struct IdTokenRules {
    rules: Rules,
    issuer: Issuer,
    client_id: String,
    algorithms: Vec<Algorithm>,
    pub(super) max_age: Option<Duration>,
}

/// The values that one ID token must have.
pub(super) struct Expected<'a> {
    pub(super) nonce: &'a str,
    pub(super) access_token: &'a str,
    pub(super) now: SystemTime,
}

/// A valid ID token.
pub(super) struct VerifiedIdToken {
    pub(super) issuer: String,
    pub(super) claims: Value,
}

/// The tolerance for differences between clocks.
const LEEWAY: Duration = Duration::from_mins(1);

/// The oldest acceptable ID token. It comes directly from the token endpoint, which has just issued it.
const MAX_AGE: Duration = Duration::from_hours(1);

impl IdTokenRules {
    pub(super) fn new(issuer: Issuer, client_id: &str, algorithms: Vec<Algorithm>) -> Self {
        // No `typ`: providers write `JWT` or nothing. The nonce proves that it is an ID token, and of this log-in.
        let rules = match &issuer {
            Issuer::One(issuer) => Rules::any_type().issuer(issuer),
            Issuer::ManyTenants { .. } => Rules::any_type().any_issuer(),
        };
        let rules = rules.audience(client_id).leeway(LEEWAY).max_age(MAX_AGE);
        let rules = rules.require("iss").require("sub").require("nonce").max_len(32 * 1024);
        Self { rules, issuer, client_id: client_id.to_owned(), algorithms, max_age: None }
    }

    /// Checks the token with these keys.
    pub(super) fn verify(
        &self,
        token: &str,
        keys: &impl Keys,
        expected: &Expected<'_>,
    ) -> Result<VerifiedIdToken, IdTokenError> {
        let keys = RegisteredKeys { keys, algorithms: &self.algorithms, chosen: OnceLock::new() };
        let claims = self.rules.verify::<Value>(token, &keys, expected.now)?.claims;
        let checked = IdTokenClaims::deserialize(&claims).map_err(|_| IdTokenError::Claim("claims_shape"))?;
        if !self.issuer.is(&checked.iss, checked.tid.as_deref()) {
            return Err(IdTokenError::Claim("wrong_issuer"));
        }
        if checked.sub.is_empty() || checked.sub.len() > 255 {
            return Err(IdTokenError::Claim("wrong_subject"));
        }
        if !is_equal(&checked.nonce, expected.nonce) {
            return Err(IdTokenError::Claim("wrong_nonce"));
        }
        match &checked.azp {
            Some(azp) if *azp != self.client_id => return Err(IdTokenError::Claim("wrong_azp")),
            None if checked.aud.as_array().is_some_and(|audiences| audiences.len() > 1) => {
                return Err(IdTokenError::Claim("no_azp"));
            }
            _ => {}
        }
        if let (Some(at_hash), Some(algorithm)) = (&checked.at_hash, keys.chosen.get())
            && !is_equal(at_hash, &half_hash(*algorithm, expected.access_token))
        {
            return Err(IdTokenError::Claim("wrong_at_hash"));
        }
        self.check_auth_time(checked.auth_time, expected.now)?;
        Ok(VerifiedIdToken { issuer: checked.iss, claims })
    }

    fn check_auth_time(&self, auth_time: Option<f64>, now: SystemTime) -> Result<(), IdTokenError> {
        let Some(max_age) = self.max_age else { return Ok(()) };
        let at = auth_time.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let at = at.ok_or(IdTokenError::Claim("no_auth_time"))?;
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let is_future = at > now.saturating_add(LEEWAY);
        let is_past = at.saturating_add(max_age).saturating_add(LEEWAY) < now;
        if is_future || is_past { Err(IdTokenError::Claim("old_login")) } else { Ok(()) }
    }
}

/// Why an ID token is not valid.
#[derive(Debug)]
pub(super) enum IdTokenError {
    Token(TokenError),
    /// A claim is wrong; the cause for the log.
    Claim(&'static str),
}

impl IdTokenError {
    pub(super) const fn cause(&self) -> &'static str {
        match self {
            Self::Token(error) => error.reason(),
            Self::Claim(cause) => cause,
        }
    }
}

impl From<TokenError> for IdTokenError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

/// The claims that are checked here, beside those that `Rules` check.
#[derive(Deserialize)]
struct IdTokenClaims {
    iss: String,
    sub: String,
    aud: Value,
    nonce: String,
    azp: Option<String>,
    at_hash: Option<String>,
    auth_time: Option<f64>,
    tid: Option<String>,
}

/// The provider's keys, limited to the algorithms that this client is registered for (section 3.1.3.7, point 7): the
/// provider may use weaker ones for other clients.
struct RegisteredKeys<'a, K> {
    keys: &'a K,
    algorithms: &'a [Algorithm],
    chosen: OnceLock<Algorithm>,
}

impl<K: Keys> Keys for RegisteredKeys<'_, K> {
    fn find(&self, header: &Header<'_>) -> Result<&Key, TokenError> {
        let registered = self.algorithms.iter().find(|algorithm| algorithm.name() == header.alg());
        let first = self.algorithms.first().copied().unwrap_or(Algorithm::Rs256);
        let algorithm = registered.ok_or_else(|| TokenError::WrongAlgorithm {
            expected: first,
            found: Excerpt::of(header.alg()),
        })?;
        self.chosen.get_or_init(|| *algorithm);
        self.keys.find(header)
    }
}

/// `at_hash` (section 3.1.3.6): the left half of the hash that the signature uses; Ed25519 uses SHA-512.
fn half_hash(algorithm: Algorithm, access_token: &str) -> String {
    let name = algorithm.name();
    let hash = if name.ends_with("256") {
        &digest::SHA256
    } else if name.ends_with("384") {
        &digest::SHA384
    } else {
        &digest::SHA512
    };
    let hash = digest(hash, access_token.as_bytes());
    encode::base64url(&hash.as_ref()[..hash.as_ref().len() / 2])
}

fn is_equal(ours: &str, theirs: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(ours.as_bytes(), theirs.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of `OpenID` Connect Core, appendix A.3 and A.4.
    #[test]
    fn at_hash_of_the_standard() {
        let access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(Algorithm::Rs256, access_token), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(half_hash(Algorithm::Es384, access_token).len(), 32);
        assert_eq!(half_hash(Algorithm::EdDsa, access_token).len(), 43);
    }
}
