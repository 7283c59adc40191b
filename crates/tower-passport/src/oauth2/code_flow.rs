//! The authorization code flow of `OAuth2` and `Oidc`: redirect to the provider, callback, exchange of the code for tokens.

use std::borrow::Cow;

use http::HeaderValue;
use http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::authorization_response::{AuthorizationResponse, ResponseMode};
use super::client::{Assertion, Client};
use super::encode;
use super::flow_cookies::{CookieStyle, Flow, FlowCookies, seconds};
use super::login::{LoggedIn, Login};
use super::provider::{Provider, check_parameters};
use super::provider_error::{FlowError, ProviderError};
use super::tokens::{Granted, TokenRequest, Tokens};
use crate::clock::{Clock, Randomness, system_clock, system_randomness};
use crate::fields::{Field, in_form};
use crate::{Error, HttpClient, LocalPath, Outcome, Redirect, Rejection, Verify};

pub(crate) struct CodeFlow {
    pub(crate) client: Client,
    pub(crate) http: HttpClient,
    pub(crate) clock: Clock,
    pub(crate) randomness: Randomness,
    pub(crate) response_mode: ResponseMode,
    flows: FlowCookies,
    binding: String,
}

/// A strategy that uses the code flow: the parts that differ.
pub(crate) trait CodeFlowStrategy: Sync {
    type User: Send;

    fn flow(&self) -> &CodeFlow;

    /// The name that the provider uses for a parameter.
    fn name_of<'a>(&'a self, parameter: &'a str) -> &'a str;

    /// Redirects the browser to the provider.
    fn start(
        &self,
        request: &Parts,
        return_to: LocalPath,
    ) -> impl Future<Output = Result<Redirect, FlowError>> + Send;

    /// Authenticates the user of a callback. The flow of the callback was begun here and in this browser.
    fn finish(
        &self,
        callback: Callback,
        request: &Parts,
    ) -> impl Future<Output = Result<Self::User, FlowError>> + Send;
}

pub(crate) async fn authenticate<L: CodeFlowStrategy>(
    strategy: &L,
    request: &Parts,
) -> Result<Outcome<LoggedIn<L::User>>, Error> {
    match log_in(strategy, request).await {
        Ok(outcome) => Ok(outcome),
        Err(FlowError::Rejected(rejection)) => Ok(Outcome::Reject(rejection)),
        Err(FlowError::Undecided(error)) => Err(error),
    }
}

async fn log_in<L: CodeFlowStrategy>(
    strategy: &L,
    request: &Parts,
) -> Result<Outcome<LoggedIn<L::User>>, FlowError> {
    let callback = match strategy.flow().step(request, |name| strategy.name_of(name))? {
        Step::Start(return_to) => {
            return strategy.start(request, return_to).await.map(Outcome::Redirect);
        }
        Step::Callback(callback) => *callback,
    };
    let (return_to, end_of_flow) = (callback.return_to.clone(), callback.end_of_flow.clone());
    match strategy.finish(callback, request).await {
        Ok(user) => Ok(Outcome::Accept(LoggedIn { user, return_to, end_of_flow })),
        Err(error) => Err(error.with_cookie(end_of_flow)),
    }
}

/// The two steps of the flow that a request can be.
enum Step {
    Start(LocalPath),
    Callback(Box<Callback>),
}

/// The callback of a flow that this browser began. The response of the provider is not checked yet.
pub(crate) struct Callback {
    pub(crate) response: AuthorizationResponse,
    pub(crate) verifier: String,
    #[cfg_attr(not(feature = "oidc"), expect(dead_code, reason = "only an ID token has one"))]
    pub(crate) nonce: Option<String>,
    pub(crate) return_to: LocalPath,
    pub(crate) end_of_flow: HeaderValue,
}

impl CodeFlow {
    /// `identity` distinguishes the provider from all others, also in other programs.
    pub(crate) fn new(identity: &str, client: Client, flows: FlowCookies, http: HttpClient) -> Self {
        let binding = encode::sha256(&[identity, &client.id, &client.redirect_uri].join("\n"));
        Self {
            client,
            http,
            clock: system_clock(),
            randomness: system_randomness(),
            response_mode: ResponseMode::Query,
            flows,
            binding,
        }
    }

    /// Whether the request starts a flow or is the callback of one, and of which one.
    fn step<'a>(
        &self,
        request: &Parts,
        name_of: impl Fn(&'static str) -> &'a str,
    ) -> Result<Step, FlowError> {
        let Some(response) = AuthorizationResponse::of(request, self.response_mode, name_of)? else {
            return return_to(request).map(Step::Start);
        };
        let now = (self.clock)();
        let (flow, end_of_flow) =
            self.flows.find(response.state()?, self.cookie_style(), request, now).map_err(|error| {
                let description = "This browser has no such log-in in progress. Begin the log-in again.";
                Rejection::invalid_request(description).with_cause(error.cause())
            })?;
        if flow.binding != self.binding {
            // The mix-up attack (RFC 9700, section 4.4): never send the code of one provider to another.
            let rejection = Rejection::invalid_request("This log-in was begun with another provider.");
            return Err(FlowError::from(rejection.with_cause("another_provider")).with_cookie(end_of_flow));
        }
        let Flow { verifier, nonce, return_to, .. } = flow;
        let callback = Callback { response, verifier, nonce, return_to, end_of_flow };
        Ok(Step::Callback(Box::new(callback)))
    }

