//! JSON Web Keys ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)): read strictly, written.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::der::{Curve, RsaPrivate};
use super::ec::EcKey;
use super::ed25519::Ed25519Key;
use super::hmac::Secret;
use super::rsa::RsaKey;
use super::{KeyError, Material, Purpose};
use crate::Algorithm;
use crate::strict_json::{self, Limits, SHORT, Text, Value};

/// A key as a JWK that may hold what is secret: hidden in `Debug`, wiped when it goes.
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
    /// The JSON text ([RFC 7517 §4](https://www.rfc-editor.org/rfc/rfc7517#section-4)). What is copied out of it is no
    /// longer wiped.
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

/// What a JWK says of a key, taken apart.
///
/// Values are judged only when they are needed: what a member means depends on `kty`, and a key of a kind that nobody here
/// knows may have anything.
#[derive(Default)]
pub(crate) struct Jwk<'a> {
    kty: Option<Value<'a>>,
    crv: Option<Value<'a>>,
    alg: Option<Value<'a>>,
    kid: Option<Value<'a>>,
    use_: Option<Value<'a>>,
    key_ops: Option<Value<'a>>,
    k: Option<Value<'a>>,
    n: Option<Value<'a>>,
    e: Option<Value<'a>>,
    d: Option<Value<'a>>,
    p: Option<Value<'a>>,
    q: Option<Value<'a>>,
    dp: Option<Value<'a>>,
    dq: Option<Value<'a>>,
    qi: Option<Value<'a>>,
    oth: Option<Value<'a>>,
    x: Option<Value<'a>>,
    y: Option<Value<'a>>,
}

/// Whether a key may sign and verify by its `key_ops`, and whether they name anything else.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Operations {
    sign: bool,
    verify: bool,
    other: bool,
}

impl<'a> Jwk<'a> {
    pub(crate) fn read(text: &'a str, limits: Limits) -> Result<Self, KeyError> {
        let mut jwk = Self::default();
        strict_json::object(text, limits, |name, value| {
            jwk.take(name, value);
            Ok::<_, KeyError>(())
        })?;
        Ok(jwk)
    }

    fn take(&mut self, name: Text<'a>, value: Value<'a>) {
        let place = match name.short(&mut [0; SHORT]) {
            Some("kty") => &mut self.kty,
            Some("crv") => &mut self.crv,
            Some("alg") => &mut self.alg,
            Some("kid") => &mut self.kid,
            Some("use") => &mut self.use_,
            Some("k") => &mut self.k,
            Some("n") => &mut self.n,
            Some("e") => &mut self.e,
            Some("d") => &mut self.d,
            Some("p") => &mut self.p,
            Some("q") => &mut self.q,
            Some("dp") => &mut self.dp,
            Some("dq") => &mut self.dq,
            Some("qi") => &mut self.qi,
            Some("oth") => &mut self.oth,
            Some("x") => &mut self.x,
            Some("y") => &mut self.y,
            _ if name.is("key_ops") => &mut self.key_ops,
            // RFC 7517 §4: members that are not understood are ignored.
            _ => return,
        };
        *place = Some(value);
    }

    /// The key, for its own algorithm or, where it states none, for `algorithm`.
    pub(crate) fn key(&self, algorithm: Option<Algorithm>) -> Result<super::Key, KeyError> {
        let purpose = self.purpose()?;
        let kty = self.kty()?;
        let algorithm = self.algorithm(kty, algorithm)?;
        let kid = text(self.kid, "kid")?;
        let mut material = match kty {
            Kty::Oct => Material::Secret(Secret::new(algorithm, &bytes(self.k, "k")?)?),
            Kty::Rsa => Material::Rsa(self.rsa(algorithm)?),
            Kty::Ec(curve) => Material::Ec(self.ec(algorithm, curve)?),
            Kty::Ed25519 if algorithm == Algorithm::EdDsa => Material::Ed25519(self.ed25519()?),
            Kty::Ed25519 => return Err(KeyError::OtherKey { algorithm, found: "an Ed25519 key" }),
        };
        if purpose == Purpose::Sign && !material.can_sign() {
            return Err(KeyError::InvalidMember("key_ops"));
        }
        if purpose == Purpose::Verify
            && let Some(public) = material.public()
        {
            material = public;
        }
        let key = super::Key { purpose, ..super::Key::of(material) };
        Ok(match kid {
            Some(kid) => key.with_kid(kid.unescaped()),
            None => key,
        })
    }

