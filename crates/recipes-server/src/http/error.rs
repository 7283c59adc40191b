//! The one place that answers with an error.
//!
//! A handler returns an [`ApiError`]; its response carries a [`Report`] instead of a body, and the stack
//! ([`crate::http::stack`]) renders it once it knows which shape the client asked for and the request's id.
//! Two shapes, never merged, because `status` is a word in one and a number in the other:
//!
//! * the original API's, `{"status":"error","statusCode":404,"message":"Recipe not found",..}`,
//! * RFC 9457 problem details, for `Accept: application/problem+json`.
//!
//! What is said outside and what is logged inside are different things: the cause of a 5xx goes to the
//! log, with the request's id, and nowhere else.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use recipes::Problem;
use store::StoreError;
use tower_passport::Refusal;

use self::refused::refused;
pub use self::report::Report;
use crate::auth::rate_limit::LimitReached;
use crate::http::conditional;
use crate::jobs::mail::QueueFull;
use crate::passwords::HashError;

mod refused;
mod report;

/// Everything that can be answered instead of what was asked for.
#[derive(Debug)]
pub enum ApiError {
    RecipeNotFound,
    NoSuchRoute,
    MethodNotAllowed,
    /// Nobody was accepted by the strategies that guard the route.
    Refused(Refusal),
    /// Deleted between being recognized and writing.
    CallerGone,
    /// Signed in, but this recipe belongs to somebody else.
    NotTheOwner,
    EmailTaken,
    /// Nobody may sign up.
    SignUpClosed,
    /// Signing up takes an invitation that is good, for this address.
    NotInvited,
    /// Signed in, and mail to the address has not reached the user yet, as far as anybody knows.
    EmailNotVerified,
    /// An unknown e-mail or a wrong password; also when it was right a moment ago.
    UnableToLogIn,
    /// Signed in, and asked for the password once more.
    WrongPassword,
    /// Unknown, expired, used before, or of a session that has ended.
    InvalidRefreshToken,
    /// An API token where only a session will do.
    SessionRequired,
    /// Signed in, but not as one of those who may do this.
    AdminRequired,
    UserNotFound,
    UserDisabled,
    LastAdmin,
    InvitationNotFound,
    TooManyInvitations,
    /// Nobody may sign up, also with an invitation.
    InvitationsOfNoUse,
    SessionNotFound,
    ApiTokenNotFound,
    TooManyApiTokens,
    /// A page of another site has sent a browser here with its cookies.
    CrossOrigin,
    /// Well-formed, but not what the field may hold: every problem at once.
    Invalid(Vec<Problem>),
    /// Not to be understood at all.
    Malformed(Cow<'static, str>),
    /// `Prefer: handling=strict` and fields that nobody knows.
    UnknownFields(Vec<Problem>),
    UnsupportedMediaType,
    UnsupportedPatch,
    /// The client accepts none of these media types.
    NotAcceptable {
        offered: String,
    },
    BodyTooLarge {
        limit: usize,
    },
    BodyTooSlow,
    /// `If-Match` names another revision than the stored one.
    PreconditionFailed {
        current: conditional::ETag,
    },
    RateLimited(LimitReached),
    Overloaded {
        retry_after: Duration,
    },
    Unavailable(Cause),
    TimedOut,
    Internal(Cause),
}

/// Why a request failed on our side: for the log, never for the client.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

impl ApiError {
    /// A 500 whose cause is logged.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// A 422 about one field.
    pub fn invalid(pointer: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Problem { pointer: pointer.to_owned(), message: message.into() }])
    }

    /// A 422 that asks for these fields.
    pub fn missing<'a>(fields: impl IntoIterator<Item = &'a str>) -> Self {
        let problem = |field| Problem { pointer: format!("/{field}"), message: "is required".to_owned() };
        Self::Invalid(fields.into_iter().map(problem).collect())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(_) => Self::EmailTaken,
            StoreError::NotInvited => Self::NotInvited,
            StoreError::OwnerGone => Self::CallerGone,
            StoreError::LastAdmin => Self::LastAdmin,
            StoreError::Unavailable(_) => Self::Unavailable(error.into()),
            _ => Self::Internal(error.into()),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<HashError> for ApiError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Overloaded { retry_after } => Self::Overloaded { retry_after },
            HashError::TooLong { .. } | HashError::Nul => Self::invalid("/password", error.to_string()),
            _ => Self::Internal(error.into()),
        }
    }
}

