use std::fmt;

use http::HeaderValue;

use super::{Profile, Tokens};
use crate::LocalPath;
use crate::Redirect;

/// A log-in at a provider, before the application has [verified](crate::Verify) it: the profile and the tokens.
///
/// Look up the user by [`Profile::provider`] (or issuer) and [`Profile::subject`], never by the e-mail address alone: the
/// address may belong to another person tomorrow, and some providers let users enter any address.
///
/// ```
/// use http::request::Parts;
/// use tower_passport::{Error, Login, Verification, Verify};
///
/// struct FindOrCreate {
///     users: Users,
/// }
///
/// impl Verify<Login> for FindOrCreate {
///     type User = u64;
///
///     async fn verify(&self, login: Login, _request: &Parts) -> Result<Verification<u64>, Error> {
///         let found = self.users.find_or_create(&login.profile.provider, &login.profile.subject).await;
///         found.map(Into::into).map_err(Error::new)
///     }
/// }
/// # struct Users;
/// # impl Users {
/// #     async fn find_or_create(&self, _: &str, _: &str) -> Result<Option<u64>, std::io::Error> { Ok(None) }
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Login {
    /// What the provider says about the user.
    pub profile: Profile,
    /// The tokens that the provider issued.
    pub tokens: Tokens,
}

/// A successful log-in: the user, and the path to return to.
///
/// A strategy never responds, so the handler of the callback does: it begins a session and [redirects](Self::redirect) the user.
///
/// ```
/// # #[cfg(feature = "axum")]
/// # mod example {
/// use axum::response::{IntoResponse, Response};
/// use tower_passport::{Auth, Login, OAuth2, Verify};
///
/// async fn callback<V: Verify<Login, User = u64>>(Auth(logged_in): Auth<OAuth2<V>>) -> Response {
///     let session = format!("session-of-{}", logged_in.user);
///     ([("set-cookie", session)], logged_in.redirect()).into_response()
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct LoggedIn<U> {
    /// The user that the verification accepted.
    pub user: U,
    /// The `return_to` of the request that began the log-in, or `/`.
    pub return_to: LocalPath,
    pub(super) end_of_flow: HeaderValue,
}

impl<U> LoggedIn<U> {
    /// The redirect to the path where the user wanted to go. It also removes the cookie of the log-in.
    pub fn redirect(&self) -> Redirect {
        Redirect::local(&self.return_to).with_cookie(self.end_of_flow.clone())
    }

    /// The `Set-Cookie` value that removes the cookie of the log-in, for a response other than [`redirect`](Self::redirect).
    /// Without it the cookie stays until it expires.
    pub const fn end_of_flow(&self) -> &HeaderValue {
        &self.end_of_flow
    }

    /// The same log-in with the user converted.
    pub fn map<V>(self, convert: impl FnOnce(U) -> V) -> LoggedIn<V> {
        let Self { user, return_to, end_of_flow } = self;
        LoggedIn { user: convert(user), return_to, end_of_flow }
    }
}

impl<U: fmt::Debug> fmt::Debug for LoggedIn<U> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LoggedIn")
            .field("user", &self.user)
            .field("return_to", &self.return_to)
            .finish_non_exhaustive()
    }
}
