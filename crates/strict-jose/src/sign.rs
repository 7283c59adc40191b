//! Signing: the compact serialization, put together.

use serde::Serialize;

use crate::base64url::encode_into;
use crate::claims::Claims;
use crate::{Algorithm, DEFAULT_MAX_LEN, Error, Key};

impl Key {
    /// Signs `claims` as a token of the type `typ`: `{"typ":…,"alg":…,"kid":…}.claims.signature`.
    ///
    /// What it signs, [`Rules`](crate::Rules) can accept: claims with a member twice or an `exp` that is no time are not
    /// signed. Whether they do accept it, is for them to say: a token beyond [`DEFAULT_MAX_LEN`](crate::DEFAULT_MAX_LEN)
    /// needs [`Rules::max_len`](crate::Rules::max_len). `typ` says what the token is for, in the form of
    /// [RFC 8725 §3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11), such as `at+jwt` for an access token
    /// ([RFC 9068 §2.1](https://www.rfc-editor.org/rfc/rfc9068#section-2.1)). Where others demand a token without one, give
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
    /// - [`SignError::VerifyOnly`]: a public key, or one whose JWK forbids it.
    /// - [`SignError::Serialize`]: `claims` could not be written as JSON.
    /// - [`SignError::Claims`]: they are no claims: not an object, a member twice, a registered claim of a wrong type.
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

    /// Signs any bytes as a JWS ([RFC 7515](https://www.rfc-editor.org/rfc/rfc7515)). For tokens, [`sign`](Key::sign) is
    /// better: this looks at nothing.
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
        if !self.can_sign() {
            return Err(SignError::VerifyOnly);
        }
        let typ = match typ.into() {
            Typ::Named(typ) => Some(typ),
            Typ::Absent => None,
        };
        let header = serde_json::to_string(&NewHeader { typ, alg: self.algorithm(), kid: self.kid() })
            .map_err(SignError::Serialize)?;
        let room = header.len() + payload.len() + USUAL_SIGNATURE;
        let mut token = String::with_capacity(room * 4 / 3 + 8);
        encode_into(&mut token, header.as_bytes());
        if token.len() > DEFAULT_MAX_LEN {
            return Err(SignError::HeaderTooLong);
        }
        token.push('.');
        encode_into(&mut token, payload);
        let signed = token.len();
        token.push('.');
        // Signed and appended to are one text, so the signature has to be taken out first.
        let mut signature = String::new();
        self.signature(&token.as_bytes()[..signed], |bytes| encode_into(&mut signature, bytes))
            .ok_or(SignError::Failed)?;
        token.push_str(&signature);
        Ok(token)
    }
}

/// Of RSA with 3072 bits.
const USUAL_SIGNATURE: usize = 384;

/// The `typ` of a token to be signed: text becomes one by itself.
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
    /// This one.
    Named(&'a str),
    /// None: for a peer that takes no other. Nothing but its claims then tells this token from one of another kind.
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

/// Why claims were not signed.
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
    /// The key is public, or its JWK's `key_ops` do not name `sign`.
    #[error("this key can only verify")]
    VerifyOnly,
    /// The claims could not be written as JSON.
    #[error("the claims cannot be written as JSON")]
    Serialize(#[source] serde_json::Error),
    /// They were written, but every verifier of this crate would refuse them.
    #[error("these claims would be refused")]
    Claims(#[source] Error),
    /// `typ` and `kid` make a header beyond [`DEFAULT_MAX_LEN`], which no [`Rules`](crate::Rules) read: not even the
    /// payload's raised cap is for it.
    #[error("the header (`typ`, `kid`) is longer than any verifier reads")]
    HeaderTooLong,
    /// The primitives could not compute a signature: no memory, or (RSA) a computation that was disturbed.
    #[error("the signature could not be computed")]
    Failed,
}
