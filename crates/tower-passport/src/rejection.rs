//! The response to a request that is not let through.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::response_cookies::ResponseCookies;
use crate::{Challenge, Challenges, Error, Redirect};

/// Why a request is not let through, for programs. Each reason has one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The request has no credentials that a strategy of the chain reads: 401.
    NoCredentials,
    /// The user name or the password is wrong: 401. The client does not learn which of them.
    WrongCredentials,
    /// The token is forged, expired, revoked, or for another audience: 401 (RFC 6750, section 3.1).
    InvalidToken,
    /// The credentials are malformed, incomplete or sent twice: 400 (RFC 6750, section 3.1).
    InvalidRequest,
    /// The credentials are good and lack a scope: 403 (RFC 6750, section 3.1).
    InsufficientScope,
    /// The user or the identity provider cancelled the log-in, or this account may not do this: 403
    /// (RFC 6749, section 4.1.2.1).
    AccessDenied,
    /// The client has tried too often: 429 (RFC 6585, section 4).
    TooManyRequests,
    /// The body is larger than [`BufferBody`](crate::BufferBody) allows: 413.
    BodyTooLarge,
    /// The client is redirected to the place where the log-in begins: 303.
    Redirect,
    /// The decision could not be made ([`Error`](crate::Error)): 503.
    Undecided,
    /// The program is set up incorrectly, for example without a layer that a strategy needs: 500.
    Misconfigured,
    /// The program has a mistake: a strategy or a [verification](crate::Verify) panicked: 500.
    Internal,
}

impl Reason {
    /// The status of the response.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::NoCredentials | Self::WrongCredentials | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::InsufficientScope | Self::AccessDenied => StatusCode::FORBIDDEN,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            // Not 307: the browser would send the form with the password to the location (RFC 9700, section 4.12).
            Self::Redirect => StatusCode::SEE_OTHER,
            Self::Undecided => StatusCode::SERVICE_UNAVAILABLE,
            Self::Misconfigured | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The error code in logs and response bodies: the code of RFC 6750 or RFC 6749 where there is one.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoCredentials => "no_credentials",
            Self::WrongCredentials => "wrong_credentials",
            Self::InvalidToken => "invalid_token",
            Self::InvalidRequest => "invalid_request",
            Self::InsufficientScope => "insufficient_scope",
            Self::AccessDenied => "access_denied",
            Self::TooManyRequests => "too_many_requests",
            Self::BodyTooLarge => "body_too_large",
            Self::Redirect => "redirect",
            Self::Undecided => "temporarily_unavailable",
            Self::Misconfigured | Self::Internal => "server_error",
        }
    }
}

/// Why a request is not let through, with everything that the response needs. Cheap to clone.
///
/// The client sees the [`Reason`] and one sentence. The [cause](Self::with_cause) and the [`Error`] are for the log.
///
/// ```
/// use tower_passport::{Challenge, Rejection};
///
/// Rejection::invalid_token(Challenge::from_static(r#"Bearer error="invalid_token""#)).with_cause("revoked");
/// Rejection::invalid_request("The API key must be 32 hexadecimal digits.");
/// ```
///
/// It is a response by itself: the status, the `WWW-Authenticate` list, `Retry-After`, and a small JSON body (`error` and
/// `error_description` as in RFC 6749, section 5.2, and `missing_fields` if there are any).
///
/// # An error format of your own
///
/// Every response that this crate makes from a rejection carries a clone of it in its extensions. A layer outside finds
/// it there and writes the body in the format of the application. The headers stay.
///
/// ```
/// # fn example<B: From<String>>(mut response: http::Response<B>) -> http::Response<B> {
/// use tower_passport::Rejection;
///
/// if let Some(rejection) = response.extensions().get::<Rejection>() {
///     *response.body_mut() = format!(r#"{{"status":"error","message":"{rejection}"}}"#).into();
/// }
/// # response
/// # }
/// ```
///
/// [`Authenticate`](crate::Authenticate) also has [`respond_with`](crate::Authenticate::respond_with).
#[derive(Clone)]
pub struct Rejection(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    reason: Reason,
    challenges: Challenges,
    description: Cow<'static, str>,
    cause: &'static str,
    missing_fields: Vec<String>,
    cookies: Vec<HeaderValue>,
    retry_after: Option<Duration>,
    location: Option<HeaderValue>,
    error: Option<Arc<Error>>,
    extensions: Extensions,
    /// For the log.
    strategy: Option<Cow<'static, str>>,
    ended: Ended,
}

