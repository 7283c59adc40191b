//! Reads JSON Web Keys ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)) strictly.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::der::{Curve, RsaPrivate};
use super::ec::EcKey;
use super::ed25519::Ed25519Key;
use super::error::KeyError;
use super::hmac::Secret;
use super::material::Material;
use super::purpose::Purpose;
use super::rsa::RsaKey;
use crate::algorithm::Algorithm;
use crate::error::Excerpt;
use crate::strict_json::{self, Limits, Text, Value};

/// The members that this crate reads.
const NAMES: [&str; 18] = [
    "kty", "crv", "alg", "kid", "use", "key_ops", "k", "n", "e", "d", "p", "q", "dp", "dq", "qi", "oth", "x",
    "y",
];

/// The members that only the owner of a key may know.
const PRIVATE: [&str; 8] = ["k", "d", "p", "q", "dp", "dq", "qi", "oth"];

/// A JWK as it was read.
///
/// Values are checked only when they are needed: the meaning of a member depends on `kty`, and a key of an unknown kind may
/// have any members.
#[derive(Default)]
pub(crate) struct Jwk<'a> {
    /// In the order of [`NAMES`].
    members: [Option<Value<'a>>; NAMES.len()],
}

/// The parts from which a [`Key`](super::Key) is made.
pub(super) struct JwkParts {
    pub(super) material: Material,
    pub(super) purpose: Purpose,
    pub(super) kid: Option<String>,
}

impl<'a> Jwk<'a> {
    pub(crate) fn read(text: &'a str, limits: Limits) -> Result<Self, KeyError> {
        let mut jwk = Self::default();
        strict_json::object(text, limits, |name, value| {
            // RFC 7517 §4: unknown members are ignored.
            if let Some(position) = NAMES.iter().position(|known| name.is(known)) {
                jwk.members[position] = Some(value);
            }
            Ok::<_, KeyError>(())
        })?;
        Ok(jwk)
    }

    /// The key for `algorithm`, or for the algorithm that the JWK or its kind implies if `algorithm` is `None`.
    pub(super) fn parts(&self, algorithm: Option<Algorithm>) -> Result<JwkParts, KeyError> {
        let purpose = self.purpose()?;
        let kty = self.kty()?;
        let algorithm = self.algorithm(kty, algorithm)?;
        let kid = self.text("kid")?.map(Text::unescaped);
        let mut material = match kty {
            Kty::Oct => Material::Secret(Secret::new(algorithm, &self.bytes("k")?)?),
            Kty::Rsa => Material::Rsa(self.rsa(algorithm)?),
            Kty::Ec(curve) => Material::Ec(self.ec(algorithm, curve)?),
            Kty::Ed25519 => Material::Ed25519(self.ed25519()?),
        };
        if purpose == Purpose::Sign && !material.can_sign() {
            return Err(KeyError::InvalidMember("key_ops"));
        }
        if purpose == Purpose::Verify
            && let Some(public) = material.public()
        {
            material = public;
        }
        Ok(JwkParts { material, purpose, kid })
    }

    /// Whether the key is not for signatures, or of an unknown kind or algorithm. A set may contain such keys for other
    /// programs ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).
    pub(crate) fn is_for_others(&self) -> bool {
        matches!(self.kty(), Err(KeyError::UnsupportedKey))
            || matches!(self.purpose(), Err(KeyError::NotForSignatures))
            || matches!(self.stated_algorithm(), Err(KeyError::UnsupportedAlgorithm))
    }

    /// Whether keys of this kind have several algorithms, and this one does not state which.
    pub(crate) fn needs_algorithm(&self) -> bool {
        self.get("alg").is_none() && self.kty().is_ok_and(|kty| kty.only_algorithm().is_none())
    }

