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
/// A function is a source, and so is a closure in [`token_from`]:
///
/// ```
/// use tower_passport::{Jwt, Malformed, token_from};
///
/// # fn example<K, C, V>(jwt: Jwt<K, C, V>, name: http::HeaderName) {
/// jwt.tokens_from(token_from(move |request| {
///     let Some(token) = request.headers.get(&name) else { return Ok(None) };
///     token.to_str().map(|token| Some(token.into())).map_err(|_| Malformed::NotAToken)
/// }));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a token source",
    note = "a closure is one inside of `token_from(|request| ..)`"
)]
pub trait TokenSource: Send + Sync + 'static {
    /// The token, not yet checked; `None` if there is none.
    ///
    /// # Errors
    /// [`TokenError`] if the place holds something that cannot be a token, or a layer is missing.
    fn token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError>;

    /// The same token, without a check of its characters: for strategies with a stricter check of their own.
    ///
    /// Such a strategy calls [`token`](Self::token) before it rejects, to tell a malformed request (400) from a bad token (401).
    ///
    /// # Errors
    /// As [`token`](Self::token).
    fn raw_token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        self.token(request)
    }

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

    fn raw_token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        let credentials = Credentials::of(request)?.filter(|credentials| credentials.is("Bearer"));
        Ok(credentials.map(|credentials| credentials.value().into()))
    }

    fn scheme(&self) -> Option<&str> {
        Some("Bearer")
    }
}

/// A token source from a closure, whose argument and result need no types.
///
/// `jwt.tokens_from(|request| ..)` does not compile, because Rust does not see there that the token borrows from the request.
///
/// ```
/// use tower_passport::{CookieValue, token_from};
///
/// let pathless = token_from(|request| Ok(request.uri.path().strip_prefix("/t/").map(Into::into)));
/// let sources = (CookieValue::new("token"), pathless);
/// ```
pub const fn token_from<F>(function: F) -> F
where
    F: for<'r> Fn(&'r Parts) -> Result<Option<Cow<'r, str>>, Malformed> + Send + Sync + 'static,
{
    function
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

    fn raw_token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        (**self).raw_token(request)
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

    fn raw_token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
        self.iter().try_fold(None, |found, source| only_one(found, source.raw_token(request)?))
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
            fn raw_token<'r>(&self, request: &'r Parts) -> Result<Option<Cow<'r, str>>, TokenError> {
                let ($($source,)+) = self;
                let found = None;
                $(let found = only_one(found, $source.raw_token(request)?)?;)+
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
