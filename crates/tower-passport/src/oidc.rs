//! Log in with an account at an `OpenID` provider: OAuth 2.0, and a signed word about who it is.

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

use self::id_token::{Expected, IdTokenError, IdTokenRules, Proved};
pub use self::issuer::Issuer;
pub use self::provider::{OidcProvider, UserinfoUse};
use crate::clock::Clock;
use crate::discovery::Metadata;
use crate::fetched::{Fetched, Keeping};
use crate::oauth2::{self, CodeFlow, Comeback, End, LogsIn, document, encode, is_secure, verified};
use crate::{
    Client, Error, Failure, Flows, HttpClient, InvalidSetup, LocalPath, Login, Outcome, Profile, ProvideKeys,
    Provider, Redirect, Rejection, RemoteKeys, ResponseMode, SignedIn, Strategy, Tokens, VerifyLogin,
};

/// Log in with an account at an `OpenID` provider: everything that [`OAuth2`](crate::OAuth2) does, and an ID token that is
/// verified to the last claim.
///
/// Only the issuer has to be known: its endpoints and keys are discovered when the first log-in comes, kept, and renewed
/// behind the scenes. The program starts though the provider is down.
///
/// ```
/// use tower_passport::{Client, Flows, HttpClient, Login, Network, Oidc, OidcProvider};
///
/// # fn example(secret: &[u8], client_secret: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let provider = OidcProvider::new("example", "https://id.example");
/// let client = Client::new("s6BhdRkqt3", "https://recipes.example/login/callback")?.secret(client_secret);
/// let flows = Flows::new(secret)?;
/// let http = HttpClient::new(Network::Public)?;
/// let example = Oidc::new(provider, client, flows, http, |login: Login| async move {
///     Ok::<_, std::convert::Infallible>(Some((login.profile.issuer, login.profile.subject)))
/// })?;
/// # Ok(()) }
/// ```
///
/// What the request has and what is concluded are as with [`OAuth2`](crate::OAuth2), and:
///
/// | the provider gives | outcome |
/// | --- | --- |
/// | metadata of another issuer, none, or none in time | 503 |
/// | no ID token, or one that does not hold | 400, the reason in the log |
/// | a userinfo with another `sub` than the ID token's | 400 |
/// | an ID token signed with a key that is not in its set, also after a look | 400; 503 if it cannot be looked for so soon |
/// | no keys | 503 |
///
/// Of an ID token are checked: the signature with the provider's published keys and only by the registered
/// [`algorithms`](OidcProvider::algorithms), `iss`, `aud`, `azp`, `exp`, `iat`, `nonce`, `at_hash` if there is one, `auth_time`
/// if a [`max_age`](Self::max_age) was asked for. A client secret is never a key here: HS256 would let whoever has
/// it write ID tokens.
///
/// Sources: `OpenID` Connect Core, Discovery, RP-Initiated Logout; RFC 9207; RFC 9700.
pub struct Oidc<V> {
    provider: OidcProvider,
    flow: CodeFlow,
    metadata: Fetched<Metadata>,
    keys: RemoteKeys,
    rules: IdTokenRules,
    verify: V,
}

const KEEPING: Keeping = Keeping {
    fresh: Duration::from_hours(1),
    usable: Duration::from_hours(24),
    pause: Duration::from_secs(10),
};