/// Whether the credentials are those of a session that has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    No,
    Guest,
    Rejected,
}

impl Rejection {
    /// No strategy of the chain found its credentials in the request: 401.
    pub fn no_credentials(challenges: impl Into<Challenges>) -> Self {
        let description = "This needs credentials, and the request has none.";
        Self::new(Reason::NoCredentials, description).with_challenges(challenges)
    }

    /// The token is not good: 401.
    pub fn invalid_token(challenges: impl Into<Challenges>) -> Self {
        Self::new(Reason::InvalidToken, "The token is not valid.").with_challenges(challenges)
    }

    /// The session has ended or never existed: 401. Where guests are allowed, the client is a guest.
    pub fn session_ended(challenges: impl Into<Challenges>) -> Self {
        Self::new(Reason::InvalidToken, "The session has ended. Log in again.")
            .with_challenges(challenges)
            .with(|inner| inner.ended = Ended::Guest)
    }

    /// The user name or the password is wrong: 401. One response for both, so that clients cannot find out which names exist.
    pub fn wrong_credentials(challenges: impl Into<Challenges>) -> Self {
        Self::new(Reason::WrongCredentials, "The user name or the password is wrong.")
            .with_challenges(challenges)
    }

    /// The credentials cannot be read: 400. The description tells the client what to send instead.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Reason::InvalidRequest, description)
    }

    /// The credentials are good and lack a scope: 403.
    pub fn insufficient_scope(challenges: impl Into<Challenges>) -> Self {
        Self::new(Reason::InsufficientScope, "These credentials do not allow this.")
            .with_challenges(challenges)
    }

    /// The user or the provider denied access, or this account may not do this: 403.
    pub fn access_denied(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Reason::AccessDenied, description)
    }

    /// The client has tried too often: 429 with `Retry-After` (RFC 6585, section 4).
    pub fn too_many_requests(retry_after: Duration) -> Self {
        let rejection = Self::new(Reason::TooManyRequests, "Too many attempts. Try again later.");
        rejection.with(|inner| inner.retry_after = Some(retry_after))
    }

    pub(crate) fn body_too_large() -> Self {
        Self::new(Reason::BodyTooLarge, "The body is too large.")
    }

    fn new(reason: Reason, description: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            reason,
            challenges: Challenges::none(),
            description: description.into(),
            cause: reason.as_str(),
            missing_fields: Vec::new(),
            cookies: Vec::new(),
            retry_after: None,
            location: None,
            error: None,
            extensions: Extensions::new(),
            strategy: None,
            ended: Ended::No,
        }))
    }

    /// Changes it in place: it is shared only after it has become a response.
    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Sets the challenges: what the client may send instead.
    #[must_use]
    pub fn with_challenges(self, challenges: impl Into<Challenges>) -> Self {
        self.with(|inner| inner.challenges = challenges.into())
    }

    /// Sets the names of the fields that are missing or not text.
    #[must_use]
    pub fn with_missing_fields(self, fields: impl IntoIterator<Item = String>) -> Self {
        self.with(|inner| inner.missing_fields = fields.into_iter().collect())
    }

    /// Sets the cause for the log, one word such as `expired`. The client never sees it.
    #[must_use]
    pub fn with_cause(self, cause: &'static str) -> Self {
        self.with(|inner| inner.cause = cause)
    }

    /// Sets the sentence for the client.
    #[must_use]
    pub fn with_description(self, description: impl Into<Cow<'static, str>>) -> Self {
        self.with(|inner| inner.description = description.into())
    }

    /// Adds a `Set-Cookie` value to the response, for example one that deletes the cookie with the bad credentials.
    #[must_use]
    pub fn with_cookie(self, set_cookie: HeaderValue) -> Self {
        self.with(|inner| inner.cookies.push(set_cookie))
    }

    /// Attaches a value of the application, which [`extension`](Self::extension) finds again by its type.
    #[must_use]
    pub fn with_extension<T: Clone + Send + Sync + 'static>(self, value: T) -> Self {
        self.with(|inner| {
            inner.extensions.insert(value);
        })
    }

    pub(crate) fn with_extensions(self, extensions: Extensions) -> Self {
        self.with(|inner| inner.extensions.extend(extensions))
    }

    /// The same response with 403 and no challenges.
    pub(crate) fn into_access_denied(self, description: &'static str) -> Self {
        self.into_reason(Reason::AccessDenied, description)
    }

    /// The same response with 429 and no challenges.
    pub(crate) fn into_too_many_requests(self, retry_after: Duration) -> Self {
        self.into_reason(Reason::TooManyRequests, "Too many attempts. Try again later.")
            .with(|inner| inner.retry_after = Some(retry_after))
    }

    fn into_reason(self, reason: Reason, description: &'static str) -> Self {
        self.with(|inner| {
            inner.reason = reason;
            inner.description = description.into();
            inner.challenges = Challenges::none();
            inner.ended = Ended::No;
        })
    }

    /// Rejects the client of an [ended session](Self::session_ended) also where guests are allowed.
    #[must_use]
    pub fn without_guests(self) -> Self {
        self.with(|inner| inner.ended = Ended::Rejected)
    }

    /// Whether the client is a guest where guests are allowed, because its session has ended.
    pub(crate) fn allows_guest(&self) -> bool {
        self.0.ended == Ended::Guest
    }

    pub(crate) fn and_challenges(self, challenges: Challenges) -> Self {
        self.with(|inner| inner.challenges = std::mem::take(&mut inner.challenges).and(challenges))
    }

    /// Notes the strategy that it comes from, unless that is known.
    pub(crate) fn note_strategy(&mut self, name: impl FnOnce() -> Cow<'static, str>) {
        Arc::make_mut(&mut self.0).strategy.get_or_insert_with(name);
    }

    /// The error code for the query of a page: more exact than that of the reason where people need it.
    pub(crate) fn page_error(&self) -> &'static str {
        if self.0.ended == Ended::No { self.reason().as_str() } else { "session_ended" }
    }

    /// Leaves the cookies for the response to a request that is let through.
    pub(crate) fn leave_cookies(&self, request: &Parts) {
        ResponseCookies::leave(request, self.cookies());
    }

    /// The reason, for programs.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// The status of the response, which the [`reason`](Self::reason) determines.
    pub fn status(&self) -> StatusCode {
        self.0.reason.status()
    }

    /// The sentence for the client. It never tells which check failed.
    pub fn description(&self) -> &str {
        &self.0.description
    }

    /// The cause for the log, such as `expired`: more exact than the reason, and not for the client.
    pub fn cause(&self) -> &'static str {
        self.0.cause
    }

    /// The `WWW-Authenticate` values, in order.
    pub fn challenges(&self) -> impl Iterator<Item = &HeaderValue> {
        self.0.challenges.iter().map(Challenge::as_header_value)
    }

    /// The fields that are missing or not text, by the names that the strategy was given.
    pub fn missing_fields(&self) -> &[String] {
        &self.0.missing_fields
    }

    /// The error that prevented a decision, if that is the reason.
    pub fn error(&self) -> Option<&Error> {
        self.0.error.as_deref()
    }

    /// When the client may try again, if that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The location, if the reason is [`Reason::Redirect`].
    pub fn location(&self) -> Option<&HeaderValue> {
        self.0.location.as_ref()
    }

    /// The `Set-Cookie` values of the response. [`respond_with`](crate::Authenticate::respond_with) adds them to a response
    /// of the application.
    pub fn cookies(&self) -> &[HeaderValue] {
        &self.0.cookies
    }

    /// A value that the application attached to this rejection, to its [`Denial`](crate::Denial) or to its [`Error`].
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.extensions.get()
    }

    /// The response, with any body type that can be made from bytes.
    pub fn to_response<B: From<Bytes>>(&self) -> Response<B> {
        self.to_response_with("application/json", self.body())
    }

    /// The response with another body. A redirect has no body.
    pub(crate) fn to_response_with<B: From<Bytes>>(
        &self,
        content_type: &'static str,
        body: Bytes,
    ) -> Response<B> {
        let body = if self.location().is_some() { Bytes::new() } else { body };
        let mut response = Response::new(B::from(body));
        *response.status_mut() = self.status();
        self.complete(&mut response);
        if self.location().is_none() {
            let content_type = HeaderValue::from_static(content_type);
            response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        }
        response
    }

    /// Adds the headers that a response to this rejection needs and does not have yet.
    pub(crate) fn complete<B>(&self, response: &mut Response<B>) {
        let has_own_status = response.status() == self.status();
        let headers = response.headers_mut();
        // A response with another status hides the rejection, for example behind 404.
        if has_own_status {
            if !headers.contains_key(header::WWW_AUTHENTICATE) {
                for challenge in self.challenges() {
                    headers.append(header::WWW_AUTHENTICATE, challenge.clone());
                }
            }
            if let Some(after) = self.retry_after() {
                // Whole seconds, rounded up: a client that comes too early must come again.
                let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
                headers.entry(header::RETRY_AFTER).or_insert_with(|| seconds.into());
            }
            if let Some(location) = self.location() {
                headers.entry(header::LOCATION).or_insert_with(|| location.clone());
            }
        }
        // The response depends on the credentials of this request, whatever the URL (RFC 9111, section 3.5).
        headers.entry(header::CACHE_CONTROL).or_insert_with(|| HeaderValue::from_static("no-store"));
        // The URL may contain credentials: a token, or the code of a log-in (RFC 9700, section 4.2.4).
        headers.entry(header::REFERRER_POLICY).or_insert_with(|| HeaderValue::from_static("no-referrer"));
        self.add_cookies(headers);
        response.extensions_mut().insert(self.clone());
    }

    pub(crate) fn add_cookies(&self, headers: &mut HeaderMap) {
        for cookie in self.cookies() {
            headers.append(header::SET_COOKIE, cookie.clone());
        }
    }

    /// Logs one event for this rejection, with the cause that the client does not see.
    ///
    /// `name` is the name of the strategy, unless the rejection knows it.
    pub(crate) fn logged(self, name: impl Fn() -> Cow<'static, str>, path: Option<&str>) -> Self {
        let (reason, cause) = (self.reason().as_str(), self.cause());
        let strategy = || self.0.strategy.clone().unwrap_or_else(&name);
        if let Some(error) = self.error().filter(|error| error.is_not_yet()) {
            // Not an error: any client could fill the log with it.
            tracing::info!(target: crate::LOG_TARGET, reason,
                strategy = &*strategy(),
                path,
                error = error.source(),
                "Credentials not checked yet: {error}"
            );
        } else if let Some(error) = self.error() {
            tracing::error!(target: crate::LOG_TARGET, reason,
                strategy = &*strategy(),
                path,
                error = error.source(),
                "Authentication failed: {error}"
            );
        } else if matches!(self.reason(), Reason::NoCredentials | Reason::Redirect) {
            // Every log-in begins like this.
            tracing::debug!(target: crate::LOG_TARGET, reason,
                cause,
                strategy = &*strategy(),
                path,
                "Request not authenticated: {cause}"
            );
        } else {
            tracing::info!(target: crate::LOG_TARGET, reason, cause, strategy = &*strategy(), path, "Credentials rejected: {cause}");
        }
        self
    }

    fn body(&self) -> Bytes {
        let mut body = serde_json::json!({
            "error": self.reason().as_str(),
            "error_description": self.description(),
        });
        if !self.missing_fields().is_empty() {
            body["missing_fields"] = self.missing_fields().into();
        }
        body.to_string().into()
    }
}

