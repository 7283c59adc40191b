//! The token sources other than `Authorization: Bearer`.

use std::borrow::Cow;

use http::header::COOKIE;
use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::{TokenError, TokenSource};
use crate::credentials::{Credentials, Malformed, is_token68};
use crate::fields::{self, ContentType, Field, Unreadable};
use crate::{BufferedBody, Error};

/// The token in `Authorization` with a scheme other than `Bearer`: `Authorization: JWT <token>`.
///
/// ```
/// # fn example<K, C, V>(jwt: tower_passport::Jwt<K, C, V>) {
/// jwt.tokens_from(tower_passport::SchemeHeader::new("JWT"));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SchemeHeader(&'static str);

impl SchemeHeader {
    /// The token of this scheme, in any case. The challenges write it as it is written here.
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

    fn raw_token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        let credentials = Credentials::of(request)?.filter(|credentials| credentials.is(self.0));
        Ok(credentials.map(|credentials| credentials.value().into()))
    }

    fn scheme(&self) -> Option<&str> {
        Some(self.0)
    }
}

/// The token in a header of its own: `X-Api-Key: <token>`.
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

/// The token in a cookie. With a name that begins with `__Host-`, no other site and no subdomain can set it.
///
/// Source: RFC 6265, section 4.2, and RFC 9113, section 8.2.3 (HTTP/2 may send several `Cookie` headers).
#[derive(Clone, Debug)]
pub struct CookieValue(Box<str>);

impl CookieValue {
    /// The token in the cookie with this name, which is case-sensitive.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }
}

impl TokenSource for CookieValue {
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        let mut values = cookies(&request.headers, &self.0);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            // A subdomain or another path has set a cookie with the same name, and nothing tells them apart.
            return Err(Malformed::TwoPlaces.into());
        }
        let token = std::str::from_utf8(value).ok().filter(|token| is_token68(token));
        Ok(Some(token.ok_or(Malformed::NotAToken)?.into()))
    }
}

/// The values of the cookies with this name, without empty ones: some programs delete a cookie by emptying it.
pub(crate) fn cookies<'r>(headers: &'r HeaderMap, name: &str) -> impl Iterator<Item = &'r [u8]> {
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let value = pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        (!value.is_empty()).then_some(value)
    })
}

/// The token in the query of the URL: `?access_token=<token>`. No strategy reads it unless it is told to.
///
/// URLs end up in the logs of servers and proxies and in the browser's history. Use it only where nothing else works (a
/// browser's `WebSocket`, a download link), with tokens that live for minutes (RFC 6750, section 2.3; RFC 9700,
/// section 4.3.2, forbids it for access tokens of OAuth).
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

/// The token in a field of a JSON or form body. `user[token]` is a field inside another.
///
/// It needs the [`BufferBody`](crate::BufferBody) layer. Without it the response is 500, and the log names the layer. A body of
/// another type has no token.
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
