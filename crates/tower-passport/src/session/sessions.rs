use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::request::Parts;

use super::SessionUser;
use super::cookie::{CookieSettings, InvalidCookieName, SameSite, SetCookie};
use super::store::{SessionKey, SessionRecord, SessionStore, auth_of};
use crate::clock::{Clock, Randomness, system_clock, system_randomness};
use crate::cross_origin::is_same_origin;
use crate::token_source::cookies;
use crate::{Error, Malformed};

/// Begins and ends sessions. A clone is the same sessions, not others; settings that are changed afterwards are its own.
///
/// Whatever happens, the answer must carry the [`SetCookie`]. In an axum handler behind [`Local`](crate::Local), say:
///
/// ```
/// use axum::extract::State;
/// use axum::response::{IntoResponse, Redirect};
/// use http::HeaderMap;
/// use tower_passport::{CurrentUser, Error, MemoryStore, Refusal, Sessions};
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
/// ) -> Result<impl IntoResponse, Refusal> {
///     Ok((sessions.log_in(&headers, &user).await?, Redirect::to("/")))
/// }
///
/// async fn log_out(
///     State(sessions): State<Sessions<MemoryStore>>,
///     headers: HeaderMap,
/// ) -> Result<impl IntoResponse, Refusal> {
///     Ok((sessions.log_out(&headers).await?, Redirect::to("/")))
/// }
/// ```
///
/// (`Redirect::to` of axum answers 303, as it must: with 307 the browser would send the password on.)
pub struct Sessions<S> {
    store: Arc<S>,
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    cookie: CookieSettings,
    outlives_the_browser: bool,
    idle: Duration,
    absolute: Duration,
    trusted_origins: Vec<Box<str>>,
    clock: Clock,
    randomness: Randomness,
}

/// A session that has no token yet.
struct NewSession {
    now: SystemTime,
    created_at: SystemTime,
    expires_at: SystemTime,
    data: Option<String>,
}

/// Why a session does not go on: there is none with this token, or no longer.
pub(super) const UNKNOWN_SESSION: &str = "unknown_session";

const HOUR: Duration = Duration::from_hours(1);

impl<S: SessionStore> Sessions<S> {
    /// Sessions in this store, that end after 2 hours without use and after 24 hours in any case, with the cookie
    /// `__Host-session; Path=/; HttpOnly; SameSite=Lax; Secure`, which ends with the browser.
    pub fn new(store: S) -> Self {
        let settings = Settings {
            cookie: CookieSettings::host_only(),
            outlives_the_browser: false,
            idle: 2 * HOUR,
            absolute: 24 * HOUR,
            trusted_origins: Vec::new(),
            clock: system_clock(),
            randomness: system_randomness(),
        };
        Self { store: Arc::new(store), settings: Arc::new(settings) }
    }

    /// Begins a session for somebody who has just proved who he is. The session that the request had ends, and the new
    /// one has a new token: whoever planted the old one in the browser has nothing of it (session fixation).
    ///
    /// # Errors
    /// [`Error`], which is 503, if the store did not answer. Nobody is logged in then.
    pub async fn log_in(&self, request: &HeaderMap, user: &impl SessionUser) -> Result<SetCookie, Error> {
        self.log_in_as(request, user, None).await
    }

    /// The same, and keeps a text with the session until it ends: the ID token of the log-in, say, which
    #[cfg_attr(feature = "oidc", doc = "[`Oidc::log_out`](crate::Oidc::log_out)")]
    #[cfg_attr(not(feature = "oidc"), doc = "`Oidc::log_out`")]
    /// wants back. It is in the store and not in the cookie. What is about the *user* belongs to him, not here.
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

    /// What was given to [`log_in_with`](Self::log_in_with); `None` if that was nothing, or the request has no session
    /// that goes on.
    ///
    /// # Errors
    /// [`Error`], which is 503, if the store did not answer.
    pub async fn data(&self, request: &HeaderMap) -> Result<Option<String>, Error> {
        let Ok(Some(key)) = self.key_in(request) else { return Ok(None) };
        Ok(self.use_session(&key).await?.ok().and_then(|session| session.data))
    }

    /// Gives the session a new token, because its user may do more now (a second factor, a change of role), or has
    /// changed his password and stays where he is while all his other sessions end. It began when it began: the absolute
    /// limit counts from the log-in. `None` if the request has no session that goes on.
    ///
    /// # Errors
    /// [`Error`], which is 503, if the store did not answer.
    pub async fn renew(
        &self,
        request: &HeaderMap,
        user: &impl SessionUser,
    ) -> Result<Option<SetCookie>, Error> {
        let Ok(Some(key)) = self.key_in(request) else { return Ok(None) };
        let Ok(session) = self.use_session(&key).await? else { return Ok(None) };
        // Who was logged out since it was loaded, in another tab, stays so.
        if session.user != user.id() || !self.remove(&key).await? {
            return Ok(None);
        }
        let now = (self.settings.clock)();
        let goes_on = NewSession {
            now,
            created_at: session.created_at,
            expires_at: session.expires_at,
            data: session.data,
        };
        self.begin(user, goes_on).await.map(Some)
    }

