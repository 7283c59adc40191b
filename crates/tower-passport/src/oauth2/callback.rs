//! What comes back with the browser: the provider's answer, in a URL that anybody can write.

use http::Method;
use http::request::Parts;

use super::{End, Failure, ResponseMode};
use crate::fields::{ContentType, Field, Unreadable, in_form};
use crate::{BufferedBody, Error, Rejection};

/// The parameters of an authorization response (RFC 6749, section 4.1.2; RFC 9207), none of them believed yet.
pub(crate) struct Callback {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    issuer: Option<String>,
}

impl Callback {
    /// The answer in this request; `None` if it is none, but the beginning of a log-in.
    pub(crate) fn of<'a>(
        request: &Parts,
        mode: ResponseMode,
        name_of: impl Fn(&'static str) -> &'a str,
    ) -> Result<Option<Self>, End> {
        let is_form = mode == ResponseMode::FormPost && request.method == Method::POST;
        let text = if is_form {
            let Some(BufferedBody(body)) = request.extensions.get() else {
                let missing =
                    "`form_post` answers are in the body that the `BufferBody` layer buffers: add that layer";
                return Err(Error::misconfigured(missing).into());
            };
            if !body.is_empty() && !matches!(ContentType::of(request), Some(ContentType::Form)) {
                return Err(broken("The answer of the provider must be a form.", "content_type"));
            }
            body
        } else {
            request.uri.query().unwrap_or_default().as_bytes()
        };
        let names =
            ["state", "code", "error", "error_description", "iss"].map(|name| Field::new(name_of(name)));
        let [state, code, error, error_description, issuer] =
            in_form(text, names.each_ref()).map_err(|unreadable| match unreadable {
                // RFC 6749, section 3.1. Whoever reads the first and whoever reads the last see two answers.
                Unreadable::Twice => {
                    broken("The answer of the provider has a parameter twice.", "parameter_twice")
                }
                Unreadable::Broken => broken("The answer of the provider cannot be read.", "not_utf8"),
            })?;
        let callback = Self { state, code, error, error_description, issuer };
        if callback.state.is_none() && callback.code.is_none() && callback.error.is_none() {
            return Ok(None);
        }
        if callback.code.is_some() && mode == ResponseMode::FormPost && !is_form {
            return Err(broken("The answer of the provider must be posted.", "response_mode"));
        }
        // A code is redeemed once. HEAD is asked by whoever looks at links before people do, and its answer reaches nobody.
        if !is_form && request.method != Method::GET {
            return Err(broken("The answer of the provider must come with GET.", "method"));
        }
        Ok(Some(callback))
    }

    /// What tells whose answer it is. Without it nothing else in it is looked at, not even an error.
    pub(crate) fn state(&self) -> Result<&str, End> {
        let state = self.state.as_deref().filter(|state| !state.is_empty());
        state.ok_or_else(|| broken("The answer of the provider has no state.", "no_state"))
    }

    /// The code. That the answer is of this browser and of this provider must be known before.
    pub(crate) fn code(self) -> Result<String, End> {
        if let Some(error) = self.error {
            return Err(refused(&error, self.error_description.as_deref()));
        }
        let code = self.code.filter(|code| !code.is_empty());
        code.ok_or_else(|| broken("The answer of the provider has no code.", "no_code"))
    }

    /// RFC 9207, section 2.4: the answer names the provider that it was asked of, and no other.
    pub(crate) fn check_issuer(&self, is_ours: impl Fn(&str) -> bool, required: bool) -> Result<(), End> {
        match &self.issuer {
            Some(issuer) if is_ours(issuer) => Ok(()),
            None if !required => Ok(()),
            Some(_) => Err(broken("The answer is of another provider.", "wrong_issuer")),
            None => Err(broken("The answer does not say of which provider it is.", "no_issuer")),
        }
    }
}

fn broken(description: &'static str, cause: &'static str) -> End {
    Rejection::invalid_request(description).because(cause).into()
}

/// RFC 6749, section 4.1.2.1, and `OpenID` Connect Core, section 3.1.2.6.
fn refused(error: &str, description: Option<&str>) -> End {
    const AGAIN: &str = "The provider wants to see you before it lets you in. Begin the log-in again.";
    match error {
        "access_denied" | "user_cancelled_login" | "user_cancelled_authorize" => {
            Rejection::access_denied("The log-in was cancelled: you, or the provider for you, said no.")
                .because("consent_denied")
                .into()
        }
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
            Rejection::access_denied(AGAIN).because("interaction_required").into()
        }
        _ => Failure::refused(error, description).into(),
    }
}
