use http::{HeaderName, HeaderValue};
use url::Url;

use super::client::ClientAuthentication;
use super::invalid_setup::{InvalidSetup, is_secure};
use crate::HttpClient;

/// The description of an OAuth 2.0 provider: its endpoints and its peculiarities.
///
/// ```
/// use tower_passport::{Provider, ProfilePointers, Userinfo};
///
/// let github = Provider {
///     scopes: vec!["read:user".into()],
///     profile: ProfilePointers {
///         email: Some("/email".into()),
///         name: Some("/name".into()),
///         picture: Some("/avatar_url".into()),
///         ..ProfilePointers::subject("/id")
///     },
///     ..Provider::new(
///         "github",
///         "https://github.com/login/oauth/authorize",
///         "https://github.com/login/oauth/access_token",
///         Userinfo::Get("https://api.github.com/user".into()),
///     )
/// };
/// # let _ = github;
/// ```
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name in this program: [`Profile::provider`](crate::Profile::provider). A log-in is bound to it.
    pub id: String,
    /// The URL to which the browser is redirected.
    pub authorization_endpoint: String,
    /// The URL where the code is exchanged for tokens.
    pub token_endpoint: String,
    /// The issuer that its responses must name if they name one (RFC 9207). It prevents mix-ups of providers.
    pub issuer: Option<String>,
    /// Whether all its responses name the issuer (`authorization_response_iss_parameter_supported`). A response that does not
    /// is then rejected.
    pub names_its_issuer: bool,
    /// The scopes to request.
    pub scopes: Vec<String>,
    /// The separator of scopes: a space (RFC 6749, section 3.3), or a comma at some providers.
    pub scope_separator: String,
    /// How the client sends its secret, if it has one.
    pub client_authentication: ClientAuthentication,
    /// Additional parameters of the authorization request, such as `("access_type", "offline")`.
    pub parameters: Vec<(String, String)>,
    /// Parameters with another name at this provider, the standard name first: `("client_id", "client_key")`. They apply to
    /// all requests and to the callback.
    pub renamed: Vec<(String, String)>,
    /// The source of the user's profile.
    pub userinfo: Userinfo,
    /// Additional headers of the userinfo request. `{client_id}` in a value is replaced by the client id.
    pub userinfo_headers: Vec<(String, String)>,
    /// The place of the access token in the userinfo request.
    pub userinfo_token: AccessTokenIn,
    /// The places of the profile's members in the response.
    pub profile: ProfilePointers,
    /// The list of e-mail addresses, if it has a URL of its own.
    pub emails: Option<EmailList>,
}

impl Provider {
    /// A provider with the usual behaviour: a secret in the `Authorization` header, space-separated scopes (none requested), and
    /// the claims of `OpenID` in its userinfo.
    pub fn new(
        id: impl Into<String>,
        authorization_endpoint: impl Into<String>,
        token_endpoint: impl Into<String>,
        userinfo: Userinfo,
    ) -> Self {
        Self {
            id: id.into(),
            authorization_endpoint: authorization_endpoint.into(),
            token_endpoint: token_endpoint.into(),
            issuer: None,
            names_its_issuer: false,
            scopes: Vec::new(),
            scope_separator: " ".into(),
            client_authentication: ClientAuthentication::Basic,
            parameters: Vec::new(),
            renamed: Vec::new(),
            userinfo,
            userinfo_headers: Vec::new(),
            userinfo_token: AccessTokenIn::Bearer,
            profile: ProfilePointers::openid(),
            emails: None,
        }
    }

    /// Finds errors in the description at start-up instead of at the first log-in.
    pub(super) fn check(&self, http: &HttpClient) -> Result<(), InvalidSetup> {
        let browser = Url::parse(&self.authorization_endpoint).ok().filter(is_secure);
        browser.ok_or(InvalidSetup::Endpoint("authorization_endpoint"))?;
        http.check(&self.token_endpoint).map_err(|_| InvalidSetup::Endpoint("token_endpoint"))?;
        if let Userinfo::Get(url) | Userinfo::Post(url) = &self.userinfo {
            http.check(url).map_err(|_| InvalidSetup::Endpoint("userinfo"))?;
        }
        for (name, value) in &self.userinfo_headers {
            let is_header = name.parse::<HeaderName>().is_ok() && value.parse::<HeaderValue>().is_ok();
            is_header.then_some(()).ok_or_else(|| InvalidSetup::Header(name.clone()))?;
        }
        if self.names_its_issuer && self.issuer.is_none() {
            return Err(InvalidSetup::NoIssuer);
        }
        self.profile.check()?;
        if let Some(emails) = &self.emails {
            emails.check(http)?;
        }
        check_extra_parameters(&self.parameters, &self.renamed)
    }

