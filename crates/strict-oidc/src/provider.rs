//! The server itself: its name, its addresses, its scopes, its resources.

use std::time::Duration;

use strict_jose::Algorithm;
use url::{Host, Url};

use crate::client::{Client, ClientFlag, GrantType};
use crate::scopes::Scopes;

/// An OAuth 2.1 and OpenID Connect server.
///
/// Make one at the start of your program and share it. A feature is on if its endpoint has a URL; [`metadata`](crate::metadata)
/// lists only enabled features.
///
/// ```
/// use strict_oidc::{Provider, Resource};
///
/// let mut provider = Provider::new("https://id.example")?;
/// assert_eq!(provider.endpoints.token, "https://id.example/oauth/token");
///
/// provider.resources.push(Resource::new("https://api.example/v1", [("recipes:read", "read your recipes")]));
/// provider.endpoints.introspection = Some("https://id.example/oauth/introspect".into());
/// # Ok::<(), strict_oidc::InvalidIssuer>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Provider {
    issuer: String,
    /// The URLs of the endpoints.
    pub endpoints: Endpoints,
    /// The grants that the server offers.
    pub grants: Vec<GrantType>,
    /// The scopes about the user, with the sentence that the consent page shows.
    pub identity_scopes: Vec<ScopeText>,
    /// The resource servers whose access tokens this server issues.
    pub resources: Vec<Resource>,
    /// The authentication levels (`acr`), the weakest first.
    pub acr_values: Vec<String>,
    /// The algorithms of ID tokens that clients may choose.
    pub id_token_algorithms: Vec<Algorithm>,
    /// How long codes and tokens are valid.
    pub lifetimes: Lifetimes,
    /// The secret of pairwise subjects
    /// ([OpenID Connect Core §8.1](https://openid.net/specs/openid-connect-core-1_0.html#PairwiseAlg)). It must never change:
    /// clients would see other users.
    pub pairwise_salt: Option<[u8; 32]>,
    /// Whether signed request objects are accepted ([RFC 9101](https://www.rfc-editor.org/rfc/rfc9101)).
    pub accepts_request_objects: bool,
    /// Whether the endpoint calls [`sign_userinfo`](crate::sign_userinfo) for clients that want signed userinfo. Off by default.
    pub signs_userinfo: bool,
}

/// The URLs of the endpoints. `None`: the feature is off.
///
/// ```
/// let provider = strict_oidc::Provider::new("https://id.example")?;
/// assert_eq!(provider.endpoints.authorization, "https://id.example/oauth/authorize");
/// # Ok::<(), strict_oidc::InvalidIssuer>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Endpoints {
    /// The authorization endpoint ([RFC 6749 §3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)).
    pub authorization: String,
    /// The token endpoint ([RFC 6749 §3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).
    pub token: String,
    /// The JWKS ([RFC 8414 §2](https://www.rfc-editor.org/rfc/rfc8414#section-2)).
    pub jwks: String,
    /// Userinfo ([OpenID Connect Core §5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo)).
    pub userinfo: String,
    /// Introspection ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)).
    pub introspection: Option<String>,
    /// Revocation ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)).
    pub revocation: Option<String>,
    /// RP-initiated logout ([OpenID Connect RP-Initiated Logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)).
    pub end_session: Option<String>,
    /// Pushed requests ([RFC 9126](https://www.rfc-editor.org/rfc/rfc9126)).
    pub pushed_requests: Option<String>,
    /// Device authorization ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628)).
    pub device_authorization: Option<String>,
    /// The page where users type the code of a device. Short, because users type it too.
    pub device_page: String,
}

/// A resource server: an API that accepts access tokens of this server
/// ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
///
/// ```
/// use strict_oidc::Resource;
///
/// let api = Resource::new("https://api.example/v1", [("recipes:read", "read your recipes")]);
/// assert_eq!(api.scopes[0].scope, "recipes:read");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resource {
    /// The absolute URI of the API: the `aud` of its access tokens.
    pub uri: String,
    /// The scopes of the API.
    pub scopes: Vec<ScopeText>,
    /// The algorithm of its access tokens. ES256 by default.
    pub access_token_algorithm: Algorithm,
}

