//! A key and its one algorithm.

mod der;
mod ec;
mod ed25519;
pub(crate) mod error;
mod hmac;
pub(crate) mod jwk;
mod material;
pub(crate) mod members;
mod pem;
mod purpose;
mod rsa;
#[cfg(test)]
mod wycheproof;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use aws_lc_rs::error::Unspecified;

use self::der::Encoded;
use self::error::KeyError;
use self::hmac::Secret;
use self::jwk::{Jwk, JwkParts};
use self::material::Material;
use self::members::{Description, PrivateJwk};
use self::purpose::Purpose;
use crate::algorithm::Algorithm;
use crate::base64url::{SHA256_LEN, encode_into};
use crate::error::{Error, Excerpt};
use crate::header::Header;
use crate::strict_json;

/// A key: its material, its one [`Algorithm`], and an optional name (`kid`).
///
/// The material is a shared secret, a private key (which also verifies) or a public key. The algorithm belongs to the key, so
/// a token cannot choose one ([RFC 8725 §3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)). A bad key is refused when
/// it is made, not when the first token arrives. A clone is cheap, because clones share the material. [`Debug`](fmt::Debug)
/// output does not contain the material.
///
/// | made from | with |
/// | --- | --- |
/// | a shared secret | [`hs256`](Key::hs256), [`hs384`](Key::hs384), [`hs512`](Key::hs512) |
/// | PEM: PKCS#8, SPKI, PKCS#1, SEC1 | [`from_pem`](Key::from_pem) |
/// | DER: the same formats | [`from_private_der`](Key::from_private_der), [`from_public_der`](Key::from_public_der) |
/// | a JWK | [`from_jwk`](Key::from_jwk), [`from_jwk_as`](Key::from_jwk_as) |
/// | a JWK set | [`KeySet`](crate::KeySet) |
/// | random numbers | [`generate`](Key::generate) |
///
/// ```
/// use strict_jose::{Algorithm, Key};
///
/// let key = Key::generate(Algorithm::EdDsa)?.with_kid("2025-01");
/// assert_eq!(key.algorithm(), Algorithm::EdDsa);
/// assert_eq!(key.kid(), Some("2025-01"));
/// assert_eq!(format!("{key:?}"), r#"Key { algorithm: EdDsa, kid: Some("2025-01"), .. }"#);
/// # Ok::<(), strict_jose::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Key {
    material: Arc<Material>,
    kid: Option<Arc<str>>,
    purpose: Purpose,
}

impl Key {
    /// Makes a key for HMAC with SHA-256 from a shared secret of at least 32 bytes.
    ///
    /// The secret should come from a random generator, not from a person
    /// ([RFC 8725 §3.5](https://www.rfc-editor.org/rfc/rfc8725#section-3.5)). It is wiped from memory when the last clone is
    /// dropped.
    ///
    /// ```
    /// use strict_jose::{Key, KeyError};
    ///
    /// assert!(Key::hs256(&[7; 32]).is_ok());
    /// assert_eq!(Key::hs256(b"secret").unwrap_err(), KeyError::TooShort { bytes: 6, minimum: 32 });
    /// ```
    ///
    /// # Errors
    /// - [`KeyError::TooShort`]: fewer than 32 bytes, which
    ///   [RFC 7518 §3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2) forbids.
    /// - [`KeyError::Pem`], [`KeyError::LooksLikeKey`]: a key of another kind or a certificate, as PEM, DER, base64 of these,
    ///   JWK, JWK set or OpenSSH key. If it is public, every reader of it could sign tokens
    ///   ([RFC 8725 §2.1](https://www.rfc-editor.org/rfc/rfc8725#section-2.1)). The bare numbers of a key, such as the `x`
    ///   of a JWK, look like any secret and are not detected.
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyError> {
        Self::secret(Algorithm::Hs256, secret)
    }

    /// Makes a key for HMAC with SHA-384 from a shared secret of at least 48 bytes. See [`hs256`](Key::hs256).
    ///
    /// ```
    /// # use strict_jose::Key;
    /// assert!(Key::hs384(&[7; 48]).is_ok());
    /// assert!(Key::hs384(&[7; 47]).is_err());
    /// ```
    ///
    /// # Errors
    /// [`KeyError::TooShort`], [`KeyError::Pem`], [`KeyError::LooksLikeKey`].
    pub fn hs384(secret: &[u8]) -> Result<Self, KeyError> {
        Self::secret(Algorithm::Hs384, secret)
    }

