//! Sets of keys ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use crate::algorithm::Algorithm;
use crate::error::{Error, Excerpt, Malformed};
use crate::header::Header;
use crate::key::Key;
use crate::key::error::KeyError;
use crate::key::jwk::Jwk;
use crate::keys::Keys;
use crate::strict_json::{self, Value};

/// The keys of one issuer.
///
/// A token with a `kid` is verified with the key of that name. A token without `kid` is verified with the key for its `alg`,
/// if there is exactly one. Keys of different algorithms may have the same name, and the `alg` of the token then selects one.
/// A set has either shared secrets or asymmetric keys, not both, because it is either secret or public.
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
    skipped: Box<[SkippedKey]>,
}

/// The maximum length of a set in bytes. No issuer publishes a longer one.
const MAX_LEN: usize = 1 << 20;

/// The maximum number of keys. No issuer publishes more. Checking one key takes up to a millisecond (RSA, P-521).
const MAX_KEYS: usize = 256;

impl KeySet {
    /// Makes a set of keys. An empty one refuses every token. A key that is given twice is in the set once.
    ///
    /// ```
    /// use strict_jose::{Algorithm, Key, KeySet, KeySetError};
    ///
    /// let [a, b] = [Key::generate(Algorithm::EdDsa)?.with_kid("a"), Key::generate(Algorithm::Es256)?.with_kid("b")];
    /// assert!(KeySet::new([a.clone(), b]).is_ok());
    /// let other = Key::generate(Algorithm::EdDsa)?.with_kid("a");
    /// assert!(matches!(KeySet::new([a, other]), Err(KeySetError::DuplicateKid { .. })));
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeySetError::DuplicateKid`], [`KeySetError::Mixed`].
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Result<Self, KeySetError> {
        let keys: Vec<Key> = keys.into_iter().collect();
        let repeats = repeats(&keys);
        let mut unique = Vec::with_capacity(keys.len());
        for (key, repeat) in keys.into_iter().zip(repeats) {
            match repeat {
                Repeat::None => unique.push(key),
                Repeat::Same => {}
                Repeat::Conflict => {
                    return Err(KeySetError::DuplicateKid {
                        kid: Excerpt::of(key.kid().unwrap_or_default()),
                    });
                }
            }
        }
        let is_symmetric = |key: &Key| key.algorithm().is_symmetric();
        if unique.iter().any(is_symmetric) && !unique.iter().all(is_symmetric) {
            return Err(KeySetError::Mixed);
        }
        Ok(Self { keys: unique.into(), skipped: Box::default() })
    }

    /// Reads a published set of public keys.
    ///
    /// Keys for encryption, of unknown kinds and for unknown algorithms are skipped, as
    /// [RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5) recommends: they may be meant for other programs. Invalid
    /// keys are skipped too, so that one mistake of the issuer does not stop all log-ins; [`skipped`](KeySet::skipped) names
    /// them for your log. Two different keys with the same `kid` and algorithm are both skipped. A set of more than 1 MiB, 256
    /// keys or 8192 members, or with a secret in it, is refused as a whole.
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
    /// - [`KeySetError::Key`]: an invalid key in a set without any usable key. If it contains [`KeyError::NoAlgorithm`], see
    ///   [`from_jwks_as`](KeySet::from_jwks_as).
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
    /// Those of [`from_jwks`](KeySet::from_jwks) except [`KeySetError::Private`]. [`KeySetError::Key`] for any invalid key,
    /// [`KeySetError::DuplicateKid`], [`KeySetError::Mixed`].
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
        let mut keys = Vec::new();
        each_element(jwks, |index, element| {
            let key = read_element(element).and_then(|jwk| read_key(&jwk, unstated));
            keys.push(key.map_err(|error| KeySetError::Key { index, error })?);
            Ok(())
        })?;
        Self::new(keys)
    }

    fn read_public(jwks: &str, unstated: Option<Algorithm>) -> Result<Self, KeySetError> {
        let (mut indexes, mut keys, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        each_element(jwks, |index, element| {
            let jwk = match read_element(element) {
                Ok(jwk) => jwk,
                Err(error) => {
                    skipped.push(SkippedKey { index, kid: None, error });
                    return Ok(());
                }
            };
            if let Some(member) = jwk.private_member() {
                return Err(KeySetError::Private { index, member });
            }
            if jwk.is_for_others() {
                return Ok(());
            }
            match read_key(&jwk, unstated) {
                Ok(key) => {
                    indexes.push(index);
                    keys.push(key);
                }
                Err(error) => skipped.push(SkippedKey { index, kid: jwk.kid_excerpt(), error }),
            }
            Ok(())
        })?;
        let repeats = repeats(&keys);
        let mut usable = Vec::with_capacity(keys.len());
        for ((key, index), repeat) in keys.into_iter().zip(indexes).zip(repeats) {
            match repeat {
                Repeat::None => usable.push(key),
                Repeat::Same => {}
                Repeat::Conflict => {
                    let kid = key.kid().map(Excerpt::of);
                    skipped.push(SkippedKey { index, kid, error: KeyError::DuplicateKid });
                }
            }
        }
        if let (true, Some(&SkippedKey { index, error, .. })) = (usable.is_empty(), skipped.first()) {
            return Err(KeySetError::Key { index, error });
        }
        skipped.sort_by_key(|skipped| skipped.index);
        Ok(Self { keys: usable.into(), skipped: skipped.into() })
    }

    /// The invalid keys that [`from_jwks`](KeySet::from_jwks) skipped, in the order of the set: for the log. Tokens that name
    /// one of them are refused. Keys for other programs, such as those for encryption, are not among them.
    ///
    /// ```
    /// use strict_jose::{KeyError, KeySet};
    ///
    /// let set = KeySet::from_jwks(r#"{"keys":[
    ///     {"kty":"OKP","crv":"Ed25519","kid":"good","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    ///     {"kty":"RSA","alg":"RS256","kid":"bad","n":"AQAB"}
    /// ]}"#)?;
    /// assert_eq!(set.iter().count(), 1);
    /// assert_eq!(set.skipped()[0].to_string(), r#"key 1 of the set, "bad": the JWK has no member `e`"#);
    /// assert_eq!(set.skipped()[0].error, KeyError::MissingMember("e"));
    /// # Ok::<(), strict_jose::KeySetError>(())
    /// ```
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
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
        let is_for_alg = |key: &&Key| key.algorithm().is_called(header.alg());
        if let Some(kid) = header.kid() {
            let mut named = self.keys.iter().filter(|key| key.kid() == Some(kid));
            let first = named.next().ok_or_else(|| Error::UnknownKey { kid: Excerpt::of(kid) })?;
            // If no key fits, the first one yields the error `WrongAlgorithm`.
            return Ok(if is_for_alg(&first) { first } else { named.find(is_for_alg).unwrap_or(first) });
        }
        let mut candidates = self.keys.iter().filter(is_for_alg);
        match (candidates.next(), candidates.next()) {
            (Some(key), None) => Ok(key),
            _ => Err(Error::UnnamedKey),
        }
    }
}

