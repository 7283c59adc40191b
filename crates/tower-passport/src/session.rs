//! Cookie sessions.

mod cookie;
mod sessions;
mod store;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;
mod user;

use std::fmt;

use http::request::Parts;

pub use self::cookie::{InvalidCookieName, SameSite, SetCookie};
pub use self::sessions::Sessions;
use self::sessions::{SessionLookup, UNKNOWN_SESSION};
use self::store::auth_digest;
pub use self::store::{MemoryStore, SessionKey, SessionRecord, SessionStore};
#[cfg(feature = "tower-sessions")]
pub use self::tower_sessions::TowerSessions;
pub use self::user::SessionUser;
use crate::cross_origin::cross_origin;
use crate::respond::navigation::{Navigation, is_from_script};
use crate::{Challenge, Challenges, Denial, Error, Outcome, Rejection, Strategy, Verification, Verify};

/// Authenticates by the cookie of a session.
///
/// [`Sessions`] begin and end sessions; this strategy authenticates requests by them. The [verification](Verify) takes the
/// [`SessionRecord`] and finds its user. The user implements [`SessionUser`], which tells what a session must remember.
///
/// ```
/// use std::borrow::Cow;
///
/// use tower_passport::{Authenticate, MemoryStore, Session, SessionRecord, SessionUser, Sessions};
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
/// let guard = Session::new(sessions.clone(), move |session: SessionRecord| {
///     let users = users.clone();
///     async move { users.find(session.user).await }
/// });
/// Authenticate::new(guard); // and `sessions` for the handlers that log in and out
/// # }
/// ```
///
/// | the request has | outcome |
/// | --- | --- |
/// | no such cookie, or an empty one | pass, `WWW-Authenticate: Cookie` |
/// | two such cookies | 400 `invalid_request` |
/// | the cookie of a session that has ended | a guest where guests are allowed, otherwise 401 `invalid_token`; the cookie is removed |
/// | the cookie of an unknown session | the same, but the response to a script does not remove the cookie, which may just have been replaced |
/// | a good cookie, but another site sent the request, and its method is not a safe one | 403 `access_denied` |
/// | a good cookie, and the verification denies, or the `session_auth_hash` has changed | 401 `invalid_token`, and the session ends |
/// | a good cookie, and the verification denies with 403 or 429 | that status, and the session continues |
/// | a good cookie, and the store or the verification fails | 503 |
///
/// # When a session ends
///
/// - at [`log_out`](Sessions::log_out);
/// - when it was not used for the [idle limit](Sessions::idle_limit);
/// - at the [absolute limit](Sessions::absolute_limit) after the log-in;
/// - when the verification denies its user;
/// - when the user's [`session_auth_hash`](SessionUser::session_auth_hash) changes. This ends *all* sessions of the user at
///   their next request, without a list of them.
///
/// # Guests
///
/// A session that has ended is no reason to reject a visitor of a public page. So the client is a guest behind
/// [`Authenticate::optional`](crate::Authenticate::optional), in `Option<Auth<..>>` and in a chain that ends with
/// [`Anonymous`](crate::Anonymous). The layer `Authenticate` removes the cookie; around extractors, the layer
/// [`RejectionPages`](crate::RejectionPages) does. [`reject_ended_sessions`](Self::reject_ended_sessions) is strict instead.
///
/// Put the route of the log-out *outside* of the strategy: [`log_out`](Sessions::log_out) needs no active session, and removes
/// the cookie of one that has ended. `CrossOriginProtection` protects that route.
///
/// # Requests that other sites cause
///
/// A browser sends cookies with requests of any origin. `SameSite=Lax` excludes `POST` requests of other sites, but not those
/// of sibling subdomains, and old browsers ignore it. So this strategy also rejects requests with a method other than `GET`,
/// `HEAD`, `OPTIONS` and `TRACE` if `Sec-Fetch-Site` or `Origin` names another origin. [`trust_origin`](Sessions::trust_origin)
/// allows an origin. A `GET` must therefore change nothing. The log-in route has no session yet and needs the layer
/// [`CrossOriginProtection`](crate::CrossOriginProtection).
///
/// Source: OWASP ASVS 5.0, V7 (sessions) and V3.5 (origin separation); RFC 6265bis, sections 4.1.3 and 5.5.
pub struct Session<S, V> {
    sessions: Sessions<S>,
    verify: V,
    challenges: Challenges,
    rejects_ended: bool,
}

impl<S: SessionStore, V: Verify<SessionRecord, User: SessionUser>> Session<S, V> {
    /// The strategy for these sessions.
    pub fn new(sessions: Sessions<S>, verify: V) -> Self {
        let challenges = const { Challenge::from_static("Cookie") }.into();
        Self { sessions, verify, challenges, rejects_ended: false }
    }
}

impl<S, V> Session<S, V> {
    /// Sets the challenges of 401 responses, instead of `Cookie`, which clients ignore.
    #[must_use]
    pub fn challenges(self, challenges: impl Into<Challenges>) -> Self {
        Self { challenges: challenges.into(), ..self }
    }

    /// Rejects the cookie of an ended session also where guests are allowed, and ends a chain at it.
    ///
    /// Without this, such a client is a guest there, and the next strategy of a chain is asked.
    #[must_use]
    pub fn reject_ended_sessions(self) -> Self {
        Self { rejects_ended: true, ..self }
    }
}

impl<S: SessionStore, V: Verify<SessionRecord, User: SessionUser>> Strategy for Session<S, V> {
    type User = V::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<V::User>, Error> {
        let key = match self.sessions.key_in(&request.headers) {
            Ok(Some(key)) => key,
            Ok(None) => return Ok(Outcome::Pass(self.challenges.clone())),
            Err(malformed) => return Ok(Outcome::Reject(malformed.into())),
        };
        if !self.sessions.allows_origin_of(request) {
            return Ok(Outcome::Reject(cross_origin()));
        }
        let session = match self.sessions.use_session(&key).await? {
            SessionLookup::Active(session) => session,
            SessionLookup::Ended(cause) => return Ok(Outcome::Reject(self.ended(cause, request))),
        };
        let auth = session.auth;
        let verification = match self.verify.verify(session, request).await? {
            Verification::Accept(user) if auth != auth_digest(&user) => {
                Denial::new("session_auth_hash_changed").into()
            }
            verification => verification,
        };
        Ok(match verification {
            Verification::Accept(user) => Outcome::Accept(user),
            Verification::Deny(denial) if denial.is_about_credentials() => {
                self.sessions.remove(&key).await?;
                Outcome::Reject(denial.apply_to(self.ended("unknown_user", request)))
            }
            Verification::Deny(denial) => {
                Outcome::Reject(denial.apply_to(Rejection::session_ended(self.challenges.clone())))
            }
        })
    }
}

impl<S, V> Session<S, V> {
    fn ended(&self, cause: &'static str, request: &Parts) -> Rejection {
        let rejection = Rejection::session_ended(self.challenges.clone()).with_cause(cause);
        let rejection = if self.rejects_ended { rejection.without_guests() } else { rejection };
        // `log_in` or `renew` may just have replaced the token while scripts of the page still sent requests with the old
        // one. If their responses removed the cookie, they would remove the new one.
        let is_script =
            is_from_script(request) || request.method.is_safe() && Navigation::of(request).is_none();
        if cause == UNKNOWN_SESSION && is_script {
            return rejection;
        }
        rejection.with_cookie(self.sessions.removed_cookie().into())
    }
}

/// Leaves out the verification.
impl<S, V> fmt::Debug for Session<S, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Session").field("sessions", &self.sessions).finish_non_exhaustive()
    }
}
