//! Log in with an account at an `OpenID` provider: OAuth 2.0 with a signed ID token.

mod id_token;
mod issuer;
mod provider;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use strict_jose::Error as TokenError;
use url::Url;

use self::id_token::{Expected, IdTokenError, IdTokenRules, VerifiedIdToken};
pub use self::issuer::Issuer;
pub use self::provider::{OidcProvider, UserinfoUse};
use crate::cached_document::{CachePolicy, CachedDocument};
use crate::clock::Clock;
use crate::discovery::Metadata;
use crate::oauth2::{
    self, Callback, CodeFlow, CodeFlowStrategy, FlowError, checked_parameters, document, encode, is_secure,
    verify_login,
};
use crate::{
    Client, Error, FlowCookies, HttpClient, InvalidSetup, LocalPath, LoggedIn, Login, Outcome, Profile,
    ProvideKeys, Provider, ProviderError, Redirect, Rejection, RemoteKeys, ResponseMode, Strategy, Tokens,
    UnverifiedHeader, Verify,
};

/// Log-in with an account at an `OpenID` provider: [`OAuth2`](crate::OAuth2) with a verified ID token.
///
/// Only the issuer must be configured. Its endpoints and keys are discovered at the first log-in, cached, and renewed in the
/// background. The program starts even if the provider is down.
///
/// ```
/// use tower_passport::{Client, FlowCookies, HttpClient, Login, Network, Oidc, OidcProvider};
///
/// # fn example(secret: &[u8], client_secret: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let provider = OidcProvider::new("example", "https://id.example");
/// let client = Client::new("s6BhdRkqt3", "https://recipes.example/login/callback")?.secret(client_secret);
/// let flows = FlowCookies::new(secret)?;
/// let http = HttpClient::new(Network::Public)?;
/// let example = Oidc::new(provider, client, flows, http, |login: Login| async move {
///     Ok::<_, std::convert::Infallible>(Some((login.profile.issuer, login.profile.subject)))
/// })?;
/// # Ok(()) }
/// ```
///
/// The table of [`OAuth2`](crate::OAuth2) applies, and:
///
/// | the provider returns | outcome |
/// | --- | --- |
/// | metadata of another issuer, or none in time | 503 |
/// | no ID token, or an invalid one | 400, the cause is in the log |
/// | a userinfo with another `sub` than the ID token | 400 |
/// | an ID token with an unknown key, also after fetching the keys again | 400; 503 if they were fetched a moment ago |
/// | no keys | 503 |
///
/// These parts of an ID token are checked: the signature, with the provider's published keys and only by the registered
/// [`algorithms`](OidcProvider::algorithms); `iss`, `aud`, `azp`, `exp`, `iat`, `nonce`; `at_hash` if present; `auth_time` if a
/// [`max_age`](Self::max_age) is set. A client secret is never a key: with HS256 every holder of the secret could forge ID
/// tokens.
///
/// Sources: `OpenID` Connect Core, Discovery, RP-Initiated Logout; RFC 9207; RFC 9700.
pub struct Oidc<V> {
    provider: OidcProvider,
    flow: CodeFlow,
    metadata: CachedDocument<Metadata>,
    keys: RemoteKeys,
    rules: IdTokenRules,
    verify: V,
}

const POLICY: CachePolicy = CachePolicy {
    fresh_for: Duration::from_hours(1),
    stale_for: Duration::from_hours(24),
    usable_for: Duration::ZERO,
    retry_after: Duration::from_secs(10),
};

impl<V: Verify<Login>> Oidc<V> {
    /// The strategy for a provider. The [verification](Verify) takes the [`Login`].
    ///
    /// # Errors
    /// [`InvalidSetup`] if the description of the provider is invalid, or this HTTP client may not connect to the issuer.
    pub fn new(
        provider: OidcProvider,
        client: Client,
        flows: FlowCookies,
        http: HttpClient,
        verify: V,
    ) -> Result<Self, InvalidSetup> {
        provider.check(&http)?;
        client.check()?;
        let identity = [&*provider.id, provider.issuer.in_metadata()].join("\n");
        let rules = IdTokenRules::new(provider.issuer.clone(), &client.id, provider.algorithms.clone());
        let flow = CodeFlow::new(&identity, client, flows, http);
        let (metadata, keys) = published(&provider, &flow.http, &flow.clock);
        Ok(Self { provider, flow, metadata, keys, rules, verify })
    }
}

