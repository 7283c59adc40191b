//! The ID token: what the provider signs about a log-in (`OpenID` Connect Core, section 3.1.3.7).

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{self, digest};
use serde::Deserialize;
use serde_json::Value;
use strict_jose::{Algorithm, Error as TokenError, Header, Key, Keys, Rules};

use super::Issuer;
use crate::oauth2::encode;

/// What an ID token must be, whoever it is about.
pub(super) struct IdTokenRules {
    rules: Rules,
    issuer: Issuer,
    client_id: String,
    algorithms: Vec<Algorithm>,
    pub(super) max_age: Option<Duration>,
}

/// What one ID token must be.
pub(super) struct Expected<'a> {
    pub(super) nonce: &'a str,
    pub(super) access_token: &'a str,
    pub(super) now: SystemTime,
}

/// An ID token that holds.
pub(super) struct Proved {
    pub(super) issuer: String,
    pub(super) claims: Value,
}

/// Clocks differ.
const LEEWAY: Duration = Duration::from_mins(1);

/// An ID token comes straight from the token endpoint, where it was just made.
const OLDEST: Duration = Duration::from_hours(1);

impl IdTokenRules {
    pub(super) fn new(issuer: Issuer, client_id: &str, algorithms: Vec<Algorithm>) -> Self {
        // No `typ`: providers write `JWT` or nothing. That it is an ID token, and of this log-in, is what the nonce says.
        let rules = match &issuer {
            Issuer::One(issuer) => Rules::any_type().issuer(issuer),
            Issuer::ManyTenants { .. } => Rules::any_type().any_issuer(),
        };
        let rules = rules.audience(client_id).leeway(LEEWAY).max_age(OLDEST);
        let rules = rules.require("iss").require("sub").require("nonce").max_len(32 * 1024);
        Self { rules, issuer, client_id: client_id.to_owned(), algorithms, max_age: None }
    }

    /// Checks the token with these keys.
    pub(super) fn verify(
        &self,
        token: &str,
        keys: &impl Keys,
        expected: &Expected<'_>,
    ) -> Result<Proved, IdTokenError> {
        let keys = Registered { keys, algorithms: &self.algorithms, chosen: OnceLock::new() };
        let claims = self.rules.verify::<Value>(token, &keys, expected.now)?.claims;
        let known = Known::deserialize(&claims).map_err(|_| IdTokenError::Broken("claims_shape"))?;
        if !self.issuer.is(&known.iss, known.tid.as_deref()) {
            return Err(IdTokenError::Broken("wrong_issuer"));
        }
        if known.sub.is_empty() || known.sub.len() > 255 {
            return Err(IdTokenError::Broken("wrong_subject"));
        }
        if !is_equal(&known.nonce, expected.nonce) {
            return Err(IdTokenError::Broken("wrong_nonce"));
        }
        match &known.azp {
            Some(azp) if *azp != self.client_id => return Err(IdTokenError::Broken("wrong_azp")),
            None if known.aud.as_array().is_some_and(|audiences| audiences.len() > 1) => {
                return Err(IdTokenError::Broken("no_azp"));
            }
            _ => {}
        }
        if let (Some(at_hash), Some(algorithm)) = (&known.at_hash, keys.chosen.get())
            && !is_equal(at_hash, &half_hash(*algorithm, expected.access_token))
        {
            return Err(IdTokenError::Broken("wrong_at_hash"));
        }
        self.check_auth_time(known.auth_time, expected.now)?;
        Ok(Proved { issuer: known.iss, claims })
    }

    fn check_auth_time(&self, auth_time: Option<f64>, now: SystemTime) -> Result<(), IdTokenError> {
        let Some(max_age) = self.max_age else { return Ok(()) };
        let at = auth_time.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let at = at.ok_or(IdTokenError::Broken("no_auth_time"))?;
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let is_to_come = at > now.saturating_add(LEEWAY);
        let is_past = at.saturating_add(max_age).saturating_add(LEEWAY) < now;
        if is_to_come || is_past { Err(IdTokenError::Broken("old_login")) } else { Ok(()) }
    }
}

/// Why an ID token does not hold.
#[derive(Debug)]
pub(super) enum IdTokenError {
    Token(TokenError),
    /// The machine's word for it.
    Broken(&'static str),
}

impl IdTokenError {
    pub(super) const fn cause(&self) -> &'static str {
        match self {
            Self::Token(error) => error.reason(),
            Self::Broken(cause) => cause,
        }
    }
}

impl From<TokenError> for IdTokenError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

/// The claims that are looked at beside those that `Rules` check.
#[derive(Deserialize)]
struct Known {
    iss: String,
    sub: String,
    aud: Value,
    nonce: String,
    azp: Option<String>,
    at_hash: Option<String>,
    auth_time: Option<f64>,
    tid: Option<String>,
}

/// The provider's keys, but only for the algorithms that we are registered for (section 3.1.3.7, point 7): a provider may
/// sign for others with weaker ones.
struct Registered<'a, K> {
    keys: &'a K,
    algorithms: &'a [Algorithm],
    chosen: OnceLock<Algorithm>,
}

impl<K: Keys> Keys for Registered<'_, K> {
    fn find(&self, header: &Header<'_>) -> Result<&Key, TokenError> {
        let registered = self.algorithms.iter().find(|algorithm| algorithm.name() == header.alg());
        let first = self.algorithms.first().copied().unwrap_or(Algorithm::Rs256);
        let algorithm = registered.ok_or(TokenError::WrongAlgorithm { expected: first })?;
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
    fn the_standards_own_at_hash() {
        let access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(Algorithm::Rs256, access_token), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(half_hash(Algorithm::Es384, access_token).len(), 32);
        assert_eq!(half_hash(Algorithm::EdDsa, access_token).len(), 43);
    }
}
