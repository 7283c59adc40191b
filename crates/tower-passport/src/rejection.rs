//! The conclusions that are not "yes": why somebody was turned away, and where he is sent instead.

use std::borrow::Cow;

use http::{HeaderValue, StatusCode};

use crate::Challenges;

/// Why nobody was let in: the machine's word for it, with the status that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The request has no credentials that any strategy of the chain knows: 401.
    NoCredentials,
    /// The user name or the password is wrong; which of them is nobody's business: 401.
    WrongCredentials,
    /// The token is forged, expired, revoked, or meant for somebody else: 401 (RFC 6750, section 3.1).
    InvalidToken,
    /// The credentials are malformed, incomplete or given twice: 400 (RFC 6750, section 3.1).
    InvalidRequest,
    /// We know who it is, and he may not do this: 403 (RFC 6750, section 3.1).
    InsufficientScope,
    /// The user, or the identity provider for him, said no; or it is somebody who may not log in here: 403
    /// (RFC 6749, section 4.1.2.1).
    AccessDenied,
    /// The body is larger than [`BufferBody`](crate::BufferBody) allows: 413.
    BodyTooLarge,
    /// Not a refusal but a way: 303 to where the log-in begins.
    Redirect,
    /// The strategy could not decide ([`Error`](crate::Error)): 503.
    Undecided,
    /// The program is put together wrongly, for example without a layer that a strategy needs: 500.
    Misconfigured,
}

impl Reason {
    /// The status of the answer.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::NoCredentials | Self::WrongCredentials | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::InsufficientScope | Self::AccessDenied => StatusCode::FORBIDDEN,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            // Not 307: that would send the form, with the password in it, to the new place (RFC 9700, section 4.12).
            Self::Redirect => StatusCode::SEE_OTHER,
            Self::Undecided => StatusCode::SERVICE_UNAVAILABLE,
            Self::Misconfigured => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The word for machines, in logs and in the answer's body; the own word of RFC 6750 or RFC 6749 where one has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoCredentials => "no_credentials",
            Self::WrongCredentials => "wrong_credentials",
            Self::InvalidToken => "invalid_token",
            Self::InvalidRequest => "invalid_request",
            Self::InsufficientScope => "insufficient_scope",
            Self::AccessDenied => "access_denied",
            Self::BodyTooLarge => "body_too_large",
            Self::Redirect => "redirect",
            Self::Undecided => "temporarily_unavailable",
            Self::Misconfigured => "server_error",
        }
    }
}

/// Credentials that are here and do not let their sender in.
///
/// The client hears the [`Reason`] and one plain sentence; [`because`](Self::because) is for the operator's log.
///
/// ```
/// use tower_passport::{Challenge, Rejection};
///
/// Rejection::invalid_token(Challenge::from_static(r#"Bearer error="invalid_token""#)).because("revoked");
/// Rejection::invalid_request("The API key must be 32 hexadecimal digits.");
/// ```
#[derive(Clone, Debug)]
pub struct Rejection(pub(crate) Box<Details>);

/// Boxed, so that an [`Outcome`](crate::Outcome) stays small on the way of those who are accepted.
#[derive(Clone, Debug)]
pub(crate) struct Details {
    pub(crate) reason: Reason,
    pub(crate) challenges: Challenges,
    pub(crate) description: Cow<'static, str>,
    pub(crate) cause: &'static str,
    pub(crate) missing_fields: Vec<String>,
    pub(crate) cookies: Vec<HeaderValue>,
}

impl Details {
    pub(crate) fn new(reason: Reason, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason,
            challenges: Challenges::none(),
            description: description.into(),
            cause: reason.as_str(),
            missing_fields: Vec::new(),
            cookies: Vec::new(),
        }
    }
}

impl Rejection {
    /// A token that does not let its bearer in: 401.
    pub fn invalid_token(challenges: impl Into<Challenges>) -> Self {
        Self::new(Reason::InvalidToken, "The token is not valid.").with_challenges(challenges)
    }

    /// A session that has ended, or never was: 401.
    pub fn session_ended(challenges: impl Into<Challenges>) -> Self {
        Self::new(Reason::InvalidToken, "The session has ended. Log in again.").with_challenges(challenges)
    }

