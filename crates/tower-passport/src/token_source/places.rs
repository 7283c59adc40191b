//! The places other than `Authorization: Bearer`.

use std::borrow::Cow;

use http::header::COOKIE;
use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::{TokenError, TokenSource};
use crate::credentials::{Credentials, Malformed, is_token68};
use crate::fields::{self, ContentType, Field, Unreadable};
use crate::{BufferedBody, Error};

/// `Authorization` with a scheme other than `Bearer`: `Authorization: JWT <token>`.
///
/// ```
/// # fn example<K, V>(jwt: tower_passport::Jwt<K, V>) {
/// jwt.tokens_from(tower_passport::SchemeHeader::new("JWT"));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SchemeHeader(&'static str);

impl SchemeHeader {
    /// The token of this scheme, whose case does not matter. The challenges name it as it is written here.
    pub const fn new(scheme: &'static str) -> Self {
        Self(scheme)
    }
}

impl TokenSource for SchemeHeader {
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        match Credentials::of(request)? {
            Some(credentials) if credentials.is(self.0) => Ok(Some(credentials.token68()?.into())),
            _ => Ok(None),
        }
    }

    fn scheme(&self) -> Option<&str> {
        Some(self.0)
    }
}

/// A header that holds the token and nothing else: `X-Api-Key: <token>`.
///
/// ```
/// use http::{HeaderMap, HeaderName};
/// use tower_passport::NamedHeader;
///
/// const API_KEY: NamedHeader = NamedHeader::new(HeaderName::from_static("x-api-key"));
/// ```
#[derive(Clone, Debug)]
pub struct NamedHeader(HeaderName);

impl NamedHeader {
    /// The token in the header of this name.
    pub const fn new(name: HeaderName) -> Self {
        Self(name)
    }
}

impl TokenSource for NamedHeader {
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        let mut fields = request.headers.get_all(&self.0).iter();
        let Some(field) = fields.next() else { return Ok(None) };
        if fields.next().is_some() {
            return Err(Malformed::TwoPlaces.into());
        }
        let token = std::str::from_utf8(field.as_bytes()).map(|text| text.trim_matches([' ', '\t'])).ok();
        Ok(Some(token.filter(|token| is_token68(token)).ok_or(Malformed::NotAToken)?.into()))
    }
}

/// The token in a cookie. Call it `__Host-something`, and no other site and no subdomain can put one there.
///
/// Source: RFC 6265, section 4.2, and RFC 9113, section 8.2.3 (HTTP/2 may send several `Cookie` lines).
#[derive(Clone, Debug)]
pub struct CookieValue(Box<str>);

impl CookieValue {
    /// The token in the cookie of this name, whose case matters.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }
}

impl TokenSource for CookieValue {
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        let mut values = cookies(&request.headers, &self.0);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            // A subdomain or another path has set one of the same name; nothing tells which of them is ours.
            return Err(Malformed::TwoPlaces.into());
        }
        let token = std::str::from_utf8(value).ok().filter(|token| is_token68(token));
        Ok(Some(token.ok_or(Malformed::NotAToken)?.into()))
    }
}

/// The values of the cookies with this name, without the empty ones: those are how some programs take a cookie back.
pub(crate) fn cookies<'r>(headers: &'r HeaderMap, name: &str) -> impl Iterator<Item = &'r [u8]> {
    let lines = headers.get_all(COOKIE).iter();
    let crumbs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    crumbs.filter_map(move |crumb| {
        let value = crumb.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        (!value.is_empty()).then_some(value)
    })
}

/// The token in the query of the URL: `?access_token=<token>`. No strategy looks there unless it is told to.
///
/// URLs are in the logs of every server on the way and in the browser's history, so take it only where nothing else
/// goes (a `WebSocket` of a browser, a link for downloads), with tokens that live for minutes (RFC 6750, section 2.3;
/// RFC 9700, section 4.3.2, forbids it for access tokens of OAuth).
#[derive(Clone, Debug)]
pub struct QueryParameter(Field);

impl QueryParameter {
    /// The token in the parameter of this name.
    pub fn new(name: &str) -> Self {
        Self(Field::new(name))
    }
}

impl TokenSource for QueryParameter {
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        let Some(query) = request.uri.query() else { return Ok(None) };
        of_field(fields::in_form(query.as_bytes(), [&self.0]))
    }
}

/// The token in a field of the body, which is JSON or a form; `user[token]` is a field inside another.
///
/// It needs the [`BufferBody`](crate::BufferBody) layer, and without it the answer is 500, and the log names the
/// layer. A body of any other type has no token.
#[derive(Clone, Debug)]
pub struct BodyField(Field);

impl BodyField {
    /// The token in the field of this name.
    pub fn new(name: &str) -> Self {
        Self(Field::new(name))
    }
}

impl TokenSource for BodyField {
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        let Some(BufferedBody(body)) = request.extensions.get() else {
            let missing = "`BodyField` reads the body that the `BufferBody` layer buffers: add that layer";
            return Err(Error::misconfigured(missing).into());
        };
        match ContentType::of(request) {
            Some(content_type) if !body.is_empty() => of_field(content_type.read(body, [&self.0])),
            _ => Ok(None),
        }
    }
}

fn of_field<'r>(found: Result<[Option<String>; 1], Unreadable>) -> Result<Option<Cow<'r, str>>, TokenError> {
    match found {
        Ok([Some(token)]) if !is_token68(&token) => Err(Malformed::NotAToken.into()),
        Ok([token]) => Ok(token.map(Cow::Owned)),
        Err(Unreadable::Twice) => Err(Malformed::TwoPlaces.into()),
        Err(Unreadable::Broken) => Err(Malformed::BrokenBody.into()),
    }
}
