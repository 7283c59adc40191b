//! The compact serialization ([RFC 7515 §7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1)): taken apart strictly.

use crate::base64url::decoded;
use crate::error::{Error, Malformed};
use crate::strict_json::{self, SHORT, Text};
use crate::{DEFAULT_MAX_LEN, Key};

/// A token in its three parts, none of them decoded yet.
#[derive(Clone, Copy)]
pub(crate) struct Compact<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    /// Header, dot and payload: what the signature is over.
    signed: &'a str,
}

impl<'a> Compact<'a> {
    /// Splits a token that is not longer than `max_len` and has no other character than a compact JWS has.
    pub(crate) fn split(token: &'a str, max_len: usize) -> Result<Self, Malformed> {
        if token.len() > max_len {
            return Err(Malformed::TooLong);
        }
        let (strange, dots) = survey(token.as_bytes());
        if strange {
            return Err(Malformed::Character);
        }
        if dots != 2 {
            return Err(Malformed::Parts);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Malformed::Parts)?;
        let (header, payload) = signed.split_once('.').ok_or(Malformed::Parts)?;
        // Only the payload may use a raised cap, and it is decoded last: nobody without the key makes us allocate.
        if header.len().max(signature.len()) > DEFAULT_MAX_LEN {
            return Err(Malformed::TooLong);
        }
        Ok(Self { header, payload, signature, signed })
    }

    pub(crate) fn has_header(&self, known: &KnownHeader) -> bool {
        *known.text == *self.header
    }

    /// Decodes and reads the header, unless it is known already.
    pub(crate) fn header<R>(
        &self,
        known: Option<&KnownHeader>,
        then: impl FnOnce(&Header<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        match known {
            Some(known) => then(&known.lend()),
            None => decoded(self.header, |bytes| then(&Header::read(bytes)?)),
        }
    }

    /// Keeps the header for the tokens to come.
    #[cold]
    pub(crate) fn known_header(&self) -> Result<KnownHeader, Error> {
        decoded(self.header, |bytes| {
            let Header { alg, kid, typ } = Header::read(bytes)?;
            let (alg, kid, typ) = (alg.into(), kid.map(Into::into), typ.map(Into::into));
            Ok(KnownHeader { text: self.header.into(), alg, kid, typ })
        })
    }

    /// Checks that the header agrees with `key` and that the signature is the key's.
    pub(crate) fn verify(&self, header: &Header<'_>, key: &Key) -> Result<(), Error> {
        key.agrees_with(header)?;
        decoded(self.signature, |signature| key.check(self.signed.as_bytes(), signature))
    }

    /// Decodes the payload. Nothing in it may be believed before [`Compact::verify`].
    pub(crate) fn payload<R>(&self, then: impl FnOnce(&str) -> Result<R, Error>) -> Result<R, Error> {
        self.payload_bytes(|bytes| then(utf8(bytes)?))
    }

    /// Decodes a payload that need not be text.
    pub(crate) fn payload_bytes<R>(&self, then: impl FnOnce(&[u8]) -> Result<R, Error>) -> Result<R, Error> {
        decoded(self.payload, |bytes| then(bytes))
    }

    /// Decodes the header, as text and with no regard to what it says.
    pub(crate) fn header_text<R>(&self, then: impl FnOnce(&str) -> Result<R, Error>) -> Result<R, Error> {
        decoded(self.header, |bytes| then(utf8(bytes)?))
    }

    /// Checks the signature's form only.
    pub(crate) fn signature_form(&self) -> Result<(), Error> {
        decoded(self.signature, |_| Ok(()))
    }
}

/// Whether there is a character that no compact JWS has, and how many dots there are.
///
/// No early exit and nothing wider than a byte: the compiler makes vector instructions of it, ten times faster than a
/// search.
fn survey(token: &[u8]) -> (bool, usize) {
    let mut strange = 0;
    let mut dots = 0;
    for chunk in token.chunks(usize::from(u8::MAX)) {
        let mut dots_here = 0_u8;
        for &byte in chunk {
            let is_dot = u8::from(byte == b'.');
            let is_letter = u8::from((byte | 0x20).wrapping_sub(b'a') < 26);
            let is_digit = u8::from(byte.wrapping_sub(b'0') < 10);
            let is_sign = u8::from(byte == b'-') | u8::from(byte == b'_');
            strange |= 1 - (is_letter | is_digit | is_sign | is_dot);
            dots_here += is_dot;
        }
        dots += usize::from(dots_here);
    }
    (strange != 0, dots)
}

fn utf8(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed::Utf8)
}