    /// The name that this provider uses for a parameter.
    pub(super) fn name_of<'a>(&'a self, parameter: &'a str) -> &'a str {
        let renamed = self.renamed.iter().find(|(ours, _)| ours == parameter);
        renamed.map_or(parameter, |(_, theirs)| theirs)
    }
}

/// Rejects parameters that would disable a protection of the flow or appear twice (RFC 6749, section 3.1), by their
/// standard name or by the provider's own.
pub(crate) fn check_parameters<'a>(
    names: impl IntoIterator<Item = &'a str>,
    renamed: &[(String, String)],
) -> Result<(), InvalidSetup> {
    let is_reserved = |name: &str| {
        let mut ours = renamed.iter().filter(|(_, theirs)| theirs == name).map(|(ours, _)| ours.as_str());
        RESERVED.contains(&name) || ours.any(|ours| RESERVED.contains(&ours) || ours == "scope")
    };
    match names.into_iter().find(|name| is_reserved(name)) {
        Some(name) => Err(InvalidSetup::Parameter(name.to_owned())),
        None => Ok(()),
    }
}

/// The same for the additional parameters of a description, which has its own field for scopes.
pub(crate) fn check_extra_parameters(
    parameters: &[(String, String)],
    renamed: &[(String, String)],
) -> Result<(), InvalidSetup> {
    let names = || parameters.iter().map(|(name, _)| name.as_str());
    match names().find(|name| *name == "scope") {
        Some(name) => Err(InvalidSetup::Parameter(name.to_owned())),
        None => check_parameters(names(), renamed),
    }
}

const RESERVED: [&str; 11] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    // `Oidc::max_age` sets it and checks the response.
    "max_age",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "state",
];

/// The source of the user's profile at a provider.
///
/// A `{name}` in a URL is replaced by that member of the token response, for providers that require it:
/// `https://api.weixin.qq.com/sns/userinfo?openid={openid}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Userinfo {
    /// A `GET` request to this URL.
    Get(String),
    /// A `POST` request to this URL.
    Post(String),
    /// The token response itself.
    TokenResponse,
}

/// The place of the access token in a userinfo request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessTokenIn {
    /// `Authorization: Bearer <token>` (RFC 6750, section 2.1).
    Bearer,
    /// `Authorization` with another scheme.
    Scheme(String),
    /// A query parameter with this name, for providers that support nothing else.
    Query(String),
}

/// A list of e-mail addresses at a URL of its own, for providers with no address or only a public one in the profile.
///
/// The primary address is used, or else the first verified one. If the provider denies access to the list (403 or 404, because
/// the scope was not requested or not granted), the profile has no address and the log-in continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailList {
    /// The URL, for the same access token.
    pub url: String,
    /// The JSON pointer to the array; empty if the response is the array.
    pub items: String,
    /// In an item: the pointer to the address.
    pub email: String,
    /// In an item: the pointer to `true` if the address is the primary one.
    pub primary: String,
    /// In an item: the pointer to `true` if the address is verified.
    pub verified: String,
}

impl EmailList {
    fn check(&self, http: &HttpClient) -> Result<(), InvalidSetup> {
        http.check(&self.url).map_err(|_| InvalidSetup::Endpoint("emails"))?;
        let Self { items, email, primary, verified, .. } = self;
        let items = Some(items).filter(|items| !items.is_empty());
        check_pointers([email, primary, verified].into_iter().chain(items))
    }
}

/// The places of the profile's members in a JSON document, as JSON pointers (RFC 6901).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfilePointers {
    /// The id of the user, a string or a number. It is required and must never change.
    pub subject: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the provider has verified the address: `true`, also as text.
    pub email_verified: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// The URL of a picture.
    pub picture: Option<String>,
}

impl ProfilePointers {
    /// Pointers with a subject only.
    pub fn subject(pointer: impl Into<String>) -> Self {
        Self { subject: pointer.into(), email: None, email_verified: None, name: None, picture: None }
    }

    /// The standard claims (`OpenID` Connect Core, section 5.1).
    pub fn openid() -> Self {
        Self {
            email: Some("/email".into()),
            email_verified: Some("/email_verified".into()),
            name: Some("/name".into()),
            picture: Some("/picture".into()),
            ..Self::subject("/sub")
        }
    }

    pub(crate) fn check(&self) -> Result<(), InvalidSetup> {
        let Self { subject, email, email_verified, name, picture } = self;
        let others = [email, email_verified, name, picture].into_iter().flatten();
        check_pointers(std::iter::once(subject).chain(others))
    }
}

fn check_pointers<'a>(pointers: impl IntoIterator<Item = &'a String>) -> Result<(), InvalidSetup> {
    match pointers.into_iter().find(|pointer| !pointer.starts_with('/')) {
        Some(pointer) => Err(InvalidSetup::Pointer(pointer.clone())),
        None => Ok(()),
    }
}
