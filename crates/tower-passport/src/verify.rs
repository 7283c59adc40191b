//! The verification: how the application decides about credentials that a strategy has read.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::Extensions;
use http::request::Parts;

use crate::{Challenges, Error, Outcome, Rejection};

/// Decides whether credentials are good and which user they belong to.
///
/// Every strategy takes one. The credentials are the strategy's:
///
/// | strategy | `C` |
/// | --- | --- |
/// | `Jwt` | the claims, a type of the application |
/// | `Bearer` | `BearerToken` |
/// | `ApiKey` | `TokenDigest` |
/// | `Local`, `Basic` | `LocalCredentials` |
/// | `Session` | `SessionRecord` |
/// | `OAuth2`, `Oidc` | `Login` |
///
/// A function `|credentials: C| async { Ok(Some(user)) }` is a verification. `Ok(None)` denies the request, `Err` means
/// that the decision could not be made. [`with_state`] is for functions that need a store, [`with_request`] for those that
/// also need the request. A panic is a 500, which is logged.
///
/// A type of the application's own has a name, so the strategy's type can be written out. It sees the head of the request
/// and can say why it denies:
///
/// ```
/// use http::request::Parts;
/// use serde::Deserialize;
/// use tower_passport::{Denial, Error, Verification, Verify};
///
/// #[derive(Deserialize)]
/// struct Claims {
///     sub: u64,
/// }
///
/// struct FindUser {
///     users: Users,
/// }
///
/// impl Verify<Claims> for FindUser {
///     type User = User;
///
///     async fn verify(&self, claims: Claims, request: &Parts) -> Result<Verification<User>, Error> {
///         let Some(user) = self.users.find(claims.sub).await.map_err(Error::new)? else {
///             return Ok(Denial::new("user_deleted").into());
///         };
///         if user.is_blocked && request.method != http::Method::GET {
///             return Ok(Denial::forbidden("user_blocked").into());
///         }
///         Ok(Verification::Accept(user))
///     }
/// }
/// # struct User { is_blocked: bool }
/// # struct Users;
/// # impl Users { async fn find(&self, id: u64) -> Result<Option<User>, std::io::Error> { Ok(None) } }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot verify `{C}`",
    label = "expected `|credentials: {C}| async {{ Ok(Some(user)) }}` or a type that implements `Verify<{C}>`",
    note = "the argument of a closure needs its type: `|claims: Claims|`",
    note = "the future of a function must be `Send` and give `Result<Option<User>, E>` or `Result<Verification<User>, E>`, where `E` is an error"
)]
pub trait Verify<C>: Send + Sync + 'static {
    /// The user that is handed to the application.
    type User: Send + 'static;

    /// Finds the user. Write it as `async fn`.
    ///
    /// Do the same work whether the user exists or not: with a password, verify it against a made-up hash. Otherwise
    /// the response time tells which users exist.
    ///
    /// # Errors
    /// [`Error`] if the decision could not be made, for example because the database is down. The response is 503.
    /// Wrong credentials are a [`Denial`], not an error.
    fn verify(
        &self,
        credentials: C,
        request: &Parts,
    ) -> impl Future<Output = Result<Verification<Self::User>, Error>> + Send;
}

/// The decision of a [verification](Verify). `Some(user)` converts into `Accept`, `None` and a [`Denial`] into `Deny`.
#[derive(Clone, Debug)]
pub enum Verification<U> {
    /// The credentials are good and belong to this user.
    Accept(U),
    /// The credentials are not good, or their user may not do this.
    Deny(Denial),
}

impl<U> Verification<U> {
    /// The outcome of a strategy with this decision, for strategies of the application's own.
    ///
    /// `rejection` is the response of the strategy to wrong credentials. The denial changes what it names.
    ///
    /// ```
    /// use tower_passport::{Challenge, Denial, Outcome, Rejection, Verification};
    ///
    /// let denied: Verification<u64> = Denial::new("key_revoked").into();
    /// let outcome = denied.into_outcome(|| Rejection::invalid_token(Challenge::from_static("ApiKey")));
    /// assert!(matches!(outcome, Outcome::Reject(rejection) if rejection.cause() == "key_revoked"));
    /// ```
    pub fn into_outcome(self, rejection: impl FnOnce() -> Rejection) -> Outcome<U> {
        match self {
            Self::Accept(user) => Outcome::Accept(user),
            Self::Deny(denial) => Outcome::Reject(denial.apply_to(rejection())),
        }
    }
}