impl From<LimitReached> for ApiError {
    fn from(reached: LimitReached) -> Self {
        Self::RateLimited(reached)
    }
}

impl From<QueueFull> for ApiError {
    fn from(_: QueueFull) -> Self {
        Self::Overloaded { retry_after: Duration::from_secs(10) }
    }
}

impl From<Vec<Problem>> for ApiError {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Invalid(problems)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        let report = self.report(response.headers_mut());
        *response.status_mut() = report.status;
        response.extensions_mut().insert(Arc::new(report));
        response
    }
}

impl ApiError {
    #[expect(clippy::too_many_lines, reason = "one match over all errors is the table of them")]
    fn report(self, headers: &mut http::HeaderMap) -> Report {
        let plain = |status, code, message: &'static str| Report {
            status,
            code,
            message: message.into(),
            errors: Vec::new(),
            cause: None,
        };
        match self {
            Self::RecipeNotFound => plain(StatusCode::NOT_FOUND, "recipe_not_found", "Recipe not found"),
            Self::NoSuchRoute => {
                plain(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address")
            }
            Self::MethodNotAllowed => plain(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This address does not answer that method; the Allow header lists those it does",
            ),
            Self::Refused(refusal) => refused(refusal, headers),
            Self::CallerGone => {
                headers.insert(header::WWW_AUTHENTICATE, BEARER_INVALID);
                plain(StatusCode::UNAUTHORIZED, "invalid_token", "Unauthorized")
            }
            Self::NotTheOwner => {
                plain(StatusCode::FORBIDDEN, "not_the_owner", "Only its owner may change this recipe")
            }
            Self::EmailTaken => plain(StatusCode::CONFLICT, "email_taken", "Email already exists!"),
            Self::SignUpClosed => plain(
                StatusCode::FORBIDDEN,
                "sign_up_closed",
                "Nobody can sign up here; whoever runs this service makes the accounts",
            ),
            Self::NotInvited => plain(
                StatusCode::FORBIDDEN,
                "not_invited",
                "Signing up takes an invitation, which is good once, for a time, and maybe for one e-mail only",
            ),
            Self::EmailNotVerified => plain(
                StatusCode::FORBIDDEN,
                "email_not_verified",
                "Open the link in the mail that was sent to you first, or ask for another mail",
            ),
            Self::UnableToLogIn => {
                headers.insert(header::WWW_AUTHENTICATE, BEARER);
                plain(StatusCode::UNAUTHORIZED, "unable_to_log_in", "Unable to login")
            }
            // Not 401: the token is good, and a client that hears 401 would throw it away.
            Self::WrongPassword => {
                plain(StatusCode::FORBIDDEN, "wrong_password", "This is not your current password")
            }
            Self::InvalidRefreshToken => {
                headers.insert(header::WWW_AUTHENTICATE, BEARER_INVALID);
                plain(
                    StatusCode::UNAUTHORIZED,
                    "invalid_refresh_token",
                    "This refresh token is not or no longer good; log in again",
                )
            }
            Self::SessionRequired => plain(
                StatusCode::FORBIDDEN,
                "session_required",
                "This wants somebody who is logged in, and an API token is not; log in instead",
            ),
            Self::AdminRequired => {
                plain(StatusCode::FORBIDDEN, "admin_required", "Only administrators may do this")
            }
            Self::UserNotFound => plain(StatusCode::NOT_FOUND, "user_not_found", "There is no such user"),
            Self::UserDisabled => {
                plain(StatusCode::CONFLICT, "user_disabled", "This user is disabled; enable the user first")
            }
            Self::LastAdmin => plain(
                StatusCode::CONFLICT,
                "last_admin",
                "This is the last administrator; make somebody else one first",
            ),
            Self::InvitationNotFound => {
                plain(StatusCode::NOT_FOUND, "invitation_not_found", "There is no such open invitation")
            }
            Self::TooManyInvitations => plain(
                StatusCode::CONFLICT,
                "too_many_invitations",
                "There are as many open invitations as there may be; revoke one first",
            ),
            Self::InvitationsOfNoUse => plain(
                StatusCode::CONFLICT,
                "sign_up_closed",
                "Nobody could use an invitation while SIGNUP is closed; whoever runs this service has to set SIGNUP=invite",
            ),
            Self::SessionNotFound => {
                plain(StatusCode::NOT_FOUND, "session_not_found", "You have no such session")
            }
            Self::ApiTokenNotFound => {
                plain(StatusCode::NOT_FOUND, "api_token_not_found", "You have no such API token")
            }
            Self::TooManyApiTokens => plain(
                StatusCode::CONFLICT,
                "too_many_api_tokens",
                "You have as many API tokens as there may be; delete one first",
            ),
            Self::CrossOrigin => plain(
                StatusCode::FORBIDDEN,
                "cross_origin",
                "Requests with cookies must come from a page of this site",
            ),
            Self::Invalid(errors) => Report {
                errors,
                ..plain(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid",
                    "Some fields are not valid; see errors for each",
                )
            },
            Self::Malformed(message) => Report { message, ..plain(StatusCode::BAD_REQUEST, "malformed", "") },
            Self::UnknownFields(errors) => Report {
                errors,
                ..plain(
                    StatusCode::BAD_REQUEST,
                    "unknown_fields",
                    "Some fields are not known, and strict handling was asked for",
                )
            },
            Self::UnsupportedMediaType => plain(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send the body as application/json or application/x-www-form-urlencoded",
            ),
            Self::UnsupportedPatch => {
                // RFC 5789 section 2.2.
                headers.insert("accept-patch", HeaderValue::from_static("application/merge-patch+json"));
                plain(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported_media_type",
                    "Send the changes as application/merge-patch+json or application/json",
                )
            }
            Self::NotAcceptable { offered } => Report {
                message: format!(
                    "This address sends {offered}; errors also come as application/problem+json"
                )
                .into(),
                ..plain(StatusCode::NOT_ACCEPTABLE, "not_acceptable", "")
            },
            Self::BodyTooLarge { limit } => Report {
                message: format!("The body may be at most {limit} bytes").into(),
                ..plain(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "")
            },
            Self::BodyTooSlow => plain(
                StatusCode::REQUEST_TIMEOUT,
                "body_too_slow",
                "The body did not arrive in time; send the request again",
            ),
            Self::PreconditionFailed { current } => {
                headers.insert(header::ETAG, current.to_header());
                plain(
                    StatusCode::PRECONDITION_FAILED,
                    "precondition_failed",
                    "The recipe has changed since you read it; read it again, then repeat your change",
                )
            }
            Self::RateLimited(reached) => {
                reached.tell(headers);
                plain(
                    StatusCode::TOO_MANY_REQUESTS,
                    "rate_limited",
                    "Too many requests of this kind; try again after the time in Retry-After",
                )
            }
            Self::Overloaded { retry_after } => {
                headers.insert(header::RETRY_AFTER, seconds(retry_after));
                plain(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "overloaded",
                    "Too many people want this at once; try again in a moment",
                )
            }
            Self::Unavailable(cause) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                Report {
                    cause: Some(cause),
                    ..plain(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "unavailable",
                        "The service cannot do this right now; try again in a moment",
                    )
                }
            }
            Self::TimedOut => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                plain(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "timed_out",
                    "The request took too long and was given up",
                )
            }
            Self::Internal(cause) => Report {
                cause: Some(cause),
                ..plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "Something went wrong on our side; tell the operator the request id",
                )
            },
        }
    }
}

/// RFC 9110 section 11.6.1 wants a challenge with every 401; logging in leads to a Bearer token.
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
const BEARER_INVALID: HeaderValue = HeaderValue::from_static(r#"Bearer error="invalid_token""#);

/// `Retry-After` in whole seconds, rounded up: coming back too early is another refusal (RFC 9110 10.2.3).
fn seconds(wait: Duration) -> HeaderValue {
    HeaderValue::from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}
