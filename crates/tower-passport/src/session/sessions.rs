use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::request::Parts;

use super::cookie::{CookieSettings, InvalidCookieName, SameSite, SetCookie};
use super::store::{SessionKey, SessionRecord, SessionStore, auth_digest};
use super::user::SessionUser;
use crate::clock::{Clock, Randomness, system_clock, system_randomness};
use crate::cross_origin::{InvalidOrigin, OriginCheck};
use crate::token_source::cookies;
use crate::{Error, Malformed};

/// Begins and ends sessions. A clone shares the sessions; later changes of its settings are its own.
///
/// The response must carry the returned [`SetCookie`]. In axum handlers behind [`Local`](crate::Local):
///
/// ```
/// use axum::extract::State;
/// use axum::response::{IntoResponse, Redirect};
/// use http::HeaderMap;
/// use tower_passport::{CurrentUser, Error, MemoryStore, Rejection, Sessions};
/// # use std::borrow::Cow;
/// # #[derive(Clone)] struct User;
/// # impl tower_passport::SessionUser for User {
/// #     fn id(&self) -> Cow<'_, str> { "7".into() }
/// #     fn session_auth_hash(&self) -> Cow<'_, [u8]> { Cow::Borrowed(b"$argon2id$..") }
/// # }
///
/// async fn log_in(
///     State(sessions): State<Sessions<MemoryStore>>,
///     CurrentUser(user): CurrentUser<User>,
///     headers: HeaderMap,
/// ) -> Result<impl IntoResponse, Rejection> {
///     Ok((sessions.log_in(&headers, &user).await?, Redirect::to("/")))
/// }
///
/// async fn log_out(
///     State(sessions): State<Sessions<MemoryStore>>,
///     headers: HeaderMap,
/// ) -> Result<impl IntoResponse, Rejection> {
///     Ok((sessions.log_out(&headers).await?, Redirect::to("/")))
/// }
/// ```
///
/// (axum's `Redirect::to` responds with 303, as it must: with 307 the browser would send the password again.)
pub struct Sessions<S> {
    store: Arc<S>,
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    cookie: CookieSettings,
    is_persistent: bool,
    idle: Duration,
    absolute: Duration,
    origins: OriginCheck,
    clock: Clock,
    randomness: Randomness,
}

/// A session without a token yet.
struct NewSession {
    now: SystemTime,
    created_at: SystemTime,
    expires_at: SystemTime,
    data: Option<String>,
}

/// The result of a look-up by the token of a request.
pub(super) enum SessionLookup {
    Active(SessionRecord),
    /// The cause, for the log.
    Ended(&'static str),
}

/// The cause for a token without a session.
pub(super) const UNKNOWN_SESSION: &str = "unknown_session";

const HOUR: Duration = Duration::from_hours(1);

impl<S: SessionStore> Sessions<S> {
    /// Sessions in this store, with an idle limit of 2 hours and an absolute limit of 24 hours.
    ///
    /// The cookie is `__Host-session; Path=/; HttpOnly; SameSite=Lax; Secure`. It ends with the browser session.
    pub fn new(store: S) -> Self {
        let settings = Settings {
            cookie: CookieSettings::host_only(),
            is_persistent: false,
            idle: 2 * HOUR,
            absolute: 24 * HOUR,
            origins: OriginCheck::new(),
            clock: system_clock(),
            randomness: system_randomness(),
        };
        Self { store: Arc::new(store), settings: Arc::new(settings) }
    }

    /// Begins a session for a user who has just authenticated.
    ///
    /// The session of the request ends, and the new one has a new token. So an attacker who set the old token in the browser gains
    /// nothing (session fixation).
    ///
    /// # Errors
    /// [`Error`] (503) if the store did not respond. The user is not logged in then.
    pub async fn log_in(&self, request: &HeaderMap, user: &impl SessionUser) -> Result<SetCookie, Error> {
        self.log_in_as(request, user, None).await
    }

    /// Begins a session and stores a text with it, for example the ID token of the log-in, which
    #[cfg_attr(feature = "oidc", doc = "[`Oidc::log_out`](crate::Oidc::log_out)")]
    #[cfg_attr(not(feature = "oidc"), doc = "`Oidc::log_out`")]
    /// needs later.
    ///
    /// The text is in the store, not in the cookie. Data about the *user* belongs to the user's own record.
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in).
    pub async fn log_in_with(
        &self,
        request: &HeaderMap,
        user: &impl SessionUser,
        data: impl Into<String> + Send,
    ) -> Result<SetCookie, Error> {
        self.log_in_as(request, user, Some(data.into())).await
    }

