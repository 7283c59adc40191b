//! Sets of keys ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).

use std::collections::HashSet;

use crate::algorithm::Algorithm;
use crate::error::{Error, KidExcerpt, Malformed};
use crate::header::Header;
use crate::key::Key;
use crate::key::error::KeyError;
use crate::key::jwk::Jwk;
use crate::keys::Keys;
use crate::strict_json::{self, Value};

/// The keys of one issuer.
///
/// A token with a `kid` is verified with the key of that name. A token without `kid` is verified with the key for its `alg`,
/// if there is exactly one. No two keys of a set have the same name. A set has either shared secrets or asymmetric keys, not
/// both, because it is either secret or public.
///
/// ```
/// use std::time::SystemTime;
/// use strict_jose::{Algorithm, Key, KeySet, Rules};
///
/// // The issuer signs with the new key. Tokens of the old key are still valid.
/// let old = Key::generate(Algorithm::Es256)?.with_kid("2024");
/// let new = Key::generate(Algorithm::EdDsa)?.with_kid("2025");
/// let published = KeySet::new([new.clone(), old])?.to_public_jwks();
///
/// let keys = KeySet::from_jwks(&published)?;
/// let token = new.sign("at+jwt", &serde_json::json!({ "sub": "7", "exp": 2_000_000_000 }))?;
/// let rules = Rules::typ("at+jwt").any_issuer().any_audience();
/// assert!(rules.verify_bytes(&token, &keys, SystemTime::now()).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Box<[Key]>,
}

/// The maximum length of a set in bytes. No issuer publishes a longer one.
const MAX_LEN: usize = 1 << 20;

/// The maximum number of keys. No issuer publishes more. Checking one key takes up to a millisecond (RSA, P-521).
const MAX_KEYS: usize = 256;

impl KeySet {
    /// Makes a set of keys. An empty one refuses every token.
    ///
    /// ```
    /// use strict_jose::{Algorithm, Key, KeySet, KeySetError};
    ///
    /// let [a, b] = [Key::generate(Algorithm::EdDsa)?.with_kid("a"), Key::generate(Algorithm::Es256)?.with_kid("b")];
    /// assert!(KeySet::new([a.clone(), b]).is_ok());
    /// assert!(matches!(KeySet::new([a.clone(), a]), Err(KeySetError::DuplicateKid { .. })));
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeySetError::DuplicateKid`], [`KeySetError::Mixed`].
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Result<Self, KeySetError> {
        let keys: Box<[Key]> = keys.into_iter().collect();
        let mut kids = HashSet::new();
        if let Some(twice) = keys.iter().filter_map(Key::kid).find(|kid| !kids.insert(*kid)) {
            return Err(KeySetError::DuplicateKid { kid: KidExcerpt::of(twice) });
        }
        let is_symmetric = |key: &Key| key.algorithm().is_symmetric();
        if keys.iter().any(is_symmetric) && !keys.iter().all(is_symmetric) {
            return Err(KeySetError::Mixed);
        }
        Ok(Self { keys })
    }

    /// Reads a published set of public keys.
    ///
    /// Keys for encryption, of unknown kinds and for unknown algorithms are skipped, as
    /// [RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5) recommends: they may be meant for other programs. An
    /// invalid key of a supported kind is an error. A set of more than 1 MiB, 256 keys or 8192 members is refused.
    ///
    /// ```
    /// use strict_jose::{KeyError, KeySet, KeySetError};
    ///
    /// let secret = r#"{"keys":[{"kty":"oct","alg":"HS256","k":"YXQgbGVhc3QgMzIgYnl0ZXMsIGJldHRlciByYW5kb20u"}]}"#;
    /// assert!(matches!(KeySet::from_jwks(secret), Err(KeySetError::Private { index: 0, member: "k" })));
    /// ```
    ///
    /// # Errors
    /// - [`KeySetError::Malformed`], [`KeySetError::NoKeys`]: not a set.
    /// - [`KeySetError::TooManyKeys`].
    /// - [`KeySetError::Private`]: a key that should never have been published.
    /// - [`KeySetError::Key`]: an invalid key. If it contains [`KeyError::NoAlgorithm`], see
    ///   [`from_jwks_as`](KeySet::from_jwks_as).
    /// - [`KeySetError::DuplicateKid`].
    pub fn from_jwks(jwks: &str) -> Result<Self, KeySetError> {
        Self::read_public(jwks, None)
    }

