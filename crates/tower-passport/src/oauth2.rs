//! Log in with an account at an OAuth 2.0 provider: authorization code flow with PKCE.

mod authorization_response;
mod client;
mod code_flow;
pub(crate) mod encode;
mod flow_cookies;
mod invalid_setup;
mod login;
mod profile;
mod provider;
mod provider_error;
mod tokens;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use http::request::Parts;
use secrecy::SecretString;

pub use self::authorization_response::ResponseMode;
pub use self::client::{Client, ClientAuthentication};
pub(crate) use self::code_flow::{
    Callback, CodeFlow, CodeFlowStrategy, authenticate, checked_parameters, verify_login,
};
pub use self::flow_cookies::FlowCookies;
pub use self::invalid_setup::InvalidSetup;
#[cfg(feature = "oidc")]
pub(crate) use self::invalid_setup::is_secure;
pub use self::login::{LoggedIn, Login};
pub use self::profile::Profile;
#[cfg(feature = "oidc")]
pub(crate) use self::profile::document;
#[cfg(feature = "oidc")]
pub(crate) use self::provider::check_extra_parameters;
pub use self::provider::{AccessTokenIn, EmailList, ProfilePointers, Provider, Userinfo};
pub(crate) use self::provider_error::FlowError;
pub use self::provider_error::ProviderError;
pub use self::tokens::Tokens;
use crate::{Error, HttpClient, LocalPath, Outcome, Redirect, Strategy, Verify};

/// Log-in with an account at an OAuth 2.0 provider: the authorization code flow, always with PKCE and `state`.
///
/// One strategy serves two routes, as in Passport. A request without `code`, `state` and `error` begins a log-in: the outcome
/// is [`Outcome::Redirect`]. At the callback the outcome is [`Outcome::Accept`] with a [`LoggedIn`] user, or
/// [`Outcome::Reject`]. In between, the state of the log-in is in an encrypted cookie: see [`FlowCookies`].
///
/// ```
/// use tower_passport::{Client, FlowCookies, HttpClient, Login, Network, OAuth2, Provider, Userinfo};
///
/// # fn example(secret: &[u8], client_secret: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let provider = Provider::new(
///     "example",
///     "https://id.example/authorize",
///     "https://id.example/token",
///     Userinfo::Get("https://id.example/me".into()),
/// );
/// let client = Client::new("s6BhdRkqt3", "https://recipes.example/login/callback")?.secret(client_secret);
/// let flows = FlowCookies::new(secret)?;
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
/// | `return_to` that is not a [path of this site](LocalPath) | 400 |
/// | `code` or `error` without `state`, or a parameter twice | 400 |
/// | a `state` with a missing (another browser, a finished log-in), forged or expired cookie | 400 |
/// | a `state` of a log-in with another provider, or `iss` of another one, or no `iss` where it is required (RFC 9207) | 400 |
/// | `error=access_denied`: the user cancelled | 403 `access_denied` |
/// | another `error`, or a provider that is unreachable or breaks the protocol | 503, source: [`ProviderError`] |
/// | a `code` that the provider rejects, because it was used before | 400 |
/// | a good `code`, and the verification denies | 403 `access_denied`, unless the [`Denial`](crate::Denial) says otherwise |
/// | a good `code`, and the verification fails | 503 |
///
/// Sources: RFC 6749, RFC 7636 (PKCE), RFC 9207 (issuer), RFC 9700 (best practice).
pub struct OAuth2<V> {
    provider: Provider,
    flow: CodeFlow,
    verify: V,
}

impl<V: Verify<Login>> OAuth2<V> {
    /// The strategy for a provider. The [verification](Verify) takes the [`Login`].
    ///
    /// # Errors
    /// [`InvalidSetup`] if the description of the provider is invalid, or this HTTP client may not connect to an endpoint.
    pub fn new(
        provider: Provider,
        client: Client,
        flows: FlowCookies,
        http: HttpClient,
        verify: V,
    ) -> Result<Self, InvalidSetup> {
        provider.check(&http)?;
        client.check()?;
        let identity = [&*provider.id, &provider.authorization_endpoint].join("\n");
        Ok(Self { flow: CodeFlow::new(&identity, client, flows, http), provider, verify })
    }
}

impl<V> OAuth2<V> {
    /// Uses this clock instead of the system's, so that tests can stop it.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.flow.clock = Arc::new(clock);
        self
    }

    /// Uses this source of random bytes instead of the system's, so that tests can predict them.
    #[must_use]
    pub fn randomness(mut self, fill: impl Fn(&mut [u8]) -> io::Result<()> + Send + Sync + 'static) -> Self {
        self.flow.randomness = Arc::new(fill);
        self
    }

    /// Sets how the provider returns its response. The default is [`ResponseMode::Query`].
    #[must_use]
    pub fn response_mode(mut self, mode: ResponseMode) -> Self {
        self.flow.response_mode = mode;
        self
    }

    /// Begins a log-in with parameters that depend on the request.
    ///
    /// `parameters` are added to those of the provider's description (`login_hint`, `prompt`) or replace them. A `scope` replaces
    /// the described ones, to request more only when it is needed. `return_to` replaces that of the request.
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
    /// [`Error`] if there are no random bytes, or the strategy sets a parameter itself.
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
            &checked_parameters(parameters, &self.provider.renamed)?,
        )
    }

    /// New tokens for a refresh token; `None` if the provider no longer accepts it, and the user must log in again.
    ///
    /// # Errors
    /// [`Error`], with a [`ProviderError`] as its source, if the provider was unreachable or returned an error.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Option<Tokens>, Error> {
        self.flow.refresh(&self.provider, refresh_token).await
    }
}

impl<V: Verify<Login>> CodeFlowStrategy for OAuth2<V> {
    type User = V::User;

    fn flow(&self) -> &CodeFlow {
        &self.flow
    }

    fn name_of<'a>(&'a self, parameter: &'a str) -> &'a str {
        self.provider.name_of(parameter)
    }

    async fn start(&self, request: &Parts, return_to: LocalPath) -> Result<Redirect, FlowError> {
        Ok(self.flow.begin(&self.provider, request, return_to, None, &[])?)
    }

    async fn finish(&self, callback: Callback, request: &Parts) -> Result<V::User, FlowError> {
        let Callback { response, verifier, .. } = callback;
        let issuer = self.provider.issuer.as_deref();
        let is_ours = |theirs: &str| issuer.is_none_or(|ours| ours == theirs);
        response.check_issuer(is_ours, self.provider.names_its_issuer)?;
        let tokens = self.flow.exchange(&self.provider, response.code()?, verifier).await?;
        let profile = Profile::fetch(&self.provider, &self.flow.client.id, &self.flow.http, &tokens).await?;
        verify_login(&self.verify, Login { profile, tokens }, request).await
    }
}

impl<V: Verify<Login>> Strategy for OAuth2<V> {
    type User = LoggedIn<V::User>;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<Self::User>, Error> {
        authenticate(self, request).await
    }
}

/// Leaves out the verification, the secrets and the random source.
impl<V> fmt::Debug for OAuth2<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OAuth2")
            .field("provider", &self.provider.id)
            .field("client", &self.flow.client)
            .finish_non_exhaustive()
    }
}