    /// The text that was passed to [`log_in_with`](Self::log_in_with); `None` if there is none, or the request has no active session.
    ///
    /// # Errors
    /// [`Error`] (503) if the store did not respond.
    pub async fn data(&self, request: &HeaderMap) -> Result<Option<String>, Error> {
        let Ok(Some(key)) = self.key_in(request) else { return Ok(None) };
        Ok(match self.use_session(&key).await? {
            SessionLookup::Active(session) => session.data,
            SessionLookup::Ended(_) => None,
        })
    }

    /// Replaces the token of the session; `None` if the request has no active session.
    ///
    /// Call it when the user gets more rights (a second factor, another role), or after a change of the password, which ends all
    /// other sessions. The absolute limit still counts from the log-in.
    ///
    /// # Errors
    /// [`Error`] (503) if the store did not respond.
    pub async fn renew(
        &self,
        request: &HeaderMap,
        user: &impl SessionUser,
    ) -> Result<Option<SetCookie>, Error> {
        let Ok(Some(key)) = self.key_in(request) else { return Ok(None) };
        let SessionLookup::Active(session) = self.use_session(&key).await? else { return Ok(None) };
        // A log-out in another tab since the look-up prevails.
        if session.user != user.id() || !self.remove(&key).await? {
            return Ok(None);
        }
        let now = (self.settings.clock)();
        let renewed = NewSession {
            now,
            created_at: session.created_at,
            expires_at: session.expires_at,
            data: session.data,
        };
        self.begin(user, renewed).await.map(Some)
    }

    /// Ends the session of the request, if it has one.
    ///
    /// # Errors
    /// [`Error`] (503) if the store did not respond. The session may continue then, and so does the cookie.
    pub async fn log_out(&self, request: &HeaderMap) -> Result<SetCookie, Error> {
        if let Ok(Some(key)) = self.key_in(request) {
            self.remove(&key).await?;
        }
        Ok(self.removed_cookie())
    }

    fn new_session(&self, data: Option<String>) -> Result<NewSession, Error> {
        if !self.settings.cookie.is_accepted() {
            return Err(Error::misconfigured(
                "browsers do not accept a `SameSite::None` cookie from `insecure` sessions",
            ));
        }
        let now = (self.settings.clock)();
        let too_long = || Error::misconfigured("the absolute limit of sessions is too large");
        let expires_at = now.checked_add(self.settings.absolute).ok_or_else(too_long)?;
        Ok(NewSession { now, created_at: now, expires_at, data })
    }

    async fn log_in_as(
        &self,
        request: &HeaderMap,
        user: &impl SessionUser,
        data: Option<String>,
    ) -> Result<SetCookie, Error> {
        let session = self.new_session(data)?;
        if let Ok(Some(old)) = self.key_in(request) {
            self.remove(&old).await?;
        }
        self.begin(user, session).await
    }

    async fn begin(&self, user: &impl SessionUser, session: NewSession) -> Result<SetCookie, Error> {
        let NewSession { now, created_at, expires_at, data } = session;
        let mut random = [0; 32];
        (self.settings.randomness)(&mut random).map_err(Error::new)?;
        let token = URL_SAFE_NO_PAD.encode(random);
        let session = SessionRecord {
            user: user.id().into_owned(),
            auth: auth_digest(user),
            created_at,
            last_used_at: now,
            expires_at,
            data,
        };
        self.store.insert(&SessionKey::of(&token), session).await.map_err(Error::new)?;
        let seconds_left = expires_at.duration_since(now).unwrap_or_default().as_secs();
        Ok(self.settings.cookie.with(&token, self.settings.is_persistent.then_some(seconds_left)))
    }

    /// Removes a session. Returns whether it existed.
    pub(super) async fn remove(&self, key: &SessionKey) -> Result<bool, Error> {
        self.store.remove(key).await.map_err(Error::new)
    }

    /// Looks up a session and notes that it was used.
    pub(super) async fn use_session(&self, key: &SessionKey) -> Result<SessionLookup, Error> {
        let Some(session) = self.store.load(key).await.map_err(Error::new)? else {
            return Ok(SessionLookup::Ended(UNKNOWN_SESSION));
        };
        let now = (self.settings.clock)();
        // Sessions do not end if the clock was set back.
        let unused = now.duration_since(session.last_used_at).unwrap_or_default();
        if session.expires_at <= now || unused >= self.settings.idle {
            self.remove(key).await?;
            let cause = if session.expires_at <= now { "session_expired" } else { "session_idle" };
            return Ok(SessionLookup::Ended(cause));
        }
        // Not at every request, to save writes. So an idle session may end up to a sixteenth of the limit early.
        if unused >= self.settings.idle / 16 {
            self.store.touch(key, now).await.map_err(Error::new)?;
        }
        Ok(SessionLookup::Active(session))
    }
}