    /// Begins a log-out at the provider: the `state` for the URL, and the cookies that remember it.
    #[cfg(feature = "oidc")]
    pub(crate) fn begin_log_out(
        &self,
        request: &Parts,
        return_to: LocalPath,
    ) -> Result<(String, Vec<HeaderValue>), Error> {
        let now = (self.clock)();
        let flow = Flow {
            state: self.random_text()?,
            verifier: String::new(),
            nonce: None,
            return_to,
            binding: self.log_out_binding(),
            expires: self.flows.expiry(now),
        };
        let cookies = self.flows.begin(&flow, self.cookie_style(), request, self.random()?, now)?;
        Ok((flow.state, cookies))
    }

    /// The redirect for a browser that comes back with the `state` of a log-out.
    #[cfg(feature = "oidc")]
    pub(crate) fn logged_out(&self, request: &Parts) -> Result<Redirect, Rejection> {
        let unknown = |cause| {
            Rejection::invalid_request("This browser has no such log-out in progress.").with_cause(cause)
        };
        let query = request.uri.query().unwrap_or_default().as_bytes();
        let [state] = in_form(query, [&Field::new("state")]).map_err(|_| unknown("no_state"))?;
        let state = state.ok_or_else(|| unknown("no_state"))?;
        let (flow, end_of_flow) = self
            .flows
            .find(&state, self.cookie_style(), request, (self.clock)())
            .map_err(|error| unknown(error.cause()))?;
        if flow.binding != self.log_out_binding() {
            return Err(unknown("another_provider"));
        }
        Ok(Redirect::local(&flow.return_to).with_cookie(end_of_flow))
    }

    /// Different from that of log-ins, so that neither can end the other.
    #[cfg(feature = "oidc")]
    fn log_out_binding(&self) -> String {
        format!("{}\nlog-out", self.binding)
    }

    /// Redirects the browser to the provider, and remembers the flow in a cookie.
    pub(crate) fn begin(
        &self,
        provider: &Provider,
        request: &Parts,
        return_to: LocalPath,
        nonce: Option<String>,
        parameters: &[(&str, String)],
    ) -> Result<Redirect, Error> {
        let now = (self.clock)();
        let flow = Flow {
            state: self.random_text()?,
            verifier: self.random_text()?,
            nonce,
            return_to,
            binding: self.binding.clone(),
            expires: self.flows.expiry(now),
        };
        let location = self.location(provider, &flow, parameters)?;
        let cookies = self.flows.begin(&flow, self.cookie_style(), request, self.random()?, now)?;
        let redirect = Redirect::to(&location).map_err(Error::misconfigured)?;
        Ok(cookies.into_iter().fold(redirect, Redirect::with_cookie))
    }

    /// RFC 6749, section 4.1.1; RFC 7636, section 4.3.
    fn location(&self, provider: &Provider, flow: &Flow, more: &[(&str, String)]) -> Result<String, Error> {
        let mut query: Vec<(&str, Cow<'_, str>)> = Vec::new();
        // Each parameter once (RFC 6749, section 3.1): a later value replaces an earlier one.
        let mut set = |name, value| {
            let name = provider.name_of(name);
            match query.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = value,
                None => query.push((name, value)),
            }
        };
        set("response_type", "code".into());
        set("client_id", (&*self.client.id).into());
        set("redirect_uri", (&*self.client.redirect_uri).into());
        if !provider.scopes.is_empty() {
            set("scope", provider.scopes.join(&provider.scope_separator).into());
        }
        set("state", (&*flow.state).into());
        set("code_challenge", encode::sha256(&flow.verifier).into());
        set("code_challenge_method", "S256".into());
        if let Some(nonce) = &flow.nonce {
            set("nonce", nonce.into());
        }
        if self.response_mode == ResponseMode::FormPost {
            set("response_mode", "form_post".into());
        }
        for (name, value) in &provider.parameters {
            set(name, value.into());
        }
        for (name, value) in more {
            set(name, value.into());
        }
        let mut url = Url::parse(&provider.authorization_endpoint).map_err(Error::misconfigured)?;
        url.query_pairs_mut().extend_pairs(query);
        Ok(url.into())
    }

