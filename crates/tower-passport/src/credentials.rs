//! The strict parser of the `Authorization` header, for every strategy.

use std::fmt;

use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::Rejection;
use crate::challenge::is_token;

/// The credentials of an `Authorization` header: `Bearer eyJhbGciOi...`.
///
/// ```
/// use tower_passport::Credentials;
///
/// let (head, ()) = http::Request::get("/").header("Authorization", "Token abc=").body(())?.into_parts();
/// let credentials = Credentials::of(&head)?.filter(|credentials| credentials.is("token"));
/// assert_eq!(credentials.map(|credentials| credentials.token68()), Some(Ok("abc=")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: RFC 9110, sections 11.4 and 11.6.2.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Credentials<'a> {
    scheme: &'a str,
    value: &'a str,
}

impl<'a> Credentials<'a> {
    /// The credentials of a request; `None` if it has no `Authorization` header.
    ///
    /// # Errors
    /// [`Malformed`] if there are two such headers, or the header does not begin with a scheme or is not UTF-8. Taking the first
    /// of two would let a proxy check one and this program use the other.
    pub fn of(request: &'a Parts) -> Result<Option<Self>, Malformed> {
        let mut fields = request.headers.get_all(AUTHORIZATION).iter();
        let Some(field) = fields.next() else { return Ok(None) };
        if fields.next().is_some() {
            return Err(Malformed::TwoFields);
        }
        // Not `to_str`, which checks byte by byte. This checks a word at a time, and `token68` checks the token.
        let text = std::str::from_utf8(field.as_bytes()).ok();
        text.and_then(Self::parse).map(Some).ok_or(Malformed::NotCredentials)
    }

    fn parse(field: &'a str) -> Option<Self> {
        let field = field.trim_matches([' ', '\t']);
        let (scheme, value) = field.split_once(' ').unwrap_or((field, ""));
        is_token(scheme).then(|| Self { scheme, value: value.trim_start_matches(' ') })
    }

    /// Whether the scheme is this one, in any case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Everything after the scheme, unchanged, for schemes with parameters.
    pub const fn value(&self) -> &'a str {
        self.value
    }

    /// The single token after the scheme: letters, digits and `-._~+/`, then perhaps `=`.
    ///
    /// Source: RFC 9110, section 11.2, and RFC 6750, section 2.1.
    ///
    /// # Errors
    /// [`Malformed::NotOnePiece`] if there is no token, or more than one token.
    pub fn token68(&self) -> Result<&'a str, Malformed> {
        if !is_token68(self.value) {
            return Err(Malformed::NotOnePiece);
        }
        Ok(self.value)
    }
}

/// RFC 9110, section 11.2.
pub(crate) fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    // Without an early exit the loop becomes vector code: together with `from_utf8` above, 51 ns instead of 143 ns for a
    // token of 163 bytes.
    let only_token68 = body.bytes().fold(true, |good, byte| {
        good & (byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/'))
    });
    only_token68 && !body.is_empty()
}

/// Shows the scheme only.
impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Credentials({} ..)", self.scheme)
    }
}

/// Credentials that cannot be read. The response is 400 (RFC 6750, section 3.1, `invalid_request`), and the chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// Two `Authorization` headers.
    TwoFields,
    /// An `Authorization` header without a scheme, or not in UTF-8.
    NotCredentials,
    /// Nothing after the scheme, or more than a token.
    NotOnePiece,
    /// Credentials in two places of the request (RFC 6750, section 2).
    TwoPlaces,
    /// A header, cookie, query parameter or body field with a value that cannot be a token.
    NotAToken,
    /// A body that its `Content-Type` calls JSON or a form, and that is neither.
    BrokenBody,
}

impl Malformed {
    /// The sentence for the client: what to send instead.
    pub const fn description(self) -> &'static str {
        match self {
            Self::TwoFields => "Send one Authorization header, not several.",
            Self::NotCredentials => "The Authorization header must be a scheme and its credentials.",
            Self::NotOnePiece => {
                "The Authorization header must be the scheme, a space, the token, and no more."
            }
            Self::TwoPlaces => "Send the token once, not in several places.",
            Self::NotAToken => "The token must be letters, digits and -._~+/= only.",
            Self::BrokenBody => "The body cannot be read.",
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.description())
    }
}