/// Calls `key` with each element of the array `keys`.
fn each_element<'a>(
    jwks: &'a str,
    mut key: impl FnMut(usize, Value<'a>) -> Result<(), KeySetError>,
) -> Result<(), KeySetError> {
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
    for (index, element) in strict_json::elements(array.ok_or(KeySetError::NoKeys)?).enumerate() {
        if index == MAX_KEYS {
            return Err(KeySetError::TooManyKeys);
        }
        key(index, element)?;
    }
    Ok(())
}

fn read_element(element: Value<'_>) -> Result<Jwk<'_>, KeyError> {
    let Value::Object(object) = element else { return Err(Malformed::Json.into()) };
    Jwk::read(object, strict_json::JWK_OF_SET)
}

fn read_key(jwk: &Jwk<'_>, unstated: Option<Algorithm>) -> Result<Key, KeyError> {
    Key::from_parsed_jwk(jwk, unstated.filter(|_| jwk.needs_algorithm()))
}

/// Whether a key has the `kid` and the algorithm of another key of its set.
#[derive(Clone, Copy)]
enum Repeat {
    /// No other key, or no other before this one.
    None,
    /// The same key once more.
    Same,
    /// Two different keys, so that neither can be selected.
    Conflict,
}

fn repeats(keys: &[Key]) -> Vec<Repeat> {
    let mut repeats = vec![Repeat::None; keys.len()];
    let mut firsts = HashMap::new();
    for (index, key) in keys.iter().enumerate() {
        let Some(kid) = key.kid() else { continue };
        match firsts.entry((kid, key.algorithm())) {
            Entry::Vacant(vacant) => drop(vacant.insert(index)),
            Entry::Occupied(first) if key.is_same(&keys[*first.get()]) => repeats[index] = Repeat::Same,
            Entry::Occupied(first) => {
                repeats[index] = Repeat::Conflict;
                repeats[*first.get()] = Repeat::Conflict;
            }
        }
    }
    repeats
}

/// An invalid key of a published set, which is not used. See [`KeySet::skipped`].
///
/// ```
/// use strict_jose::SkippedKey;
///
/// fn log(skipped: &[SkippedKey]) {
///     for key in skipped {
///         eprintln!("warning: the issuer publishes an invalid key: {key}");
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedKey {
    /// The position of the key, counted from 0.
    pub index: usize,
    /// The start of its `kid`, if it has a readable one.
    pub kid: Option<Excerpt>,
    /// The reason.
    pub error: KeyError,
}

impl fmt::Display for SkippedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {} of the set", self.index)?;
        if let Some(kid) = self.kid {
            write!(f, ", {kid}")?;
        }
        write!(f, ": {}", self.error)
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
    /// There is no array `keys` ([RFC 7517 §5.1](https://www.rfc-editor.org/rfc/rfc7517#section-5.1)).
    #[error("the JWK set has no array `keys`")]
    NoKeys,
    /// The set has more than 256 keys.
    #[error("the JWK set has more than {MAX_KEYS} keys")]
    TooManyKeys,
    /// A key is invalid. A published set with another, usable key is not refused for it: see [`KeySet::skipped`].
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
    /// Two different keys have the same name and the same algorithm
    /// ([RFC 7517 §4.5](https://www.rfc-editor.org/rfc/rfc7517#section-4.5)).
    #[error("two different keys of the set have the `kid` {kid} and the same algorithm")]
    DuplicateKid {
        /// The start of the name.
        kid: Excerpt,
    },
    /// The set has both shared secrets and asymmetric keys, but it can only be either secret or public.
    #[error("the set has both shared secrets and asymmetric keys")]
    Mixed,
}