    /// A wrong user name or password: 401. There is one such answer, so that nobody learns which names exist.
    pub fn wrong_credentials(challenges: impl Into<Challenges>) -> Self {
        Self::new(Reason::WrongCredentials, "The user name or the password is wrong.")
            .with_challenges(challenges)
    }

    /// Credentials that cannot be read: 400. The description says what to do instead.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Reason::InvalidRequest, description)
    }

    /// Good credentials of somebody who may not do this: 403.
    pub fn insufficient_scope(challenges: impl Into<Challenges>) -> Self {
        Self::new(Reason::InsufficientScope, "These credentials do not allow this.")
            .with_challenges(challenges)
    }

    /// Whoever this is, he did not let us know him, or may not log in here: 403.
    pub fn access_denied(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Reason::AccessDenied, description)
    }

    fn new(reason: Reason, description: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Details::new(reason, description)))
    }

    /// What the client may send instead.
    #[must_use]
    pub fn with_challenges(mut self, challenges: impl Into<Challenges>) -> Self {
        self.0.challenges = challenges.into();
        self
    }

    /// The fields that the client left out, or gave something other than text.
    #[must_use]
    pub fn with_missing_fields(mut self, fields: impl IntoIterator<Item = String>) -> Self {
        self.0.missing_fields = fields.into_iter().collect();
        self
    }

    /// The machine's word for the log, such as `expired`. The client never sees it.
    #[must_use]
    pub fn because(mut self, cause: &'static str) -> Self {
        self.0.cause = cause;
        self
    }

    /// A `Set-Cookie` value of the answer, for example one that ends the cookie which held the bad credentials.
    #[must_use]
    pub fn with_cookie(mut self, set_cookie: HeaderValue) -> Self {
        self.0.cookies.push(set_cookie);
        self
    }

    /// Why.
    pub const fn reason(&self) -> Reason {
        self.0.reason
    }
}

/// A way to somewhere else, where the log-in begins or ends. The doors answer it with 303 (See Other).
///
/// ```
/// use http::HeaderValue;
/// use tower_passport::Redirect;
///
/// let begun = Redirect::to("https://id.example/authorize?client_id=7")?
///     .with_cookie(HeaderValue::from_static("__Host-flow=k3b; Path=/; Secure; HttpOnly; SameSite=Lax"));
/// assert_eq!(begun.location(), "https://id.example/authorize?client_id=7");
/// # Ok::<(), tower_passport::InvalidLocation>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    location: HeaderValue,
    cookies: Vec<HeaderValue>,
}

impl Redirect {
    /// A redirect to an absolute URL or a path.
    ///
    /// Give it only what the program wrote or checked: a location that the request names makes an open redirect.
    ///
    /// # Errors
    /// [`InvalidLocation`] if the location is empty or cannot be a header value: percent-encode it.
    pub fn to(location: &str) -> Result<Self, InvalidLocation> {
        if location.is_empty() || !location.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidLocation);
        }
        let location = HeaderValue::from_str(location).map_err(|_| InvalidLocation)?;
        Ok(Self { location, cookies: Vec::new() })
    }

    /// To a path that is checked already.
    #[cfg(feature = "oauth2")]
    pub(crate) fn local(path: &crate::LocalPath) -> Self {
        // Visible ASCII, as its constructor demands; the other way cannot be taken.
        Self::to(path.as_str())
            .unwrap_or(Self { location: HeaderValue::from_static("/"), cookies: Vec::new() })
    }

    /// A `Set-Cookie` value that goes with it: what the browser has to bring back.
    #[must_use]
    pub fn with_cookie(mut self, set_cookie: HeaderValue) -> Self {
        self.cookies.push(set_cookie);
        self
    }

    /// The value of the `Location` field.
    pub const fn location(&self) -> &HeaderValue {
        &self.location
    }

    /// The values of the `Set-Cookie` fields.
    pub fn cookies(&self) -> &[HeaderValue] {
        &self.cookies
    }

    pub(crate) fn into_parts(self) -> (HeaderValue, Vec<HeaderValue>) {
        (self.location, self.cookies)
    }
}

/// The text given to [`Redirect::to`] is not a URL that a header can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a location must be visible ASCII; percent-encode everything else")]
pub struct InvalidLocation;