    /// RFC 6749, section 4.1.3.
    pub(crate) async fn exchange(
        &self,
        provider: &Provider,
        code: String,
        verifier: String,
    ) -> Result<Tokens, FlowError> {
        let form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", self.client.redirect_uri.clone()),
            ("code_verifier", verifier),
        ];
        match self.grant(provider, form).await? {
            Granted::Tokens(tokens) => Ok(*tokens),
            Granted::InvalidGrant => {
                let description = "The provider no longer accepts this log-in. Begin it again.";
                Err(Rejection::invalid_request(description).with_cause("invalid_grant").into())
            }
        }
    }

    /// RFC 6749, section 6.
    pub(crate) async fn refresh(
        &self,
        provider: &Provider,
        refresh_token: &SecretString,
    ) -> Result<Option<Tokens>, Error> {
        let form = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", refresh_token.expose_secret().to_owned()),
        ];
        match self.grant(provider, form).await {
            Ok(Granted::Tokens(tokens)) => {
                // Without a new refresh token the old one stays valid.
                let refresh_token = tokens.refresh_token.clone().unwrap_or_else(|| refresh_token.clone());
                Ok(Some(Tokens { refresh_token: Some(refresh_token), ..*tokens }))
            }
            Ok(Granted::InvalidGrant) => Ok(None),
            Err(GrantError::ProviderError(failure)) => Err(Error::new(failure)),
            Err(GrantError::Error(error)) => Err(error),
        }
    }

    async fn grant(
        &self,
        provider: &Provider,
        mut form: Vec<(&'static str, String)>,
    ) -> Result<Granted, GrantError> {
        let assertion = Assertion {
            audience: provider.issuer.as_deref().unwrap_or(&provider.token_endpoint),
            jti: self.random_text()?,
            now: seconds((self.clock)()),
        };
        let authorization =
            self.client.authenticate(&mut form, provider.client_authentication, &assertion)?;
        let form: Vec<_> = form.into_iter().map(|(name, value)| (provider.name_of(name), value)).collect();
        let request = TokenRequest { endpoint: &provider.token_endpoint, form: &form, authorization };
        Ok(request.send(&self.http).await?)
    }

    /// 256 random bits as text, for a `state`, a verifier (RFC 7636, section 7.1) or a nonce.
    pub(crate) fn random_text(&self) -> Result<String, Error> {
        self.random::<32>().map(|bytes| encode::base64url(&bytes))
    }

    fn random<const N: usize>(&self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        (self.randomness)(&mut bytes).map_err(Error::new)?;
        Ok(bytes)
    }

    fn cookie_style(&self) -> CookieStyle {
        match (self.client.comes_back_by_https(), self.response_mode) {
            (true, ResponseMode::Query) => CookieStyle::Https,
            (true, ResponseMode::FormPost) => CookieStyle::HttpsFormPost,
            (false, ResponseMode::Query) => CookieStyle::Http,
            (false, ResponseMode::FormPost) => CookieStyle::HttpFormPost,
        }
    }
}

/// The path to return to after the log-in, from the query of the request that begins it: `?return_to=/recipes`.
fn return_to(request: &Parts) -> Result<LocalPath, FlowError> {
    let query = request.uri.query().unwrap_or_default().as_bytes();
    let path = match in_form(query, [&Field::new("return_to")]) {
        Ok([None]) => return Ok(LocalPath::root()),
        Ok([Some(path)]) => LocalPath::parse(&path).ok(),
        Err(_) => None,
    };
    path.ok_or_else(|| {
        let description = "return_to must be one path of this site, such as /recipes?page=2.";
        Rejection::invalid_request(description).with_cause("return_to").into()
    })
}

pub(crate) fn checked_parameters<'a>(
    parameters: &[(&'a str, &str)],
    renamed: &[(String, String)],
) -> Result<Vec<(&'a str, String)>, Error> {
    check_parameters(parameters.iter().map(|(name, _)| *name), renamed).map_err(Error::misconfigured)?;
    Ok(parameters.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
}

/// The user of a log-in, as the application's verification decides.
pub(crate) async fn verify_login<V: Verify<Login>>(
    verify: &V,
    login: Login,
    request: &Parts,
) -> Result<V::User, FlowError> {
    let denied = || Rejection::access_denied("This account may not log in here.").with_cause("unknown_user");
    match verify.verify(login, request).await?.into_outcome(denied) {
        Outcome::Accept(user) => Ok(user),
        Outcome::Reject(rejection) => Err(rejection.into()),
        Outcome::Redirect(_) | Outcome::Pass(_) | Outcome::Unrecognized(_) => Err(denied().into()),
    }
}

pub(crate) enum GrantError {
    ProviderError(ProviderError),
    Error(Error),
}

impl From<ProviderError> for GrantError {
    fn from(failure: ProviderError) -> Self {
        Self::ProviderError(failure)
    }
}

impl From<Error> for GrantError {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<GrantError> for FlowError {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::ProviderError(failure) => failure.into(),
            GrantError::Error(error) => error.into(),
        }
    }
}