    /// Whether the key is for something else than signatures, or of a kind that is not known here: then a set that holds
    /// it is right, and it is not for us ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).
    pub(crate) fn is_for_others(&self) -> bool {
        matches!(self.kty(), Err(KeyError::UnsupportedKey))
            || matches!(self.purpose(), Err(KeyError::NotForSignatures))
            || matches!(self.stated_algorithm(), Err(KeyError::UnsupportedAlgorithm))
    }

    /// Whether it is of a kind that has several algorithms, and does not state one.
    pub(crate) fn needs_algorithm(&self) -> bool {
        self.alg.is_none() && self.kty().is_ok_and(|kty| kty.algorithm().is_none())
    }

    /// The first member that nobody but the owner may see. What members mean is known of the kinds of RFC 7518 and RFC 8037
    /// only.
    pub(crate) fn private_member(&self) -> Option<&'static str> {
        let kty = self.kty.and_then(Value::text)?;
        if !["oct", "RSA", "EC", "OKP"].iter().any(|known| kty.is(known)) {
            return None;
        }
        let members = [
            (self.k, "k"),
            (self.d, "d"),
            (self.p, "p"),
            (self.q, "q"),
            (self.dp, "dp"),
            (self.dq, "dq"),
            (self.qi, "qi"),
            (self.oth, "oth"),
        ];
        members.into_iter().find_map(|(member, name)| member.map(|_| name))
    }

    fn purpose(&self) -> Result<Purpose, KeyError> {
        if text(self.use_, "use")?.is_some_and(|use_| !use_.is("sig")) {
            return Err(KeyError::NotForSignatures);
        }
        let Some(operations) = self.key_ops else { return Ok(Purpose::SignAndVerify) };
        match Operations::read(operations)? {
            Operations { sign: true, verify: true, other: false } => Ok(Purpose::SignAndVerify),
            Operations { sign: true, verify: false, other: false } => Ok(Purpose::Sign),
            Operations { sign: false, verify: true, other: false } => Ok(Purpose::Verify),
            Operations { sign: false, verify: false, .. } => Err(KeyError::NotForSignatures),
            // Signatures and encryption with one key: RFC 7517 §4.3 warns of it.
            Operations { other: true, .. } => Err(KeyError::InvalidMember("key_ops")),
        }
    }

    fn kty(&self) -> Result<Kty, KeyError> {
        let kty = text(self.kty, "kty")?.ok_or(KeyError::MissingMember("kty"))?;
        let crv = || text(self.crv, "crv")?.ok_or(KeyError::MissingMember("crv"));
        if kty.is("oct") {
            Ok(Kty::Oct)
        } else if kty.is("RSA") {
            Ok(Kty::Rsa)
        } else if kty.is("EC") {
            let crv = crv()?;
            let curve = Curve::ALL.into_iter().find(|curve| crv.is(curve.name()));
            curve.map(Kty::Ec).ok_or(KeyError::UnsupportedKey)
        } else if kty.is("OKP") && crv()?.is("Ed25519") {
            Ok(Kty::Ed25519)
        } else {
            Err(KeyError::UnsupportedKey)
        }
    }

    fn algorithm(&self, kty: Kty, asked: Option<Algorithm>) -> Result<Algorithm, KeyError> {
        match (self.stated_algorithm()?, asked) {
            (Some(stated), Some(asked)) if stated != asked => Err(KeyError::OtherAlgorithm { stated, asked }),
            (stated, asked) => stated.or(asked).or(kty.algorithm()).ok_or(KeyError::NoAlgorithm),
        }
    }

    fn stated_algorithm(&self) -> Result<Option<Algorithm>, KeyError> {
        let Some(alg) = text(self.alg, "alg")? else { return Ok(None) };
        alg.unescaped().parse().map(Some).map_err(|_| KeyError::UnsupportedAlgorithm)
    }

    fn rsa(&self, algorithm: Algorithm) -> Result<RsaKey, KeyError> {
        let (n, e) = (integer(self.n, "n")?, integer(self.e, "e")?);
        match self.private_member() {
            None => return RsaKey::public(algorithm, &n, &e),
            // More than two primes: nobody uses them, and the primitives have none.
            _ if self.oth.is_some() => return Err(KeyError::InvalidMember("oth")),
            Some("d") if [self.p, self.q, self.dp, self.dq, self.qi].iter().all(Option::is_none) => {
                return Err(KeyError::NoPrimes);
            }
            // RFC 7518 §6.3.2: if one of the others is there, all are.
            Some(_) => {}
        }
        let numbers = RsaPrivate {
            n: &n,
            e: &e,
            d: &integer(self.d, "d")?,
            p: &integer(self.p, "p")?,
            q: &integer(self.q, "q")?,
            dp: &integer(self.dp, "dp")?,
            dq: &integer(self.dq, "dq")?,
            qi: &integer(self.qi, "qi")?,
        };
        RsaKey::private(algorithm, &numbers)
    }

    fn ec(&self, algorithm: Algorithm, curve: Curve) -> Result<EcKey, KeyError> {
        let coordinate = |member, name| {
            let bytes = bytes(member, name)?;
            if bytes.len() == curve.coordinate_len() { Ok(bytes) } else { Err(KeyError::InvalidMember(name)) }
        };
        let point = [&[4][..], &coordinate(self.x, "x")?, &coordinate(self.y, "y")?].concat();
        match self.d {
            None => EcKey::public(algorithm, curve, &point),
            d => EcKey::private_and_public(algorithm, curve, &coordinate(d, "d")?, &point),
        }
    }

    fn ed25519(&self) -> Result<Ed25519Key, KeyError> {
        let bytes_32 = |member, name| {
            let bytes = bytes(member, name)?;
            if bytes.len() == 32 { Ok(bytes) } else { Err(KeyError::InvalidMember(name)) }
        };
        let x = bytes_32(self.x, "x")?;
        match self.d {
            None => Ed25519Key::public(&x),
            d => Ed25519Key::private(&bytes_32(d, "d")?, Some(&x)),
        }
    }
}