    /// Makes a key for HMAC with SHA-512 from a shared secret of at least 64 bytes. See [`hs256`](Key::hs256).
    ///
    /// ```
    /// # use strict_jose::Key;
    /// assert!(Key::hs512(&[7; 64]).is_ok());
    /// assert!(Key::hs512(&[7; 63]).is_err());
    /// ```
    ///
    /// # Errors
    /// [`KeyError::TooShort`], [`KeyError::Pem`], [`KeyError::LooksLikeKey`].
    pub fn hs512(secret: &[u8]) -> Result<Self, KeyError> {
        Self::secret(Algorithm::Hs512, secret)
    }

    fn secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        Secret::new(algorithm, secret).map(Material::Secret).map(Self::of)
    }

    /// Generates a random key: a secret as long as the hash, an RSA key of 3072 bits, or a key on the curve of the algorithm.
    ///
    /// The key has no name yet; [`with_thumbprint_as_kid`](Key::with_thumbprint_as_kid) gives it one.
    ///
    /// ```
    /// use strict_jose::{Algorithm, Key, Rules};
    ///
    /// let key = Key::generate(Algorithm::Es256)?.with_thumbprint_as_kid();
    /// let token = key.sign("at+jwt", &serde_json::json!({ "sub": "7", "exp": 2_000_000_000 }))?;
    ///
    /// // The receiver has only the public key.
    /// let public = key.public().ok_or("a shared secret has none")?;
    /// let rules = Rules::typ("at+jwt").any_issuer().any_audience();
    /// assert!(rules.verify_bytes(&token, &public, std::time::SystemTime::now()).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::Generation`] if the system provides no random numbers.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        Material::generate(algorithm).map(Self::of)
    }

    /// Generates a random RSA key of 2048 bits, for a server that replaces its keys within months. It signs five times as fast as the
    /// one of 3072 bits that [`generate`](Key::generate) makes. NIST SP 800-57 accepts its signatures until the end of 2030.
    ///
    /// ```
    /// use strict_jose::{Algorithm, Key, KeyError};
    ///
    /// let key = Key::generate_rsa_2048(Algorithm::Rs256)?;
    /// let jwk: serde_json::Value = serde_json::from_str(&key.to_public_jwk().ok_or(KeyError::Generation)?).unwrap_or_default();
    /// assert_eq!(jwk["n"].as_str().map(str::len), Some(342), "2048 bits in base64url");
    /// assert!(matches!(Key::generate_rsa_2048(Algorithm::Es256), Err(KeyError::OtherKey { .. })));
    /// # Ok::<(), KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::OtherKey`] for an algorithm that signs with another kind of key. [`KeyError::Generation`] if the system provides no
    /// random numbers.
    pub fn generate_rsa_2048(algorithm: Algorithm) -> Result<Self, KeyError> {
        Material::generate_short_lived_rsa(algorithm).map(Self::of)
    }

    /// Reads the private or public key in a PEM text ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)): `PRIVATE KEY`
    /// (PKCS#8), `PUBLIC KEY` (SPKI), `RSA PRIVATE KEY` and `RSA PUBLIC KEY` (PKCS#1), `EC PRIVATE KEY` (SEC1).
    ///
    /// A PEM text does not name its algorithm, so the caller does.
    ///
    /// ```
    /// use strict_jose::{Algorithm, Key};
    ///
    /// let pem = b"-----BEGIN PUBLIC KEY-----
    /// MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
    /// -----END PUBLIC KEY-----";
    /// let key = Key::from_pem(Algorithm::EdDsa, pem)?;
    /// assert!(!key.can_sign());
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// - [`KeyError::NotPem`], [`KeyError::SeveralKeys`], [`KeyError::Der`]: not one key in one of these formats.
    /// - [`KeyError::Certificate`], [`KeyError::Encrypted`]: the message names the command that converts it.
    /// - [`KeyError::OtherKey`], [`KeyError::UnsupportedKey`]: not a key for this algorithm.
    /// - [`KeyError::RsaSize`], [`KeyError::RsaExponent`], [`KeyError::Roca`], [`KeyError::NotOnCurve`],
    ///   [`KeyError::SmallOrder`], [`KeyError::Inconsistent`]: a key whose signatures prove nothing.
    pub fn from_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, KeyError> {
        Material::from_der(algorithm, pem::read(pem)?.encoded()).map(Self::of)
    }

    /// Reads the private key in DER: PKCS#8, PKCS#1 or SEC1.
    ///
    /// ```
    /// use strict_jose::{Algorithm, Key};
    ///
    /// let der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20abcdefghijklmnopqrstuvwxyz012345";
    /// assert!(Key::from_private_der(Algorithm::EdDsa, der)?.can_sign());
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::Der`], and those of [`from_pem`](Key::from_pem) about the key.
    pub fn from_private_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        Material::from_der(algorithm, Encoded::private(der)?).map(Self::of)
    }

    /// Reads the public key in DER: SPKI or PKCS#1.
    ///
    /// ```
    /// use strict_jose::{Algorithm, Key, KeyError};
    ///
    /// let der = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    /// assert_eq!(Key::from_public_der(Algorithm::EdDsa, der).unwrap_err(), KeyError::SmallOrder);
    /// ```
    ///
    /// # Errors
    /// [`KeyError::Der`], and those of [`from_pem`](Key::from_pem) about the key.
    pub fn from_public_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        Material::from_der(algorithm, Encoded::public(der)?).map(Self::of)
    }

    /// Reads the key in a JWK ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)), for the algorithm in its `alg`.
    ///
    /// An EC or Ed25519 key may omit `alg`, because its curve has only one algorithm. The key keeps the `kid`. `use` and
    /// `key_ops` must allow signatures, and they restrict the key.
    ///
    /// ```
    /// use strict_jose::{Algorithm, Key};
    ///
    /// // RFC 8037, appendix A.2
    /// let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// assert_eq!(Key::from_jwk(jwk)?.algorithm(), Algorithm::EdDsa);
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// - [`KeyError::Json`], [`KeyError::MissingMember`], [`KeyError::InvalidMember`]: not a JWK.
    /// - [`KeyError::NoAlgorithm`]: use [`from_jwk_as`](Key::from_jwk_as).
    /// - [`KeyError::UnsupportedAlgorithm`], [`KeyError::UnsupportedKey`], [`KeyError::NotForSignatures`]: not a key for
    ///   signatures of this crate.
    /// - [`KeyError::OtherKey`]: its kind or curve does not match its `alg`.
    /// - [`KeyError::TooShort`], [`KeyError::Pem`], [`KeyError::LooksLikeKey`]: an unusable shared secret.
    /// - [`KeyError::NoPrimes`], and those of [`from_pem`](Key::from_pem) about the key.
    pub fn from_jwk(jwk: &str) -> Result<Self, KeyError> {
        Self::from_parsed_jwk(&Jwk::read(jwk, strict_json::JWK)?, None)
    }

    /// Reads the key in a JWK without `alg`, for `algorithm`. A JWK with another `alg` is refused.
    ///
    /// ```
    /// use strict_jose::{Algorithm, Key, KeyError};
    ///
    /// let jwk = r#"{"kty":"oct","k":"YXQgbGVhc3QgMzIgYnl0ZXMsIGJldHRlciByYW5kb20u"}"#;
    /// assert_eq!(Key::from_jwk(jwk).unwrap_err(), KeyError::NoAlgorithm);
    /// assert!(Key::from_jwk_as(Algorithm::Hs256, jwk)?.can_sign());
    /// # Ok::<(), KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::OtherAlgorithm`], and those of [`from_jwk`](Key::from_jwk).
    pub fn from_jwk_as(algorithm: Algorithm, jwk: &str) -> Result<Self, KeyError> {
        Self::from_parsed_jwk(&Jwk::read(jwk, strict_json::JWK)?, Some(algorithm))
    }

    /// The key in a JWK, for `algorithm` or for the algorithm that the JWK implies.
    pub(crate) fn from_parsed_jwk(jwk: &Jwk<'_>, algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        let JwkParts { material, purpose, kid } = jwk.parts(algorithm)?;
        Ok(Self { material: Arc::new(material), kid: kid.map(Into::into), purpose })
    }

    fn of(material: Material) -> Self {
        Self { material: Arc::new(material), kid: None, purpose: Purpose::SignAndVerify }
    }

    /// The same key with the name `kid` ([RFC 7515 §4.1.4](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4)).
    ///
    /// Tokens that the key signs contain this name. Tokens that name another key are refused.
    ///
    /// ```
    /// # use strict_jose::Key;
    /// assert_eq!(Key::hs256(&[7; 32])?.with_kid("a").kid(), Some("a"));
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        Self { kid: Some(kid.into().into()), ..self }
    }

    /// The same key with its [`thumbprint`](Key::thumbprint) as its name, which both sides can compute.
    ///
    /// ```
    /// # use strict_jose::{Algorithm, Key};
    /// let key = Key::generate(Algorithm::Es256)?.with_thumbprint_as_kid();
    /// assert_eq!(key.kid(), Some(&*key.thumbprint()));
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    #[must_use]
    pub fn with_thumbprint_as_kid(self) -> Self {
        let thumbprint = self.thumbprint();
        self.with_kid(thumbprint)
    }

    /// The SHA-256 thumbprint of the key ([RFC 7638](https://www.rfc-editor.org/rfc/rfc7638)): 43 characters of base64url.
    ///
    /// A private key and its public key have the same thumbprint. The thumbprint of a shared secret lets a reader test guesses
    /// of the secret, as every token does (RFC 7638 §7). A random secret resists such guesses.
    ///
    /// ```
    /// # use strict_jose::Key;
    /// // RFC 8037, appendix A.3
    /// let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// assert_eq!(Key::from_jwk(jwk)?.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    pub fn thumbprint(&self) -> String {
        let jwk = self.material.members().thumbprint_jwk();
        let mut thumbprint = String::with_capacity(SHA256_LEN);
        encode_into(&mut thumbprint, digest::digest(&digest::SHA256, jwk.as_bytes()).as_ref());
        thumbprint
    }

    /// The algorithm of this key.
    ///
    /// ```
    /// # use strict_jose::{Algorithm, Key};
    /// assert_eq!(Key::hs512(&[7; 64])?.algorithm(), Algorithm::Hs512);
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    pub fn algorithm(&self) -> Algorithm {
        self.material.algorithm()
    }

    /// The name of this key, if it has one.
    ///
    /// ```
    /// # use strict_jose::Key;
    /// assert_eq!(Key::hs256(&[7; 32])?.kid(), None);
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether the key can sign. A public key cannot, nor can a key whose JWK forbids it with `key_ops`
    /// ([RFC 7517 §4.3](https://www.rfc-editor.org/rfc/rfc7517#section-4.3)).
    ///
    /// ```
    /// # use strict_jose::{Algorithm, Key};
    /// let key = Key::generate(Algorithm::EdDsa)?;
    /// assert!(key.can_sign());
    /// assert!(key.public().is_some_and(|public| !public.can_sign()));
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    pub fn can_sign(&self) -> bool {
        self.purpose != Purpose::Verify && self.material.can_sign()
    }

    /// Whether the key may verify. A key whose JWK allows only signing with `key_ops` may not
    /// ([RFC 7517 §4.3](https://www.rfc-editor.org/rfc/rfc7517#section-4.3)). Its [`public`](Key::public) key may.
    ///
    /// ```
    /// # use strict_jose::Key;
    /// let key = Key::from_jwk(r#"{"kty":"oct","alg":"HS256","key_ops":["sign"],
    ///     "k":"YXQgbGVhc3QgMzIgYnl0ZXMsIGJldHRlciByYW5kb20u"}"#)?;
    /// assert!(key.can_sign() && !key.can_verify());
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    pub fn can_verify(&self) -> bool {
        self.purpose != Purpose::Sign
    }

    /// The public key, with the same name. `None` for a shared secret, which has no public part.
    ///
    /// ```
    /// # use strict_jose::{Algorithm, Key};
    /// assert!(Key::generate(Algorithm::EdDsa)?.public().is_some());
    /// assert!(Key::generate(Algorithm::Hs256)?.public().is_none());
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    pub fn public(&self) -> Option<Self> {
        let material = self.material.public()?;
        Some(Self { kid: self.kid.clone(), ..Self::of(material) })
    }

    /// The whole key as a JWK, **secret members included**, with `alg`, `use` and `kid`.
    ///
    /// [`from_jwk`](Key::from_jwk) reads the same key from it.
    ///
    /// ```
    /// # use strict_jose::{Algorithm, Key};
    /// let key = Key::generate(Algorithm::Hs256)?;
    /// let again = Key::from_jwk(key.to_jwk().expose())?;
    /// assert_eq!(again.thumbprint(), key.thumbprint());
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    pub fn to_jwk(&self) -> PrivateJwk {
        self.material.members().private_jwk(&self.description())
    }

    /// The public key as a JWK, with `alg`, `use` and `kid`. `None` for a shared secret.
    ///
    /// ```
    /// # use strict_jose::Key;
    /// let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// let public = Key::from_jwk(jwk)?.with_kid("a").to_public_jwk();
    /// let want = r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA","use":"sig","kid":"a"}"#;
    /// assert_eq!(public.as_deref(), Some(want));
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    pub fn to_public_jwk(&self) -> Option<String> {
        let is_public = !self.algorithm().is_symmetric();
        is_public.then(|| self.material.members().public_jwk(&self.description()))
    }

    /// The public members that RFC 7638 hashes, as a JWK: for the header of a proof. `None` for a shared secret.
    pub(crate) fn minimal_public_jwk(&self) -> Option<String> {
        let is_public = !self.algorithm().is_symmetric();
        is_public.then(|| self.material.members().thumbprint_jwk().to_string())
    }

    /// Whether both have the same material, algorithm and purpose. The caller compares the names.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.algorithm() == other.algorithm()
            && self.purpose == other.purpose
            && self.can_sign() == other.can_sign()
            && self.thumbprint() == other.thumbprint()
    }

    fn description(&self) -> Description<'_> {
        Description { algorithm: self.algorithm(), purpose: self.purpose, kid: self.kid() }
    }

    /// Checks that a token with this header may be verified with this key: the same `alg`, the same `kid` if both have one,
    /// and a key that may verify.
    ///
    /// [`Rules::verify`](crate::Rules::verify) calls this for every key from [`Keys::find`](crate::Keys::find), so no
    /// implementation of [`Keys`](crate::Keys) can omit these checks.
    ///
    /// # Errors
    /// [`Error::WrongAlgorithm`], [`Error::UnknownKey`], [`Error::SignOnly`].
    pub(crate) fn agrees_with(&self, header: &Header<'_>) -> Result<(), Error> {
        if !self.algorithm().is_called(header.alg()) {
            return Err(Error::WrongAlgorithm {
                expected: self.algorithm(),
                found: Excerpt::of(header.alg()),
            });
        }
        if !self.can_verify() {
            return Err(Error::SignOnly);
        }
        match (self.kid(), header.kid()) {
            (Some(own), Some(named)) if own != named => Err(Error::UnknownKey { kid: Excerpt::of(named) }),
            _ => Ok(()),
        }
    }

    /// Checks a signature. That of a shared secret is compared in constant time.
    pub(crate) fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        self.material.verify(message, signature).map_err(|Unspecified| Error::BadSignature)
    }

    /// Makes a signature. The caller has checked [`Key::can_sign`].
    pub(crate) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        self.material.sign(message)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("algorithm", &self.algorithm())
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(secret: &[u8], want: Result<(), KeyError>) {
        assert_eq!(Key::hs256(secret).map(|_| ()), want);
    }

    #[test]
    fn a_secret_is_at_least_as_long_as_the_hash() {
        check(b"", Err(KeyError::TooShort { bytes: 0, minimum: 32 }));
        check(&[1; 31], Err(KeyError::TooShort { bytes: 31, minimum: 32 }));
        check(&[1; 32], Ok(()));
        check(&[1; 1000], Ok(()));
    }

    #[test]
    fn a_pem_text_is_not_a_secret_wherever_it_begins() {
        check(b"-----BEGIN PUBLIC KEY-----", Err(KeyError::Pem));
        check(b"\xef\xbb\xbf\r\n-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA", Err(KeyError::Pem));
    }

    #[test]
    fn debug_hides_the_secret() {
        let printed = format!("{:?}", Key::hs256(b"correct horse battery staple, 9x").unwrap());
        assert_eq!(printed, "Key { algorithm: Hs256, kid: None, .. }");
    }

    #[test]
    fn a_key_can_be_shared_between_threads() {
        fn shared<T: Send + Sync + Clone + 'static>() {}
        shared::<Key>();
    }
}