impl std::error::Error for Malformed {}

impl From<Malformed> for Rejection {
    fn from(malformed: Malformed) -> Self {
        Self::invalid_request(malformed.description()).with_cause("malformed_credentials")
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request};

    use super::*;

    #[track_caller]
    fn check(fields: &[&[u8]], want: Result<Option<&str>, Malformed>) {
        let mut request = Request::new(());
        for field in fields {
            request.headers_mut().append(AUTHORIZATION, HeaderValue::from_bytes(field).unwrap());
        }
        let (parts, ()) = request.into_parts();
        let bearer = Credentials::of(&parts).and_then(|found| {
            found
                .filter(|credentials| credentials.is("Bearer"))
                .map(|credentials| credentials.token68())
                .transpose()
        });
        assert_eq!(bearer, want, "{fields:?}");
    }

    #[test]
    fn the_scheme_is_case_insensitive() {
        check(&[b"Bearer abc"], Ok(Some("abc")));
        check(&[b"bearer abc"], Ok(Some("abc")));
        check(&[b"BEARER   abc"], Ok(Some("abc")));
        check(&[b"  Bearer abc \t"], Ok(Some("abc")));
        check(&[b"Bearer aZ09-._~+/=="], Ok(Some("aZ09-._~+/==")));
    }

    #[test]
    fn other_schemes_and_no_header_have_no_token() {
        check(&[], Ok(None));
        check(&[b"Basic YTpi"], Ok(None));
        check(&[b"Bearerabc"], Ok(None));
        check(&[b"Digest username=\"a\", realm=\"b\""], Ok(None));
        check(&[b"Negotiate"], Ok(None));
    }

    #[test]
    fn the_whole_value_is_the_token() {
        for junk in [
            "Bearer",
            "Bearer ",
            "Bearer a b",
            "Bearer a, Bearer b",
            "Bearer a,b",
            "Bearer \"a\"",
            "Bearer a=b",
        ] {
            check(&[junk.as_bytes()], Err(Malformed::NotOnePiece));
        }
        check(&[b"Bearer =="], Err(Malformed::NotOnePiece));
        check(&[b"Bearer a\tb"], Err(Malformed::NotOnePiece));
        check(&[b"Bearer \xc3\xa9"], Err(Malformed::NotOnePiece));
    }

    #[test]
    fn two_headers_are_rejected_even_if_they_are_equal() {
        check(&[b"Bearer abc", b"Bearer abc"], Err(Malformed::TwoFields));
        check(&[b"Basic YTpi", b"Bearer abc"], Err(Malformed::TwoFields));
    }

    #[test]
    fn a_header_without_a_scheme_is_rejected() {
        for junk in [
            &b""[..],
            b" ",
            b",",
            b"Bearer\tabc",
            b"@@ abc",
            b"\"Bearer\" abc",
            b"Bear\xc3\xa9r abc",
            b"Bearer \xff",
        ] {
            check(&[junk], Err(Malformed::NotCredentials));
        }
    }

    proptest::proptest! {
        /// Only a scheme, spaces and a token are accepted, for any bytes.
        #[test]
        fn a_token_is_found_only_if_there_is_nothing_else(field in "[Bb]earer[ -~\\t]{0,12}|\\PC{0,24}") {
            let mut request = Request::new(());
            if let Ok(value) = HeaderValue::from_bytes(field.as_bytes()) {
                request.headers_mut().insert(AUTHORIZATION, value);
            }
            let (parts, ()) = request.into_parts();
            if let Ok(Some(credentials)) = Credentials::of(&parts)
                && let Ok(token) = credentials.token68()
            {
                let again = format!("{} {token}", credentials.scheme);
                let words: Vec<_> = field.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
                assert_eq!(words.join(" "), again);
            }
        }
    }

    #[test]
    fn debug_does_not_show_the_token() {
        let credentials = Credentials::parse("Bearer secret").unwrap();
        assert_eq!(format!("{credentials:?}"), "Credentials(Bearer ..)");
    }
}