    /// The first private member. A key of another kind than those of RFC 7518 and RFC 8037 may have any members.
    pub(crate) fn private_member(&self) -> Option<&'static str> {
        let kty = self.get("kty").and_then(Value::text);
        if kty.is_some_and(|kty| kty.one_of(&["oct", "RSA", "EC", "OKP"]).is_none()) {
            return None;
        }
        PRIVATE.into_iter().find(|name| self.get(name).is_some())
    }

    /// The start of the `kid`, for a message.
    pub(crate) fn kid_excerpt(&self) -> Option<Excerpt> {
        Some(Excerpt::of(&self.get("kid")?.text()?.unescaped()))
    }

    fn purpose(&self) -> Result<Purpose, KeyError> {
        if self.text("use")?.is_some_and(|use_| !use_.is("sig")) {
            return Err(KeyError::NotForSignatures);
        }
        let Some(operations) = self.get("key_ops") else { return Ok(Purpose::SignAndVerify) };
        match Operations::read(operations)? {
            Operations { sign: true, verify: true, other: false } => Ok(Purpose::SignAndVerify),
            Operations { sign: true, verify: false, other: false } => Ok(Purpose::Sign),
            Operations { sign: false, verify: true, other: false } => Ok(Purpose::Verify),
            Operations { sign: false, verify: false, .. } => Err(KeyError::NotForSignatures),
            // RFC 7517 §4.3 warns against one key for signatures and encryption.
            Operations { other: true, .. } => Err(KeyError::InvalidMember("key_ops")),
        }
    }

    fn kty(&self) -> Result<Kty, KeyError> {
        let kty = self.required_text("kty")?;
        match kty.one_of(&["oct", "RSA", "EC", "OKP"]) {
            Some("oct") => Ok(Kty::Oct),
            Some("RSA") => Ok(Kty::Rsa),
            Some("EC") => {
                let crv = self.required_text("crv")?;
                let curve = Curve::ALL.into_iter().find(|curve| crv.is(curve.name()));
                curve.map(Kty::Ec).ok_or(KeyError::UnsupportedKey)
            }
            Some("OKP") if self.required_text("crv")?.is("Ed25519") => Ok(Kty::Ed25519),
            _ => Err(KeyError::UnsupportedKey),
        }
    }

    fn algorithm(&self, kty: Kty, asked: Option<Algorithm>) -> Result<Algorithm, KeyError> {
        let algorithm = match (self.stated_algorithm()?, asked) {
            (Some(stated), Some(asked)) if stated != asked => {
                return Err(KeyError::OtherAlgorithm { stated, asked });
            }
            (stated, asked) => stated.or(asked).or(kty.only_algorithm()).ok_or(KeyError::NoAlgorithm)?,
        };
        if kty.is_for(algorithm) {
            Ok(algorithm)
        } else {
            Err(KeyError::OtherKey { algorithm, found: kty.name() })
        }
    }

    fn stated_algorithm(&self) -> Result<Option<Algorithm>, KeyError> {
        let Some(alg) = self.text("alg")? else { return Ok(None) };
        Algorithm::find(|name| alg.is(name)).map(Some).ok_or(KeyError::UnsupportedAlgorithm)
    }

    fn rsa(&self, algorithm: Algorithm) -> Result<RsaKey, KeyError> {
        let (n, e) = (self.integer("n")?, self.integer("e")?);
        match self.private_member() {
            None => return RsaKey::public(algorithm, &n, &e),
            // Keys with more than two primes are not in use, and the primitives do not support them.
            _ if self.get("oth").is_some() => return Err(KeyError::InvalidMember("oth")),
            Some("d") if ["p", "q", "dp", "dq", "qi"].into_iter().all(|name| self.get(name).is_none()) => {
                return Err(KeyError::NoPrimes);
            }
            // RFC 7518 §6.3.2: if one of the other members is present, all are required.
            Some(_) => {}
        }
        let numbers = RsaPrivate {
            n: &n,
            e: &e,
            d: &self.integer("d")?,
            p: &self.integer("p")?,
            q: &self.integer("q")?,
            dp: &self.integer("dp")?,
            dq: &self.integer("dq")?,
            qi: &self.integer("qi")?,
        };
        RsaKey::private(algorithm, &numbers)
    }

    fn ec(&self, algorithm: Algorithm, curve: Curve) -> Result<EcKey, KeyError> {
        let coordinate = |name| self.bytes_of_len(name, curve.coordinate_len());
        let point = [&[4][..], &coordinate("x")?, &coordinate("y")?].concat();
        match self.get("d") {
            None => EcKey::public(algorithm, curve, &point),
            Some(_) => EcKey::private_and_public(algorithm, curve, &coordinate("d")?, &point),
        }
    }

    fn ed25519(&self) -> Result<Ed25519Key, KeyError> {
        let x = self.bytes_of_len("x", 32)?;
        match self.get("d") {
            None => Ed25519Key::public(&x),
            Some(_) => Ed25519Key::private(&self.bytes_of_len("d", 32)?, Some(&x)),
        }
    }

    fn get(&self, name: &str) -> Option<Value<'a>> {
        let position = NAMES.iter().position(|known| *known == name)?;
        self.members[position]
    }

    fn text(&self, name: &'static str) -> Result<Option<Text<'a>>, KeyError> {
        self.get(name).map(|value| value.text().ok_or(KeyError::InvalidMember(name))).transpose()
    }

    fn required_text(&self, name: &'static str) -> Result<Text<'a>, KeyError> {
        self.text(name)?.ok_or(KeyError::MissingMember(name))
    }

    /// The bytes of a member: canonical base64url, written without escapes.
    fn bytes(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let text = self.required_text(name)?.plain().ok_or(KeyError::InvalidMember(name))?;
        let mut bytes = Zeroizing::new(vec![0; text.len() / 4 * 3 + 3]);
        let len =
            URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).map_err(|_| KeyError::InvalidMember(name))?;
        bytes.truncate(len);
        Ok(bytes)
    }

    fn bytes_of_len(&self, name: &'static str, len: usize) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let bytes = self.bytes(name)?;
        if bytes.len() == len { Ok(bytes) } else { Err(KeyError::InvalidMember(name)) }
    }

    /// A positive integer without leading zeros ([RFC 7518 §2](https://www.rfc-editor.org/rfc/rfc7518#section-2)).
    fn integer(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let bytes = self.bytes(name)?;
        let is_canonical = bytes.first().is_some_and(|first| *first != 0);
        if is_canonical { Ok(bytes) } else { Err(KeyError::InvalidMember(name)) }
    }
}

