//! What a door says when it lets nobody in.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::rejection::Details;
use crate::{Challenge, Challenges, Error, Outcome, Reason, Redirect, Rejection};

/// Why a door let nobody in, and all that an answer needs. Cheap to clone.
///
/// It is an answer itself: the status, the `WWW-Authenticate` list, `Retry-After`, and a small JSON body
/// (`error` and `error_description` as in RFC 6749, section 5.2, and `missing_fields` if there are any).
///
/// # An error shape of your own
///
/// Every answer that this crate makes from a refusal carries a clone of it in its extensions. A layer outside of the
/// doors finds it there and writes the body that the rest of the application writes; the headers stay.
///
/// ```
/// # fn example<B: From<String>>(mut response: http::Response<B>) -> http::Response<B> {
/// use tower_passport::Refusal;
///
/// if let Some(refusal) = response.extensions().get::<Refusal>() {
///     *response.body_mut() = format!(r#"{{"status":"error","message":"{refusal}"}}"#).into();
/// }
/// # response
/// # }
/// ```
///
/// With [`Authenticate`](crate::Authenticate) there is also [`respond_with`](crate::Authenticate::respond_with).
#[derive(Clone)]
pub struct Refusal(Arc<Findings>);

struct Findings {
    details: Details,
    error: Option<Error>,
    location: Option<HeaderValue>,
}

impl Refusal {
    /// All strategies passed: none of their credentials are in the request.
    pub fn no_credentials(challenges: Challenges) -> Self {
        let description = "This needs credentials, and the request has none.";
        Self::new(Details { challenges, ..Details::new(Reason::NoCredentials, description) })
    }

    pub(crate) fn body_too_large() -> Self {
        Self::new(Details::new(Reason::BodyTooLarge, "The body is too large."))
    }

    pub(crate) fn unreadable_body() -> Self {
        Rejection::invalid_request("The body ended too early.").because("broken_body").into()
    }

    fn new(details: Details) -> Self {
        Self(Arc::new(Findings { details, error: None, location: None }))
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.0.details.reason
    }

    /// The status of the answer: that of the [`reason`](Self::reason).
    pub fn status(&self) -> StatusCode {
        self.0.details.reason.status()
    }

    /// One sentence for the client. It never tells which check failed.
    pub fn description(&self) -> &str {
        &self.0.details.description
    }

    /// The machine's word for the log, such as `expired`: more exact than the reason, and not for the client.
    pub fn cause(&self) -> &'static str {
        self.0.details.cause
    }

    /// The `WWW-Authenticate` values, in order.
    pub fn challenges(&self) -> impl Iterator<Item = &HeaderValue> {
        self.0.details.challenges.iter().map(Challenge::as_header_value)
    }

    /// The fields that the client left out, or gave something other than text, as the strategy was told their names.
    pub fn missing_fields(&self) -> &[String] {
        &self.0.details.missing_fields
    }

    /// What kept the strategy from deciding, if that is the reason.
    pub fn error(&self) -> Option<&Error> {
        self.0.error.as_ref()
    }

    /// When the client may try again, if that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.error().and_then(Error::retry_after)
    }

    /// Where the client is sent, if the reason is [`Reason::Redirect`].
    pub fn location(&self) -> Option<&HeaderValue> {
        self.0.location.as_ref()
    }

    /// The `Set-Cookie` values that go with the answer. [`respond_with`](crate::Authenticate::respond_with) adds them to
    /// an answer of the application's own.
    pub fn cookies(&self) -> &[HeaderValue] {
        &self.0.details.cookies
    }

    /// The answer, for any body that can be made of bytes.
    pub fn to_response<B: From<Bytes>>(&self) -> Response<B> {
        self.with_body("application/json", self.body())
    }

    /// The answer with another body; none if it is a redirect.
    pub(crate) fn with_body<B: From<Bytes>>(&self, content_type: &'static str, body: Bytes) -> Response<B> {
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

    /// Adds what an answer to this must have, as far as whoever wrote it has not said it himself.
    pub(crate) fn complete<B>(&self, response: &mut Response<B>) {
        let is_as_refused = response.status() == self.status();
        let headers = response.headers_mut();
        // Not to an answer that hides the refusal, a 404 say.
        if is_as_refused {
            if !headers.contains_key(header::WWW_AUTHENTICATE) {
                for challenge in self.challenges() {
                    headers.append(header::WWW_AUTHENTICATE, challenge.clone());
                }
            }
            if let Some(after) = self.retry_after() {
                // Whole seconds, rounded up: a client that comes too early only comes twice.
                let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
                headers.entry(header::RETRY_AFTER).or_insert_with(|| seconds.into());
            }
            if let Some(location) = self.location() {
                headers.entry(header::LOCATION).or_insert_with(|| location.clone());
            }
        }
        // It depends on the credentials of this request, whatever its URL (RFC 9111, section 3.5).
        headers.entry(header::CACHE_CONTROL).or_insert_with(|| HeaderValue::from_static("no-store"));
        // The URL itself may have credentials in it: a token, the code of a log-in (RFC 9700, section 4.2.4).
        headers.entry(header::REFERRER_POLICY).or_insert_with(|| HeaderValue::from_static("no-referrer"));
        self.add_cookies(headers);
        response.extensions_mut().insert(self.clone());
    }

    pub(crate) fn add_cookies(&self, headers: &mut HeaderMap) {
        for cookie in self.cookies() {
            headers.append(header::SET_COOKIE, cookie.clone());
        }
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

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::new(*rejection.0)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (reason, description) = if error.is_misconfigured() {
            (Reason::Misconfigured, "The server is not set up completely.")
        } else {
            (Reason::Undecided, "The server cannot check credentials now. Try again later.")
        };
        let details = Details::new(reason, description);
        Self(Arc::new(Findings { details, error: Some(error), location: None }))
    }
}

