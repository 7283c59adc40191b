use crate::{Error, HttpError, Rejection};

/// What a provider did instead of logging somebody in. It is the cause of an [`Error`](crate::Error), so the client hears
/// 503 and the log has this.
///
/// ```
/// use tower_passport::{Error, Failure};
///
/// fn is_misregistered(error: &Error) -> bool {
///     matches!(error.downcast_ref(), Some(Failure::Refused { code, .. }) if code == "invalid_client")
/// }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// It answered with an error code that is not about the user: `invalid_client`, `invalid_scope`, `server_error`.
    #[error("the provider answered {code:?} ({})", description.as_deref().unwrap_or("no description"))]
    Refused {
        /// The code (RFC 6749, sections 4.1.2.1 and 5.2).
        code: String,
        /// Its own words, cut.
        description: Option<String>,
    },
    /// It could not be asked, or gave no answer.
    #[error("the provider could not be asked: {0}")]
    Http(#[from] HttpError),
    /// It answered something that the protocol does not allow; this says what.
    #[error("the provider broke the protocol: {0}")]
    Protocol(&'static str),
}

impl Failure {
    /// Both texts come through a browser: what is not plain is left out, and what is long is cut.
    pub(super) fn refused(code: &str, description: Option<&str>) -> Self {
        let plain = |text: &str| text.chars().filter(|c| matches!(c, ' '..='~')).take(200).collect();
        Self::Refused { code: plain(code), description: description.map(plain) }
    }
}

/// How a log-in ends that does not end well.
#[derive(Debug)]
pub(crate) enum End {
    Rejected(Rejection),
    Undecided(Error),
}

impl End {
    /// A rejected log-in is over, so its cookie goes too. One that could not be decided may be tried again.
    pub(super) fn with_cookie(self, cookie: http::HeaderValue) -> Self {
        match self {
            Self::Rejected(rejection) => Self::Rejected(rejection.with_cookie(cookie)),
            Self::Undecided(error) => Self::Undecided(error),
        }
    }
}

impl From<Rejection> for End {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Undecided(error)
    }
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Undecided(Error::new(failure))
    }
}

impl From<HttpError> for End {
    fn from(error: HttpError) -> Self {
        Failure::from(error).into()
    }
}
