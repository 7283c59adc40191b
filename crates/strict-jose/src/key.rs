//! One key, one algorithm, one `kid`.

mod der;
mod ec;
mod ed25519;
mod error;
mod hmac;
mod jwk;
mod pem;
mod rsa;
#[cfg(test)]
mod wycheproof;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;

use self::der::{Form, Parts};
use self::ec::EcKey;
use self::ed25519::Ed25519Key;
use self::hmac::Secret;
use self::rsa::RsaKey;
use crate::base64url::encode_into;
use crate::error::KidExcerpt;
use crate::{Algorithm, Error, Header, strict_json};

pub use self::error::KeyError;
pub(crate) use self::jwk::Jwk;
pub use self::jwk::PrivateJwk;

/// A key: its material, the one [`Algorithm`] it is for, and perhaps its name (`kid`).
///
/// The material is a shared secret, a private key (which can also verify) or a public key. Because the algorithm is the
/// key's, a token cannot choose one ([RFC 8725 §3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)). Everything that
/// can be wrong with a key is found when it is made, not when the first token comes. A clone is cheap: the material is
/// shared. [`Debug`](fmt::Debug) shows everything but the material.
///
/// | from | by |
/// | --- | --- |
/// | a shared secret | [`hs256`](Key::hs256), [`hs384`](Key::hs384), [`hs512`](Key::hs512) |
/// | PEM: PKCS#8, SPKI, PKCS#1, SEC1 | [`from_pem`](Key::from_pem) |
/// | DER: the same | [`from_private_der`](Key::from_private_der), [`from_public_der`](Key::from_public_der) |
/// | a JWK | [`from_jwk`](Key::from_jwk), [`from_jwk_as`](Key::from_jwk_as) |
/// | a JWK set | [`KeySet`](crate::KeySet) |
/// | nothing | [`generate`](Key::generate) |
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

/// What the key may do, of all that its material can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    SignAndVerify,
    Sign,
    Verify,
}

/// What an algorithm computes with. Each kind checks that it fits its algorithm when it is made.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one behind each Arc; a box would be a second way to go"
)]
enum Material {
    Secret(Secret),
    Rsa(RsaKey),
    Ec(EcKey),
    Ed25519(Ed25519Key),
}

/// A signature that is not the key's, or that could not be made. The primitives say no more.
struct Refused;

impl Key {
    /// A key for HMAC with SHA-256 from a shared secret.
    ///
    /// The secret should come from a random generator, not from a person
    /// ([RFC 8725 §3.5](https://www.rfc-editor.org/rfc/rfc8725#section-3.5)). It is wiped when the last clone goes.
    ///
    /// ```
    /// use strict_jose::{Key, KeyError};
    ///
    /// assert!(Key::hs256(&[7; 32]).is_ok());
    /// assert_eq!(Key::hs256(b"secret").unwrap_err(), KeyError::TooShort { bytes: 6, minimum: 32 });
    /// ```
    ///
    /// # Errors
    /// - [`KeyError::TooShort`]: below 32 bytes, which [RFC 7518 §3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)
    ///   forbids.
    /// - [`KeyError::Pem`], [`KeyError::NoSecret`]: a key of another kind, or a certificate, in PEM, DER, base64 of these,
    ///   JWK, JWK set or OpenSSH's form. If it is a public one, everybody could sign
    ///   ([RFC 8725 §2.1](https://www.rfc-editor.org/rfc/rfc8725#section-2.1)). The bare numbers of a key, such as the `x`
    ///   of a JWK, look like any secret and are not noticed.
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyError> {
        Self::secret(Algorithm::Hs256, secret)
    }

    /// A key for HMAC with SHA-384 from a shared secret: as [`hs256`](Key::hs256), of 48 bytes.
    ///
    /// ```
    /// # use strict_jose::Key;
    /// assert!(Key::hs384(&[7; 48]).is_ok());
    /// assert!(Key::hs384(&[7; 47]).is_err());
    /// ```
    ///
    /// # Errors
    /// [`KeyError::TooShort`], [`KeyError::Pem`], [`KeyError::NoSecret`].
    pub fn hs384(secret: &[u8]) -> Result<Self, KeyError> {
        Self::secret(Algorithm::Hs384, secret)
    }

