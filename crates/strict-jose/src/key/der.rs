//! Reads keys in DER (ITU-T X.690) strictly, so that one key has one encoding.
//!
//! The primitives only report "rejected". This reader can report that a P-384 key was given where P-256 is needed, and it
//! yields the numbers from which a JWK is written. Every length is definite and minimal, and no bytes may remain.

use super::error::KeyError;

/// A key in DER and its structure.
#[derive(Clone, Copy)]
pub(super) struct Encoded<'a> {
    pub(super) form: Form,
    pub(super) der: &'a [u8],
}

impl<'a> Encoded<'a> {
    pub(super) fn private(der: &'a [u8]) -> Result<Self, KeyError> {
        Ok(Self { form: Form::of_private(der)?, der })
    }

    pub(super) fn public(der: &'a [u8]) -> Result<Self, KeyError> {
        Ok(Self { form: Form::of_public(der)?, der })
    }
}

/// The structure of a key in DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `PrivateKeyInfo` ([RFC 5958](https://www.rfc-editor.org/rfc/rfc5958)).
    Pkcs8,
    /// `SubjectPublicKeyInfo` ([RFC 5280 §4.1](https://www.rfc-editor.org/rfc/rfc5280#section-4.1)).
    Spki,
    /// `RSAPrivateKey` ([RFC 8017 A.1.2](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2)).
    Pkcs1Private,
    /// `RSAPublicKey` ([RFC 8017 A.1.1](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.1)).
    Pkcs1Public,
    /// `ECPrivateKey` ([RFC 5915](https://www.rfc-editor.org/rfc/rfc5915)).
    Sec1,
}

impl Form {
    /// Recognizes the structure of a private key by its second field.
    fn of_private(der: &[u8]) -> Result<Self, KeyError> {
        let mut fields = Reader::of(der)?;
        fields.take(INTEGER)?;
        match fields.peek() {
            Some(SEQUENCE) => Ok(Self::Pkcs8),
            Some(INTEGER) => Ok(Self::Pkcs1Private),
            Some(OCTET_STRING) => Ok(Self::Sec1),
            _ => Err(KeyError::Der),
        }
    }

    /// Recognizes the structure of a public key by its first field.
    fn of_public(der: &[u8]) -> Result<Self, KeyError> {
        match Reader::of(der)?.peek() {
            Some(SEQUENCE) => Ok(Self::Spki),
            Some(INTEGER) => Ok(Self::Pkcs1Public),
            _ => Err(KeyError::Der),
        }
    }
}

/// The numbers of a key, borrowed from the DER. Big-endian; integers have no leading zeros.
pub(super) enum Parts<'a> {
    RsaPublic {
        n: &'a [u8],
        e: &'a [u8],
    },
    RsaPrivate(RsaPrivate<'a>),
    /// A point as in [SEC 1](https://www.secg.org/sec1-v2.pdf) §2.3.3.
    EcPublic {
        curve: Curve,
        point: &'a [u8],
    },
    EcPrivate(EcPrivate<'a>),
    Ed25519Public {
        x: &'a [u8],
    },
    Ed25519Private {
        d: &'a [u8],
        x: Option<&'a [u8]>,
    },
}

/// The numbers of an RSA private key, named as in [RFC 7518 §6.3](https://www.rfc-editor.org/rfc/rfc7518#section-6.3).
pub(super) struct RsaPrivate<'a> {
    pub(super) n: &'a [u8],
    pub(super) e: &'a [u8],
    pub(super) d: &'a [u8],
    pub(super) p: &'a [u8],
    pub(super) q: &'a [u8],
    pub(super) dp: &'a [u8],
    pub(super) dq: &'a [u8],
    pub(super) qi: &'a [u8],
}

