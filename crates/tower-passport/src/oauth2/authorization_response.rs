//! The authorization response: the parameters of the callback, which any client can write.

use http::Method;
use http::request::Parts;

use super::provider_error::{FlowError, ProviderError};
use crate::fields::{ContentType, Field, Unreadable, in_form};
use crate::{BufferedBody, Error, Rejection};

/// The parameters of an authorization response (RFC 6749, section 4.1.2; RFC 9207), not checked yet.
pub(crate) struct AuthorizationResponse {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    issuer: Option<String>,
}

impl AuthorizationResponse {
    /// The response in this request; `None` if the request begins a log-in.
    pub(crate) fn of<'a>(
        request: &Parts,
        mode: ResponseMode,
        name_of: impl Fn(&'static str) -> &'a str,
    ) -> Result<Option<Self>, FlowError> {
        let is_form = mode == ResponseMode::FormPost && request.method == Method::POST;
        let text = if is_form {
            let Some(BufferedBody(body)) = request.extensions.get() else {
                let missing = "`form_post` responses are in the body that the `BufferBody` layer buffers: add that layer";
                return Err(Error::misconfigured(missing).into());
            };
            if !body.is_empty() && !matches!(ContentType::of(request), Some(ContentType::Form)) {
                return Err(broken("The response of the provider must be a form.", "content_type"));
            }
            body
        } else {
            request.uri.query().unwrap_or_default().as_bytes()
        };
        let names =
            ["state", "code", "error", "error_description", "iss"].map(|name| Field::new(name_of(name)));
        let [state, code, error, error_description, issuer] =
            in_form(text, names.each_ref()).map_err(|unreadable| match unreadable {
                // RFC 6749, section 3.1. Otherwise one program could read the first value and another one the last.
                Unreadable::Twice => {
                    broken("The response of the provider has a parameter twice.", "parameter_twice")
                }
                Unreadable::Broken => broken("The response of the provider cannot be read.", "not_utf8"),
            })?;
        let response = Self { state, code, error, error_description, issuer };
        if response.state.is_none() && response.code.is_none() && response.error.is_none() {
            return Ok(None);
        }
        if response.code.is_some() && mode == ResponseMode::FormPost && !is_form {
            return Err(broken("The response of the provider must be posted.", "response_mode"));
        }
        // A code works once. Link checkers send HEAD before the user follows a link, and would use it up.
        if !is_form && request.method != Method::GET {
            return Err(broken("The response of the provider must come with GET.", "method"));
        }
        Ok(Some(response))
    }

    /// The `state`, which identifies the flow. Without it no other parameter is read, not even `error`.
    pub(crate) fn state(&self) -> Result<&str, FlowError> {
        let state = self.state.as_deref().filter(|state| !state.is_empty());
        state.ok_or_else(|| broken("The response of the provider has no state.", "no_state"))
    }

    /// The code. The caller must have checked that the response belongs to this browser and provider.
    pub(crate) fn code(self) -> Result<String, FlowError> {
        if let Some(error) = self.error {
            return Err(refused(&error, self.error_description.as_deref()));
        }
        let code = self.code.filter(|code| !code.is_empty());
        code.ok_or_else(|| broken("The response of the provider has no code.", "no_code"))
    }

    /// Checks that the response names the provider that was asked (RFC 9207, section 2.4).
    pub(crate) fn check_issuer(
        &self,
        is_ours: impl Fn(&str) -> bool,
        required: bool,
    ) -> Result<(), FlowError> {
        match &self.issuer {
            Some(issuer) if is_ours(issuer) => Ok(()),
            None if !required => Ok(()),
            Some(_) => Err(broken("The response is from another provider.", "wrong_issuer")),
            None => Err(broken("The response does not name its provider.", "no_issuer")),
        }
    }
}

/// How the provider returns its response through the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    Query,
    /// In a form that the provider's page posts, so that no URL contains the code.
    ///
    /// The strategy then needs the [`BufferBody`](crate::BufferBody) layer, and the route of the redirect URI must accept
    /// `POST`. Source: OAuth 2.0 Form Post Response Mode.
    FormPost,
}

fn broken(description: &'static str, cause: &'static str) -> FlowError {
    Rejection::invalid_request(description).with_cause(cause).into()
}

/// RFC 6749, section 4.1.2.1, and `OpenID` Connect Core, section 3.1.2.6.
fn refused(error: &str, description: Option<&str>) -> FlowError {
    const AGAIN: &str = "The provider requires your interaction. Begin the log-in again.";
    match error {
        "access_denied" | "user_cancelled_login" | "user_cancelled_authorize" => {
            Rejection::access_denied("The log-in was cancelled by you or by the provider.")
                .with_cause("consent_denied")
                .into()
        }
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
            Rejection::access_denied(AGAIN).with_cause("interaction_required").into()
        }
        _ => ProviderError::error_response(error, description).into(),
    }
}
