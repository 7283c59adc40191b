//! Log in with somebody else's account: OAuth 2.0, authorization code with PKCE.

mod callback;
mod client;
mod code_flow;
pub(crate) mod encode;
mod failure;
mod flow;
mod login;
mod profile;
mod provider;
mod tokens;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use http::request::Parts;
use secrecy::SecretString;
use url::{Host, Url};

pub use self::client::{Client, ClientAuthentication};
pub(crate) use self::code_flow::{CodeFlow, Comeback, LogsIn, authenticate};
pub(crate) use self::failure::End;
pub use self::failure::Failure;
pub use self::flow::Flows;
pub use self::login::{Login, SignedIn, VerifyLogin};
pub use self::profile::Profile;
#[cfg(feature = "oidc")]
pub(crate) use self::profile::document;
#[cfg(feature = "oidc")]
pub(crate) use self::provider::check_described;
use self::provider::check_parameters;
pub use self::provider::{AccessTokenIn, EmailList, ProfilePointers, Provider, Userinfo};
pub use self::tokens::Tokens;
use crate::{Error, HttpClient, LocalPath, Outcome, Redirect, Rejection, Strategy};

/// Log in with an account at an OAuth 2.0 provider: the authorization code flow, with PKCE and `state` always.
///
/// One strategy stands on two routes, as in Passport: where a log-in begins it concludes [`Outcome::Redirect`], and where
/// the browser comes back, [`Outcome::Accept`] with a [`SignedIn`] user or [`Outcome::Reject`]. A request that has none of
/// `code`, `state` and `error` begins one. What is remembered in between is in a sealed cookie: see [`Flows`].
///
/// ```
/// use tower_passport::{Client, Flows, HttpClient, Login, Network, OAuth2, Provider, Userinfo};
///
/// # fn example(secret: &[u8], client_secret: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let provider = Provider::new(
///     "example",
///     "https://id.example/authorize",
///     "https://id.example/token",
///     Userinfo::Get("https://id.example/me".into()),
/// );
/// let client = Client::new("s6BhdRkqt3", "https://recipes.example/login/callback")?.secret(client_secret);
/// let flows = Flows::new(secret)?;
/// let http = HttpClient::new(Network::Public)?;
/// let example = OAuth2::new(provider, client, flows, http, |login: Login| async move {
///     Ok::<_, std::convert::Infallible>(Some((login.profile.provider, login.profile.subject)))
/// })?;
/// # Ok(()) }
/// ```
///
/// | the request has | outcome |
/// | --- | --- |
/// | none of `code`, `state`, `error` | 303 to the provider, with a cookie |
/// | `return_to` that is no [path of this site](LocalPath) | 400 |
/// | `code` or `error` without `state`, or a parameter twice | 400 |
/// | a `state` whose cookie is missing (another browser, finished), forged, or expired | 400 |
/// | a `state` of a log-in with another provider, or `iss` of another, or none where there must be one (RFC 9207) | 400 |
/// | `error=access_denied`: the user said no | 403 `access_denied` |
/// | another `error`, or a provider that cannot be asked or breaks the protocol | 503, cause: [`Failure`] |
/// | a `code` that the provider refuses, because it was used already | 400 |
/// | a good `code`, and the verification said `Ok(None)` | 403 `access_denied` |
/// | a good `code`, and the verification said `Err` | 503 |
///
/// Sources: RFC 6749, RFC 7636 (PKCE), RFC 9207 (issuer), RFC 9700 (best practice).
pub struct OAuth2<V> {
    provider: Provider,
    flow: CodeFlow,
    verify: V,
}

impl<V: VerifyLogin> OAuth2<V> {
    /// The strategy for a provider, with a function of [`Login`] or a [`VerifyLogin`] type.
    ///
    /// # Errors
    /// [`InvalidSetup`] if something in the provider's description cannot be, or may not be asked by this HTTP client.
    pub fn new(
        provider: Provider,
        client: Client,
        flows: Flows,
        http: HttpClient,
        verify: V,
    ) -> Result<Self, InvalidSetup> {
        provider.check(&http)?;
        client.check()?;
        let identity = [&*provider.id, &provider.authorization_endpoint].join("\n");
        Ok(Self { flow: CodeFlow::new(&identity, client, flows, http), provider, verify })
    }
}

/// What the application says to it, in the words of a strategy.
pub(crate) async fn verified<V: VerifyLogin>(verify: &V, login: Login) -> Result<V::User, End> {
    match verify.verify(login).await {
        Ok(Some(user)) => Ok(user),
        Ok(None) => {
            Err(Rejection::access_denied("This account may not log in here.").because("unknown_user").into())
        }
        Err(error) => Err(Error::new(error).into()),
    }
}