/// The operations in `key_ops`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Operations {
    sign: bool,
    verify: bool,
    other: bool,
}

/// Twice the number of operations that are registered. Each is compared with the others, so the array needs a limit.
const MAX_OPERATIONS: usize = 16;

impl Operations {
    /// Reads an array of names without duplicates
    /// ([RFC 7517 §4.3](https://www.rfc-editor.org/rfc/rfc7517#section-4.3)).
    fn read(value: Value<'_>) -> Result<Self, KeyError> {
        const WRONG: KeyError = KeyError::InvalidMember("key_ops");
        let Value::Array(array) = value else { return Err(WRONG) };
        let mut operations = Self::default();
        let mut seen = Vec::new();
        for operation in strict_json::texts(array) {
            let operation = operation.ok_or(WRONG)?;
            if seen.len() == MAX_OPERATIONS || seen.contains(&operation) {
                return Err(WRONG);
            }
            match operation.one_of(&["sign", "verify"]) {
                Some("sign") => operations.sign = true,
                Some(_) => operations.verify = true,
                None => operations.other = true,
            }
            seen.push(operation);
        }
        Ok(operations)
    }
}

/// The kinds of keys that this crate supports.
#[derive(Clone, Copy)]
enum Kty {
    Oct,
    Rsa,
    Ec(Curve),
    Ed25519,
}

impl Kty {
    /// The algorithm of such a key, if it can have only one.
    fn only_algorithm(self) -> Option<Algorithm> {
        match self {
            Self::Oct | Self::Rsa => None,
            Self::Ec(Curve::P256) => Some(Algorithm::Es256),
            Self::Ec(Curve::P384) => Some(Algorithm::Es384),
            Self::Ec(Curve::P521) => Some(Algorithm::Es512),
            Self::Ed25519 => Some(Algorithm::EdDsa),
        }
    }

    /// Whether such a key can be used with `algorithm`.
    fn is_for(self, algorithm: Algorithm) -> bool {
        match self {
            Self::Oct => algorithm.is_symmetric(),
            Self::Rsa => algorithm.is_rsa(),
            Self::Ec(_) | Self::Ed25519 => self.only_algorithm() == Some(algorithm),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Oct => "a shared secret",
            Self::Rsa => "an RSA key",
            Self::Ec(curve) => curve.key_name(),
            Self::Ed25519 => "an Ed25519 key",
        }
    }
}