fn published(
    provider: &OidcProvider,
    http: &HttpClient,
    clock: &Clock,
) -> (CachedDocument<Metadata>, RemoteKeys) {
    let (http, issuer) = (http.clone(), provider.issuer.clone());
    let keys_http = http.clone();
    let fetch = move || {
        let (http, issuer) = (http.for_task(), issuer.clone());
        async move { Metadata::fetch(&http, issuer.discovery(), issuer.in_metadata()).await }
    };
    let metadata = CachedDocument::new(fetch, Arc::clone(clock), POLICY);
    let keys =
        RemoteKeys::discovered(metadata.clone(), keys_http, provider.rsa_algorithm(), Arc::clone(clock));
    (metadata, keys)
}

impl<V> Oidc<V> {
    /// Uses this clock instead of the system's, so that tests can stop it.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.flow.clock = Arc::new(clock);
        (self.metadata, self.keys) = published(&self.provider, &self.flow.http, &self.flow.clock);
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

    /// Requires that the user authenticated at the provider within this time, and checks it (`auth_time`).
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.rules.max_age = Some(age);
        self
    }

    /// Begins a log-in with parameters that depend on the request.
    ///
    /// `parameters` are added to those of the provider's description (`login_hint`, `prompt`) or replace them. A `scope` replaces
    /// the described ones, to request more only when it is needed. `return_to` replaces that of the request.
    ///
    /// # Errors
    /// [`Error`] if the provider's metadata are not available, there are no random bytes, the strategy sets a parameter itself, or
    /// a `scope` lacks `openid`.
    pub async fn begin(
        &self,
        request: &Parts,
        return_to: LocalPath,
        parameters: &[(&str, &str)],
    ) -> Result<Redirect, Error> {
        let is_without_openid = |scope: &str| scope.split(' ').all(|scope| scope != "openid");
        if parameters.iter().any(|(name, value)| *name == "scope" && is_without_openid(value)) {
            return Err(Error::misconfigured("without the scope `openid` there is no ID token"));
        }
        self.begin_with(request, return_to, checked_parameters(parameters, &[])?).await
    }

    async fn begin_with(
        &self,
        request: &Parts,
        return_to: LocalPath,
        mut parameters: Vec<(&str, String)>,
    ) -> Result<Redirect, Error> {
        let provider = self.discovered().await?.1;
        if let Some(age) = self.rules.max_age {
            parameters.push(("max_age", age.as_secs().to_string()));
        }
        let nonce = self.flow.random_text()?;
        self.flow.begin(&provider, request, return_to, Some(nonce), &parameters)
    }

    /// New tokens for a refresh token; `None` if the provider no longer accepts it, and the user must log in again.
    ///
    /// An ID token in the response is left out, because it is not verified.
    ///
    /// # Errors
    /// [`Error`], with a [`ProviderError`] as its source, if the provider was unreachable or returned an error.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Option<Tokens>, Error> {
        let provider = self.discovered().await?.1;
        let tokens = self.flow.refresh(&provider, refresh_token).await?;
        Ok(tokens.map(|tokens| Tokens { id_token: None, ..tokens }))
    }

    /// The redirect that logs the user out at the provider; `None` if the provider does not support it.
    ///
    /// End the session of this program first, whatever the result. The ID token for the hint can be
    #[cfg_attr(feature = "session", doc = "[stored with the session](crate::Sessions::log_in_with).")]
    #[cfg_attr(not(feature = "session"), doc = "stored with the session.")]
    ///
    /// ```
    /// # use http::request::Parts;
    /// # use secrecy::SecretString;
    /// # use tower_passport::{Error, Logout, Oidc, Redirect};
    /// # async fn example<V>(example: &Oidc<V>, id_token: SecretString, request: &Parts) -> Result<Option<Redirect>, Error> {
    /// let logout = Logout {
    ///     id_token_hint: Some(&id_token),
    ///     post_logout_redirect_uri: Some("https://recipes.example/goodbye"),
    ///     ..Logout::default()
    /// };
    /// example.log_out(request, logout).await
    /// # }
    /// ```
    ///
    /// Source: `OpenID` Connect RP-Initiated Logout, section 2.
    ///
    /// # Errors
    /// [`Error`] if the provider's metadata are not available, or there are no random bytes.
    pub async fn log_out(&self, request: &Parts, logout: Logout<'_>) -> Result<Option<Redirect>, Error> {
        let metadata = self.metadata.get().await.map_err(ProviderError::from).map_err(Error::new)?;
        let Some(endpoint) = &metadata.end_session_endpoint else { return Ok(None) };
        let url = Url::parse(endpoint).ok().filter(is_secure);
        let mut url = url
            .ok_or(ProviderError::Protocol("an end_session_endpoint that is not https"))
            .map_err(Error::new)?;
        let mut cookies = Vec::new();
        let mut query = url.query_pairs_mut();
        query.append_pair("client_id", &self.flow.client.id);
        if let Some(hint) = logout.id_token_hint {
            query.append_pair("id_token_hint", hint.expose_secret());
        }
        if let Some(back) = logout.post_logout_redirect_uri {
            let return_to = logout.return_to.cloned().unwrap_or_else(LocalPath::root);
            let (state, flow) = self.flow.begin_log_out(request, return_to)?;
            query.append_pair("post_logout_redirect_uri", back).append_pair("state", &state);
            cookies = flow;
        }
        drop(query);
        let redirect = Redirect::to(url.as_str()).map_err(Error::new)?;
        Ok(Some(cookies.into_iter().fold(redirect, Redirect::with_cookie)))
    }

    /// The end of a [`log_out`](Self::log_out), for the handler of its `post_logout_redirect_uri`: the redirect to its `return_to`.
    ///
    /// The request must bring the `state` of a log-out that this browser began. A provider may not send the `state` back although
    /// the user has logged out: show the same page in that case.
    ///
    /// ```
    /// # use http::request::Parts;
    /// # use tower_passport::{Oidc, Redirect, Rejection};
    /// fn goodbye<V>(example: &Oidc<V>, request: &Parts) -> Result<Redirect, Rejection> {
    ///     example.logged_out(request)
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Rejection`] with 400 if this browser has no such log-out in progress.
    pub fn logged_out(&self, request: &Parts) -> Result<Redirect, Rejection> {
        self.flow.logged_out(request)
    }

    /// The provider with the endpoints of its metadata.
    async fn discovered(&self) -> Result<(Arc<Metadata>, Provider), Error> {
        let metadata = self.metadata.get().await.map_err(ProviderError::from).map_err(Error::new)?;
        let provider = self.provider.described_by(&metadata).map_err(Error::new)?;
        Ok((metadata, provider))
    }
}

impl<V: Verify<Login>> CodeFlowStrategy for Oidc<V> {
    type User = V::User;

    fn flow(&self) -> &CodeFlow {
        &self.flow
    }

    fn name_of<'a>(&'a self, parameter: &'a str) -> &'a str {
        parameter
    }

    async fn start(&self, request: &Parts, return_to: LocalPath) -> Result<Redirect, FlowError> {
        Ok(self.begin_with(request, return_to, Vec::new()).await?)
    }

    async fn finish(&self, callback: Callback, request: &Parts) -> Result<V::User, FlowError> {
        let Callback { response, verifier, nonce, .. } = callback;
        let (metadata, provider) = self.discovered().await?;
        let names_its_issuer = metadata.authorization_response_iss_parameter_supported;
        response.check_issuer(|issuer| self.provider.issuer.may_be(issuer), names_its_issuer)?;
        let tokens = self.flow.exchange(&provider, response.code()?, verifier).await?;
        let id_token = tokens.id_token.as_ref().ok_or_else(|| unverified("no_id_token"))?;
        let expected = Expected {
            nonce: nonce.as_deref().ok_or_else(|| unverified("wrong_nonce"))?,
            access_token: tokens.access_token.expose_secret(),
            now: (self.flow.clock)(),
        };
        let VerifiedIdToken { issuer, claims } =
            self.verified_id_token(id_token.expose_secret(), &expected).await?;
        let claims = match (&metadata.userinfo_endpoint, self.provider.userinfo) {
            (Some(endpoint), UserinfoUse::Fetch) => self.with_userinfo(claims, endpoint, &tokens).await?,
            _ => claims,
        };
        let profile = Profile {
            issuer: Some(issuer),
            ..Profile::read(&self.provider.id, &self.provider.profile, claims)?
        };
        verify_login(&self.verify, Login { profile, tokens }, request).await
    }
}

impl<V> Oidc<V> {
    /// Verifies an ID token. Only a token with an unknown key id is verified twice: the second time with newer keys.
    async fn verified_id_token(
        &self,
        id_token: &str,
        expected: &Expected<'_>,
    ) -> Result<VerifiedIdToken, FlowError> {
        let verify = |keys: &_| self.rules.verify(id_token, keys, expected);
        let header = UnverifiedHeader::of(id_token);
        let verified = match verify(&self.keys.keys(&header).await?) {
            Err(IdTokenError::Token(TokenError::UnknownKey { kid })) => {
                match self.keys.keys_beyond(&header).await? {
                    Some(newer) => verify(&newer),
                    None => Err(TokenError::UnknownKey { kid }.into()),
                }
            }
            known => known,
        };
        verified.map_err(|error| unverified(error.cause()))
    }

    /// The claims with those of the userinfo, which must have the same subject, to prevent a token substitution (`OpenID`
    /// Connect Core, section 5.3.2). Signed claims take precedence.
    async fn with_userinfo(
        &self,
        verified: Value,
        endpoint: &str,
        tokens: &Tokens,
    ) -> Result<Value, FlowError> {
        const BAD: ProviderError = ProviderError::Protocol("an invalid userinfo_endpoint");
        let token = tokens.access_token.expose_secret();
        let authorization = encode::authorization("Bearer", token).map_err(|_| BAD)?;
        let request = Request::get(endpoint)
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, authorization)
            .body(Bytes::new())
            .map_err(|_| BAD)?;
        let userinfo = document(&self.flow.http, request).await?;
        let (Value::Object(verified), Value::Object(mut claims)) = (verified, userinfo) else {
            return Err(ProviderError::Protocol("a userinfo that is not an object").into());
        };
        if claims.get("sub") != verified.get("sub") {
            return Err(unverified("userinfo_subject"));
        }
        claims.extend(verified);
        Ok(Value::Object(claims))
    }
}

fn unverified(cause: &'static str) -> FlowError {
    let description = "The response of the provider could not be verified. Begin the log-in again.";
    Rejection::invalid_request(description).with_cause(cause).into()
}

impl<V: Verify<Login>> Strategy for Oidc<V> {
    type User = LoggedIn<V::User>;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<Self::User>, Error> {
        oauth2::authenticate(self, request).await
    }
}

/// The parameters of [`Oidc::log_out`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Logout<'a> {
    /// The ID token of the log-in. With it, most providers log out without asking the user.
    pub id_token_hint: Option<&'a SecretString>,
    /// The absolute URL to which the provider sends the browser afterwards, registered at the provider. It is called with a
    /// `state` for [`Oidc::logged_out`].
    pub post_logout_redirect_uri: Option<&'a str>,
    /// The path to which [`Oidc::logged_out`] redirects. The default is `/`.
    pub return_to: Option<&'a LocalPath>,
}

/// Leaves out the verification, the secrets and the random source.
impl<V> fmt::Debug for Oidc<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Oidc")
            .field("provider", &self.provider)
            .field("client", &self.flow.client)
            .finish_non_exhaustive()
    }
}