    /// Reads a published set of public keys. RSA keys without `alg` are for `algorithm`.
    ///
    /// Some large providers publish such keys. Each key has one algorithm. Take it from the documentation of the provider or
    /// from `id_token_signing_alg_values_supported` in its discovery document.
    ///
    /// ```
    /// use strict_jose::{Algorithm, KeySet};
    ///
    /// let keys = KeySet::from_jwks_as(Algorithm::Rs256, r#"{"keys":[]}"#)?;
    /// # Ok::<(), strict_jose::KeySetError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`from_jwks`](KeySet::from_jwks).
    pub fn from_jwks_as(algorithm: Algorithm, jwks: &str) -> Result<Self, KeySetError> {
        Self::read_public(jwks, Some(algorithm))
    }

    /// Reads a set of your own keys: private keys, public keys or shared secrets. No key is skipped.
    ///
    /// ```
    /// use strict_jose::{Algorithm, Key, KeySet};
    ///
    /// let key = Key::generate(Algorithm::EdDsa)?.with_kid("2025");
    /// let keys = KeySet::from_private_jwks(&format!(r#"{{"keys":[{}]}}"#, key.to_jwk().expose()))?;
    /// assert!(keys.iter().all(Key::can_sign));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`from_jwks`](KeySet::from_jwks) except [`KeySetError::Private`], and [`KeySetError::Mixed`].
    pub fn from_private_jwks(jwks: &str) -> Result<Self, KeySetError> {
        Self::read_private(jwks, None)
    }

    /// Reads a set of your own keys. Shared secrets and RSA keys without `alg` are for `algorithm`.
    ///
    /// ```
    /// use strict_jose::{Algorithm, KeySet};
    ///
    /// let jwks = r#"{"keys":[{"kty":"oct","k":"YXQgbGVhc3QgMzIgYnl0ZXMsIGJldHRlciByYW5kb20u"}]}"#;
    /// let keys = KeySet::from_private_jwks_as(Algorithm::Hs256, jwks)?;
    /// assert!(keys.iter().all(|key| key.algorithm() == Algorithm::Hs256));
    /// # Ok::<(), strict_jose::KeySetError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`from_private_jwks`](KeySet::from_private_jwks).
    pub fn from_private_jwks_as(algorithm: Algorithm, jwks: &str) -> Result<Self, KeySetError> {
        Self::read_private(jwks, Some(algorithm))
    }

    fn read_private(jwks: &str, unstated: Option<Algorithm>) -> Result<Self, KeySetError> {
        Self::read(jwks, |jwk, index| {
            let key = Key::from_parsed_jwk(jwk, unstated.filter(|_| jwk.needs_algorithm()));
            key.map(Some).map_err(|error| KeySetError::Key { index, error })
        })
    }

    fn read_public(jwks: &str, unstated: Option<Algorithm>) -> Result<Self, KeySetError> {
        Self::read(jwks, |jwk, index| {
            if let Some(member) = jwk.private_member() {
                return Err(KeySetError::Private { index, member });
            }
            if jwk.is_for_others() {
                return Ok(None);
            }
            let key = Key::from_parsed_jwk(jwk, unstated.filter(|_| jwk.needs_algorithm()));
            key.map(Some).map_err(|error| KeySetError::Key { index, error })
        })
    }

