//! The trait to learn: a strategy authenticates a request and returns an outcome, never a response.

pub(crate) mod decide;

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;

use crate::scope::{self, has_all_scopes};
use crate::{Challenges, Error, HasScope, Redirect, Rejection};

/// One way to authenticate a request: a token, a password, a session, a certificate.
///
/// A strategy returns an [`Outcome`]; the extractor [`Auth`](crate::Auth) and the layer
/// [`Authenticate`](crate::Authenticate) turn it into a response. So one strategy serves a JSON API, an HTML site and
/// gRPC, and its tests need none of them.
///
/// # A strategy of your own
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
    note = "`Jwt`, `Local` and the other strategies of this crate need a verification: see `Verify`"
)]
pub trait Strategy: Send + Sync + 'static {
    /// The user of an accepted request. It is moved to the handler; no strategy and no `Auth` clones it.
    type User: Send + 'static;

    /// Authenticates a request. Write it as `async fn`.
    ///
    /// # Errors
    /// [`Error`] if the decision could not be made because something that it needs did not respond. Wrong credentials
    /// are [`Outcome::Reject`], not an error.
    fn authenticate(
        &self,
        request: &Parts,
    ) -> impl Future<Output = Result<Outcome<Self::User>, Error>> + Send;

    /// The authentication scheme of the credentials in a request, if they are visibly of this strategy's kind.
    ///
    /// A chain asks this about a token that an earlier strategy [did not recognize](Outcome::Unrecognized). A strategy that
    /// returns `None`, the default, is not asked to authenticate such a request. So [`Anonymous`](crate::Anonymous) never
    /// turns a request with a bad token into a guest's. [`require_scope`](Self::require_scope) names the scheme in its
    /// challenge.
    ///
    /// Write it for a strategy of your own that reads `Authorization: Bearer` behind another one. It must be cheap and need
    /// no look-up: the prefix of a token, for example.
    fn recognizes(&self, request: &Parts) -> Option<&str> {
        let _ = request;
        None
    }

    /// The name of this strategy in log events: the name of its type, `Jwt`. A chain has the names of all its strategies.
    fn name(&self) -> Cow<'static, str> {
        let name = std::any::type_name::<Self>();
        let name = name.split('<').next().unwrap_or(name);
        name.rsplit("::").next().unwrap_or(name).into()
    }

    /// The user of a request, or the rejection to respond with. Logs the rejection, as `Auth` and `Authenticate` do.
    ///
    /// For handlers that choose the strategy by the request, such as `/login/{provider}`. Where the strategy is fixed,
    /// use [`Auth`](crate::Auth) or [`Authenticate`](crate::Authenticate).
    ///
    /// ```
    /// # use std::collections::HashMap;
    /// # use tower_passport::{BoxStrategy, LoggedIn, Rejection, Strategy};
    /// type Providers<User> = HashMap<String, BoxStrategy<LoggedIn<User>>>;
    ///
    /// async fn log_in<User: Send + 'static>(
    ///     providers: &Providers<User>, provider: &str, head: &http::request::Parts,
    /// ) -> Result<LoggedIn<User>, Rejection> {
    ///     let strategy = providers.get(provider).ok_or(Rejection::invalid_request("No such provider."))?;
    ///     strategy.admit(head).await
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Rejection`] for every outcome other than [`Outcome::Accept`], and for an [`Error`].
    fn admit(&self, request: &Parts) -> impl Future<Output = Result<Self::User, Rejection>> + Send {
        decide::required(self, request)
    }

    /// This strategy and, if it [passes](Outcome::Pass), the other one.
    ///
    /// Credentials that are present and *wrong* end the chain: a forged token never becomes an anonymous request. If both
    /// pass, the client sees the challenges of both.
    ///
    /// Two strategies may read the same header: `jwt.or(api_key)`. A token that is visibly of another kind goes to the next
    /// strategy that [recognizes](Self::recognizes) it: a JSON Web Token has two dots, an API key has its prefix, and every
    /// token may be an opaque one (`Bearer`, which therefore is the last of them). A token that no strategy recognizes is 401
    /// `invalid_token`. The cookie of a session that has ended does not end the chain.
    fn or<O>(self, other: O) -> Or<Self, O>
    where
        Self: Sized,
        O: Strategy<User = Self::User>,
    {
        Or { first: self, second: other }
    }

    /// This strategy with its user converted, so that two kinds of user fit into one chain:
    /// `jwt.map(Caller::Person).or(api_key.map(Caller::Machine))`.
    fn map<U, F>(self, convert: F) -> Map<Self, F>
    where
        Self: Sized,
        F: Fn(Self::User) -> U + Send + Sync + 'static,
        U: Send + 'static,
    {
        Map { strategy: self, convert }
    }

    /// This strategy, with 403 for users without this scope: see [`HasScope`].
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
        RequireScope { strategy: self, scope: scope.into() }
    }

    /// This strategy behind a type that names only its user, for chains that are built at start-up.
    ///
    /// Costs one allocation for each request. A chain with its type written out costs none.
    fn boxed(self) -> BoxStrategy<Self::User>
    where
        Self: Sized,
    {
        BoxStrategy(Arc::new(self))
    }
}

/// The outcome of a strategy.
#[derive(Clone, Debug)]
pub enum Outcome<U> {
    /// The credentials are good and belong to this user.
    Accept(U),
    /// The credentials are present and not good.
    Reject(Rejection),
    /// The client must go elsewhere first, for example to the log-in page of an identity provider.
    Redirect(Redirect),
    /// The request has no credentials of *this strategy*. The challenges tell the client what to send.
    Pass(Challenges),
    /// The request has a token in the place that this strategy reads, and the token is visibly of another kind.
    ///
    /// A later strategy of the chain may [recognize](Strategy::recognizes) it. Otherwise the response is 401
    /// `invalid_token` with these challenges, also where guests are allowed.
    Unrecognized(Challenges),
}

/// Two strategies; the second one is asked only if the first one passes: see [`Strategy::or`].
#[derive(Clone, Debug)]
pub struct Or<A, B> {
    first: A,
    second: B,
}

impl<A: Strategy, B: Strategy<User = A::User>> Strategy for Or<A, B> {
    type User = A::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<A::User>, Error> {
        let mut first = self.first.authenticate(request).await;
        note_strategy(&mut first, &self.first);
        let first = first?;
        let is_next = match &first {
            Outcome::Pass(_) => true,
            Outcome::Reject(rejection) => rejection.allows_guest(),
            Outcome::Unrecognized(_) => self.second.recognizes(request).is_some(),
            Outcome::Accept(_) | Outcome::Redirect(_) => false,
        };
        if !is_next {
            return Ok(first);
        }
        let mut second = self.second.authenticate(request).await;
        note_strategy(&mut second, &self.second);
        Ok(match (first, second?) {
            (Outcome::Pass(first), Outcome::Pass(second)) => Outcome::Pass(first.and(second)),
            // A strategy that recognizes a token must not pass it.
            (Outcome::Unrecognized(first), Outcome::Pass(_)) => Outcome::Unrecognized(first),
            (Outcome::Reject(ended), Outcome::Pass(challenges)) => {
                Outcome::Reject(ended.and_challenges(challenges))
            }
            (Outcome::Reject(ended), Outcome::Reject(rejection)) => {
                Outcome::Reject(ended.cookies().iter().cloned().fold(rejection, Rejection::with_cookie))
            }
            (Outcome::Reject(ended), second) => {
                ended.leave_cookies(request);
                second
            }
            (_, second) => second,
        })
    }

    fn recognizes(&self, request: &Parts) -> Option<&str> {
        self.first.recognizes(request).or_else(|| self.second.recognizes(request))
    }

    fn name(&self) -> Cow<'static, str> {
        format!("{} or {}", self.first.name(), self.second.name()).into()
    }
}

/// Notes in a rejection or an error which strategy it comes from, for the log.
fn note_strategy<S: Strategy>(outcome: &mut Result<Outcome<S::User>, Error>, strategy: &S) {
    match outcome {
        Ok(Outcome::Reject(rejection)) => rejection.note_strategy(|| strategy.name()),
        Err(error) => error.note_strategy(|| strategy.name()),
        Ok(_) => {}
    }
}

/// A strategy with its user converted: see [`Strategy::map`].
#[derive(Clone, Debug)]
pub struct Map<S, F> {
    strategy: S,
    convert: F,
}

impl<S, F, U> Strategy for Map<S, F>
where
    S: Strategy,
    F: Fn(S::User) -> U + Send + Sync + 'static,
    U: Send + 'static,
{
    type User = U;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<U>, Error> {
        Ok(match self.strategy.authenticate(request).await? {
            Outcome::Accept(user) => Outcome::Accept((self.convert)(user)),
            Outcome::Reject(rejection) => Outcome::Reject(rejection),
            Outcome::Redirect(redirect) => Outcome::Redirect(redirect),
            Outcome::Pass(challenges) => Outcome::Pass(challenges),
            Outcome::Unrecognized(challenges) => Outcome::Unrecognized(challenges),
        })
    }

    fn recognizes(&self, request: &Parts) -> Option<&str> {
        self.strategy.recognizes(request)
    }

    fn name(&self) -> Cow<'static, str> {
        self.strategy.name()
    }
}

/// A strategy that also requires a scope: see [`Strategy::require_scope`].
#[derive(Clone, Debug)]
pub struct RequireScope<S> {
    strategy: S,
    scope: Box<str>,
}

impl<S: Strategy<User: HasScope>> Strategy for RequireScope<S> {
    type User = S::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<S::User>, Error> {
        Ok(match self.strategy.authenticate(request).await? {
            Outcome::Accept(user) if !has_all_scopes(&user, &self.scope) => {
                let scheme = self.strategy.recognizes(request).unwrap_or("Bearer");
                Outcome::Reject(scope::rejected(scheme, &self.scope))
            }
            outcome => outcome,
        })
    }

    fn recognizes(&self, request: &Parts) -> Option<&str> {
        self.strategy.recognizes(request)
    }

    fn name(&self) -> Cow<'static, str> {
        self.strategy.name()
    }
}

/// Any strategy with the user `U`: see [`Strategy::boxed`]. A clone shares the strategy.
///
/// ```
/// use tower_passport::{Anonymous, BoxStrategy, Strategy};
///
/// fn from_configuration(strategies: Vec<BoxStrategy<String>>) -> Option<BoxStrategy<String>> {
///     strategies.into_iter().reduce(|chain, next| chain.or(next).boxed())
/// }
///
/// let guest = || Anonymous::new(|| "guest".to_owned()).boxed();
/// assert!(from_configuration(vec![guest(), guest()]).is_some());
/// assert!(from_configuration(vec![]).is_none());
/// ```
pub struct BoxStrategy<U>(Arc<dyn DynStrategy<U>>);