/// A private key on a curve.
pub(super) struct EcPrivate<'a> {
    /// `None` if the DER does not name it.
    pub(super) curve: Option<Curve>,
    pub(super) d: &'a [u8],
    /// The public key, if the DER contains it.
    pub(super) point: Option<&'a [u8]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl<'a> Parts<'a> {
    pub(super) fn read(encoded: Encoded<'a>) -> Result<Self, KeyError> {
        let mut fields = Reader::of(encoded.der)?;
        let parts = match encoded.form {
            Form::Pkcs8 => Self::pkcs8(&mut fields)?,
            Form::Spki => Self::spki(&mut fields)?,
            Form::Pkcs1Private => Self::RsaPrivate(RsaPrivate::read(&mut fields)?),
            Form::Pkcs1Public => Self::RsaPublic { n: fields.unsigned()?, e: fields.unsigned()? },
            Form::Sec1 => Self::EcPrivate(EcPrivate::read(&mut fields)?),
        };
        fields.end()?;
        Ok(parts)
    }

    fn pkcs8(fields: &mut Reader<'a>) -> Result<Self, KeyError> {
        let version = fields.take(INTEGER)?;
        if !matches!(version, [0 | 1]) {
            return Err(KeyError::Der);
        }
        let kind = Kind::read(fields.sequence()?)?;
        let key = fields.take(OCTET_STRING)?;
        fields.skip_if(CONTEXT_0_CONSTRUCTED)?; // attributes
        // RFC 5958 §2: version 2 contains the public key.
        let public = if version == [1] { Some(Self::pkcs8_public(fields)?) } else { None };
        match kind {
            Kind::Rsa => {
                let mut fields = Reader::of(key)?;
                let private = RsaPrivate::read(&mut fields)?;
                fields.end()?;
                if public.is_some_and(|public| !private.is_of(public)) {
                    return Err(KeyError::Inconsistent);
                }
                Ok(Self::RsaPrivate(private))
            }
            Kind::Ec(curve) => {
                let mut fields = Reader::of(key)?;
                let inner = EcPrivate::read(&mut fields)?;
                fields.end()?;
                Ok(Self::EcPrivate(inner.within(curve, public)?))
            }
            Kind::Ed25519 => {
                // `CurvePrivateKey ::= OCTET STRING`, RFC 8410 §7.
                let mut fields = Reader { rest: key };
                let d = fields.take(OCTET_STRING)?;
                fields.end()?;
                Ok(Self::Ed25519Private { d, x: public })
            }
        }
    }

    /// Reads `publicKey [1] IMPLICIT BIT STRING`. The crate `ring` writes an explicit tag instead.
    fn pkcs8_public(fields: &mut Reader<'a>) -> Result<&'a [u8], KeyError> {
        let Some(explicit) = fields.take_if(CONTEXT_1_CONSTRUCTED)? else {
            return whole_bytes(fields.take(CONTEXT_1)?);
        };
        let mut fields = Reader { rest: explicit };
        let bits = fields.take(BIT_STRING)?;
        fields.end()?;
        whole_bytes(bits)
    }

    fn spki(fields: &mut Reader<'a>) -> Result<Self, KeyError> {
        let kind = Kind::read(fields.sequence()?)?;
        let key = whole_bytes(fields.take(BIT_STRING)?)?;
        match kind {
            Kind::Rsa => {
                let mut fields = Reader::of(key)?;
                let parts = Self::RsaPublic { n: fields.unsigned()?, e: fields.unsigned()? };
                fields.end()?;
                Ok(parts)
            }
            Kind::Ec(curve) => Ok(Self::EcPublic { curve, point: key }),
            Kind::Ed25519 => Ok(Self::Ed25519Public { x: key }),
        }
    }
}

impl<'a> EcPrivate<'a> {
    fn read(fields: &mut Reader<'a>) -> Result<Self, KeyError> {
        if fields.take(INTEGER)? != [1] {
            return Err(KeyError::Der);
        }
        let d = fields.take(OCTET_STRING)?;
        let curve = fields.take_if(CONTEXT_0_CONSTRUCTED)?.map(Curve::read).transpose()?;
        let Some(bits) = fields.take_if(CONTEXT_1_CONSTRUCTED)? else {
            return Ok(Self { curve, d, point: None });
        };
        let mut fields = Reader { rest: bits };
        let point = Some(whole_bytes(fields.take(BIT_STRING)?)?);
        fields.end()?;
        Ok(Self { curve, d, point })
    }

    /// Adds the curve and the public key of the surrounding `PrivateKeyInfo`, which must not contradict this key.
    fn within(self, curve: Curve, point: Option<&'a [u8]>) -> Result<Self, KeyError> {
        if self.curve.is_some_and(|inner| inner != curve)
            || self.point.zip(point).is_some_and(|(inner, outer)| inner != outer)
        {
            return Err(KeyError::Inconsistent);
        }
        Ok(Self { curve: Some(curve), d: self.d, point: self.point.or(point) })
    }
}

impl<'a> RsaPrivate<'a> {
    fn read(fields: &mut Reader<'a>) -> Result<Self, KeyError> {
        // Version 1 has more than two primes (`oth` in RFC 7518 §6.3.2.7); such keys are not in use.
        if fields.take(INTEGER)? != [0] {
            return Err(KeyError::Der);
        }
        let mut next = || fields.unsigned();
        Ok(Self {
            n: next()?,
            e: next()?,
            d: next()?,
            p: next()?,
            q: next()?,
            dp: next()?,
            dq: next()?,
            qi: next()?,
        })
    }

    /// Whether `public`, an `RSAPublicKey`, belongs to this key.
    fn is_of(&self, public: &[u8]) -> bool {
        let public = Parts::read(Encoded { form: Form::Pkcs1Public, der: public });
        matches!(public, Ok(Parts::RsaPublic { n, e }) if n == self.n && e == self.e)
    }
}

/// The supported values of `AlgorithmIdentifier`
/// ([RFC 5280 §4.1.1.2](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.1.2)).
enum Kind {
    Rsa,
    Ec(Curve),
    Ed25519,
}

