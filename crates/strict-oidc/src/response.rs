//! The response of the authorization endpoint, which a browser carries to the client.

use url::{Url, form_urlencoded};

use crate::error::{ErrorCode, allowed};

/// How a response reaches the client.
///
/// ```
/// assert_eq!(strict_oidc::ResponseMode::FormPost.as_str(), "form_post");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    #[default]
    Query,
    /// As a form that the browser posts
    /// ([OAuth 2.0 Form Post Response Mode](https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html)).
    FormPost,
}

impl ResponseMode {
    /// The value of `response_mode`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
        }
    }
}

/// Where and how a client wants its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReturnAddress {
    pub(crate) issuer: String,
    pub(crate) redirect_uri: String,
    pub(crate) mode: ResponseMode,
    pub(crate) state: Option<String>,
}

/// A response to send through the browser: a code or an error, with `iss`
/// ([RFC 9207](https://www.rfc-editor.org/rfc/rfc9207)) and the `state` of the request.
///
/// For [`ResponseMode::Query`], answer `303 See Other` with [`location`](Self::location): 307 would repeat a posted password at
/// the client ([RFC 9700 §4.12](https://www.rfc-editor.org/rfc/rfc9700#section-4.12)). For [`ResponseMode::FormPost`], answer
/// with a page whose form posts [`fields`](Self::fields), escaped, to [`redirect_uri`](Self::redirect_uri). Both with
/// `Cache-Control: no-store` and `Referrer-Policy: no-referrer`.
///
/// ```
/// use strict_oidc::{AuthorizationResponse, ResponseMode};
///
/// fn answer(response: &AuthorizationResponse) -> String {
///     match response.mode() {
///         ResponseMode::Query => format!("303 See Other, Location: {}", response.location()),
///         ResponseMode::FormPost => format!("200 OK, a form with {} fields", response.fields().len()),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationResponse {
    address: Box<ReturnAddress>,
    fields: Vec<(&'static str, String)>,
}

impl AuthorizationResponse {
    pub(crate) fn code(address: ReturnAddress, code: String) -> Self {
        Self::new(address, vec![("code", code)])
    }

    pub(crate) fn error(address: ReturnAddress, code: ErrorCode, description: impl Into<String>) -> Self {
        let description = allowed(description.into().into()).into_owned();
        Self::new(address, vec![("error", code.as_str().to_owned()), ("error_description", description)])
    }

    fn new(address: ReturnAddress, mut fields: Vec<(&'static str, String)>) -> Self {
        fields.extend(address.state.clone().map(|state| ("state", state)));
        fields.push(("iss", address.issuer.clone()));
        Self { address: Box::new(address), fields }
    }

    /// How to send the response.
    pub fn mode(&self) -> ResponseMode {
        self.address.mode
    }

    /// The redirect URI with the response in its query.
    pub fn location(&self) -> String {
        let uri = &self.address.redirect_uri;
        let separator = match uri.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish();
        format!("{uri}{separator}{query}")
    }

    /// The redirect URI as the client registered it: the `action` of a form.
    pub fn redirect_uri(&self) -> &str {
        &self.address.redirect_uri
    }

    /// The names and values of a form, not escaped.
    pub fn fields(&self) -> &[(&'static str, String)] {
        &self.fields
    }

    /// The error, if the response is one. For logs.
    pub fn error_code(&self) -> Option<&str> {
        self.fields.iter().find(|(name, _)| *name == "error").map(|(_, code)| code.as_str())
    }

    /// The origin of the redirect URI, or its scheme: a source for the directive `form-action` of a page's
    /// `Content-Security-Policy`. Browsers apply the directive to the redirect that follows a form.
    pub fn form_action(&self) -> String {
        form_action(&self.address.redirect_uri)
    }
}

/// The source of a redirect URI for `form-action`.
pub(crate) fn form_action(redirect_uri: &str) -> String {
    match Url::parse(redirect_uri) {
        Ok(url) if url.origin().is_tuple() => url.origin().ascii_serialization(),
        Ok(url) => format!("{}:", url.scheme()),
        Err(_) => "'none'".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(uri: &str) -> AuthorizationResponse {
        let address = ReturnAddress {
            issuer: "https://id.example".into(),
            redirect_uri: uri.into(),
            mode: ResponseMode::Query,
            state: Some("<b>&\"".into()),
        };
        AuthorizationResponse::code(address, "c".into())
    }

    #[test]
    fn the_query_of_a_redirect_uri_is_kept_and_the_state_is_encoded() {
        let query = "code=c&state=%3Cb%3E%26%22&iss=https%3A%2F%2Fid.example";
        for (uri, want) in [
            ("https://a.example/cb", "https://a.example/cb?"),
            ("https://a.example/cb?", "https://a.example/cb?"),
            ("https://a.example/cb?x=1", "https://a.example/cb?x=1&"),
            ("com.example.app:/cb", "com.example.app:/cb?"),
        ] {
            assert_eq!(at(uri).location(), format!("{want}{query}"));
        }
    }

    #[test]
    fn a_form_may_be_sent_to_the_origin_of_the_client_only() {
        assert_eq!(at("https://a.example:8443/cb?x").form_action(), "https://a.example:8443");
        assert_eq!(at("com.example.app:/cb").form_action(), "com.example.app:");
    }
}
