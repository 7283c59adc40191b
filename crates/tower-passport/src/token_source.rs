//! The places of a request where a token can be.

mod places;

use std::borrow::Cow;

use http::request::Parts;

#[cfg(feature = "session")]
pub(crate) use self::places::cookies;
pub use self::places::{BodyField, CookieValue, NamedHeader, QueryParameter, SchemeHeader};
use crate::Error;
use crate::credentials::{Credentials, Malformed};

/// The place of a request where a strategy finds its token.
///
/// | source | the token is | passport-jwt's name |
/// | --- | --- | --- |
/// | [`BearerHeader`] | in `Authorization: Bearer ..`; the default | `fromAuthHeaderAsBearerToken` |
/// | [`SchemeHeader`] | in `Authorization`, with another scheme | `fromAuthHeaderWithScheme` |
/// | [`NamedHeader`] | a header of its own | `fromHeader` |
/// | [`CookieValue`] | in a cookie | (a function) |
/// | [`QueryParameter`] | in the URL | `fromUrlQueryParameter` |
/// | [`BodyField`] | in a field of a JSON or form body | `fromBodyField` |
/// | a tuple of sources, or a `Vec` of boxes | in one of several places | `fromExtractors` |
/// | a function of the request head | anywhere | a function |
///
/// A list rejects a request with tokens in two places with 400: otherwise a proxy could check one token and this program use
/// the other (RFC 6750, section 2).
///
/// ```
/// use tower_passport::{BearerHeader, CookieValue, Jwt};
///
/// # fn example<K, C, V>(jwt: Jwt<K, C, V>) {
/// jwt.tokens_from((BearerHeader, CookieValue::new("__Host-token")));
/// # }
/// ```
///
/// A browser sends cookies with every request, also with those that another site causes. A route that reads a token from a
/// cookie and changes something also needs `SameSite` or [`CrossOriginProtection`](crate::CrossOriginProtection).
///
/// A function as a source:
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
/// # fn example<K, C, V>(jwt: Jwt<K, C, V>) {
/// jwt.tokens_from(from_gateway);
/// # }
/// ```
pub trait TokenSource: Send + Sync + 'static {
    /// The token, not yet checked; `None` if there is none.
    ///
    /// # Errors
    /// [`TokenError`] if the place holds something that cannot be a token, or a layer is missing.
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError>;

    /// The authentication scheme of the challenges, if it is not the usual one of the strategy.
    fn scheme(&self) -> Option<&str> {
        None
    }
}

/// Why a [`TokenSource`] cannot tell whether there is a token.
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenError {
    /// The token cannot be read: 400.
    Malformed(Malformed),
    /// The place cannot be searched: 503, or 500 if a layer is missing.
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

/// The token in `Authorization: Bearer <token>`: the scheme in any case, the token the whole rest (RFC 6750, section 2.1).
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

/// For lists that are built at start-up: `Vec<Box<dyn TokenSource>>`.
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
