//! Rules for signed payloads that are not claims.

use super::typ::TypRule;
use crate::base64url::Decoded;
use crate::error::Error;
use crate::jws::Compact;
use crate::keys::Keys;
use crate::limits::DEFAULT_MAX_LEN;

/// The requirements for a JWS ([RFC 7515](https://www.rfc-editor.org/rfc/rfc7515)) with any payload. See
/// [`NeedsIssuer::any_payload`](crate::NeedsIssuer::any_payload).
///
/// ```
/// use strict_jose::{Key, PayloadRules, Rules};
///
/// let key = Key::hs256(b"at least 32 bytes, better random.")?;
/// let rules: PayloadRules = Rules::typ("photo").any_payload().max_len(1 << 20);
/// let photo = vec![0xff; 100_000];
/// assert_eq!(rules.verify(&key.sign_bytes("photo", &photo)?, &key)?, photo);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PayloadRules {
    typ: TypRule,
    max_len: usize,
}

impl PayloadRules {
    pub(super) fn of(typ: TypRule) -> Self {
        Self { typ, max_len: DEFAULT_MAX_LEN }
    }

    /// Sets the maximum length of a JWS in bytes. The default is [`DEFAULT_MAX_LEN`](crate::DEFAULT_MAX_LEN). See
    /// [`Rules::max_len`](crate::Rules::max_len).
    ///
    /// ```
    /// # use strict_jose::{Key, Rules};
    /// # let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// let jws = key.sign_bytes("photo", &[0; 10_000])?;
    /// assert!(Rules::typ("photo").any_payload().verify(&jws, &key).is_err());
    /// assert!(Rules::typ("photo").any_payload().max_len(20_000).verify(&jws, &key).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn max_len(self, bytes: usize) -> Self {
        Self { max_len: bytes, ..self }
    }

    /// Verifies format, key, signature and type, and returns the payload.
    ///
    /// After that, [`Header::peek`](crate::Header::peek) gives the verified header of the token.
    ///
    /// ```
    /// # use strict_jose::{Key, Rules};
    /// # let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// let jws = key.sign_bytes("bill", b"12 eggs: 3.60")?;
    /// assert_eq!(Rules::typ("bill").any_payload().verify(&jws, &key)?, b"12 eggs: 3.60");
    /// let refused = Rules::typ("receipt").any_payload().verify(&jws, &key).unwrap_err();
    /// assert_eq!(refused.reason(), "wrong_type");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::CriticalHeader`], [`Error::UnknownKey`], [`Error::UnnamedKey`],
    /// [`Error::WrongAlgorithm`], [`Error::SignOnly`], [`Error::BadSignature`], [`Error::WrongType`].
    pub fn verify(&self, token: &str, keys: &(impl Keys + ?Sized)) -> Result<Vec<u8>, Error> {
        let token = Compact::split(token, self.max_len)?;
        let mut buffer = Decoded::default();
        let header = token.header(&mut buffer)?;
        token.verify(&header, keys.find(&header)?)?;
        self.typ.check(header.typ())?;
        Ok(token.payload(&mut buffer)?.to_vec())
    }
}