impl Operations {
    /// [RFC 7517 §4.3](https://www.rfc-editor.org/rfc/rfc7517#section-4.3): an array of names, none of them twice.
    fn read(value: Value<'_>) -> Result<Self, KeyError> {
        const WRONG: KeyError = KeyError::InvalidMember("key_ops");
        let Value::Array(array) = value else { return Err(WRONG) };
        let mut operations = Self::default();
        let mut seen = Vec::new();
        for operation in strict_json::texts(array) {
            if seen.len() == MAX_OPERATIONS {
                return Err(WRONG);
            }
            let operation = operation.ok_or(WRONG)?.unescaped();
            match &*operation {
                "sign" => operations.sign = true,
                "verify" => operations.verify = true,
                _ => operations.other = true,
            }
            if seen.contains(&operation) {
                return Err(WRONG);
            }
            seen.push(operation);
        }
        Ok(operations)
    }
}

/// Twice as many as there are. They are compared with each other, so they need an end.
const MAX_OPERATIONS: usize = 16;

#[derive(Clone, Copy)]
enum Kty {
    Oct,
    Rsa,
    Ec(Curve),
    Ed25519,
}

impl Kty {
    /// The only algorithm that such a key can have.
    fn algorithm(self) -> Option<Algorithm> {
        match self {
            Self::Oct | Self::Rsa => None,
            Self::Ec(Curve::P256) => Some(Algorithm::Es256),
            Self::Ec(Curve::P384) => Some(Algorithm::Es384),
            Self::Ec(Curve::P521) => Some(Algorithm::Es512),
            Self::Ed25519 => Some(Algorithm::EdDsa),
        }
    }
}

fn text<'a>(member: Option<Value<'a>>, name: &'static str) -> Result<Option<Text<'a>>, KeyError> {
    member.map(|value| value.text().ok_or(KeyError::InvalidMember(name))).transpose()
}

/// A member's bytes: canonical base64url, written without escapes.
fn bytes(member: Option<Value<'_>>, name: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let text = text(member, name)?.ok_or(KeyError::MissingMember(name))?;
    let text = text.plain().ok_or(KeyError::InvalidMember(name))?;
    let mut bytes = Zeroizing::new(vec![0; text.len() / 4 * 3 + 3]);
    let len = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).map_err(|_| KeyError::InvalidMember(name))?;
    bytes.truncate(len);
    Ok(bytes)
}

/// A positive integer in as few bytes as it needs ([RFC 7518 §2](https://www.rfc-editor.org/rfc/rfc7518#section-2)).
fn integer(member: Option<Value<'_>>, name: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let bytes = bytes(member, name)?;
    if bytes.first().is_some_and(|first| *first != 0) {
        Ok(bytes)
    } else {
        Err(KeyError::InvalidMember(name))
    }
}

/// The members that make a key, as text, ready to be written.
pub(super) struct Members {
    /// Those of [RFC 7638 §3.2](https://www.rfc-editor.org/rfc/rfc7638#section-3.2), in its order. Of a shared secret they
    /// are as secret as it is.
    required: Zeroizing<String>,
    private: Zeroizing<String>,
}