    /// A key for HMAC with SHA-512 from a shared secret: as [`hs256`](Key::hs256), of 64 bytes.
    ///
    /// ```
    /// # use strict_jose::Key;
    /// assert!(Key::hs512(&[7; 64]).is_ok());
    /// assert!(Key::hs512(&[7; 63]).is_err());
    /// ```
    ///
    /// # Errors
    /// [`KeyError::TooShort`], [`KeyError::Pem`], [`KeyError::NoSecret`].
    pub fn hs512(secret: &[u8]) -> Result<Self, KeyError> {
        Self::secret(Algorithm::Hs512, secret)
    }

    fn secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        Secret::new(algorithm, secret).map(Material::Secret).map(Self::of)
    }

    /// A new key: a random secret as long as the hash, RSA of 3072 bits, or a point on the algorithm's curve.
    ///
    /// It has no name yet; [`with_thumbprint_as_kid`](Key::with_thumbprint_as_kid) gives it one.
    ///
    /// ```
    /// use strict_jose::{Algorithm, Key, Rules};
    ///
    /// let key = Key::generate(Algorithm::Es256)?.with_thumbprint_as_kid();
    /// let token = key.sign("at+jwt", &serde_json::json!({ "sub": "7", "exp": 2_000_000_000 }))?;
    ///
    /// // The receiver has the public half only.
    /// let public = key.public().ok_or("a shared secret has none")?;
    /// let rules = Rules::typ("at+jwt").any_issuer().any_audience();
    /// assert!(rules.verify_bytes(&token, &public, std::time::SystemTime::now()).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::Generation`] if the system gives no randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        use Algorithm as A;
        Ok(Self::of(match algorithm {
            A::Hs256 | A::Hs384 | A::Hs512 => Material::Secret(Secret::generate(algorithm)?),
            A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => {
                Material::Rsa(RsaKey::generate(algorithm)?)
            }
            A::Es256 | A::Es384 | A::Es512 => Material::Ec(EcKey::generate(algorithm)?),
            A::EdDsa => Material::Ed25519(Ed25519Key::generate()?),
        }))
    }

    /// The private or public key in a PEM text ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)): `PRIVATE KEY`
    /// (PKCS#8), `PUBLIC KEY` (SPKI), `RSA PRIVATE KEY` and `RSA PUBLIC KEY` (PKCS#1), `EC PRIVATE KEY` (SEC1).
    ///
    /// A PEM text does not say which algorithm it is for, so you do.
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
    /// - [`KeyError::NotPem`], [`KeyError::SeveralKeys`], [`KeyError::Der`]: not one key in one of these forms.
    /// - [`KeyError::Certificate`], [`KeyError::Encrypted`]: the message says what to give instead.
    /// - [`KeyError::OtherKey`], [`KeyError::UnsupportedKey`]: not a key for this algorithm.
    /// - [`KeyError::RsaSize`], [`KeyError::RsaExponent`], [`KeyError::NotOnCurve`], [`KeyError::SmallOrder`],
    ///   [`KeyError::Inconsistent`]: a key that proves nothing.
    pub fn from_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, KeyError> {
        let (form, der) = pem::read(pem)?;
        Self::from_der(algorithm, form, &der)
    }

    /// The private key in a DER text: PKCS#8, PKCS#1 or SEC1.
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
        Self::from_der(algorithm, Form::of_private(der)?, der)
    }

    /// The public key in a DER text: SPKI or PKCS#1.
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
        Self::from_der(algorithm, Form::of_public(der)?, der)
    }

    fn from_der(algorithm: Algorithm, form: Form, der: &[u8]) -> Result<Self, KeyError> {
        let parts = Parts::read(form, der)?;
        Ok(Self::of(match parts {
            Parts::RsaPublic { n, e } => Material::Rsa(RsaKey::public(algorithm, n, e)?),
            Parts::RsaPrivate(numbers) => Material::Rsa(RsaKey::private(algorithm, &numbers)?),
            Parts::EcPublic { curve, point } => Material::Ec(EcKey::public(algorithm, curve, point)?),
            Parts::EcPrivate(parts) => Material::Ec(EcKey::private(algorithm, &parts, (form, der))?),
            _ if algorithm != Algorithm::EdDsa => {
                return Err(KeyError::OtherKey { algorithm, found: "an Ed25519 key" });
            }
            Parts::Ed25519Public { x } => Material::Ed25519(Ed25519Key::public(x)?),
            Parts::Ed25519Private { d, x } => Material::Ed25519(Ed25519Key::private(d, x)?),
        }))
    }

    /// The key in a JWK ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)), for the algorithm that it states.
    ///
    /// An EC or Ed25519 key need not state one: its curve has only one. Its `kid` becomes the key's. `use` and `key_ops`
    /// must allow signatures; what they forbid, the key cannot do.
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
    /// - [`KeyError::NoAlgorithm`]: it is for [`from_jwk_as`](Key::from_jwk_as).
    /// - [`KeyError::UnsupportedAlgorithm`], [`KeyError::UnsupportedKey`], [`KeyError::NotForSignatures`]: it is for others.
    /// - [`KeyError::OtherKey`]: its kind or curve is not its `alg`'s.
    /// - [`KeyError::TooShort`], [`KeyError::Pem`], [`KeyError::NoSecret`]: a shared secret that is none.
    /// - [`KeyError::NoPrimes`], and those of [`from_pem`](Key::from_pem) about the key.
    pub fn from_jwk(jwk: &str) -> Result<Self, KeyError> {
        Jwk::read(jwk, strict_json::JWK)?.key(None)
    }

    /// The key in a JWK, for this algorithm. For JWKs without `alg`; one that states another is refused.
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
        Jwk::read(jwk, strict_json::JWK)?.key(Some(algorithm))
    }

    fn of(material: Material) -> Self {
        Self { material: Arc::new(material), kid: None, purpose: Purpose::SignAndVerify }
    }

    /// The same key, called `kid` ([RFC 7515 §4.1.4](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4)).
    ///
    /// Tokens signed with it name it; tokens that name another key are refused.
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

    /// The same key, called by its [`thumbprint`](Key::thumbprint): a name that both sides can compute.
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

    /// The key's thumbprint with SHA-256 ([RFC 7638](https://www.rfc-editor.org/rfc/rfc7638)), in base64url.
    ///
    /// A private key has the same one as its public key. That of a shared secret lets whoever sees it test guesses, as
    /// every token does (RFC 7638 §7): one more reason for a random secret.
    ///
    /// ```
    /// # use strict_jose::Key;
    /// // RFC 8037, appendix A.3
    /// let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// assert_eq!(Key::from_jwk(jwk)?.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    pub fn thumbprint(&self) -> String {
        let members = self.material.members().for_thumbprint();
        let mut thumbprint = String::with_capacity(43);
        encode_into(&mut thumbprint, digest::digest(&digest::SHA256, members.as_bytes()).as_ref());
        thumbprint
    }

    /// The one algorithm that this key is for.
    ///
    /// ```
    /// # use strict_jose::{Algorithm, Key};
    /// assert_eq!(Key::hs512(&[7; 64])?.algorithm(), Algorithm::Hs512);
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    pub fn algorithm(&self) -> Algorithm {
        self.material.algorithm()
    }

    /// The key's name, if it was given one.
    ///
    /// ```
    /// # use strict_jose::Key;
    /// assert_eq!(Key::hs256(&[7; 32])?.kid(), None);
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether it signs, or only verifies: because it is public, or because its JWK's `key_ops` say so
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

    /// Whether it verifies, or only signs, because its JWK's `key_ops` say so
    /// ([RFC 7517 §4.3](https://www.rfc-editor.org/rfc/rfc7517#section-4.3)). Its [`public`](Key::public) key verifies.
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

    /// The public key, of the same name. `None` for a shared secret, which has no part that others may see.
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

    /// All of the key as a JWK, **what is secret included**, with `alg`, `use` and `kid`.
    ///
    /// [`from_jwk`](Key::from_jwk) makes the same key of it.
    ///
    /// ```
    /// # use strict_jose::{Algorithm, Key};
    /// let key = Key::generate(Algorithm::Hs256)?;
    /// let again = Key::from_jwk(key.to_jwk().expose())?;
    /// assert_eq!(again.thumbprint(), key.thumbprint());
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    pub fn to_jwk(&self) -> PrivateJwk {
        self.material.members().private_jwk(self)
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
        if self.algorithm().is_symmetric() { None } else { Some(self.material.members().public_jwk(self)) }
    }

    /// Checks that a token's header could be of this key: same `alg`, and the same `kid` where both have one; and that this
    /// key is one to verify with.
    ///
    /// [`Rules::verify`](crate::Rules::verify) calls this for whatever key [`Keys::find`](crate::Keys::find) chose, so that
    /// no implementation of [`Keys`](crate::Keys) can forget it.
    ///
    /// # Errors
    /// [`Error::WrongAlgorithm`], [`Error::UnknownKey`], [`Error::SignOnly`].
    pub(crate) fn agrees_with(&self, header: &Header<'_>) -> Result<(), Error> {
        if !self.algorithm().is_called(header.alg()) {
            return Err(Error::WrongAlgorithm { expected: self.algorithm() });
        }
        if !self.can_verify() {
            return Err(Error::SignOnly);
        }
        match (self.kid(), header.kid()) {
            (Some(ours), Some(theirs)) if ours != theirs => {
                Err(Error::UnknownKey { kid: KidExcerpt::of(theirs) })
            }
            _ => Ok(()),
        }
    }

    /// Checks a signature; that of a secret in constant time.
    pub(crate) fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let checked = match &*self.material {
            Material::Secret(secret) => secret.verify(message, signature),
            Material::Rsa(key) => key.verify(message, signature),
            Material::Ec(key) => key.verify(message, signature),
            Material::Ed25519(key) => key.verify(message, signature),
        };
        checked.map_err(|Refused| Error::BadSignature)
    }

    /// Signs, and shows the signature; `None` if the primitives could not. Asked only where [`Key::can_sign`].
    pub(crate) fn signature<R>(&self, message: &[u8], then: impl FnOnce(&[u8]) -> R) -> Option<R> {
        match &*self.material {
            Material::Secret(secret) => Some(then(secret.sign(message).as_ref())),
            Material::Rsa(key) => key.sign(message).ok().map(|signature| then(&signature)),
            Material::Ec(key) => key.sign(message).ok().map(|signature| then(signature.as_ref())),
            Material::Ed25519(key) => key.sign(message).ok().map(|signature| then(signature.as_ref())),
        }
    }
}