impl Resource {
    /// A resource with scopes and their sentences for the consent page.
    pub fn new<'a>(uri: impl Into<String>, scopes: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            uri: uri.into(),
            scopes: scopes.into_iter().map(|(scope, text)| ScopeText::new(scope, text)).collect(),
            access_token_algorithm: Algorithm::Es256,
        }
    }
}

/// A scope and the sentence that the consent page shows for it.
///
/// ```
/// let email = strict_oidc::ScopeText::new("email", "see your e-mail address");
/// assert_eq!(email.scope, "email");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScopeText {
    /// The scope.
    pub scope: String,
    /// The end of the sentence "NAME wants to …".
    pub text: String,
}

impl ScopeText {
    /// A scope and its sentence.
    pub fn new(scope: impl Into<String>, text: impl Into<String>) -> Self {
        Self { scope: scope.into(), text: text.into() }
    }
}

/// How long codes and tokens are valid.
///
/// ```
/// use std::time::Duration;
///
/// let mut lifetimes = strict_oidc::Lifetimes::default();
/// lifetimes.access_token = Duration::from_mins(5);
/// assert_eq!(lifetimes.code, Duration::from_mins(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifetimes {
    /// A code. 60 seconds.
    pub code: Duration,
    /// An access token. 10 minutes.
    pub access_token: Duration,
    /// An ID token. 10 minutes.
    pub id_token: Duration,
    /// A refresh token that is not used. 30 days.
    pub refresh_idle: Duration,
    /// A grant, however often its refresh token is used. 365 days.
    pub grant: Duration,
    /// A log-in, consent or factor page between its display and its answer. 10 minutes.
    pub page: Duration,
    /// A pushed request. 60 seconds.
    pub pushed_request: Duration,
    /// A device code. 10 minutes.
    pub device_code: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            code: Duration::from_mins(1),
            access_token: Duration::from_mins(10),
            id_token: Duration::from_mins(10),
            refresh_idle: Duration::from_hours(30 * 24),
            grant: Duration::from_hours(365 * 24),
            page: Duration::from_mins(10),
            pushed_request: Duration::from_mins(1),
            device_code: Duration::from_mins(10),
        }
    }
}

/// The reason why a text is not the name of a server ([RFC 8414 §2](https://www.rfc-editor.org/rfc/rfc8414#section-2)).
///
/// ```
/// assert!(strict_oidc::Provider::new("https://id.example/").is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an issuer is an https URL without query, fragment, user name and trailing slash; http is for this machine only"
)]
#[non_exhaustive]
pub struct InvalidIssuer;

