//! One key, one algorithm, one `kid`.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;

use crate::error::KidExcerpt;
use crate::{Algorithm, Error, Header};

/// A key: its material, the one [`Algorithm`] it is for, and perhaps its name (`kid`).
///
/// Because the algorithm is the key's, a token cannot choose one
/// ([RFC 8725 §3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)). A clone is cheap: the material is shared.
/// [`Debug`](fmt::Debug) shows everything but the material.
///
/// ```
/// use strict_jose::{Algorithm, Key};
///
/// let key = Key::hs256(b"at least 32 bytes, better random.")?.with_kid("2025-01");
/// assert_eq!(key.algorithm(), Algorithm::Hs256);
/// assert_eq!(key.kid(), Some("2025-01"));
/// assert_eq!(format!("{key:?}"), r#"Key { algorithm: Hs256, kid: Some("2025-01"), .. }"#);
/// # Ok::<(), strict_jose::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Key {
    material: Arc<Material>,
    kid: Option<Arc<str>>,
}

/// What an algorithm computes with: the variant *is* the algorithm, so the two cannot disagree.
enum Material {
    Hs256(hmac::Key),
}

impl Key {
    /// A key for HMAC with SHA-256 from a shared secret.
    ///
    /// The secret should come from a random generator, not from a person
    /// ([RFC 8725 §3.5](https://www.rfc-editor.org/rfc/rfc8725#section-3.5)). It is not kept: only the state of the HMAC
    /// is, and that is wiped when the last clone goes.
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
    /// - [`KeyError::Pem`]: a PEM text. Whoever gives one has an asymmetric key in hand; if it is the public one, everybody
    ///   could sign ([RFC 8725 §2.1](https://www.rfc-editor.org/rfc/rfc8725#section-2.1)).
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyError> {
        if secret.windows(PEM_BEGIN.len()).any(|window| window == PEM_BEGIN) {
            return Err(KeyError::Pem);
        }
        if secret.len() < HS256_MINIMUM {
            return Err(KeyError::TooShort { bytes: secret.len(), minimum: HS256_MINIMUM });
        }
        let material = Material::Hs256(hmac::Key::new(hmac::HMAC_SHA256, secret));
        Ok(Self { material: Arc::new(material), kid: None })
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

    /// The one algorithm that this key is for.
    pub fn algorithm(&self) -> Algorithm {
        match *self.material {
            Material::Hs256(_) => Algorithm::Hs256,
        }
    }

    /// The key's name, if it was given one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Checks that a token's header could be of this key: same `alg`, and the same `kid` where both have one.
    ///
    /// [`Rules::verify`](crate::Rules::verify) calls this for whatever key [`Keys::find`] chose, so that no
    /// implementation of [`Keys`] can forget it.
    ///
    /// # Errors
    /// [`Error::WrongAlgorithm`], [`Error::UnknownKey`].
    pub(crate) fn agrees_with(&self, header: &Header<'_>) -> Result<(), Error> {
        if header.alg() != self.algorithm().name() {
            return Err(Error::WrongAlgorithm { expected: self.algorithm() });
        }
        match (self.kid(), header.kid()) {
            (Some(ours), Some(theirs)) if ours != theirs => {
                Err(Error::UnknownKey { kid: KidExcerpt::of(theirs) })
            }
            _ => Ok(()),
        }
    }

    /// Checks a signature in constant time.
    pub(crate) fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        match &*self.material {
            Material::Hs256(key) => hmac::verify(key, message, signature).map_err(|_| Error::BadSignature),
        }
    }

    /// Signs.
    pub(crate) fn signature(&self, message: &[u8]) -> impl AsRef<[u8]> + use<> {
        match &*self.material {
            Material::Hs256(key) => hmac::sign(key, message),
        }
    }
}

/// As long as the hash: [RFC 7518 §3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2).
const HS256_MINIMUM: usize = 32;

const PEM_BEGIN: &[u8] = b"-----BEGIN ";

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("algorithm", &self.algorithm())
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}

/// Where the key for a token comes from: one [`Key`], or several of which one is chosen.
///
/// An implementation only *chooses*. That the token agrees with the chosen key (`alg`, `kid`) and is signed with it is
/// checked afterwards, in one place, so an implementation cannot weaken anything.
///
/// ```
/// use strict_jose::{Error, Header, Key, Keys, KidExcerpt};
///
/// /// The key of now, and the one of before, while its last tokens live.
/// struct Rotating { current: Key, previous: Key }
///
/// impl Keys for Rotating {
///     fn find(&self, header: &Header<'_>) -> Result<&Key, Error> {
///         [&self.current, &self.previous]
///             .into_iter()
///             .find(|key| key.kid() == header.kid())
///             .ok_or_else(|| Error::UnknownKey { kid: KidExcerpt::of(header.kid().unwrap_or_default()) })
///     }
/// }
/// ```
pub trait Keys: Send + Sync {
    /// The key that the token says it is signed with.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] when no key can be meant.
    fn find(&self, header: &Header<'_>) -> Result<&Key, Error>;
}

impl Keys for Key {
    fn find(&self, _: &Header<'_>) -> Result<&Key, Error> {
        Ok(self)
    }
}

impl<K: Keys + ?Sized> Keys for &K {
    fn find(&self, header: &Header<'_>) -> Result<&Key, Error> {
        (**self).find(header)
    }
}

impl<K: Keys + ?Sized> Keys for Arc<K> {
    fn find(&self, header: &Header<'_>) -> Result<&Key, Error> {
        (**self).find(header)
    }
}

/// Why something is not a key.
///
/// ```
/// use strict_jose::{Key, KeyError};
///
/// let public = b"-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL\n-----END PUBLIC KEY-----\n";
/// assert_eq!(Key::hs256(public).unwrap_err(), KeyError::Pem);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A secret shorter than the algorithm's hash.
    #[error("the secret has {bytes} bytes; at least {minimum} are needed")]
    TooShort {
        /// How many there are.
        bytes: usize,
        /// How many there must be.
        minimum: usize,
    },
    /// A PEM text where a shared secret is due.
    #[error("this is a PEM text, an asymmetric key, not a shared secret")]
    Pem,
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
