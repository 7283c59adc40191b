//! Where in a request a token is.

mod places;

use std::borrow::Cow;

use http::request::Parts;

#[cfg(feature = "session")]
pub(crate) use self::places::cookies;
pub use self::places::{BodyField, CookieValue, NamedHeader, QueryParameter, SchemeHeader};
use crate::Error;
use crate::credentials::{Credentials, Malformed};

/// Where in a request the token of a strategy is.
///
/// | source | the token is | passport-jwt's name |
/// | --- | --- | --- |
/// | [`BearerHeader`] | in `Authorization: Bearer ..`; the default | `fromAuthHeaderAsBearerToken` |
/// | [`SchemeHeader`] | in `Authorization`, with another scheme | `fromAuthHeaderWithScheme` |
/// | [`NamedHeader`] | a header of its own | `fromHeader` |
/// | [`CookieValue`] | in a cookie | (a function) |
/// | [`QueryParameter`] | in the URL | `fromUrlQueryParameter` |
/// | [`BodyField`] | in a field of a JSON or form body | `fromBodyField` |
/// | a tuple of them, or a `Vec` of boxes | in one of several places | `fromExtractors` |
/// | a function of the request's head | wherever it finds it | a function |
///
/// A list takes the token from whichever place has it, and refuses a request that has one in two places with 400: a
/// proxy would check the one, and we believe the other (RFC 6750, section 2).
///
/// ```
/// use tower_passport::{BearerHeader, CookieValue, Jwt};
///
/// # fn example<K, V>(jwt: Jwt<K, V>) {
/// jwt.tokens_from((BearerHeader, CookieValue::new("__Host-token")));
/// # }
/// ```
///
/// A browser adds cookies to every request, also to one that another site makes it send: a route that takes a token
/// from a cookie and changes something needs `SameSite` or a check of `Origin` as well.
///
/// A function is one, too:
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
    /// [`TokenError`] if something is here that can be no token, or a layer is missing.
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError>;

    /// The authentication scheme by which challenges ask for such a token, if it is not the strategy's usual one.
    fn scheme(&self) -> Option<&str> {
        None
    }
}

/// Why there is no token to check, although there may be one in the request.
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenError {
    /// It cannot be read: 400.
    Malformed(Malformed),
    /// It cannot be looked for: 503, or 500 if a layer is missing.
    Undecided(Error),
}

impl From<Malformed> for TokenError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        Self::Undecided(error)
    }
}

/// `Authorization: Bearer <token>`, the scheme in any case, the token the whole rest (RFC 6750, section 2.1).
#[derive(Clone, Copy, Debug)]
pub struct BearerHeader;

impl TokenSource for BearerHeader {
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        match Credentials::of(request)? {
            Some(credentials) if credentials.is("Bearer") => Ok(Some(credentials.token68()?.into())),
            _ => Ok(None),
        }
    }

    fn scheme(&self) -> Option<&str> {
        Some("Bearer")
    }
}

impl<F> TokenSource for F
where
    F: for<'r> Fn(&'r Parts) -> Result<Option<Cow<'r, str>>, Malformed> + Send + Sync + 'static,
{
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        Ok(self(request)?)
    }
}

impl TokenSource for Box<dyn TokenSource> {
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        (**self).token(request)
    }

    fn scheme(&self) -> Option<&str> {
        (**self).scheme()
    }
}

/// One of these places, for lists that are put together when the program starts: `Vec<Box<dyn TokenSource>>`.
impl<T: TokenSource> TokenSource for Vec<T> {
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        self.iter().try_fold(None, |found, source| only_one(found, source.token(request)?))
    }

    fn scheme(&self) -> Option<&str> {
        self.iter().find_map(TokenSource::scheme)
    }
}

macro_rules! list_of_sources {
    ($($source:ident)+) => {
        impl<$($source: TokenSource),+> TokenSource for ($($source,)+) {
            #[expect(non_snake_case, reason = "each source is named like its type")]
            fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
                let ($($source,)+) = self;
                let found = None;
                $(let found = only_one(found, $source.token(request)?)?;)+
                Ok(found)
            }

            #[expect(non_snake_case, reason = "each source is named like its type")]
            fn scheme(&self) -> Option<&str> {
                let ($($source,)+) = self;
                None$(.or_else(|| $source.scheme()))+
            }
        }
    };
}

list_of_sources!(A B);
list_of_sources!(A B C);
list_of_sources!(A B C D);
list_of_sources!(A B C D E);
list_of_sources!(A B C D E F);

type Found<'r> = Option<Cow<'r, str>>;

fn only_one<'r>(found: Found<'r>, next: Found<'r>) -> Result<Found<'r>, TokenError> {
    if found.is_some() && next.is_some() {
        return Err(Malformed::TwoPlaces.into());
    }
    Ok(found.or(next))
}