impl Provider {
    /// A server with the usual scopes, levels and lifetimes, and its endpoints under `/oauth/`.
    ///
    /// # Errors
    /// [`InvalidIssuer`] if the issuer is not an `https` URL, or has a query, a fragment or a trailing slash. `http` is accepted
    /// for `localhost`, `127.0.0.1` and `[::1]`.
    pub fn new(issuer: &str) -> Result<Self, InvalidIssuer> {
        let url = Url::parse(issuer).map_err(|_| InvalidIssuer)?;
        let is_loopback = match url.host().ok_or(InvalidIssuer)? {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let has_more = issuer.contains(['?', '#', '@', '\\']) || issuer.ends_with('/');
        let is_secure = issuer.starts_with("https://") || is_loopback && issuer.starts_with("http://");
        if has_more || !is_secure || !issuer.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidIssuer);
        }
        let identity = [
            ("openid", "know that it is you"),
            ("profile", "see your name"),
            ("email", "see your e-mail address"),
            ("offline_access", "keep its access while you are away"),
        ];
        Ok(Self {
            issuer: issuer.to_owned(),
            endpoints: Endpoints {
                authorization: format!("{issuer}/oauth/authorize"),
                token: format!("{issuer}/oauth/token"),
                jwks: format!("{issuer}/oauth/jwks.json"),
                userinfo: format!("{issuer}/oauth/userinfo"),
                introspection: None,
                revocation: None,
                end_session: None,
                pushed_requests: None,
                device_authorization: None,
                device_page: format!("{issuer}/device"),
            },
            grants: vec![GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials],
            identity_scopes: identity.map(|(scope, text)| ScopeText::new(scope, text)).into(),
            resources: Vec::new(),
            acr_values: vec!["aal1".into(), "aal2".into(), "phr".into()],
            id_token_algorithms: vec![Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa],
            lifetimes: Lifetimes::default(),
            pairwise_salt: None,
            accepts_request_objects: false,
            signs_userinfo: false,
        })
    }

    /// The name of the server: the `iss` of everything that it signs.
    ///
    /// ```
    /// assert_eq!(strict_oidc::Provider::new("https://id.example")?.issuer(), "https://id.example");
    /// # Ok::<(), strict_oidc::InvalidIssuer>(())
    /// ```
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The resource with this URI.
    ///
    /// ```
    /// # use strict_oidc::Provider;
    /// assert!(Provider::new("https://id.example")?.resource("https://api.example").is_none());
    /// # Ok::<(), strict_oidc::InvalidIssuer>(())
    /// ```
    pub fn resource(&self, uri: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.uri == uri)
    }

    /// The sentence of a scope, if the server knows the scope.
    ///
    /// ```
    /// # use strict_oidc::Provider;
    /// let provider = Provider::new("https://id.example")?;
    /// assert_eq!(provider.scope_text("email").map(|scope| scope.text.as_str()), Some("see your e-mail address"));
    /// # Ok::<(), strict_oidc::InvalidIssuer>(())
    /// ```
    pub fn scope_text(&self, scope: &str) -> Option<&ScopeText> {
        let of_resources = self.resources.iter().flat_map(|resource| &resource.scopes);
        self.identity_scopes.iter().chain(of_resources).find(|own| own.scope == scope)
    }

    pub(crate) fn knows_scope(&self, scope: &str) -> bool {
        self.scope_text(scope).is_some()
    }

    pub(crate) fn is_identity_scope(&self, scope: &str) -> bool {
        self.identity_scopes.iter().any(|own| own.scope == scope)
    }

    /// Whether the authentication level `reached` is at least `wanted`. An unknown level is below every other.
    pub(crate) fn acr_reaches(&self, reached: &str, wanted: &str) -> bool {
        let rank = |acr: &str| self.acr_values.iter().position(|own| own == acr);
        rank(wanted).is_some_and(|wanted| rank(reached).is_some_and(|reached| reached >= wanted))
    }
}

/// The audience and the scopes of an access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) audience: Vec<String>,
    pub(crate) scopes: Scopes,
    pub(crate) algorithm: Algorithm,
}

impl Provider {
    /// The audience of an access token: the resource that was asked for, and nothing else; without one, the client's default
    /// resource and the issuer, whose userinfo accepts it. Each scope belongs to one of them.
    pub(crate) fn target(&self, client: &Client, resource: Option<&str>, scopes: &Scopes) -> Target {
        let asked = resource.is_some();
        let resource =
            resource.or(client.resources.first().map(String::as_str)).and_then(|uri| self.resource(uri));
        let mut audience: Vec<_> = resource.iter().map(|resource| resource.uri.clone()).collect();
        if !asked {
            audience.push(self.issuer.clone());
        }
        let is_of_resource = |scope: &str| {
            resource.is_some_and(|resource| resource.scopes.iter().any(|own| own.scope == scope))
        };
        let scopes = scopes.filter(|scope| is_of_resource(scope) || !asked && self.is_identity_scope(scope));
        let algorithm = resource.map_or(Algorithm::Es256, |resource| resource.access_token_algorithm);
        Target { audience, scopes, algorithm }
    }

    /// The `sub` that a client sees for a user.
    pub(crate) fn subject(&self, client: &Client, user: &str) -> String {
        match &self.pairwise_salt {
            Some(salt) if client.has(ClientFlag::Pairwise) => crate::pairwise::subject(salt, client, user),
            _ => user.to_owned(),
        }
    }
}
