//! Signs tokens in the compact serialization.

use aws_lc_rs::error::Unspecified;
use serde::Serialize;

use crate::algorithm::Algorithm;
use crate::base64url::encode_into;
use crate::claims::Claims;
use crate::error::Error;
use crate::key::Key;
use crate::limits::DEFAULT_MAX_LEN;

impl Key {
    /// Signs `claims` as a token of the type `typ`: `{"typ":…,"alg":…,"kid":…}.claims.signature`.
    ///
    /// Claims that every verifier would refuse are not signed, such as claims with a duplicate member or an invalid `exp`. A
    /// token longer than [`DEFAULT_MAX_LEN`](crate::DEFAULT_MAX_LEN) needs a verifier with
    /// [`Rules::max_len`](crate::Rules::max_len). `typ` states the purpose of the token
    /// ([RFC 8725 §3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)), such as `at+jwt` for an access token
    /// ([RFC 9068 §2.1](https://www.rfc-editor.org/rfc/rfc9068#section-2.1)). For a receiver that expects no type, use
    /// [`Typ::Absent`].
    ///
    /// ```
    /// use strict_jose::Key;
    ///
    /// let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// let token = key.sign("at+jwt", &serde_json::json!({ "sub": "7", "exp": 1_900_000_000 }))?;
    /// assert!(token.starts_with("eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9."));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// - [`SignError::VerifyOnly`]: a public key, or a key whose JWK forbids signing.
    /// - [`SignError::Serialize`]: `claims` cannot be written as JSON.
    /// - [`SignError::Claims`]: not an object, a duplicate member, or a registered claim of a wrong type.
    /// - [`SignError::HeaderTooLong`], [`SignError::Failed`].
    pub fn sign<'t, C: Serialize + ?Sized>(
        &self,
        typ: impl Into<Typ<'t>>,
        claims: &C,
    ) -> Result<String, SignError> {
        let claims = serde_json::to_string(claims).map_err(SignError::Serialize)?;
        Claims::read(&claims, &[]).map_err(SignError::Claims)?;
        self.sign_bytes(typ, claims.as_bytes())
    }

    /// Signs any bytes as a JWS ([RFC 7515](https://www.rfc-editor.org/rfc/rfc7515)). For tokens, use [`sign`](Key::sign):
    /// this method does not check the payload.
    ///
    /// ```
    /// use strict_jose::{Key, Typ};
    ///
    /// // RFC 8037, appendix A.4
    /// let key = Key::from_jwk(r#"{"kty":"OKP","crv":"Ed25519",
    ///     "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    ///     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
    /// let jws = key.sign_bytes(Typ::Absent, b"Example of Ed25519 signing")?;
    /// assert!(jws.starts_with("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCj"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SignError::VerifyOnly`], [`SignError::HeaderTooLong`], [`SignError::Failed`].
    pub fn sign_bytes<'t>(&self, typ: impl Into<Typ<'t>>, payload: &[u8]) -> Result<String, SignError> {
        let typ = match typ.into() {
            Typ::Named(typ) => Some(typ),
            Typ::Absent => None,
        };
        let header = serde_json::to_string(&NewHeader { typ, alg: self.algorithm(), kid: self.kid() })
            .map_err(SignError::Serialize)?;
        self.sign_parts(&header, payload)
    }

    /// Signs a header and a payload as they are.
    pub(crate) fn sign_parts(&self, header: &str, payload: &[u8]) -> Result<String, SignError> {
        if !self.can_sign() {
            return Err(SignError::VerifyOnly);
        }
        let decoded_len = header.len() + payload.len() + USUAL_SIGNATURE_LEN;
        let mut token = String::with_capacity(decoded_len * 4 / 3 + 8);
        encode_into(&mut token, header.as_bytes());
        if token.len() > DEFAULT_MAX_LEN {
            return Err(SignError::HeaderTooLong);
        }
        token.push('.');
        encode_into(&mut token, payload);
        let signature = self.signature(token.as_bytes()).map_err(|Unspecified| SignError::Failed)?;
        token.push('.');
        encode_into(&mut token, &signature);
        Ok(token)
    }
}

/// The length of a signature of an RSA key with 3072 bits.
const USUAL_SIGNATURE_LEN: usize = 384;

/// The `typ` of a token to sign. Strings convert into it.
///
/// ```
/// use strict_jose::{Key, Typ, inspect};
///
/// let key = Key::hs256(b"at least 32 bytes, better random.")?;
/// let claims = serde_json::json!({ "sub": "7" });
/// assert_eq!(inspect(&key.sign("JWT", &claims)?)?.header["typ"], "JWT");
/// assert!(inspect(&key.sign(Typ::Absent, &claims)?)?.header.get("typ").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typ<'a> {
    /// This type.
    Named(&'a str),
    /// No type, for a receiver that expects none. Only its claims then distinguish this token from other kinds of tokens.
    Absent,
}

impl<'a> From<&'a str> for Typ<'a> {
    fn from(typ: &'a str) -> Self {
        Self::Named(typ)
    }
}

impl<'a> From<&'a String> for Typ<'a> {
    fn from(typ: &'a String) -> Self {
        Self::Named(typ)
    }
}

#[derive(Serialize)]
struct NewHeader<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'a str>,
    #[serde(serialize_with = "by_name")]
    alg: Algorithm,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn by_name<S: serde::Serializer>(algorithm: &Algorithm, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(algorithm.name())
}

/// The reason why a token was not signed.
///
/// ```
/// use strict_jose::{Key, SignError};
///
/// let key = Key::hs256(b"at least 32 bytes, better random.")?;
/// let refused = key.sign("at+jwt", &serde_json::json!({ "exp": "tomorrow" })).unwrap_err();
/// assert!(matches!(refused, SignError::Claims(_)));
/// # Ok::<(), strict_jose::KeyError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The key is public, or the `key_ops` of its JWK do not contain `sign`.
    #[error("this key can only verify")]
    VerifyOnly,
    /// The claims cannot be written as JSON.
    #[error("the claims cannot be written as JSON")]
    Serialize(#[source] serde_json::Error),
    /// Every verifier of this crate would refuse these claims.
    #[error("these claims would be refused")]
    Claims(#[source] Error),
    /// The header with `typ` and `kid` is longer than [`DEFAULT_MAX_LEN`](crate::DEFAULT_MAX_LEN). No verifier of this crate
    /// accepts it, because [`Rules::max_len`](crate::Rules::max_len) raises only the limit of the payload.
    #[error("the header (`typ`, `kid`) is longer than a verifier accepts")]
    HeaderTooLong,
    /// A proof of possession needs an asymmetric key, and this key is a shared secret.
    #[error("a shared secret cannot sign a proof of possession")]
    SharedSecret,
    /// The primitives could not compute a signature: no memory, or a fault in an RSA computation.
    #[error("the signature could not be computed")]
    Failed,
}
