use http::{HeaderName, HeaderValue};
use url::Url;

use super::{ClientAuthentication, InvalidSetup, is_secure};
use crate::HttpClient;

/// An OAuth 2.0 provider, as data: where its endpoints are, and what it does its own way.
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
    /// Its name in this program: [`Profile::provider`](crate::Profile::provider), and what a log-in is bound to.
    pub id: String,
    /// Where the browser is sent.
    pub authorization_endpoint: String,
    /// Where the code is exchanged for tokens.
    pub token_endpoint: String,
    /// The issuer that its answers name. If they name one, it must be this (RFC 9207): an answer of another provider is
    /// then not taken for one of this.
    pub issuer: Option<String>,
    /// Whether all its answers name it, as its metadata say (`authorization_response_iss_parameter_supported`): then one
    /// that names none is refused too, so that nobody can leave it out.
    pub names_its_issuer: bool,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// What stands between scopes: a space (RFC 6749, section 3.3), and a comma at some.
    pub scope_separator: String,
    /// How the secret is sent, if the client has one.
    pub client_authentication: ClientAuthentication,
    /// More parameters of the authorization request, such as `("access_type", "offline")`.
    pub parameters: Vec<(String, String)>,
    /// Parameters that this provider calls differently, ours first: `("client_id", "client_key")`. In all requests, and
    /// in the way back.
    pub renamed: Vec<(String, String)>,
    /// Where it says whose tokens these are.
    pub userinfo: Userinfo,
    /// Header fields of that request beside the token. `{client_id}` in a value is replaced by it.
    pub userinfo_headers: Vec<(String, String)>,
    /// Where in that request the token is.
    pub userinfo_token: AccessTokenIn,
    /// Where in the answer is what.
    pub profile: ProfilePointers,
    /// Where the e-mail addresses are, if they are elsewhere.
    pub emails: Option<EmailList>,
}

impl Provider {
    /// A provider that does everything the usual way: a secret in the `Authorization` field, scopes with spaces between
    /// them (none asked for), and the claims of `OpenID` in its userinfo.
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

    /// What a record can get wrong, seen when the program starts and not at the first log-in.
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
        check_described(&self.parameters, &self.renamed)
    }

    /// What this provider calls a parameter.
    pub(super) fn name_of<'a>(&'a self, parameter: &'a str) -> &'a str {
        let renamed = self.renamed.iter().find(|(ours, _)| ours == parameter);
        renamed.map_or(parameter, |(_, theirs)| theirs)
    }
}

/// Refuses parameters that would undo a protection of the flow, or say a thing twice (RFC 6749, section 3.1): by the
/// standard's name or by the provider's own.
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

/// The same for those of a provider's description, where the scopes have a place of their own.
pub(crate) fn check_described(
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
    // Only `Oidc::max_age` also checks it.
    "max_age",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "state",
];

/// Where a provider says whose tokens it gave out.
///
/// A `{name}` in a URL becomes what the token answer says under that name, for providers that want to be told whom they
/// are asked about: `https://api.weixin.qq.com/sns/userinfo?openid={openid}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Userinfo {
    /// At this URL.
    Get(String),
    /// At this URL, with `POST`.
    Post(String),
    /// Beside the tokens.
    TokenResponse,
}

/// Where the access token is in a request for the userinfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessTokenIn {
    /// `Authorization: Bearer <token>` (RFC 6750, section 2.1).
    Bearer,
    /// `Authorization` with another scheme.
    Scheme(String),
    /// In the query, under this name, for providers that know no better.
    Query(String),
}

/// A list of e-mail addresses at a URL of its own, for providers whose profile has none, or only a public one.
///
/// The address is the primary one, or else the first that is verified. A provider that does not let the client see the
/// list (403 or 404, if the scope was not asked for or not granted) has no address to tell; the log-in goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailList {
    /// Where it is, for the same access token.
    pub url: String,
    /// The JSON Pointer to the array in the answer; empty if it is the answer.
    pub items: String,
    /// In an item: the pointer to the address.
    pub email: String,
    /// In an item: the pointer to `true` if it is the primary one.
    pub primary: String,
    /// In an item: the pointer to `true` if it is verified.
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

/// Where in a JSON document a provider says what of its user: JSON Pointers (RFC 6901).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfilePointers {
    /// The user's id, a string or a number, which must be there and never changes.
    pub subject: String,
    /// His e-mail address.
    pub email: Option<String>,
    /// Whether the provider knows that it is his: `true`, or the text of it.
    pub email_verified: Option<String>,
    /// What he is called.
    pub name: Option<String>,
    /// The URL of his picture.
    pub picture: Option<String>,
}

impl ProfilePointers {
    /// The subject there, and nothing else.
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