impl<U> From<Option<U>> for Verification<U> {
    fn from(user: Option<U>) -> Self {
        user.map_or_else(|| Self::Deny(Denial::default()), Self::Accept)
    }
}

impl<U> From<Denial> for Verification<U> {
    fn from(denial: Denial) -> Self {
        Self::Deny(denial)
    }
}

/// Why a [verification](Verify) denies a request, and how the response differs from the strategy's usual one.
///
/// The client sees the strategy's usual response to wrong credentials unless the denial says otherwise. The cause is
/// logged and never sent.
///
/// ```
/// use std::time::Duration;
/// use tower_passport::Denial;
///
/// Denial::new("password_wrong");
/// Denial::forbidden("email_unverified").with_description("Confirm your e-mail address first.");
/// Denial::too_many_requests("log_in_limit", Duration::from_secs(30));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Denial {
    status: DenialStatus,
    cause: Option<&'static str>,
    description: Option<Cow<'static, str>>,
    /// Boxed, because the inline list is large.
    challenges: Option<Box<Challenges>>,
    extensions: Extensions,
}

#[derive(Clone, Copy, Debug, Default)]
enum DenialStatus {
    #[default]
    OfStrategy,
    Forbidden,
    TooManyRequests(Duration),
}

impl Denial {
    /// The credentials are not good. The response is the strategy's: 401, or 403 for `OAuth2` and `Oidc`.
    ///
    /// `cause` is a word for the log, such as `"user_deleted"`.
    pub fn new(cause: &'static str) -> Self {
        Self { cause: Some(cause), ..Self::default() }
    }

    /// The credentials are good, but their user may not do this: 403, without a challenge.
    pub fn forbidden(cause: &'static str) -> Self {
        Self { status: DenialStatus::Forbidden, ..Self::new(cause) }
    }

    /// The client has tried too often: 429 with `Retry-After`, without a challenge (RFC 6585, section 4).
    pub fn too_many_requests(cause: &'static str, retry_after: Duration) -> Self {
        Self { status: DenialStatus::TooManyRequests(retry_after), ..Self::new(cause) }
    }

    /// Sends this sentence to the client instead of the usual one.
    #[must_use]
    pub fn with_description(self, description: impl Into<Cow<'static, str>>) -> Self {
        Self { description: Some(description.into()), ..self }
    }

    /// Sends these challenges (`WWW-Authenticate`) instead of the usual ones.
    #[must_use]
    pub fn with_challenges(self, challenges: impl Into<Challenges>) -> Self {
        Self { challenges: Some(Box::new(challenges.into())), ..self }
    }

    /// Attaches a value of the application, which [`Rejection::extension`] finds again by its type.
    ///
    /// ```
    /// use tower_passport::{Challenge, Denial, Outcome, Rejection, Verification};
    ///
    /// #[derive(Clone, Debug, PartialEq)]
    /// struct AttemptsLeft(u8);
    ///
    /// let denied: Verification<u64> = Denial::new("password_wrong").with_extension(AttemptsLeft(2)).into();
    /// let outcome = denied.into_outcome(|| Rejection::wrong_credentials(Challenge::from_static("Form")));
    /// let Outcome::Reject(rejection) = outcome else { panic!("denied") };
    /// assert_eq!(rejection.extension(), Some(&AttemptsLeft(2)));
    /// ```
    #[must_use]
    pub fn with_extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.extensions.insert(value);
        self
    }

    /// Whether the credentials are denied as such, and not only this request with them.
    #[cfg(feature = "session")]
    pub(crate) const fn is_about_credentials(&self) -> bool {
        matches!(self.status, DenialStatus::OfStrategy)
    }

    pub(crate) fn apply_to(self, rejection: Rejection) -> Rejection {
        let mut rejection = match self.status {
            DenialStatus::OfStrategy => rejection,
            DenialStatus::Forbidden => {
                rejection.into_access_denied("These credentials do not allow this request.")
            }
            DenialStatus::TooManyRequests(retry_after) => rejection.into_too_many_requests(retry_after),
        };
        if let Some(cause) = self.cause {
            rejection = rejection.with_cause(cause);
        }
        if let Some(description) = self.description {
            rejection = rejection.with_description(description);
        }
        if let Some(challenges) = self.challenges {
            rejection = rejection.with_challenges(*challenges);
        }
        if self.extensions.is_empty() { rejection } else { rejection.with_extensions(self.extensions) }
    }
}