impl<V> OAuth2<V> {
    /// Takes the time from this clock instead of the system's, so that tests can stop it.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.flow.clock = Arc::new(clock);
        self
    }

    /// Takes random bytes from this source instead of the system's, so that tests can foresee them.
    #[must_use]
    pub fn randomness(mut self, fill: impl Fn(&mut [u8]) -> io::Result<()> + Send + Sync + 'static) -> Self {
        self.flow.randomness = Arc::new(fill);
        self
    }

    /// How the provider's answer comes back: in the URL unless said.
    #[must_use]
    pub fn response_mode(mut self, mode: ResponseMode) -> Self {
        self.flow.response_mode = mode;
        self
    }

    /// Begins a log-in by hand, for what depends on the request: more parameters (`login_hint`, `prompt`), other values than
    /// those of the provider's description, or another way back than the request's `return_to`. A `scope` stands in for the
    /// described ones, written as the provider wants the list: to ask for more only when it is needed.
    ///
    /// ```
    /// # use http::request::Parts;
    /// # use tower_passport::{Error, LocalPath, OAuth2, Redirect};
    /// # fn example<V>(example: &OAuth2<V>, request: &Parts) -> Result<Redirect, Error> {
    /// example.begin(request, LocalPath::root(), &[("login_hint", "alice@recipes.example")])
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error`] if there is no randomness, or a parameter is one that the strategy sets itself.
    pub fn begin(
        &self,
        request: &Parts,
        return_to: LocalPath,
        parameters: &[(&str, &str)],
    ) -> Result<Redirect, Error> {
        self.flow.begin(
            &self.provider,
            request,
            return_to,
            None,
            &checked(parameters, &self.provider.renamed)?,
        )
    }

    /// New tokens for a refresh token; `None` if the provider no longer takes it, and the user has to log in again.
    ///
    /// # Errors
    /// [`Error`], with a [`Failure`] as its cause, if the provider could not be asked or would not answer.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Option<Tokens>, Error> {
        self.flow.refresh(&self.provider, refresh_token).await
    }
}

pub(crate) fn checked<'a>(
    parameters: &[(&'a str, &str)],
    renamed: &[(String, String)],
) -> Result<Vec<(&'a str, String)>, Error> {
    check_parameters(parameters.iter().map(|(name, _)| *name), renamed).map_err(Error::misconfigured)?;
    Ok(parameters.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
}

impl<V: VerifyLogin> LogsIn for OAuth2<V> {
    type User = V::User;

    fn flow(&self) -> &CodeFlow {
        &self.flow
    }

    fn name_of<'a>(&'a self, parameter: &'a str) -> &'a str {
        self.provider.name_of(parameter)
    }

    async fn set_out(&self, request: &Parts, return_to: LocalPath) -> Result<Redirect, End> {
        Ok(self.flow.begin(&self.provider, request, return_to, None, &[])?)
    }

    async fn conclude(&self, comeback: Comeback) -> Result<V::User, End> {
        let Comeback { callback, verifier, .. } = comeback;
        let issuer = self.provider.issuer.as_deref();
        let is_ours = |theirs: &str| issuer.is_none_or(|ours| ours == theirs);
        callback.check_issuer(is_ours, self.provider.names_its_issuer)?;
        let tokens = self.flow.exchange(&self.provider, callback.code()?, verifier).await?;
        let profile = Profile::fetch(&self.provider, &self.flow.client.id, &self.flow.http, &tokens).await?;
        verified(&self.verify, Login { profile, tokens }).await
    }
}

impl<V: VerifyLogin> Strategy for OAuth2<V> {
    type User = SignedIn<V::User>;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<Self::User>, Error> {
        authenticate(self, request).await
    }
}

/// How a provider's answer comes back with the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    Query,
    /// In a form that the provider's page posts, so that the code is in no URL. The strategy needs the
    /// [`BufferBody`](crate::BufferBody) layer then, and the route of the redirect URI must take `POST`.
    /// Source: OAuth 2.0 Form Post Response Mode.
    FormPost,
}

/// What a log-in with a provider is set up with cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSetup {
    /// The redirect URI; this says what is wrong with it.
    #[error("the redirect URI must be an absolute https URL without fragment (http at loopback), and is {0}")]
    RedirectUri(&'static str),
    /// The secret of [`Flows`] is too short.
    #[error("the secret must have at least 32 random bytes")]
    ShortSecret,
    /// An endpoint is no URL, or none that may be asked: see [`Network`](crate::Network).
    #[error("`{0}` must be an https URL on a network that the HTTP client may ask")]
    Endpoint(&'static str),
    /// A provider that names its issuer in its answers, and no issuer to compare them with.
    #[error("a provider that names its issuer needs one to compare with")]
    NoIssuer,
    /// The scopes of an `OpenID` provider are without `openid`: there would be no ID token.
    #[error("the scopes of an OpenID provider must have `openid` among them")]
    NoOpenid,
    /// The issuer of a provider with many tenants, without a place for the tenant: see `Issuer::ManyTenants`.
    #[error("the template of an issuer must have `{{tenantid}}` in it, once")]
    Template,
    /// A client's key that does not sign, or is a shared secret: see [`Client::private_key`].
    #[error("a client's private key must be the private one of a pair")]
    ClientKey,
    /// An additional parameter is one that the strategy sets itself.
    #[error("the parameter `{0}` is set by the strategy itself")]
    Parameter(String),
    /// An additional header field is none.
    #[error("`{0}` and its value are no header field")]
    Header(String),
    /// An algorithm of shared secrets: whoever knows the client's secret could write ID tokens.
    #[error("{0} is no algorithm for ID tokens: use one with a key pair")]
    Algorithm(strict_jose::Algorithm),
    /// A JSON pointer does not begin with a slash.
    #[error("`{0}` is no JSON pointer to a member: it must begin with a slash")]
    Pointer(String),
}

/// Whether what a browser sends there is seen by nobody on the way.
pub(crate) fn is_secure(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => return false,
    };
    url.scheme() == "https" || url.scheme() == "http" && is_loopback
}

/// The verification, the secrets and the source of randomness stay out of it.
impl<V> fmt::Debug for OAuth2<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OAuth2")
            .field("provider", &self.provider.id)
            .field("client", &self.flow.client)
            .finish_non_exhaustive()
    }
}
