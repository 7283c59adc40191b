//! The errors of the protocol: their codes, their status, and where they go.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

/// The error of an endpoint that answers in JSON: token, introspection, revocation, pushed requests, device, userinfo
/// ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
///
/// Send [`status`](Self::status), [`www_authenticate`](Self::www_authenticate) if there is one, `Cache-Control: no-store`, and
/// this value as JSON.
///
/// ```
/// use strict_oidc::{ErrorCode, OAuthError};
///
/// let error = OAuthError::new(ErrorCode::InvalidGrant, "the code has expired: start again at the authorization endpoint");
/// assert_eq!(error.status(), 400);
/// assert!(serde_json::to_string(&error)?.starts_with(r#"{"error":"invalid_grant","error_description":"the code"#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OAuthError {
    #[serde(rename = "error")]
    code: ErrorCode,
    #[serde(rename = "error_description")]
    description: Cow<'static, str>,
    #[serde(skip)]
    challenge: Challenge,
}

/// The scheme of the header `WWW-Authenticate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Challenge {
    #[default]
    None,
    Basic,
    Bearer,
    /// The request had no access token.
    NoToken,
    Dpop,
}

impl OAuthError {
    /// An error with a description for the developer of the client. Characters that
    /// [RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2) does not allow in it are replaced.
    pub fn new(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: allowed(description.into()), challenge: Challenge::None }
    }

    #[must_use]
    pub(crate) fn with_challenge(self, challenge: Challenge) -> Self {
        Self { challenge, ..self }
    }

    /// The code, such as `invalid_grant`.
    ///
    /// ```
    /// # use strict_oidc::{ErrorCode, OAuthError};
    /// assert_eq!(OAuthError::new(ErrorCode::InvalidScope, "").code().as_str(), "invalid_scope");
    /// ```
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The error, and how to fix it, for the developer of the client.
    ///
    /// ```
    /// # use strict_oidc::{ErrorCode, OAuthError};
    /// assert_eq!(OAuthError::new(ErrorCode::InvalidScope, "a \"b\"").description(), "a 'b'");
    /// ```
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The HTTP status.
    ///
    /// ```
    /// # use strict_oidc::{ErrorCode, OAuthError};
    /// assert_eq!(OAuthError::new(ErrorCode::InvalidClient, "").status(), 401);
    /// ```
    pub fn status(&self) -> u16 {
        // RFC 9449 §7.1: at a resource, also a wrong proof is a 401.
        if self.challenge == Challenge::Dpop { 401 } else { self.code.status() }
    }

    /// The value of the header `WWW-Authenticate`, for a client that used the header `Authorization`
    /// ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2),
    /// [RFC 6750 §3](https://www.rfc-editor.org/rfc/rfc6750#section-3)).
    ///
    /// ```
    /// # use strict_oidc::{ErrorCode, OAuthError};
    /// assert_eq!(OAuthError::new(ErrorCode::InvalidScope, "").www_authenticate(), None);
    /// ```
    pub fn www_authenticate(&self) -> Option<String> {
        let scheme = match self.challenge {
            Challenge::None => return None,
            Challenge::Basic => return Some("Basic realm=\"oauth\"".into()),
            // RFC 6750 §3.1: without an error, because nothing was tried.
            Challenge::NoToken => return Some("Bearer".into()),
            Challenge::Bearer => "Bearer",
            Challenge::Dpop => "DPoP",
        };
        Some(format!("{scheme} error=\"{}\", error_description=\"{}\"", self.code, self.description))
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.description)
    }
}

impl std::error::Error for OAuthError {}

/// Replaces the characters that a description may not have: everything but printable ASCII, and quotes and backslashes.
pub(crate) fn allowed(text: Cow<'static, str>) -> Cow<'static, str> {
    let is_allowed = |c: char| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~');
    if text.chars().all(is_allowed) {
        return text;
    }
    text.chars()
        .map(|c| {
            if c == '"' {
                '\''
            } else if is_allowed(c) {
                c
            } else {
                '?'
            }
        })
        .collect()
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $status:literal;)*) => {
        /// The code of an error. Its name is what the client reads.
        ///
        /// ```
        /// use strict_oidc::ErrorCode;
        ///
        /// assert_eq!((ErrorCode::LoginRequired.as_str(), ErrorCode::SlowDown.status()), ("login_required", 400));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl ErrorCode {
            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The HTTP status at an endpoint that answers in JSON. At the authorization endpoint, errors are sent by redirect.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }
        }
    };
}

