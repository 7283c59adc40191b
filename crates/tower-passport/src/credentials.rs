//! The `Authorization` field, parsed once and strictly, for every strategy.

use std::fmt;

use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::Rejection;
use crate::challenge::is_token;

/// The credentials of an `Authorization` field: `Bearer eyJhbGciOi...`.
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
    /// The credentials of a request: `None` if it has no `Authorization` field.
    ///
    /// # Errors
    /// [`Malformed`] if there are two such fields, or the one does not begin with a scheme, or is not UTF-8.
    /// To take the first of two would let a proxy check one and us believe the other.
    pub fn of(request: &'a Parts) -> Result<Option<Self>, Malformed> {
        let mut fields = request.headers.get_all(AUTHORIZATION).iter();
        let Some(field) = fields.next() else { return Ok(None) };
        if fields.next().is_some() {
            return Err(Malformed::TwoFields);
        }
        // Not `to_str`, which looks at each byte in turn: this takes a word at a time, and the token is looked at below.
        let text = std::str::from_utf8(field.as_bytes()).ok();
        text.and_then(Self::parse).map(Some).ok_or(Malformed::NotCredentials)
    }

    fn parse(field: &'a str) -> Option<Self> {
        let field = field.trim_matches([' ', '\t']);
        let (scheme, value) = field.split_once(' ').unwrap_or((field, ""));
        is_token(scheme).then(|| Self { scheme, value: value.trim_start_matches(' ') })
    }

    /// Whether this is the scheme. Its case does not matter.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Everything after the scheme as it came, for schemes that have parameters.
    pub const fn value(&self) -> &'a str {
        self.value
    }

    /// Everything after the scheme, if it is of one piece: letters, digits and `-._~+/`, then perhaps `=`.
    /// Two words, a comma or a quote are not. Source: RFC 9110, section 11.2, and RFC 6750, section 2.1.
    ///
    /// # Errors
    /// [`Malformed::NotOnePiece`] if it is not, or is empty.
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
    // All of them rather than up to the first bad one: without a way out of the loop it becomes vector code.
    // With `from_utf8` above, 143 ns became 51 for a token of 163 bytes.
    let only_token68 = body.bytes().fold(true, |good, byte| {
        good & (byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/'))
    });
    only_token68 && !body.is_empty()
}

/// The token does not print.
impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Credentials({} ..)", self.scheme)
    }
}

/// Credentials that cannot be read: the request is answered with 400 (RFC 6750, section 3.1, `invalid_request`),
/// and no strategy of a chain is asked any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// Two `Authorization` fields.
    TwoFields,
    /// No scheme, or not UTF-8.
    NotCredentials,
    /// Nothing after the scheme, or more than a token.
    NotOnePiece,
    /// Credentials in two places of the request (RFC 6750, section 2).
    TwoPlaces,
    /// In a header of its own, a cookie, a query or a body: something that can be no token.
    NotAToken,
    /// A body that says it is JSON or a form, and is not.
    BrokenBody,
}

impl Malformed {
    /// What the client should do instead.
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
        Self::invalid_request(malformed.description()).because("malformed_credentials")
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
    fn a_scheme_is_found_in_any_case() {
        check(&[b"Bearer abc"], Ok(Some("abc")));
        check(&[b"bearer abc"], Ok(Some("abc")));
        check(&[b"BEARER   abc"], Ok(Some("abc")));
        check(&[b"  Bearer abc \t"], Ok(Some("abc")));
        check(&[b"Bearer aZ09-._~+/=="], Ok(Some("aZ09-._~+/==")));
    }

    #[test]
    fn other_schemes_and_no_field_are_not_ours() {
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
    fn two_fields_are_refused_even_if_they_agree() {
        check(&[b"Bearer abc", b"Bearer abc"], Err(Malformed::TwoFields));
        check(&[b"Basic YTpi", b"Bearer abc"], Err(Malformed::TwoFields));
    }

    #[test]
    fn what_has_no_scheme_is_refused() {
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
        /// Nothing but a scheme, spaces and a token is a token, whatever bytes come.
        #[test]
        fn a_token_is_found_only_where_there_is_nothing_else(field in "[Bb]earer[ -~\\t]{0,12}|\\PC{0,24}") {
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
    fn credentials_do_not_print() {
        let credentials = Credentials::parse("Bearer secret").unwrap();
        assert_eq!(format!("{credentials:?}"), "Credentials(Bearer ..)");
    }
}