impl<V: VerifyLogin> Oidc<V> {
    /// The strategy for a provider, with a function of [`Login`] or a [`VerifyLogin`] type.
    ///
    /// # Errors
    /// [`InvalidSetup`] if the issuer may not be asked by this HTTP client, a parameter is one of the protocol's own, or
    /// something else in the description cannot be.
    pub fn new(
        provider: OidcProvider,
        client: Client,
        flows: Flows,
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

fn published(provider: &OidcProvider, http: &HttpClient, clock: &Clock) -> (Fetched<Metadata>, RemoteKeys) {
    let asked = (http.clone(), provider.issuer.clone());
    let fetch = move || {
        let (http, issuer) = asked.clone();
        async move { Metadata::fetch(&http, issuer.discovery(), issuer.in_metadata()).await }
    };
    let metadata = Fetched::new(fetch, Arc::clone(clock), KEEPING);
    let keys =
        RemoteKeys::discovered(metadata.clone(), http.clone(), provider.rsa_algorithm(), Arc::clone(clock));
    (metadata, keys)
}

impl<V> Oidc<V> {
    /// Takes the time from this clock instead of the system's, so that tests can stop it.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.flow.clock = Arc::new(clock);
        (self.metadata, self.keys) = published(&self.provider, &self.flow.http, &self.flow.clock);
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

    /// Asks that the user proved himself to the provider no longer ago than this, and checks that he did (`auth_time`).
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.rules.max_age = Some(age);
        self
    }

    /// Begins a log-in by hand, for what depends on the request: more parameters (`login_hint`, `prompt`), other values than
    /// those of the provider's description (a `scope`, to ask for more only when it is needed), or another way back than
    /// the request's `return_to`.
    ///
    /// # Errors
    /// [`Error`] if the provider's metadata cannot be had, there is no randomness, a parameter is one that the strategy
    /// sets itself, or a `scope` is without `openid`.
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
        self.begin_with(request, return_to, oauth2::checked(parameters, &[])?).await
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

    /// New tokens for a refresh token; `None` if the provider no longer takes it, and the user has to log in again.
    /// An ID token that comes with them is left out: it says nothing new, and nobody verified it.
    ///
    /// # Errors
    /// [`Error`], with a [`Failure`] as its cause, if the provider could not be asked or would not answer.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Option<Tokens>, Error> {
        let provider = self.discovered().await?.1;
        let tokens = self.flow.refresh(&provider, refresh_token).await?;
        Ok(tokens.map(|tokens| Tokens { id_token: None, ..tokens }))
    }

    /// Where to send the browser so that the user is logged out at the provider too; `None` if the provider offers no such
    /// place. End your own session first, whatever comes of this. The ID token for the hint can be
    #[cfg_attr(feature = "session", doc = "[kept with the session](crate::Sessions::log_in_with).")]
    #[cfg_attr(not(feature = "session"), doc = "kept with the session.")]
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
    /// [`Error`] if the provider's metadata cannot be had, or there is no randomness.
    pub async fn log_out(&self, request: &Parts, logout: Logout<'_>) -> Result<Option<Redirect>, Error> {
        let metadata = self.metadata.get().await.map_err(Failure::from).map_err(Error::new)?;
        let Some(endpoint) = &metadata.end_session_endpoint else { return Ok(None) };
        let url = Url::parse(endpoint).ok().filter(is_secure);
        let mut url =
            url.ok_or(Failure::Protocol("an end_session_endpoint that is not https")).map_err(Error::new)?;
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

    /// The end of a [`log_out`](Self::log_out), for the handler of its `post_logout_redirect_uri`: the way to its
    /// `return_to`, if the request brings the `state` with which it began in this browser. Who does not come from there
    /// may still have logged out, at a provider that does not send the `state` back: show him the same page.
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
    /// [`Rejection`], 400, if no such log-out is under way in this browser.
    pub fn logged_out(&self, request: &Parts) -> Result<Redirect, Rejection> {
        self.flow.logged_out(request)
    }

    /// The provider as it says itself to be, as one of OAuth 2.0.
    async fn discovered(&self) -> Result<(Arc<Metadata>, Provider), Error> {
        let metadata = self.metadata.get().await.map_err(Failure::from).map_err(Error::new)?;
        let provider = self.provider.described_by(&metadata).map_err(Error::new)?;
        Ok((metadata, provider))
    }
}

impl<V: VerifyLogin> LogsIn for Oidc<V> {
    type User = V::User;

    fn flow(&self) -> &CodeFlow {
        &self.flow
    }

    fn name_of<'a>(&'a self, parameter: &'a str) -> &'a str {
        parameter
    }

    async fn set_out(&self, request: &Parts, return_to: LocalPath) -> Result<Redirect, End> {
        Ok(self.begin_with(request, return_to, Vec::new()).await?)
    }