impl Kind {
    fn read(mut fields: Reader<'_>) -> Result<Self, KeyError> {
        let kind = match fields.take(OBJECT_IDENTIFIER)? {
            RSA_ENCRYPTION => {
                // RFC 8017 A.1 requires NULL; some programs omit it.
                if fields.take_if(NULL)?.is_some_and(|null| !null.is_empty()) {
                    return Err(KeyError::Der);
                }
                Self::Rsa
            }
            // RFC 5480 §2.1.1: a curve has a name. A key with curve parameters of an attacker makes forged signatures valid
            // (CVE-2020-0601).
            EC_PUBLIC_KEY if fields.peek() != Some(OBJECT_IDENTIFIER) => {
                return Err(KeyError::UnsupportedKey);
            }
            EC_PUBLIC_KEY => Self::Ec(Curve::read(fields.rest())?),
            ED25519 => Self::Ed25519,
            _ => return Err(KeyError::UnsupportedKey),
        };
        fields.end()?;
        Ok(kind)
    }
}

impl Curve {
    pub(super) const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    fn read(der: &[u8]) -> Result<Self, KeyError> {
        let mut fields = Reader { rest: der };
        let curve = match fields.take(OBJECT_IDENTIFIER)? {
            P256 => Self::P256,
            P384 => Self::P384,
            P521 => Self::P521,
            _ => return Err(KeyError::UnsupportedKey),
        };
        fields.end()?;
        Ok(curve)
    }

    /// The length of a coordinate and of a private key in bytes.
    pub(super) fn coordinate_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The name in the JWK member `crv` ([RFC 7518 §6.2.1.1](https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1.1)).
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// A description for error messages.
    pub(super) fn key_name(self) -> &'static str {
        match self {
            Self::P256 => "an EC key on P-256",
            Self::P384 => "an EC key on P-384",
            Self::P521 => "an EC key on P-521",
        }
    }
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const CONTEXT_1: u8 = 0x81;
const CONTEXT_0_CONSTRUCTED: u8 = 0xa0;
const CONTEXT_1_CONSTRUCTED: u8 = 0xa1;

/// 1.2.840.113549.1.1.1
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.3.132.0.34
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// 1.3.132.0.35
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
/// 1.3.101.112
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// Reads the elements of a sequence in order.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `der`, which must be one sequence and nothing else.
    fn of(der: &'a [u8]) -> Result<Self, KeyError> {
        let mut outer = Self { rest: der };
        let fields = outer.sequence()?;
        outer.end()?;
        Ok(fields)
    }

    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn sequence(&mut self) -> Result<Self, KeyError> {
        Ok(Self { rest: self.take(SEQUENCE)? })
    }

    /// Reads the content of the next element, which must have this tag.
    fn take(&mut self, tag: u8) -> Result<&'a [u8], KeyError> {
        let (found, rest) = self.rest.split_first().ok_or(KeyError::Der)?;
        if *found != tag {
            return Err(KeyError::Der);
        }
        let (first, rest) = rest.split_first().ok_or(KeyError::Der)?;
        let (len, rest) = match *first {
            short @ ..=0x7f => (usize::from(short), rest),
            0x81 => match rest {
                [len @ 0x80..=0xff, rest @ ..] => (usize::from(*len), rest),
                _ => return Err(KeyError::Der),
            },
            0x82 => match rest {
                [high @ 1..=0xff, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
                _ => return Err(KeyError::Der),
            },
            // No key is longer than 64 KiB, and an indefinite length is not DER.
            _ => return Err(KeyError::Der),
        };
        let (content, rest) = rest.split_at_checked(len).ok_or(KeyError::Der)?;
        self.rest = rest;
        Ok(content)
    }

    fn take_if(&mut self, tag: u8) -> Result<Option<&'a [u8]>, KeyError> {
        if self.peek() == Some(tag) { self.take(tag).map(Some) } else { Ok(None) }
    }

    fn skip_if(&mut self, tag: u8) -> Result<(), KeyError> {
        self.take_if(tag).map(drop)
    }

    /// Reads a positive integer, without the leading zero of its sign.
    fn unsigned(&mut self) -> Result<&'a [u8], KeyError> {
        match self.take(INTEGER)? {
            [0, rest @ ..] if rest.first().is_some_and(|first| *first >= 0x80) => Ok(rest),
            integer @ [1..=0x7f, ..] => Ok(integer),
            _ => Err(KeyError::Der),
        }
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    fn end(&self) -> Result<(), KeyError> {
        if self.rest.is_empty() { Ok(()) } else { Err(KeyError::Der) }
    }
}

/// The content of a bit string that consists of whole bytes.
fn whole_bytes(bits: &[u8]) -> Result<&[u8], KeyError> {
    match bits {
        [0, bytes @ ..] => Ok(bytes),
        _ => Err(KeyError::Der),
    }
}
