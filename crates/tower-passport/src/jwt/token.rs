use std::borrow::Cow;

use http::request::Parts;

use crate::credentials::{Credentials, Malformed};

/// Where in a request the token is. A function may be one:
///
/// ```
/// use std::borrow::Cow;
///
/// use http::request::Parts;
/// use tower_passport::{Jwt, Malformed};
///
/// fn from_gateway(request: &Parts) -> Result<Option<Cow<'_, str>>, Malformed> {
///     let Some(token) = request.headers.get("x-gateway-token") else { return Ok(None) };
///     token.to_str().map(|token| Some(token.into())).map_err(|_| Malformed::NotOnePiece)
/// }
///
/// # fn example<K, V>(jwt: Jwt<K, V>) {
/// jwt.tokens_from(from_gateway);
/// # }
/// ```
pub trait TokenSource: Send + Sync + 'static {
    /// The token, unchecked; `None` if it is not here.
    ///
    /// # Errors
    /// [`Malformed`] if something is here that can be no token.
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, Malformed>;
}

/// `Authorization: Bearer <token>`, the scheme in any case, the token the whole rest (RFC 6750, section 2.1).
#[derive(Clone, Copy, Debug)]
pub struct BearerHeader;

impl TokenSource for BearerHeader {
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, Malformed> {
        match Credentials::of(request)? {
            Some(credentials) if credentials.is("Bearer") => {
                credentials.token68().map(|token| Some(token.into()))
            }
            _ => Ok(None),
        }
    }
}

impl<F> TokenSource for F
where
    F: for<'r> Fn(&'r Parts) -> Result<Option<Cow<'r, str>>, Malformed> + Send + Sync + 'static,
{
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, Malformed> {
        self(request)
    }
}