impl From<Redirect> for Refusal {
    fn from(redirect: Redirect) -> Self {
        let (location, cookies) = redirect.into_parts();
        let details = Details { cookies, ..Details::new(Reason::Redirect, "The log-in is elsewhere.") };
        Self(Arc::new(Findings { details, error: None, location: Some(location) }))
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Refusal")
            .field("reason", &self.0.details.reason)
            .field("cause", &self.0.details.cause)
            .field("challenges", &self.challenges().collect::<Vec<_>>())
            .field("missing_fields", &self.0.details.missing_fields)
            .field("error", &self.0.error)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.description())
    }
}

impl StdError for Refusal {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error().map(|error| error as _)
    }
}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponse for Refusal {
    fn into_response(self) -> axum_core::response::Response {
        self.to_response()
    }
}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponse for Redirect {
    fn into_response(self) -> axum_core::response::Response {
        Refusal::from(self).to_response()
    }
}

impl<U> Outcome<U> {
    /// What a door of your own makes of a conclusion: the user, or the answer to give instead, with a line in the log, as
    /// the other doors write one. [`Strategy::admit`](crate::Strategy::admit) also asks the strategy.
    ///
    /// # Errors
    /// [`Refusal`] for every other conclusion than [`Outcome::Accept`].
    pub fn admit(self) -> Result<U, Refusal> {
        known(admit(Ok(self)))
    }
}

/// The user, for a door that lets in nobody else.
pub(crate) fn known<U>(admission: Result<Admission<U>, Refusal>) -> Result<U, Refusal> {
    match admission? {
        Admission::Known(user) => Ok(user),
        Admission::Nobody(challenges) => Err(logged(Refusal::no_credentials(challenges))),
    }
}

/// What a door makes of a conclusion: the user, or nobody and the challenges for him, or an end.
pub(crate) enum Admission<U> {
    Known(U),
    Nobody(Challenges),
}

pub(crate) fn admit<U>(conclusion: Result<Outcome<U>, Error>) -> Result<Admission<U>, Refusal> {
    match conclusion {
        Ok(Outcome::Accept(user)) => Ok(Admission::Known(user)),
        Ok(Outcome::Pass(challenges)) => Ok(Admission::Nobody(challenges)),
        Ok(Outcome::Reject(rejection)) => Err(logged(rejection.into())),
        Ok(Outcome::Redirect(redirect)) => Err(logged(redirect.into())),
        Err(error) => Err(logged(error.into())),
    }
}

/// One event for each refusal. The client hears one sentence; here is what the operator wants to know.
pub(crate) fn logged(refusal: Refusal) -> Refusal {
    let (reason, cause) = (refusal.reason().as_str(), refusal.cause());
    if let Some(error) = refusal.error().filter(|error| error.is_not_yet()) {
        // Not an error, or whoever likes could fill the log with them.
        tracing::info!(reason, error = error.source(), "Credentials not checked yet: {error}");
    } else if let Some(error) = refusal.error() {
        tracing::error!(reason, error = error.source(), "Authentication failed: {error}");
    } else if matches!(refusal.reason(), Reason::NoCredentials | Reason::Redirect) {
        // The ordinary beginning of every log-in.
        tracing::debug!(reason, cause, "Request not authenticated: {cause}");
    } else {
        tracing::info!(reason, cause, "Credentials refused: {cause}");
    }
    refusal
}
