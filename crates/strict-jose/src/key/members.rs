//! Writes the members of a JWK ([RFC 7517 §4](https://www.rfc-editor.org/rfc/rfc7517#section-4)).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::der::{Curve, RsaPrivate};
use super::purpose::Purpose;
use crate::algorithm::Algorithm;

/// A JWK that may contain secrets: hidden in `Debug` output, wiped from memory when dropped.
///
/// ```
/// use strict_jose::{Algorithm, Key};
///
/// let key = Key::generate(Algorithm::EdDsa)?;
/// let jwk = key.to_jwk();
/// assert_eq!(format!("{jwk:?}"), "PrivateJwk(..)");
/// assert!(jwk.expose().contains(r#""d":""#));
/// # Ok::<(), strict_jose::KeyError>(())
/// ```
pub struct PrivateJwk(Zeroizing<String>);

impl PrivateJwk {
    /// The JSON text ([RFC 7517 §4](https://www.rfc-editor.org/rfc/rfc7517#section-4)). Copies of it are not wiped.
    ///
    /// ```
    /// # use strict_jose::{Algorithm, Key};
    /// let key = Key::generate(Algorithm::Hs256)?;
    /// // std::fs::write("key.json", key.to_jwk().expose())?;
    /// assert!(key.to_jwk().expose().starts_with(r#"{"k":""#));
    /// # Ok::<(), strict_jose::KeyError>(())
    /// ```
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrivateJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateJwk(..)")
    }
}

/// The members that hold the key material, written as JSON text.
pub(super) struct Members {
    /// The members of [RFC 7638 §3.2](https://www.rfc-editor.org/rfc/rfc7638#section-3.2), in its order. Those of a shared
    /// secret are secret.
    required: Zeroizing<String>,
    private: Zeroizing<String>,
}

/// The members that describe a key: `alg`, `key_ops`, `kid`.
pub(super) struct Description<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) purpose: Purpose,
    pub(super) kid: Option<&'a str>,
}

impl Members {
    pub(super) fn secret(secret: &[u8]) -> Self {
        Self::of(&[("k", Value::Bytes(secret)), ("kty", Value::Text("oct"))], &[])
    }

    pub(super) fn rsa(n: &[u8], e: &[u8], private: Option<&RsaPrivate<'_>>) -> Self {
        let required = [("e", Value::Bytes(e)), ("kty", Value::Text("RSA")), ("n", Value::Bytes(n))];
        let Some(&RsaPrivate { d, p, q, dp, dq, qi, .. }) = private else { return Self::of(&required, &[]) };
        Self::of(&required, &[("d", d), ("p", p), ("q", q), ("dp", dp), ("dq", dq), ("qi", qi)])
    }

    pub(super) fn ec(curve: Curve, x: &[u8], y: &[u8], d: Option<&[u8]>) -> Self {
        let required = [
            ("crv", Value::Text(curve.name())),
            ("kty", Value::Text("EC")),
            ("x", Value::Bytes(x)),
            ("y", Value::Bytes(y)),
        ];
        Self::of(&required, d.map(|d| ("d", d)).as_slice())
    }

    pub(super) fn ed25519(x: &[u8], d: Option<&[u8]>) -> Self {
        let required = [("crv", Value::Text("Ed25519")), ("kty", Value::Text("OKP")), ("x", Value::Bytes(x))];
        Self::of(&required, d.map(|d| ("d", d)).as_slice())
    }

    /// The members without the private ones.
    pub(super) fn public(&self) -> Self {
        Self { required: self.required.clone(), private: Zeroizing::default() }
    }

    /// The JWK that RFC 7638 hashes: the required members only.
    pub(super) fn thumbprint_jwk(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.required.len() + 2));
        text.push('{');
        text.push_str(&self.required);
        text.push('}');
        text
    }

    /// The whole JWK, private members included.
    pub(super) fn private_jwk(&self, description: &Description<'_>) -> PrivateJwk {
        let description = description.to_text();
        // The capacity is exact, because a text that grows leaves an unwiped copy behind.
        let len = self.required.len() + self.private.len() + description.len() + 2;
        let mut text = Zeroizing::new(String::with_capacity(len));
        text.push('{');
        text.push_str(&self.required);
        text.push_str(&self.private);
        text.push_str(&description);
        text.push('}');
        PrivateJwk(text)
    }

    /// The JWK without private members. Only for keys that have a public part.
    pub(super) fn public_jwk(&self, description: &Description<'_>) -> String {
        format!("{{{}{}}}", *self.required, description.to_text())
    }

    fn of(required: &[(&str, Value<'_>)], private: &[(&str, &[u8])]) -> Self {
        let len = |bytes: usize| bytes / 3 * 4 + 16;
        let capacity = required.iter().map(|(_, value)| len(value.len())).sum();
        let mut required_text = Zeroizing::new(String::with_capacity(capacity));
        for (i, (name, value)) in required.iter().enumerate() {
            if i > 0 {
                required_text.push(',');
            }
            push_member(&mut required_text, name, value);
        }
        let capacity = private.iter().map(|(_, bytes)| len(bytes.len())).sum();
        let mut private_text = Zeroizing::new(String::with_capacity(capacity));
        for (name, bytes) in private {
            private_text.push(',');
            push_member(&mut private_text, name, &Value::Bytes(bytes));
        }
        Self { required: required_text, private: private_text }
    }
}

/// A value to write.
enum Value<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl Value<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

fn push_member(text: &mut String, name: &str, value: &Value<'_>) {
    text.push('"');
    text.push_str(name);
    text.push_str("\":\"");
    match value {
        Value::Text(value) => text.push_str(value),
        Value::Bytes(bytes) => URL_SAFE_NO_PAD.encode_string(bytes, text),
    }
    text.push('"');
}

impl Description<'_> {
    /// The members `alg`, `use`, `key_ops` and `kid`, each after a comma.
    fn to_text(&self) -> String {
        let mut text = format!(",\"alg\":\"{}\",\"use\":\"sig\"", self.algorithm.name());
        match self.purpose {
            Purpose::SignAndVerify => {}
            Purpose::Sign => text.push_str(",\"key_ops\":[\"sign\"]"),
            Purpose::Verify => text.push_str(",\"key_ops\":[\"verify\"]"),
        }
        if let Some(kid) = self.kid {
            text.push_str(",\"kid\":");
            text.push_str(&serde_json::Value::from(kid).to_string());
        }
        text
    }
}
