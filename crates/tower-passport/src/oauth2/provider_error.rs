use crate::{Error, HttpError, Rejection};

/// A provider that did not do its part of a log-in, as the source of an [`Error`](crate::Error). The response is 503.
///
/// ```
/// use tower_passport::{Error, ProviderError};
///
/// fn is_misregistered(error: &Error) -> bool {
///     matches!(error.downcast_ref(), Some(ProviderError::ErrorResponse { code, .. }) if code == "invalid_client")
/// }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The provider returned an error code that is not about the user: `invalid_client`, `invalid_scope`, `server_error`.
    #[error("the provider answered {code:?} ({})", description.as_deref().unwrap_or("no description"))]
    ErrorResponse {
        /// The error code (RFC 6749, sections 4.1.2.1 and 5.2).
        code: String,
        /// The description of the provider, at most 200 characters.
        description: Option<String>,
    },
    /// The provider was unreachable, or its response was unusable.
    #[error("no usable response from the provider: {0}")]
    Http(#[from] HttpError),
    /// The provider broke the protocol. The text names the problem.
    #[error("the provider broke the protocol: {0}")]
    Protocol(&'static str),
}

impl ProviderError {
    /// Both texts come through a browser: only printable ASCII is kept, and at most 200 characters.
    pub(super) fn error_response(code: &str, description: Option<&str>) -> Self {
        let plain = |text: &str| text.chars().filter(|c| matches!(c, ' '..='~')).take(200).collect();
        Self::ErrorResponse { code: plain(code), description: description.map(plain) }
    }
}

/// Why a log-in did not succeed.
#[derive(Debug)]
pub(crate) enum FlowError {
    Rejected(Rejection),
    Undecided(Error),
}

impl FlowError {
    /// Adds the removal of the flow cookie if the log-in was rejected. After an error the browser may try again.
    pub(super) fn with_cookie(self, cookie: http::HeaderValue) -> Self {
        match self {
            Self::Rejected(rejection) => Self::Rejected(rejection.with_cookie(cookie)),
            Self::Undecided(error) => Self::Undecided(error),
        }
    }
}

impl From<Rejection> for FlowError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<Error> for FlowError {
    fn from(error: Error) -> Self {
        Self::Undecided(error)
    }
}

impl From<ProviderError> for FlowError {
    fn from(failure: ProviderError) -> Self {
        Self::Undecided(Error::new(failure))
    }
}

impl From<HttpError> for FlowError {
    fn from(error: HttpError) -> Self {
        ProviderError::from(error).into()
    }
}