/// The parameters of a token's header that this crate looks at
/// ([RFC 7515 §4.1](https://www.rfc-editor.org/rfc/rfc7515#section-4.1)).
///
/// There is no `jwk`, `jku`, `x5u` or `x5c`: a key that a token brings along proves nothing
/// ([RFC 8725 §3.10](https://www.rfc-editor.org/rfc/rfc8725#section-3.10)), so they are not even read. Everything here was
/// written by whoever sent the token; it is proved by nothing until the signature is.
///
/// ```
/// use strict_jose::{Error, Header, Key, Keys, KidExcerpt};
///
/// /// Keys of two kinds of token, which their types and names tell apart.
/// struct TwoKinds { access: Key, email: Key }
///
/// impl Keys for TwoKinds {
///     fn find(&self, header: &Header<'_>) -> Result<&Key, Error> {
///         match (header.typ(), header.kid(), header.alg()) {
///             (Some("at+jwt"), Some("access"), "EdDSA") => Ok(&self.access),
///             (Some("email+jwt"), None, "HS256") => Ok(&self.email),
///             (_, kid, _) => Err(Error::UnknownKey { kid: KidExcerpt::of(kid.unwrap_or_default()) }),
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    alg: &'a str,
    kid: Option<&'a str>,
    typ: Option<&'a str>,
}

/// What a header says, beside the text it was read from.
///
/// An issuer writes one and the same header on all tokens of a key. What it *says* depends on nothing but the text, so it needs
/// reading once; whether that is right for the key and the rules is checked for every token.
#[derive(Clone, Debug)]
pub(crate) struct KnownHeader {
    text: Box<str>,
    alg: Box<str>,
    kid: Option<Box<str>>,
    typ: Option<Box<str>>,
}

impl KnownHeader {
    fn lend(&self) -> Header<'_> {
        Header { alg: &self.alg, kid: self.kid.as_deref(), typ: self.typ.as_deref() }
    }
}

impl<'a> Header<'a> {
    /// `alg`, as the token writes it ([RFC 7515 §4.1.1](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.1)).
    ///
    /// ```
    /// # fn choose(header: &strict_jose::Header<'_>) -> bool {
    /// let is_symmetric = header.alg().parse().is_ok_and(strict_jose::Algorithm::is_symmetric);
    /// # is_symmetric }
    /// ```
    pub fn alg(&self) -> &'a str {
        self.alg
    }

    /// `kid`: which key the token says it is signed with
    /// ([RFC 7515 §4.1.4](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4)).
    ///
    /// It may hold anything, quotes and NUL too: compare it, never build a path or a query of it.
    ///
    /// ```
    /// # use strict_jose::{Header, Key};
    /// fn named<'a>(keys: &'a [Key], header: &Header<'_>) -> Option<&'a Key> {
    ///     keys.iter().find(|key| key.kid() == header.kid())
    /// }
    /// ```
    pub fn kid(&self) -> Option<&'a str> {
        self.kid
    }

    /// `typ`: what kind of token it says it is
    /// ([RFC 7515 §4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
    ///
    /// ```
    /// # fn choose(header: &strict_jose::Header<'_>) -> bool {
    /// let is_access_token = header.typ().is_some_and(|typ| typ.eq_ignore_ascii_case("at+jwt"));
    /// # is_access_token }
    /// ```
    pub fn typ(&self) -> Option<&'a str> {
        self.typ
    }

    /// Reads a header; its strings are unescaped in place, so that they can be lent.
    fn read(bytes: &'a mut [u8]) -> Result<Self, Error> {
        let [mut alg, mut kid, mut typ] = [const { None }; 3];
        strict_json::object(utf8(bytes)?, strict_json::HEADER, |name, value| {
            let span = |parameter| value.text().map(Text::span).ok_or(Malformed::Header(parameter));
            match name.short(&mut [0; SHORT]) {
                Some("alg") => alg = Some(span("alg")?),
                Some("kid") => kid = Some(span("kid")?),
                Some("typ") => typ = Some(span("typ")?),
                // These change what the token *is*. All others are ignored, as RFC 7515 §4 demands.
                Some("crit") => return Err(Error::CriticalHeader),
                Some("b64") => return Err(Malformed::Unencoded.into()),
                Some("enc" | "zip") => return Err(Malformed::Encrypted.into()),
                _ => {}
            }
            Ok(())
        })?;
        let [alg, kid, typ] = [alg, kid, typ].map(|place| {
            place.map(|span| span.start..span.start + strict_json::unescape_in_place(&mut bytes[span]))
        });
        let bytes: &'a [u8] = bytes;
        let lend = |span: Option<std::ops::Range<usize>>| span.map(|span| utf8(&bytes[span])).transpose();
        Ok(Self { alg: lend(alg)?.ok_or(Malformed::Header("alg"))?, kid: lend(kid)?, typ: lend(typ)? })
    }
}