codes! {
    /// A parameter is missing, invalid or repeated ([RFC 6749 §4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
    InvalidRequest = "invalid_request", 400;
    /// The client is unknown, disabled or not authenticated ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
    InvalidClient = "invalid_client", 401;
    /// The code, refresh token or device code is invalid, used, expired or of another client
    /// ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
    InvalidGrant = "invalid_grant", 400;
    /// The client may not use this grant or flow ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
    UnauthorizedClient = "unauthorized_client", 400;
    /// The server does not know this grant ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
    UnsupportedGrantType = "unsupported_grant_type", 400;
    /// The server does not know this response type
    /// ([RFC 6749 §4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
    UnsupportedResponseType = "unsupported_response_type", 400;
    /// A scope is invalid, not allowed for the client, or more than was granted
    /// ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
    InvalidScope = "invalid_scope", 400;
    /// The user or a rule refused ([RFC 6749 §4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
    AccessDenied = "access_denied", 403;
    /// The server failed ([RFC 6749 §4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
    ServerError = "server_error", 500;
    /// The server cannot answer now ([RFC 6749 §4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
    TemporarilyUnavailable = "temporarily_unavailable", 503;
    /// `prompt=none`, and the user must log in ([OpenID Connect Core §3.1.2.6](https://openid.net/specs/openid-connect-core-1_0.html#AuthError)).
    LoginRequired = "login_required", 400;
    /// `prompt=none`, and the user must consent ([OpenID Connect Core §3.1.2.6](https://openid.net/specs/openid-connect-core-1_0.html#AuthError)).
    ConsentRequired = "consent_required", 400;
    /// `prompt=none`, and the user must use a second factor ([OpenID Connect Core §3.1.2.6](https://openid.net/specs/openid-connect-core-1_0.html#AuthError)).
    InteractionRequired = "interaction_required", 400;
    /// An essential `acr` cannot be reached ([OpenID Connect Unmet Authentication Requirements §2](https://openid.net/specs/openid-connect-unmet-authentication-requirements-1_0.html)).
    UnmetAuthenticationRequirements = "unmet_authentication_requirements", 403;
    /// The `resource` is unknown or not allowed for the client ([RFC 8707 §2](https://www.rfc-editor.org/rfc/rfc8707#section-2)).
    InvalidTarget = "invalid_target", 400;
    /// The `request_uri` is unknown, used, expired or of another client
    /// ([RFC 9101 §7](https://www.rfc-editor.org/rfc/rfc9101#section-7)).
    InvalidRequestUri = "invalid_request_uri", 400;
    /// The request object is invalid ([RFC 9101 §7](https://www.rfc-editor.org/rfc/rfc9101#section-7)).
    InvalidRequestObject = "invalid_request_object", 400;
    /// Request objects are not supported ([RFC 9101 §7](https://www.rfc-editor.org/rfc/rfc9101#section-7)).
    RequestNotSupported = "request_not_supported", 400;
    /// `request_uri` is not supported ([RFC 9101 §7](https://www.rfc-editor.org/rfc/rfc9101#section-7)).
    RequestUriNotSupported = "request_uri_not_supported", 400;
    /// The parameter `registration` is not supported ([OpenID Connect Core §3.1.2.6](https://openid.net/specs/openid-connect-core-1_0.html#AuthError)).
    RegistrationNotSupported = "registration_not_supported", 400;
    /// The access token is invalid ([RFC 6750 §3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    InvalidToken = "invalid_token", 401;
    /// The access token lacks a scope ([RFC 6750 §3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    InsufficientScope = "insufficient_scope", 403;
    /// The token cannot be revoked ([RFC 7009 §2.2.1](https://www.rfc-editor.org/rfc/rfc7009#section-2.2.1)).
    UnsupportedTokenType = "unsupported_token_type", 400;
    /// The user has not decided yet ([RFC 8628 §3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5)).
    AuthorizationPending = "authorization_pending", 400;
    /// The device polls too fast ([RFC 8628 §3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5)).
    SlowDown = "slow_down", 400;
    /// The device code has expired ([RFC 8628 §3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5)).
    ExpiredToken = "expired_token", 400;
    /// The proof of possession is missing or invalid ([RFC 9449 §5](https://www.rfc-editor.org/rfc/rfc9449#section-5)).
    InvalidDpopProof = "invalid_dpop_proof", 400;
    /// The proof needs the nonce of the header `DPoP-Nonce` ([RFC 9449 §8](https://www.rfc-editor.org/rfc/rfc9449#section-8)).
    UseDpopNonce = "use_dpop_nonce", 400;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