impl<U: Send + 'static> Strategy for BoxStrategy<U> {
    type User = U;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<U>, Error> {
        self.0.authenticate(request).await
    }

    fn recognizes(&self, request: &Parts) -> Option<&str> {
        self.0.recognizes(request)
    }

    fn name(&self) -> Cow<'static, str> {
        self.0.name()
    }

    fn boxed(self) -> Self {
        self
    }
}

impl<U> Clone for BoxStrategy<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U> fmt::Debug for BoxStrategy<U> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BoxStrategy(..)")
    }
}

/// [`Strategy`] as a trait object: the future is boxed, because its type has no name.
trait DynStrategy<U>: Send + Sync + 'static {
    fn authenticate<'a>(&'a self, request: &'a Parts) -> BoxFuture<'a, Result<Outcome<U>, Error>>;
    fn recognizes(&self, request: &Parts) -> Option<&str>;
    fn name(&self) -> Cow<'static, str>;
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl<S: Strategy> DynStrategy<S::User> for S {
    fn authenticate<'a>(&'a self, request: &'a Parts) -> BoxFuture<'a, Result<Outcome<S::User>, Error>> {
        Box::pin(Strategy::authenticate(self, request))
    }

    fn recognizes(&self, request: &Parts) -> Option<&str> {
        Strategy::recognizes(self, request)
    }

    fn name(&self) -> Cow<'static, str> {
        Strategy::name(self)
    }
}

impl<S: Strategy> Strategy for Arc<S> {
    type User = S::User;

    fn authenticate(&self, request: &Parts) -> impl Future<Output = Result<Outcome<S::User>, Error>> + Send {
        S::authenticate(self, request)
    }

    fn recognizes(&self, request: &Parts) -> Option<&str> {
        S::recognizes(self, request)
    }

    fn name(&self) -> Cow<'static, str> {
        S::name(self)
    }
}