impl<S> Sessions<S> {
    /// Sets after how much time without use a session ends. The default is 2 hours.
    #[must_use]
    pub fn idle_limit(self, limit: Duration) -> Self {
        self.set(|settings| settings.idle = limit)
    }

    /// Sets after how much time a session ends in any case. The default is 24 hours.
    #[must_use]
    pub fn absolute_limit(self, limit: Duration) -> Self {
        self.set(|settings| settings.absolute = limit)
    }

    /// Keeps the cookie when the browser is closed, until the absolute limit ("stay logged in").
    ///
    /// Both limits apply: a session lasts overnight only if the [`idle_limit`](Self::idle_limit) is longer than a night.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_passport::{MemoryStore, Sessions};
    ///
    /// const WEEK: Duration = Duration::from_hours(7 * 24);
    /// let sessions =
    ///     Sessions::new(MemoryStore::new()).persistent().idle_limit(WEEK).absolute_limit(4 * WEEK);
    /// ```
    #[must_use]
    pub fn persistent(self) -> Self {
        self.set(|settings| settings.is_persistent = true)
    }

    /// Sets the name of the cookie, instead of `__Host-session`. The prefix `__Host-` protects the cookie.
    ///
    /// # Errors
    /// [`InvalidCookieName`] if the name is not a token, or has a prefix that an [`insecure`](Self::insecure) cookie cannot have.
    pub fn cookie_name(self, name: &str) -> Result<Self, InvalidCookieName> {
        let cookie = self.settings.cookie.clone().named(name)?;
        Ok(self.set(|settings| settings.cookie = cookie))
    }

    /// Sets with which cross-site requests browsers send the cookie. The default is [`SameSite::Lax`].
    ///
    /// [`SameSite::None`] cannot be combined with [`insecure`](Self::insecure): every log-in fails with 500 then.
    #[must_use]
    pub fn same_site(self, same_site: SameSite) -> Self {
        self.set(|settings| settings.cookie = settings.cookie.clone().same_site(same_site))
    }

    /// Sends the cookie over plain HTTP too, without `__Host-`.
    ///
    /// Only for development with a browser that makes no exception for `localhost`.
    #[must_use]
    pub fn insecure(self) -> Self {
        self.set(|settings| settings.cookie = settings.cookie.clone().insecure())
    }

    /// Also accepts unsafe requests from pages of this origin: `https://app.example`.
    ///
    /// # Errors
    /// [`InvalidOrigin`] if it is not a scheme and a host.
    pub fn trust_origin(self, origin: &str) -> Result<Self, InvalidOrigin> {
        let origins = self.settings.origins.clone().trust(origin)?;
        Ok(self.set(|settings| settings.origins = origins))
    }

    /// Uses this clock instead of the system's, so that tests can stop it.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.clock = Arc::new(clock))
    }

    /// Uses this source of random bytes for tokens instead of the system's, so that tests can predict them.
    #[must_use]
    pub fn randomness(self, fill: impl Fn(&mut [u8]) -> io::Result<()> + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.randomness = Arc::new(fill))
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    pub(super) fn key_in(&self, headers: &HeaderMap) -> Result<Option<SessionKey>, Malformed> {
        let mut tokens = cookies(headers, self.settings.cookie.name());
        let Some(token) = tokens.next() else { return Ok(None) };
        if tokens.next().is_some() {
            return Err(Malformed::TwoPlaces);
        }
        // A value that is not UTF-8 was never a token: its key finds no session.
        Ok(Some(SessionKey::of(std::str::from_utf8(token).unwrap_or_default())))
    }

    pub(super) fn allows_origin_of(&self, request: &Parts) -> bool {
        self.settings.origins.allows(request)
    }

    pub(super) fn removed_cookie(&self) -> SetCookie {
        self.settings.cookie.removed()
    }
}

impl<S> Clone for Sessions<S> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), settings: Arc::clone(&self.settings) }
    }
}

impl<S> fmt::Debug for Sessions<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sessions")
            .field("cookie", &self.settings.cookie)
            .field("idle_limit", &self.settings.idle)
            .field("absolute_limit", &self.settings.absolute)
            .finish_non_exhaustive()
    }
}