    async fn conclude(&self, comeback: Comeback) -> Result<V::User, End> {
        let Comeback { callback, verifier, nonce, .. } = comeback;
        let (metadata, provider) = self.discovered().await?;
        let names_its_issuer = metadata.authorization_response_iss_parameter_supported;
        callback.check_issuer(|issuer| self.provider.issuer.may_be(issuer), names_its_issuer)?;
        let tokens = self.flow.exchange(&provider, callback.code()?, verifier).await?;
        let id_token = tokens.id_token.as_ref().ok_or_else(|| unproved("no_id_token"))?;
        let expected = Expected {
            nonce: nonce.as_deref().ok_or_else(|| unproved("wrong_nonce"))?,
            access_token: tokens.access_token.expose_secret(),
            now: (self.flow.clock)(),
        };
        let Proved { issuer, claims } = self.proved(id_token.expose_secret(), &expected).await?;
        let claims = match (&metadata.userinfo_endpoint, self.provider.userinfo) {
            (Some(endpoint), UserinfoUse::Fetch) => self.with_userinfo(claims, endpoint, &tokens).await?,
            _ => claims,
        };
        let profile = Profile {
            issuer: Some(issuer),
            ..Profile::read(&self.provider.id, &self.provider.profile, claims)?
        };
        verified(&self.verify, Login { profile, tokens }).await
    }
}

impl<V> Oidc<V> {
    /// Only a token that names a key which nobody knows is verified twice.
    async fn proved(&self, id_token: &str, expected: &Expected<'_>) -> Result<Proved, End> {
        let verify = |keys: &_| self.rules.verify(id_token, keys, expected);
        let proved = match verify(&self.keys.keys().await?) {
            Err(IdTokenError::Token(TokenError::UnknownKey { kid })) => {
                match self.keys.keys_beyond(&kid).await? {
                    Some(newer) => verify(&newer),
                    None => Err(TokenError::UnknownKey { kid }.into()),
                }
            }
            known => known,
        };
        proved.map_err(|error| unproved(error.cause()))
    }

    /// The claims with those of the userinfo, if both are about the same user (`OpenID` Connect Core, section 5.3.2: a
    /// token substitution otherwise). What is signed stays as it is signed.
    async fn with_userinfo(&self, proved: Value, endpoint: &str, tokens: &Tokens) -> Result<Value, End> {
        const BAD: Failure = Failure::Protocol("a userinfo_endpoint that cannot be asked");
        let token = tokens.access_token.expose_secret();
        let authorization = encode::authorization("Bearer", token).map_err(|_| BAD)?;
        let request = Request::get(endpoint)
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, authorization)
            .body(Bytes::new())
            .map_err(|_| BAD)?;
        let userinfo = document(&self.flow.http, request).await?;
        let (Value::Object(proved), Value::Object(mut claims)) = (proved, userinfo) else {
            return Err(Failure::Protocol("a userinfo that is no object").into());
        };
        if claims.get("sub") != proved.get("sub") {
            return Err(unproved("userinfo_subject"));
        }
        claims.extend(proved);
        Ok(Value::Object(claims))
    }
}

fn unproved(cause: &'static str) -> End {
    let description = "What the provider says about you could not be verified. Begin the log-in again.";
    Rejection::invalid_request(description).because(cause).into()
}

impl<V: VerifyLogin> Strategy for Oidc<V> {
    type User = SignedIn<V::User>;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<Self::User>, Error> {
        oauth2::authenticate(self, request).await
    }
}

/// What a provider is told when a user logs out: see [`Oidc::log_out`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Logout<'a> {
    /// The ID token of the log-in. With it most providers ask no question.
    pub id_token_hint: Option<&'a SecretString>,
    /// Where the browser goes afterwards: absolute, and registered at the provider for this. It brings a `state` along
    /// there, for [`Oidc::logged_out`].
    pub post_logout_redirect_uri: Option<&'a str>,
    /// Where [`Oidc::logged_out`] sends it then; `/` if nowhere.
    pub return_to: Option<&'a LocalPath>,
}

/// The verification, the secrets and the source of randomness stay out of it.
impl<V> fmt::Debug for Oidc<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Oidc")
            .field("provider", &self.provider)
            .field("client", &self.flow.client)
            .finish_non_exhaustive()
    }
}
