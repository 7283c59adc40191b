//! Signs tokens in the compact serialization.

use aws_lc_rs::error::Unspecified;
use serde::Serialize;

use crate::algorithm::Algorithm;
use crate::base64url::encode_into;
use crate::claims::Claims;
use crate::error::{Error, Malformed};
use crate::header::Header;
use crate::key::Key;
use crate::key::jwk::Jwk;
use crate::limits::DEFAULT_MAX_LEN;
use crate::strict_json::{self, Value};

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
        self.sign_bytes(typ, checked_claims(claims)?.as_bytes())
    }

    /// Signs `claims` as [`sign`](Key::sign) does, with header parameters of your own beside `typ`, `alg` and `kid`.
    ///
    /// For a protocol that defines such a parameter. For a proof of possession, [`sign_proof`](Key::sign_proof) sets its `jwk`.
    /// `parameters` is a JSON object, for example a map or a type of your own.
    ///
    /// ```
    /// use serde_json::{Value, json};
    /// use strict_jose::{Algorithm, Key, Typ, inspect};
    ///
    /// // The proof of a client for an OpenID4VCI credential carries its public key.
    /// let key = Key::generate(Algorithm::Es256)?;
    /// let jwk: Value = serde_json::from_str(&key.to_public_jwk().ok_or("a shared secret has none")?)?;
    /// let claims = json!({ "aud": "https://issuer.example", "iat": 1_900_000_000 });
    /// let token = key.sign_with_header("openid4vci-proof+jwt", &json!({ "jwk": jwk }), &claims)?;
    /// assert_eq!(inspect(&token)?.header["jwk"]["kty"], "EC");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// - [`SignError::Header`]: a parameter that the key, `typ` or the format sets (`alg`, `typ`, `kid`, `crit`, `b64`, `enc`,
    ///   `zip`), or a `jwk` with a private member.
    /// - [`SignError::InvalidHeader`]: `parameters` is not an object, or one that no verifier accepts.
    /// - Those of [`sign`](Key::sign).
    pub fn sign_with_header<'t, H: Serialize + ?Sized, C: Serialize + ?Sized>(
        &self,
        typ: impl Into<Typ<'t>>,
        parameters: &H,
        claims: &C,
    ) -> Result<String, SignError> {
        let claims = checked_claims(claims)?;
        let own = serde_json::to_string(parameters).map_err(SignError::Serialize)?;
        check_own_parameters(&own)?;
        let header = self.header(typ.into())?;
        let header = match (header.strip_suffix('}'), own.trim_start().strip_prefix('{')) {
            (Some(start), Some(members)) if members != "}" => format!("{start},{members}"),
            _ => header,
        };
        Header::read(&mut header.clone().into_bytes()).map_err(SignError::InvalidHeader)?;
        self.sign_parts(&header, claims.as_bytes())
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
        self.sign_parts(&self.header(typ.into())?, payload)
    }

    fn header(&self, typ: Typ<'_>) -> Result<String, SignError> {
        let typ = match typ {
            Typ::Named(typ) => Some(typ),
            Typ::Absent => None,
        };
        let header = NewHeader { typ, alg: self.algorithm(), kid: self.kid() };
        serde_json::to_string(&header).map_err(SignError::Serialize)
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

/// The claims as JSON, if a verifier of this crate can accept them.
fn checked_claims<C: Serialize + ?Sized>(claims: &C) -> Result<String, SignError> {
    let claims = serde_json::to_string(claims).map_err(SignError::Serialize)?;
    Claims::read(&claims, &[]).map_err(SignError::Claims)?;
    Ok(claims)
}

fn check_own_parameters(parameters: &str) -> Result<(), SignError> {
    strict_json::object::<OwnParameter>(parameters, strict_json::HEADER, |name, value| {
        if let Some(name) = name.one_of(&["alg", "typ", "kid", "crit", "b64", "enc", "zip"]) {
            return Err(OwnParameter(SignError::Header(name)));
        }
        match value {
            Value::Object(jwk) if name.is("jwk") => {
                let jwk = Jwk::read(jwk, strict_json::JWK).map_err(|_| SignError::Header("jwk"));
                // Every receiver of the token would have the private key.
                let is_private = jwk.map_err(OwnParameter)?.private_member().is_some();
                if is_private { Err(OwnParameter(SignError::Header("jwk"))) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    })
    .map_err(|OwnParameter(error)| error)
}

struct OwnParameter(SignError);

impl From<Malformed> for OwnParameter {
    fn from(malformed: Malformed) -> Self {
        Self(SignError::InvalidHeader(malformed.into()))
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
    /// A header parameter that the caller may not set: the key, `typ` or the format sets it. Or `jwk` with a private member.
    #[error(
        "the header parameter `{0}` cannot be set: the key or the format does, and a `jwk` must be a public key"
    )]
    Header(&'static str),
    /// No verifier of this crate accepts a header with these parameters.
    #[error("these header parameters would be refused")]
    InvalidHeader(#[source] Error),
    /// A proof of possession needs an asymmetric key, and this key is a shared secret.
    #[error("a shared secret cannot sign a proof of possession")]
    SharedSecret,
    /// The primitives could not compute a signature: no memory, or a fault in an RSA computation.
    #[error("the signature could not be computed")]
    Failed,
}