    /// Ends the session of the request, if it has one.
    ///
    /// # Errors
    /// [`Error`], which is 503, if the store did not answer. The session may go on then, and so does the cookie.
    pub async fn log_out(&self, request: &HeaderMap) -> Result<SetCookie, Error> {
        if let Ok(Some(key)) = self.key_in(request) {
            self.remove(&key).await?;
        }
        Ok(self.no_cookie())
    }

    fn new_session(&self, data: Option<String>) -> Result<NewSession, Error> {
        if !self.settings.cookie.is_taken() {
            return Err(Error::misconfigured(
                "browsers take no `SameSite::None` cookie from `insecure` sessions",
            ));
        }
        let now = (self.settings.clock)();
        let too_long = || Error::misconfigured("the absolute limit of sessions is beyond the end of time");
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
            auth: auth_of(user),
            created_at,
            last_used_at: now,
            expires_at,
            data,
        };
        self.store.insert(&SessionKey::of(&token), session).await.map_err(Error::new)?;
        let seconds_left = expires_at.duration_since(now).unwrap_or_default().as_secs();
        Ok(self.settings.cookie.with(&token, self.settings.outlives_the_browser.then_some(seconds_left)))
    }

    /// Whether it was there.
    pub(super) async fn remove(&self, key: &SessionKey) -> Result<bool, Error> {
        self.store.remove(key).await.map_err(Error::new)
    }

    /// The session with this key, if it goes on; else why not.
    pub(super) async fn use_session(
        &self,
        key: &SessionKey,
    ) -> Result<Result<SessionRecord, &'static str>, Error> {
        let Some(session) = self.store.load(key).await.map_err(Error::new)? else {
            return Ok(Err(UNKNOWN_SESSION));
        };
        let now = (self.settings.clock)();
        // A clock that was set back is no reason to end sessions.
        let unused = now.duration_since(session.last_used_at).unwrap_or_default();
        if session.expires_at <= now || unused >= self.settings.idle {
            self.remove(key).await?;
            let cause = if session.expires_at <= now { "session_expired" } else { "session_idle" };
            return Ok(Err(cause));
        }
        // Not at every request: reading stays reading. So an idle session may end up to a sixteenth early.
        if unused >= self.settings.idle / 16 {
            self.store.touch(key, now).await.map_err(Error::new)?;
        }
        Ok(Ok(session))
    }
}

impl<S> Sessions<S> {
    /// Ends sessions that were not used for this long; 2 hours unless told.
    #[must_use]
    pub fn idle_limit(self, limit: Duration) -> Self {
        self.set(|settings| settings.idle = limit)
    }

    /// Ends sessions this long after the log-in; 24 hours unless told.
    #[must_use]
    pub fn absolute_limit(self, limit: Duration) -> Self {
        self.set(|settings| settings.absolute = limit)
    }

    /// Keeps the cookie when the browser is closed, until the absolute limit ("stay logged in"). Both limits hold: nobody
    /// stays logged in over night unless the [`idle_limit`](Self::idle_limit) is longer than a night.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_passport::{MemoryStore, Sessions};
    ///
    /// const WEEK: Duration = Duration::from_hours(7 * 24);
    /// let sessions =
    ///     Sessions::new(MemoryStore::new()).outlive_the_browser().idle_limit(WEEK).absolute_limit(4 * WEEK);
    /// ```
    #[must_use]
    pub fn outlive_the_browser(self) -> Self {
        self.set(|settings| settings.outlives_the_browser = true)
    }

    /// Names the cookie otherwise than `__Host-session`. A name that begins with `__Host-` keeps its protection.
    ///
    /// # Errors
    /// [`InvalidCookieName`] if the name is no token, or has a prefix that an [`insecure`](Self::insecure) cookie cannot.
    pub fn cookie_name(self, name: &str) -> Result<Self, InvalidCookieName> {
        let cookie = self.settings.cookie.clone().named(name)?;
        Ok(self.set(|settings| settings.cookie = cookie))
    }

    /// With which requests of other sites a browser sends the cookie; [`SameSite::Lax`] unless told. [`SameSite::None`]
    /// does not go with [`insecure`](Self::insecure): a log-in is then an error (500).
    #[must_use]
    pub fn same_site(self, same_site: SameSite) -> Self {
        self.set(|settings| settings.cookie = settings.cookie.clone().same_site(same_site))
    }

    /// Sends the cookie over plain HTTP too, without `__Host-`: for a browser on the developer's own machine that knows
    /// no exception for `localhost`, and for nothing else.
    #[must_use]
    pub fn insecure(self) -> Self {
        self.set(|settings| settings.cookie = settings.cookie.clone().insecure())
    }

    /// Takes requests that change something from pages of this origin too: `https://app.example`.
    #[must_use]
    pub fn trust_origin(self, origin: &str) -> Self {
        self.set(|settings| settings.trusted_origins.push(origin.into()))
    }

    /// Takes the time from this clock instead of the system's, so that tests can stop it.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.clock = Arc::new(clock))
    }

    /// Takes the randomness of tokens from here instead of the system, so that tests know them.
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
        // What is no text was never a token of ours: its key finds nothing.
        Ok(Some(SessionKey::of(std::str::from_utf8(token).unwrap_or_default())))
    }

    pub(super) fn is_from_us(&self, request: &Parts) -> bool {
        is_same_origin(request, &self.settings.trusted_origins)
    }

    pub(super) fn no_cookie(&self) -> SetCookie {
        self.settings.cookie.taken_back()
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
