use url::{Host, Url};

/// The configuration of a log-in with a provider is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSetup {
    /// The redirect URI is invalid. The text names the problem.
    #[error("the redirect URI must be an absolute https URL without fragment (http at loopback), and is {0}")]
    RedirectUri(&'static str),
    /// The secret of [`FlowCookies`](crate::FlowCookies) is too short.
    #[error("the secret must have at least 32 random bytes")]
    ShortSecret,
    /// An endpoint is not a URL, or the HTTP client may not connect to it: see [`Network`](crate::Network).
    #[error("`{0}` must be an https URL on a network that the HTTP client may ask")]
    Endpoint(&'static str),
    /// The provider names its issuer in its responses, but the description has no issuer to compare it with.
    #[error("a provider that names its issuer needs an issuer to compare it with")]
    NoIssuer,
    /// The scopes of an `OpenID` provider lack `openid`, without which there is no ID token.
    #[error("the scopes of an OpenID provider must include `openid`")]
    NoOpenid,
    /// The issuer of a multi-tenant provider has no place for the tenant: see `Issuer::ManyTenants`.
    #[error("the template of an issuer must contain `{{tenantid}}` exactly once")]
    Template,
    /// The key of the client cannot sign, or is symmetric: see [`Client::private_key`](crate::Client::private_key).
    #[error("the key of a client must be the private key of a key pair")]
    ClientKey,
    /// An additional parameter is one that the strategy sets itself.
    #[error("the parameter `{0}` is set by the strategy itself")]
    Parameter(String),
    /// An additional header is invalid.
    #[error("`{0}` and its value are not a valid header")]
    Header(String),
    /// The algorithm is symmetric: every holder of the client secret could forge ID tokens.
    #[error("{0} must not sign ID tokens: use an algorithm with a key pair")]
    Algorithm(strict_jose::Algorithm),
    /// A JSON pointer does not begin with a slash.
    #[error("`{0}` is not a JSON pointer to a member: it must begin with a slash")]
    Pointer(String),
}

/// Whether requests to this URL are encrypted or stay on this machine.
pub(crate) fn is_secure(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => return false,
    };
    url.scheme() == "https" || url.scheme() == "http" && is_loopback
}
