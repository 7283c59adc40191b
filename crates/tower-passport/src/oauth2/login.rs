use std::fmt;

use http::HeaderValue;

use super::{Profile, Tokens};
use crate::LocalPath;
use crate::Redirect;

/// What a provider said about somebody who logged in with it: who it is, and the tokens to act for him there.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Login {
    /// Who it is.
    pub profile: Profile,
    /// What the provider gave out.
    pub tokens: Tokens,
}

/// Decides which user of this program somebody is who logged in elsewhere. A function of [`Login`] is one.
///
/// Find the user by [`Profile::provider`] (or issuer) and [`Profile::subject`], never by the e-mail address alone: that
/// may belong to somebody else tomorrow, and at some providers anybody can write any address into his account.
///
/// ```
/// use tower_passport::{Login, VerifyLogin};
///
/// struct FindOrCreate {
///     users: Users,
/// }
///
/// impl VerifyLogin for FindOrCreate {
///     type User = u64;
///     type Error = std::io::Error;
///
///     async fn verify(&self, login: Login) -> Result<Option<u64>, std::io::Error> {
///         self.users.find_or_create(&login.profile.provider, &login.profile.subject).await
///     }
/// }
/// # struct Users;
/// # impl Users {
/// #     async fn find_or_create(&self, _: &str, _: &str) -> Result<Option<u64>, std::io::Error> { Ok(None) }
/// # }
/// ```
pub trait VerifyLogin: Send + Sync + 'static {
    /// Who it turns out to be.
    type User: Send + 'static;
    /// Why it cannot be found out now; any error, also [`tower_passport::Error`](crate::Error) with a `Retry-After`.
    type Error: Into<Box<dyn std::error::Error + Send + Sync>>;

    /// Finds the user, or makes one. Write it as `async fn`.
    ///
    /// # Errors
    /// If it could not decide: the answer is 503. Somebody who may not log in here is no error but `Ok(None)`, and the
    /// answer 403.
    fn verify(&self, login: Login) -> impl Future<Output = Result<Option<Self::User>, Self::Error>> + Send;
}

impl<F, Answer, U, E> VerifyLogin for F
where
    F: Fn(Login) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Option<U>, E>> + Send,
    U: Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type User = U;
    type Error = E;

    fn verify(&self, login: Login) -> impl Future<Output = Result<Option<U>, E>> + Send {
        self(login)
    }
}

/// The end of a log-in that went well: the user, and where he was going.
///
/// A strategy never answers, so the handler of the callback does: it begins a session for the user, and
/// [redirects](Self::redirect) him.
///
/// ```
/// # #[cfg(feature = "axum")]
/// # mod example {
/// use axum::response::{IntoResponse, Response};
/// use tower_passport::{Auth, OAuth2, VerifyLogin};
/// # struct FindUser;
/// # impl VerifyLogin for FindUser {
/// #     type User = u64;
/// #     type Error = std::convert::Infallible;
/// #     async fn verify(&self, _: tower_passport::Login) -> Result<Option<u64>, Self::Error> { Ok(None) }
/// # }
///
/// async fn callback(Auth(signed_in): Auth<OAuth2<FindUser>>) -> Response {
///     let session = format!("session-of-{}", signed_in.user);
///     ([("set-cookie", session)], signed_in.redirect()).into_response()
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct SignedIn<U> {
    /// Who it is, as the verification said.
    pub user: U,
    /// Where he was going when the log-in began, or `/`.
    pub return_to: LocalPath,
    pub(super) end_of_flow: HeaderValue,
}

impl<U> SignedIn<U> {
    /// The way back to where the user was going. It also ends the cookie of the log-in.
    pub fn redirect(&self) -> Redirect {
        Redirect::local(&self.return_to).with_cookie(self.end_of_flow.clone())
    }

    /// The `Set-Cookie` value that ends the cookie of the log-in, for an answer other than [`redirect`](Self::redirect).
    /// Without it the cookie stays until it expires.
    pub const fn end_of_flow(&self) -> &HeaderValue {
        &self.end_of_flow
    }

    /// The same with another user, say after a look into the store.
    pub fn map<V>(self, convert: impl FnOnce(U) -> V) -> SignedIn<V> {
        let Self { user, return_to, end_of_flow } = self;
        SignedIn { user: convert(user), return_to, end_of_flow }
    }
}

impl<U: fmt::Debug> fmt::Debug for SignedIn<U> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SignedIn")
            .field("user", &self.user)
            .field("return_to", &self.return_to)
            .finish_non_exhaustive()
    }
}
