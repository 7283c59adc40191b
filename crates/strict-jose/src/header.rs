//! The header of a token ([RFC 7515 §4](https://www.rfc-editor.org/rfc/rfc7515#section-4)).

use std::fmt;
use std::ops::Range;

use smallvec::SmallVec;

use crate::base64url::SHA256_LEN;
use crate::error::{Error, Malformed};
use crate::strict_json::{self, SHORT, Text};

/// The header parameters of a token that this crate reads
/// ([RFC 7515 §4.1](https://www.rfc-editor.org/rfc/rfc7515#section-4.1)).
///
/// `jwk`, `jku`, `x5u` and `x5c` are not among them: a key that arrives inside a token proves nothing
/// ([RFC 8725 §3.10](https://www.rfc-editor.org/rfc/rfc8725#section-3.10)). The sender wrote every value here, and none of
/// them is verified before the signature is.
///
/// ```
/// use strict_jose::{Error, Header, Key, Keys, Excerpt};
///
/// /// One key for access tokens, another for e-mail confirmations.
/// struct TwoKinds { access: Key, email: Key }
///
/// impl Keys for TwoKinds {
///     fn find(&self, header: &Header<'_>) -> Result<&Key, Error> {
///         match (header.typ(), header.kid(), header.alg()) {
///             (Some("at+jwt"), Some("access"), "EdDSA") => Ok(&self.access),
///             (Some("email+jwt"), None, "HS256") => Ok(&self.email),
///             (_, kid, _) => Err(Error::UnknownKey { kid: Excerpt::of(kid.unwrap_or_default()) }),
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

impl<'a> Header<'a> {
    /// The parameter `alg`, as the token writes it
    /// ([RFC 7515 §4.1.1](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.1)).
    ///
    /// ```
    /// # fn choose(header: &strict_jose::Header<'_>) -> bool {
    /// let is_symmetric = header.alg().parse().is_ok_and(strict_jose::Algorithm::is_symmetric);
    /// # is_symmetric }
    /// ```
    pub fn alg(&self) -> &'a str {
        self.alg
    }

    /// The parameter `kid`: the name of the key that signed the token, according to the token
    /// ([RFC 7515 §4.1.4](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4)).
    ///
    /// It can contain any character, including quotes and NUL. Compare it only; never build a path or a query from it.
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

    /// The parameter `typ`: the type of the token, according to the token
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

    /// Reads a header. Its strings are unescaped in place, so that this type can borrow them.
    pub(crate) fn read(bytes: &'a mut [u8]) -> Result<Self, Error> {
        let (mut alg, mut kid, mut typ) = (None, None, None);
        strict_json::object(utf8(bytes)?, strict_json::HEADER, |name, value| {
            let span = |parameter| value.text().map(Text::span).ok_or(Malformed::Header(parameter));
            match name.short(&mut [0; SHORT]) {
                Some("alg") => alg = Some(span("alg")?),
                Some("kid") => kid = Some(span("kid")?),
                Some("typ") => typ = Some(span("typ")?),
                // RFC 7515 §4: unknown parameters are ignored.
                _ => refuse_other_format(name)?,
            }
            Ok::<_, Error>(())
        })?;
        let alg = alg.ok_or(Malformed::Header("alg"))?;
        let mut unescape =
            |span: Range<usize>| span.start..span.start + strict_json::unescape_in_place(&mut bytes[span]);
        let (alg, kid, typ) = (unescape(alg), kid.map(&mut unescape), typ.map(&mut unescape));
        let bytes: &'a [u8] = bytes;
        let text = |span: Range<usize>| utf8(&bytes[span]);
        Ok(Self { alg: text(alg)?, kid: kid.map(text).transpose()?, typ: typ.map(text).transpose()? })
    }
}

/// The `kid` and the `typ` of a verified token. The signature covers them.
///
/// The other parameters of a verified token are in [`Inspected::header`](crate::Inspected::header), and equally signed.
///
/// ```
/// use std::time::SystemTime;
/// use strict_jose::{Key, Rules};
///
/// let key = Key::hs256(b"at least 32 bytes, better random.")?.with_kid("2025");
/// let token = key.sign("at+jwt", &serde_json::json!({ "exp": 2_000_000_000 }))?;
/// let rules = Rules::any_type().any_issuer().any_audience();
/// let header = rules.verify::<serde_json::Value>(&token, &key, SystemTime::now())?.header;
/// assert_eq!((header.kid(), header.typ()), (Some("2025"), Some("at+jwt")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifiedHeader {
    kid: Option<ShortText>,
    typ: Option<ShortText>,
}

impl VerifiedHeader {
    pub(crate) fn of(header: &Header<'_>) -> Self {
        Self { kid: header.kid.map(ShortText::of), typ: header.typ.map(ShortText::of) }
    }

    /// The parameter `kid`: the name of the key that signed the token
    /// ([RFC 7515 §4.1.4](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4)).
    ///
    /// If your key has a name, it is this one. A key without a name verifies tokens with any `kid`, which then only repeats what
    /// the issuer wrote.
    ///
    /// ```
    /// # use strict_jose::VerifiedHeader;
    /// fn label(header: &VerifiedHeader) -> &str { header.kid().unwrap_or("unnamed") }
    /// # assert_eq!(label(&VerifiedHeader::default()), "unnamed");
    /// ```
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_ref().map(ShortText::as_str)
    }

    /// The parameter `typ`: the type of the token, as the token writes it
    /// ([RFC 7515 §4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
    ///
    /// ```
    /// # use strict_jose::VerifiedHeader;
    /// fn has_type(header: &VerifiedHeader) -> bool { header.typ().is_some() }
    /// # assert!(!has_type(&VerifiedHeader::default()));
    /// ```
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_ref().map(ShortText::as_str)
    }
}

/// A text that is usually short. It allocates only if it is longer than a thumbprint, the longest usual `kid`.
#[derive(Clone, PartialEq, Eq)]
struct ShortText(SmallVec<[u8; SHA256_LEN]>);

impl ShortText {
    fn of(text: &str) -> Self {
        Self(SmallVec::from_slice(text.as_bytes()))
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// Refuses the header parameters that make a token something other than a plain JWS.
pub(crate) fn refuse_other_format(name: Text<'_>) -> Result<(), Error> {
    match name.one_of(&["crit", "b64", "enc", "zip"]) {
        Some("crit") => Err(Error::CriticalHeader),
        Some("b64") => Err(Malformed::Unencoded.into()),
        Some(_) => Err(Malformed::Encrypted.into()),
        None => Ok(()),
    }
}

/// Reads decoded bytes as text.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed::Utf8)
}
