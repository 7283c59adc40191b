//! The signing keys of the server and their rotation.

mod schedule;

use serde::{Deserialize, Serialize};
use strict_jose::{Algorithm, Error, Excerpt, Header, Key, Keys};

pub use self::schedule::{KeyPolicy, KeyRecord, KeyStep, key_schedule, replace_keys};
use crate::error::{ErrorCode, OAuthError};

/// The life of a signing key: it is published before it signs, and verifies after it signed.
///
/// ```
/// use strict_oidc::KeyState;
///
/// assert!(KeyState::Next < KeyState::Current);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Published, so that every verifier has it before the first token arrives.
    Next,
    /// Signs.
    Current,
    /// Published until its last token has expired.
    Previous,
    /// Not published. Verifies the ID tokens that clients send as hints.
    Retired,
}

/// The signing keys of the server. Make them from your storage, share them, and replace them when the schedule says so.
///
/// As [`Keys`], it finds the published keys by `kid`.
///
/// ```
/// use strict_jose::{Algorithm, Key};
/// use strict_oidc::{KeyState, SigningKeys};
///
/// let keys = SigningKeys::new([(KeyState::Current, Key::generate(Algorithm::Es256)?.with_thumbprint_as_kid())]);
/// assert!(keys.jwks()?.contains(r#""kty":"EC""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SigningKeys(Vec<(KeyState, Key)>);

impl SigningKeys {
    /// Takes private keys, each with a different `kid`.
    pub fn new(keys: impl IntoIterator<Item = (KeyState, Key)>) -> Self {
        Self(keys.into_iter().collect())
    }

    /// The published keys as a JWKS, for `GET /oauth/jwks.json` with `Cache-Control: max-age=600`
    /// ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).
    ///
    /// # Errors
    /// `temporarily_unavailable` (503) without a key: verifiers would store an empty set and refuse every token.
    pub fn jwks(&self) -> Result<String, OAuthError> {
        let keys: Vec<String> = self.published().filter_map(Key::to_public_jwk).collect();
        if keys.is_empty() {
            return Err(OAuthError::new(
                ErrorCode::TemporarilyUnavailable,
                "the server has no key yet: try again",
            ));
        }
        Ok(format!("{{\"keys\":[{}]}}", keys.join(",")))
    }

    /// The key that signs with this algorithm.
    ///
    /// # Errors
    /// `temporarily_unavailable` (503) if the server has no such key yet.
    pub(crate) fn signer(&self, algorithm: Algorithm) -> Result<&Key, OAuthError> {
        let signs =
            |(state, key): &&(KeyState, Key)| *state == KeyState::Current && key.algorithm() == algorithm;
        self.0.iter().find(signs).map(|(_, key)| key).ok_or_else(|| {
            OAuthError::new(
                ErrorCode::TemporarilyUnavailable,
                "the server has no key for this algorithm yet: try again",
            )
        })
    }

    /// All keys, also retired ones, for hints.
    pub(crate) fn for_hints(&self) -> HintKeys<'_> {
        HintKeys(self)
    }

    fn published(&self) -> impl Iterator<Item = &Key> {
        self.0.iter().filter(|(state, _)| *state != KeyState::Retired).map(|(_, key)| key)
    }
}

impl Keys for SigningKeys {
    fn find(&self, header: &Header<'_>) -> Result<&Key, Error> {
        find(self.published(), header)
    }
}

/// The keys that verify hints.
pub(crate) struct HintKeys<'a>(&'a SigningKeys);

impl Keys for HintKeys<'_> {
    fn find(&self, header: &Header<'_>) -> Result<&Key, Error> {
        find(self.0.0.iter().map(|(_, key)| key), header)
    }
}

fn find<'k>(mut keys: impl Iterator<Item = &'k Key>, header: &Header<'_>) -> Result<&'k Key, Error> {
    let kid = header.kid().ok_or(Error::UnnamedKey)?;
    keys.find(|key| key.kid() == Some(kid)).ok_or_else(|| Error::UnknownKey { kid: Excerpt::of(kid) })
}
