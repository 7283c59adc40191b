//! Cookie sessions: log in once, and be known by a cookie afterwards.

mod cookie;
mod sessions;
mod store;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;

use std::borrow::Cow;
use std::fmt;

use http::request::Parts;

pub use self::cookie::{InvalidCookieName, SameSite, SetCookie};
pub use self::sessions::Sessions;
use self::sessions::UNKNOWN_SESSION;
pub use self::store::{MemoryStore, SessionKey, SessionRecord, SessionStore};
#[cfg(feature = "tower-sessions")]
pub use self::tower_sessions::TowerSessions;
use crate::cross_origin::cross_origin;
use crate::respond::navigation::Navigation;
use crate::{Challenge, Challenges, Error, Outcome, Rejection, Strategy};

/// Whoever has logged in, by the cookie of his session.
///
/// [`Sessions`] begin and end sessions; this strategy recognizes them. The application gives a function of the user's id
/// or a [`LoadUser`] type, and its user says by [`SessionUser`] what a session must remember.
///
/// ```
/// use std::borrow::Cow;
///
/// use tower_passport::{Authenticate, MemoryStore, Session, SessionUser, Sessions};
///
/// #[derive(Clone)]
/// struct User {
///     id: String,
///     password_hash: String,
/// }
///
/// impl SessionUser for User {
///     fn id(&self) -> Cow<'_, str> {
///         Cow::Borrowed(&self.id)
///     }
///
///     fn session_auth_hash(&self) -> Cow<'_, [u8]> {
///         Cow::Borrowed(self.password_hash.as_bytes())
///     }
/// }
/// # #[derive(Clone)] struct Users;
/// # impl Users { async fn find(&self, id: String) -> Result<Option<User>, std::io::Error> { Ok(None) } }
/// # fn example(users: Users) {
/// let sessions = Sessions::new(MemoryStore::new());
/// let guard = Session::new(sessions.clone(), move |id: String| {
///     let users = users.clone();
///     async move { users.find(id).await }
/// });
/// Authenticate::new(guard); // and `sessions` for the handlers that log in and out
/// # }
/// ```
///
/// | the request has | outcome |
/// | --- | --- |
/// | no such cookie, or an empty one | pass, `WWW-Authenticate: Cookie` |
/// | two such cookies | 400 `invalid_request` |
/// | a cookie of a session that has ended | 401 `invalid_token`, and the cookie is taken back |
/// | a cookie of no session | the same; the cookie is taken back only from whoever looks at pages, as it may just have been replaced |
/// | a good cookie, but another site sent the request and it is no `GET` | 403 `access_denied` |
/// | a good cookie, and the user is gone or has another `session_auth_hash` | 401 `invalid_token`, and the session ends |
/// | a good cookie, and the store or the function said `Err` | 503 |
///
/// # When a session ends
///
/// At [`log_out`](Sessions::log_out); when nobody used it for the [idle](Sessions::idle_limit) time; when it is as old as
/// the [absolute](Sessions::absolute_limit) limit; when the user is gone; and when his
/// [`session_auth_hash`](SessionUser::session_auth_hash) changes, which ends *all* his sessions at their next request,
/// without a list of them.
///
/// # Requests that other sites cause
///
/// A browser sends cookies wherever a request came from. `SameSite=Lax` keeps them from `POST` requests of other sites,
/// but not of sibling subdomains, and not in old browsers. Therefore this strategy also refuses requests that may change
/// something (all but `GET`, `HEAD`, `OPTIONS`, `TRACE`) if `Sec-Fetch-Site` or `Origin` says that another origin sent
/// them; name origins that may with [`trust_origin`](Sessions::trust_origin). A `GET` must therefore change nothing. The
/// route of the log-in, where there is no session yet, needs the same as a layer:
/// [`CrossOriginProtection`](crate::CrossOriginProtection).
///
/// Source: OWASP ASVS 5.0, V7 (sessions) and V3.5 (origin separation); RFC 6265bis, sections 4.1.3 and 5.5.
pub struct Session<S, V> {
    sessions: Sessions<S>,
    load: V,
    challenges: Challenges,
}