impl From<Error> for Rejection {
    fn from(mut error: Error) -> Self {
        let rejection = if error.is_misconfigured() {
            Self::new(Reason::Misconfigured, "The server is not set up completely.")
        } else if error.is_panicked() {
            Self::new(Reason::Internal, "The server made a mistake. It is logged.")
        } else {
            Self::new(Reason::Undecided, "The server cannot check credentials now. Try again later.")
        };
        rejection.with(|inner| {
            inner.retry_after = error.retry_after();
            inner.extensions = error.take_extensions();
            inner.strategy = error.take_strategy();
            inner.error = Some(Arc::new(error));
        })
    }
}

impl From<Redirect> for Rejection {
    fn from(redirect: Redirect) -> Self {
        let (location, cookies) = redirect.into_parts();
        Self::new(Reason::Redirect, "The log-in is elsewhere.").with(|inner| {
            inner.location = Some(location);
            inner.cookies = cookies;
        })
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Rejection")
            .field("reason", &self.0.reason)
            .field("cause", &self.0.cause)
            .field("challenges", &self.challenges().collect::<Vec<_>>())
            .field("missing_fields", &self.0.missing_fields)
            .field("error", &self.0.error)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.description())
    }
}

impl StdError for Rejection {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error().map(|error| error as _)
    }
}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponse for Rejection {
    fn into_response(self) -> axum_core::response::Response {
        self.to_response()
    }
}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponse for Redirect {
    fn into_response(self) -> axum_core::response::Response {
        Rejection::from(self).to_response()
    }
}