impl Material {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Secret(secret) => secret.algorithm(),
            Self::Rsa(key) => key.algorithm(),
            Self::Ec(key) => key.algorithm(),
            Self::Ed25519(key) => key.algorithm(),
        }
    }

    fn can_sign(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::Rsa(key) => key.can_sign(),
            Self::Ec(key) => key.can_sign(),
            Self::Ed25519(key) => key.can_sign(),
        }
    }

    fn members(&self) -> &jwk::Members {
        match self {
            Self::Secret(secret) => secret.members(),
            Self::Rsa(key) => key.members(),
            Self::Ec(key) => key.members(),
            Self::Ed25519(key) => key.members(),
        }
    }

    /// `None` for a secret.
    fn public(&self) -> Option<Self> {
        match self {
            Self::Secret(_) => None,
            Self::Rsa(key) => Some(Self::Rsa(key.without_private())),
            Self::Ec(key) => Some(Self::Ec(key.without_private())),
            Self::Ed25519(key) => Some(Self::Ed25519(key.without_private())),
        }
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
    fn a_secret_is_as_long_as_the_hash() {
        check(b"", Err(KeyError::TooShort { bytes: 0, minimum: 32 }));
        check(&[1; 31], Err(KeyError::TooShort { bytes: 31, minimum: 32 }));
        check(&[1; 32], Ok(()));
        check(&[1; 1000], Ok(()));
    }

    #[test]
    fn a_pem_is_no_secret_wherever_it_begins() {
        check(b"-----BEGIN PUBLIC KEY-----", Err(KeyError::Pem));
        check(b"\xef\xbb\xbf\r\n-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA", Err(KeyError::Pem));
    }

    #[test]
    fn debug_hides_the_secret() {
        let printed = format!("{:?}", Key::hs256(b"correct horse battery staple, 9x").unwrap());
        assert_eq!(printed, "Key { algorithm: Hs256, kid: None, .. }");
    }

    #[test]
    fn a_key_is_shared_between_threads() {
        fn shared<T: Send + Sync + Clone + 'static>() {}
        shared::<Key>();
    }
}