impl<S: SessionStore, V: LoadUser> Session<S, V> {
    /// The strategy for these sessions, with this way from a user's id to the user.
    pub fn new(sessions: Sessions<S>, load: V) -> Self {
        Self { sessions, load, challenges: const { Challenge::from_static("Cookie") }.into() }
    }
}

impl<S, V> Session<S, V> {
    /// The challenges of 401 answers, instead of `Cookie`, which no client knows and each ignores.
    #[must_use]
    pub fn challenges(self, challenges: impl Into<Challenges>) -> Self {
        Self { challenges: challenges.into(), ..self }
    }
}

impl<S: SessionStore, V: LoadUser> Strategy for Session<S, V> {
    type User = V::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<V::User>, Error> {
        let key = match self.sessions.key_in(&request.headers) {
            Ok(Some(key)) => key,
            Ok(None) => return Ok(Outcome::Pass(self.challenges.clone())),
            Err(malformed) => return Ok(Outcome::Reject(malformed.into())),
        };
        if !self.sessions.is_from_us(request) {
            return Ok(Outcome::Reject(cross_origin()));
        }
        let record = match self.sessions.use_session(&key).await? {
            Ok(record) => record,
            Err(cause) => return Ok(self.ended(cause, request)),
        };
        let user = self.load.load(record.user.clone()).await.map_err(Error::new)?;
        let cause = match user {
            Some(user) if record.is_of(&user) => return Ok(Outcome::Accept(user)),
            Some(_) => "session_auth_hash_changed",
            None => "unknown_user",
        };
        self.sessions.remove(&key).await?;
        Ok(self.ended(cause, request))
    }
}

impl<S, V> Session<S, V> {
    fn ended<U>(&self, cause: &'static str, request: &Parts) -> Outcome<U> {
        let rejection = Rejection::session_ended(self.challenges.clone()).because(cause);
        // Its token may have been replaced a moment ago (`log_in`, `renew`), while a page's scripts still had requests under
        // way with the old one. Were the cookie taken back by their answers, it would be the new one that goes.
        if cause == UNKNOWN_SESSION && Navigation::of(request).is_none() {
            return Outcome::Reject(rejection);
        }
        Outcome::Reject(rejection.with_cookie(self.sessions.no_cookie().into()))
    }
}

/// What a session must know of a user.
pub trait SessionUser {
    /// The id by which [`LoadUser`] finds him again.
    fn id(&self) -> Cow<'_, str>;

    /// Whatever ends all his sessions when it changes: the hash of his password, or a number that is counted up. The
    /// session keeps a digest of it.
    fn session_auth_hash(&self) -> Cow<'_, [u8]>;
}

/// Finds the user of a session. A function of his id is one.
pub trait LoadUser: Send + Sync + 'static {
    /// Whom it finds.
    type User: SessionUser + Send + 'static;
    /// Why it cannot be found out now; any error, also [`tower_passport::Error`](crate::Error) with a `Retry-After`.
    type Error: Into<Box<dyn std::error::Error + Send + Sync>>;

    /// Finds the user with this id. Write it as `async fn`.
    ///
    /// # Errors
    /// If it could not decide: the answer is 503. Somebody who is deleted or locked is no error but `Ok(None)`, and the
    /// session ends.
    fn load(&self, id: String) -> impl Future<Output = Result<Option<Self::User>, Self::Error>> + Send;
}

impl<F, Answer, U, E> LoadUser for F
where
    F: Fn(String) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Option<U>, E>> + Send,
    U: SessionUser + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type User = U;
    type Error = E;

    fn load(&self, id: String) -> impl Future<Output = Result<Option<U>, E>> + Send {
        self(id)
    }
}

/// The function that loads users stays out of it.
impl<S, V> fmt::Debug for Session<S, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Session").field("sessions", &self.sessions).finish_non_exhaustive()
    }
}