impl Members {
    pub(super) fn secret(secret: &[u8]) -> Self {
        Self::of(&[("k", Shown::Bytes(secret)), ("kty", Shown::Text("oct"))], &[])
    }

    pub(super) fn rsa(n: &[u8], e: &[u8], private: Option<&RsaPrivate<'_>>) -> Self {
        let required = [("e", Shown::Bytes(e)), ("kty", Shown::Text("RSA")), ("n", Shown::Bytes(n))];
        let Some(&RsaPrivate { d, p, q, dp, dq, qi, .. }) = private else { return Self::of(&required, &[]) };
        Self::of(&required, &[("d", d), ("p", p), ("q", q), ("dp", dp), ("dq", dq), ("qi", qi)])
    }

    pub(super) fn ec(curve: Curve, x: &[u8], y: &[u8], d: Option<&[u8]>) -> Self {
        Self::of(
            &[
                ("crv", Shown::Text(curve.name())),
                ("kty", Shown::Text("EC")),
                ("x", Shown::Bytes(x)),
                ("y", Shown::Bytes(y)),
            ],
            d.map(|d| ("d", d)).as_slice(),
        )
    }

    pub(super) fn ed25519(x: &[u8], d: Option<&[u8]>) -> Self {
        Self::of(
            &[("crv", Shown::Text("Ed25519")), ("kty", Shown::Text("OKP")), ("x", Shown::Bytes(x))],
            d.map(|d| ("d", d)).as_slice(),
        )
    }

    /// Without what is private.
    pub(super) fn public(&self) -> Self {
        Self { required: self.required.clone(), private: Zeroizing::default() }
    }

    /// As RFC 7638 hashes them.
    pub(super) fn for_thumbprint(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.required.len() + 2));
        text.push('{');
        text.push_str(&self.required);
        text.push('}');
        text
    }

    /// All there are, and whose key it is.
    pub(super) fn private_jwk(&self, key: &super::Key) -> PrivateJwk {
        let mut text = self.for_thumbprint();
        // Room for all at once: a text that grows leaves its old place behind unwiped.
        let mut all = Zeroizing::new(String::with_capacity(text.len() + self.private.len() + label_len(key)));
        text.pop();
        all.push_str(&text);
        all.push_str(&self.private);
        label(&mut all, key);
        PrivateJwk(all)
    }

    /// Without what is private. Only for keys that have a public part.
    pub(super) fn public_jwk(&self, key: &super::Key) -> String {
        let mut text = format!("{{{}", *self.required);
        label(&mut text, key);
        text
    }

    fn of(required: &[(&str, Shown<'_>)], private: &[(&str, &[u8])]) -> Self {
        let len = |bytes: usize| bytes / 3 * 4 + 16;
        let room = required.iter().map(|(_, value)| len(value.len())).sum();
        let mut text = Zeroizing::new(String::with_capacity(room));
        for (i, (name, value)) in required.iter().enumerate() {
            if i > 0 {
                text.push(',');
            }
            member(&mut text, name, value);
        }
        let room = private.iter().map(|(_, bytes)| len(bytes.len())).sum();
        let mut private_text = Zeroizing::new(String::with_capacity(room));
        for (name, bytes) in private {
            private_text.push(',');
            member(&mut private_text, name, &Shown::Bytes(bytes));
        }
        Self { required: text, private: private_text }
    }
}

/// A value to be written.
enum Shown<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl Shown<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

fn member(text: &mut String, name: &str, value: &Shown<'_>) {
    text.push('"');
    text.push_str(name);
    text.push_str("\":\"");
    match value {
        Shown::Text(value) => text.push_str(value),
        Shown::Bytes(bytes) => URL_SAFE_NO_PAD.encode_string(bytes, text),
    }
    text.push('"');
}

/// `alg`, `use`, `key_ops`, `kid`, and the end.
fn label(text: &mut String, key: &super::Key) {
    text.push_str(",\"alg\":\"");
    text.push_str(key.algorithm().name());
    text.push_str("\",\"use\":\"sig\"");
    match key.purpose {
        Purpose::SignAndVerify => {}
        Purpose::Sign => text.push_str(",\"key_ops\":[\"sign\"]"),
        Purpose::Verify => text.push_str(",\"key_ops\":[\"verify\"]"),
    }
    if let Some(kid) = key.kid() {
        text.push_str(",\"kid\":");
        // Writes any string as JSON would have it, quotes included.
        text.push_str(&serde_json::Value::from(kid).to_string());
    }
    text.push('}');
}

/// No less than [`label`] writes.
fn label_len(key: &super::Key) -> usize {
    80 + key.kid().map_or(0, |kid| kid.len() * 6)
}