    fn read(
        jwks: &str,
        mut key: impl FnMut(&Jwk<'_>, usize) -> Result<Option<Key>, KeySetError>,
    ) -> Result<Self, KeySetError> {
        if jwks.len() > MAX_LEN {
            return Err(Malformed::TooLong.into());
        }
        let mut array = None;
        strict_json::object::<KeySetError>(jwks, strict_json::JWK_SET, |name, value| {
            if name.is("keys") {
                let Value::Array(elements) = value else { return Err(KeySetError::NoKeys) };
                array = Some(elements);
            }
            Ok(())
        })?;
        let mut keys = Vec::new();
        for (index, element) in strict_json::elements(array.ok_or(KeySetError::NoKeys)?).enumerate() {
            if index == MAX_KEYS {
                return Err(KeySetError::TooManyKeys);
            }
            let Value::Object(object) = element else { return Err(KeySetError::NoKeys) };
            let jwk =
                Jwk::read(object, strict_json::JWK_SET).map_err(|error| KeySetError::Key { index, error })?;
            keys.extend(key(&jwk, index)?);
        }
        Self::new(keys)
    }

    /// The keys in the order of the set.
    ///
    /// ```
    /// # use strict_jose::{Algorithm, Key, KeySet};
    /// let keys = KeySet::new([Key::generate(Algorithm::EdDsa)?.with_kid("a")])?;
    /// assert_eq!(keys.iter().filter_map(Key::kid).collect::<Vec<_>>(), ["a"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> std::slice::Iter<'_, Key> {
        self.keys.iter()
    }

    /// The set for publication ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)): the public part of each
    /// key. Shared secrets are omitted.
    ///
    /// ```
    /// # use strict_jose::{Algorithm, Key, KeySet};
    /// let own = KeySet::new([Key::generate(Algorithm::EdDsa)?])?;
    /// assert!(KeySet::from_jwks(&own.to_public_jwks())?.iter().all(|key| !key.can_sign()));
    /// let secret = KeySet::new([Key::generate(Algorithm::Hs256)?])?;
    /// assert_eq!(secret.to_public_jwks(), r#"{"keys":[]}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_public_jwks(&self) -> String {
        let keys: Vec<String> = self.keys.iter().filter_map(Key::to_public_jwk).collect();
        format!("{{\"keys\":[{}]}}", keys.join(","))
    }
}

impl<'a> IntoIterator for &'a KeySet {
    type Item = &'a Key;
    type IntoIter = std::slice::Iter<'a, Key>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Keys for KeySet {
    fn find(&self, header: &Header<'_>) -> Result<&Key, Error> {
        if let Some(kid) = header.kid() {
            let named = self.keys.iter().find(|key| key.kid() == Some(kid));
            return named.ok_or_else(|| Error::UnknownKey { kid: KidExcerpt::of(kid) });
        }
        let mut candidates = self.keys.iter().filter(|key| key.algorithm().is_called(header.alg()));
        match (candidates.next(), candidates.next()) {
            (Some(key), None) => Ok(key),
            _ => Err(Error::UnnamedKey),
        }
    }
}

/// The reason why a set of keys was refused.
///
/// ```
/// use strict_jose::{KeySet, KeySetError};
///
/// let refused = KeySet::from_jwks(r#"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}]}"#).unwrap_err();
/// assert_eq!(refused, KeySetError::Private { index: 0, member: "d" });
/// assert_eq!(
///     refused.to_string(),
///     "key 0 of the set has the private member `d`; a published set must have none"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// Not one object in strict JSON, or longer than 1 MiB.
    #[error("malformed JWK set: {0}")]
    Malformed(#[from] Malformed),
    /// There is no array `keys` of objects ([RFC 7517 §5.1](https://www.rfc-editor.org/rfc/rfc7517#section-5.1)).
    #[error("the JWK set has no array `keys` of objects")]
    NoKeys,
    /// The set has more than 256 keys.
    #[error("the JWK set has more than {MAX_KEYS} keys")]
    TooManyKeys,
    /// A key is invalid.
    #[error("key {index} of the set: {error}")]
    Key {
        /// The position of the key, counted from 0.
        index: usize,
        /// The reason.
        error: KeyError,
    },
    /// A published set contains a private key or a shared secret. Every reader of the set can sign with it: replace the key.
    #[error("key {index} of the set has the private member `{member}`; a published set must have none")]
    Private {
        /// The position of the key, counted from 0.
        index: usize,
        /// The private member.
        member: &'static str,
    },
    /// Two keys have the same name ([RFC 7517 §4.5](https://www.rfc-editor.org/rfc/rfc7517#section-4.5)).
    #[error("two keys of the set have the `kid` {kid}")]
    DuplicateKid {
        /// The start of the name.
        kid: KidExcerpt,
    },
    /// The set has both shared secrets and asymmetric keys, but it can only be either secret or public.
    #[error("the set has both shared secrets and asymmetric keys")]
    Mixed,
}
