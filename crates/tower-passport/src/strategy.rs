//! The one trait to learn: a strategy looks at a request and concludes; it never answers.

mod boxed;
mod map;
mod or;

use std::sync::Arc;

use http::request::Parts;

pub use self::boxed::BoxStrategy;
pub use self::map::Map;
pub use self::or::Or;
use crate::refusal::{admit, known};
use crate::{Challenges, Error, HasScope, Redirect, Refusal, Rejection, RequireScope};

/// One way to find out who sent a request: a token, a password, a session, a certificate.
///
/// A strategy *concludes*; the doors ([`Auth`](crate::Auth), [`Authenticate`](crate::Authenticate)) answer. So one
/// strategy serves a JSON API, an HTML site and gRPC, and is tested without any of them.
///
/// # Your own
///
/// ```
/// use http::request::Parts;
/// use tower_passport::{Challenge, Error, Outcome, Rejection, Strategy};
///
/// struct ApiKey;
///
/// const CHALLENGE: &str = "ApiKey";
///
/// impl Strategy for ApiKey {
///     type User = String;
///
///     async fn authenticate(&self, request: &Parts) -> Result<Outcome<String>, Error> {
///         Ok(match request.headers.get("x-api-key").map(|key| key.as_bytes()) {
///             None => Outcome::Pass(Challenge::from_static(CHALLENGE).into()),
///             Some(b"open sesame") => Outcome::Accept("Ali Baba".into()),
///             Some(_) => Outcome::Reject(Rejection::invalid_token(Challenge::from_static(CHALLENGE))),
///         })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a complete authentication strategy",
    note = "`Jwt` and `Local` are strategies only with a verification: see `VerifyClaims` and `VerifyPassword`"
)]
pub trait Strategy: Send + Sync + 'static {
    /// Whoever was recognized. It is moved to the handler, never cloned by a strategy or by `Auth`.
    type User: Send + 'static;

    /// Looks at a request and concludes. Write it as `async fn`.
    ///
    /// # Errors
    /// [`Error`] if there is no conclusion, because something that is needed for it did not answer. Wrong credentials
    /// are no error but [`Outcome::Reject`].
    fn authenticate(
        &self,
        request: &Parts,
    ) -> impl Future<Output = Result<Outcome<Self::User>, Error>> + Send;

    /// A door of your own: the user, or the answer to give instead, with a line in the log, as the other doors write one.
    ///
    /// For handlers that choose their strategy by the request, such as `/login/{provider}`. Those that know it when the
    /// program is written have [`Auth`](crate::Auth) and [`Authenticate`](crate::Authenticate).
    ///
    /// ```
    /// # use std::collections::HashMap;
    /// # use tower_passport::{BoxStrategy, Refusal, Rejection, SignedIn, Strategy};
    /// type Providers<User> = HashMap<String, BoxStrategy<SignedIn<User>>>;
    ///
    /// async fn log_in<User: Send + 'static>(
    ///     providers: &Providers<User>, provider: &str, head: &http::request::Parts,
    /// ) -> Result<SignedIn<User>, Refusal> {
    ///     let strategy = providers.get(provider).ok_or(Rejection::invalid_request("No such provider."))?;
    ///     strategy.admit(head).await
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Refusal`] for every other conclusion than [`Outcome::Accept`], and if there is none.
    fn admit(&self, request: &Parts) -> impl Future<Output = Result<Self::User, Refusal>> + Send {
        async move { known(admit(self.authenticate(request).await)) }
    }

    /// This strategy and, where it [passes](Outcome::Pass), the other.
    ///
    /// Credentials that are here and *wrong* end the chain: a forged token never becomes an anonymous visit. If all
    /// pass, the client sees the challenges of all.
    fn or<O>(self, other: O) -> Or<Self, O>
    where
        Self: Sized,
        O: Strategy<User = Self::User>,
    {
        Or::new(self, other)
    }

    /// This strategy with its user made into another type, so that two kinds of user fit in one chain:
    /// `jwt.map(Caller::Person).or(api_key.map(Caller::Machine))`.
    fn map<U, F>(self, convert: F) -> Map<Self, F>
    where
        Self: Sized,
        F: Fn(Self::User) -> U + Send + Sync + 'static,
        U: Send + 'static,
    {
        Map::new(self, convert)
    }

    /// This strategy, and 403 for users whose credentials do not allow this: see [`HasScope`].
    ///
    /// ```
    /// # use tower_passport::{Authenticate, BoxStrategy, HasScope, Strategy};
    /// # fn example<U: HasScope + Clone + Send + Sync + 'static>(guard: BoxStrategy<U>) {
    /// Authenticate::new(guard.require_scope("recipes:write"));
    /// # }
    /// ```
    fn require_scope(self, scope: &str) -> RequireScope<Self>
    where
        Self: Sized,
        Self::User: HasScope,
    {
        RequireScope::new(self, scope)
    }

    /// This strategy behind a type that names only its user, for chains that are put together when the program
    /// starts. Costs one allocation a request; a chain written in the program needs none.
    fn boxed(self) -> BoxStrategy<Self::User>
    where
        Self: Sized,
    {
        BoxStrategy::new(self)
    }
}

/// What a strategy concluded.
#[derive(Clone, Debug)]
pub enum Outcome<U> {
    /// The credentials are good, and this is who sent them.
    Accept(U),
    /// The credentials are here and do not let their sender in.
    Reject(Rejection),
    /// The way goes elsewhere first, for example to the log-in page of an identity provider.
    Redirect(Redirect),
    /// None of *this strategy's* credentials are here. The challenges tell the client what to send.
    Pass(Challenges),
}

impl<S: Strategy> Strategy for Arc<S> {
    type User = S::User;

    fn authenticate(&self, request: &Parts) -> impl Future<Output = Result<Outcome<S::User>, Error>> + Send {
        S::authenticate(self, request)
    }
}