impl<C, F, Answer, V, E> Verify<C> for F
where
    F: Fn(C) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<V, E>> + Send,
    V: IntoVerification,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    type User = V::User;

    fn verify(
        &self,
        credentials: C,
        _request: &Parts,
    ) -> impl Future<Output = Result<Verification<V::User>, Error>> + Send {
        verification(self(credentials))
    }
}

async fn verification<V, E>(
    answer: impl Future<Output = Result<V, E>> + Send,
) -> Result<Verification<V::User>, Error>
where
    V: IntoVerification,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    answer.await.map(V::into_verification).map_err(Error::new)
}

/// A verification from a function that also takes a state, for example a store. Each call gets a clone of the state.
///
/// An `async` closure cannot own the store itself: its future would borrow from the closure.
///
/// ```
/// use serde::Deserialize;
/// use strict_jose::{Key, Rules};
/// use tower_passport::{Jwt, with_state};
///
/// #[derive(Deserialize)]
/// struct Claims {
///     sub: u64,
/// }
/// # #[derive(Clone)] struct Users;
/// # impl Users { async fn find(&self, id: u64) -> Result<Option<String>, std::io::Error> { Ok(None) } }
///
/// # fn example(key: Key, rules: Rules, users: Users) {
/// let find = async |users: Users, claims: Claims| users.find(claims.sub).await;
/// let guard = Jwt::new(key, rules, with_state(users, find));
/// # let _ = guard;
/// # }
/// ```
pub const fn with_state<T, F>(state: T, function: F) -> WithState<T, F> {
    WithState { state, function }
}

/// The verification of [`with_state`].
#[derive(Clone)]
pub struct WithState<T, F> {
    state: T,
    function: F,
}

impl<C, T, F, Answer, V, E> Verify<C> for WithState<T, F>
where
    T: Clone + Send + Sync + 'static,
    F: Fn(T, C) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<V, E>> + Send,
    V: IntoVerification,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    type User = V::User;

    fn verify(
        &self,
        credentials: C,
        _request: &Parts,
    ) -> impl Future<Output = Result<Verification<V::User>, Error>> + Send {
        verification((self.function)(self.state.clone(), credentials))
    }
}

impl<T, F> fmt::Debug for WithState<T, F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WithState(..)")
    }
}

/// A verification from a function that also takes the head of the request.
///
/// The future cannot borrow the request: take what it needs before `async`.
///
/// ```
/// use http::request::Parts;
/// use tower_passport::{Bearer, BearerToken, with_request};
///
/// # async fn find(token: BearerToken, device: Option<http::HeaderValue>) -> Result<Option<String>, std::io::Error> { Ok(None) }
/// let guard = Bearer::new(with_request(|token: BearerToken, request: &Parts| {
///     let device = request.headers.get("x-device").cloned();
///     async move { find(token, device).await }
/// }));
/// # let _ = guard;
/// ```
pub const fn with_request<F>(function: F) -> WithRequest<F> {
    WithRequest(function)
}

/// The verification of [`with_request`].
#[derive(Clone)]
pub struct WithRequest<F>(F);

impl<C, F, Answer, V, E> Verify<C> for WithRequest<F>
where
    F: Fn(C, &Parts) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<V, E>> + Send,
    V: IntoVerification,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    type User = V::User;

    fn verify(
        &self,
        credentials: C,
        request: &Parts,
    ) -> impl Future<Output = Result<Verification<V::User>, Error>> + Send {
        verification((self.0)(credentials, request))
    }
}

impl<F> fmt::Debug for WithRequest<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WithRequest(..)")
    }
}

/// What a verification function may return: `Option<User>` or [`Verification<User>`](Verification).
#[diagnostic::on_unimplemented(
    message = "a verification cannot return `{Self}`",
    note = "return `Ok(Some(user))`, `Ok(None)`, or `Ok(Verification::Deny(denial))`"
)]
pub trait IntoVerification {
    /// The user.
    type User: Send + 'static;

    /// The decision.
    fn into_verification(self) -> Verification<Self::User>;
}

impl<U: Send + 'static> IntoVerification for Option<U> {
    type User = U;

    fn into_verification(self) -> Verification<U> {
        self.into()
    }
}

impl<U: Send + 'static> IntoVerification for Verification<U> {
    type User = U;

    fn into_verification(self) -> Self {
        self
    }
}
