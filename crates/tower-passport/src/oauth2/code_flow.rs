//! The authorization code flow, which `OAuth2` and `Oidc` share: out with the browser, back with it, code for tokens.

use std::borrow::Cow;

use http::HeaderValue;
use http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::callback::Callback;
use super::client::Assertion;
use super::flow::{CookieStyle, Flow, seconds};
use super::tokens::{Granted, TokenRequest};
use super::{Client, End, Failure, Flows, Provider, ResponseMode, SignedIn, Tokens, encode};
use crate::clock::{Clock, Randomness, system_clock, system_randomness};
use crate::fields::{Field, in_form};
use crate::{Error, HttpClient, LocalPath, Outcome, Redirect, Rejection};

pub(crate) struct CodeFlow {
    pub(crate) client: Client,
    pub(crate) http: HttpClient,
    pub(crate) clock: Clock,
    pub(crate) randomness: Randomness,
    pub(crate) response_mode: ResponseMode,
    flows: Flows,
    binding: String,
}

/// A strategy that logs in with the code flow: what is its own beside what all of them do.
pub(crate) trait LogsIn: Sync {
    type User: Send;

    fn flow(&self) -> &CodeFlow;

    /// What the provider calls a parameter.
    fn name_of<'a>(&'a self, parameter: &'a str) -> &'a str;

    /// Sends the browser to the provider.
    fn set_out(
        &self,
        request: &Parts,
        return_to: LocalPath,
    ) -> impl Future<Output = Result<Redirect, End>> + Send;

    /// Finds out who is back from there. That he set out from here, and in this browser, is known already.
    fn conclude(&self, comeback: Comeback) -> impl Future<Output = Result<Self::User, End>> + Send;
}

pub(crate) async fn authenticate<L: LogsIn>(
    strategy: &L,
    request: &Parts,
) -> Result<Outcome<SignedIn<L::User>>, Error> {
    match log_in(strategy, request).await {
        Ok(outcome) => Ok(outcome),
        Err(End::Rejected(rejection)) => Ok(Outcome::Reject(rejection)),
        Err(End::Undecided(error)) => Err(error),
    }
}

async fn log_in<L: LogsIn>(strategy: &L, request: &Parts) -> Result<Outcome<SignedIn<L::User>>, End> {
    let comeback = match strategy.flow().arrive(request, |name| strategy.name_of(name))? {
        Arrival::SetsOut(return_to) => {
            return strategy.set_out(request, return_to).await.map(Outcome::Redirect);
        }
        Arrival::ComesBack(comeback) => *comeback,
    };
    let (return_to, end_of_flow) = (comeback.return_to.clone(), comeback.end_of_flow.clone());
    match strategy.conclude(comeback).await {
        Ok(user) => Ok(Outcome::Accept(SignedIn { user, return_to, end_of_flow })),
        Err(end) => Err(end.with_cookie(end_of_flow)),
    }
}

/// What a request is to a strategy of this kind.
enum Arrival {
    SetsOut(LocalPath),
    ComesBack(Box<Comeback>),
}

/// A browser that is back where it began, with an answer of the provider that is not read yet.
pub(crate) struct Comeback {
    pub(crate) callback: Callback,
    pub(crate) verifier: String,
    #[cfg_attr(not(feature = "oidc"), expect(dead_code, reason = "only an ID token has one"))]
    pub(crate) nonce: Option<String>,
    pub(crate) return_to: LocalPath,
    pub(crate) end_of_flow: HeaderValue,
}

impl CodeFlow {
    /// `identity` is what tells the provider from all others, also in other programs.
    pub(crate) fn new(identity: &str, client: Client, flows: Flows, http: HttpClient) -> Self {
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

    /// Tells the beginning of a log-in from its end, and the end of ours from every other.
    fn arrive<'a>(&self, request: &Parts, name_of: impl Fn(&'static str) -> &'a str) -> Result<Arrival, End> {
        let Some(callback) = Callback::of(request, self.response_mode, name_of)? else {
            return return_to(request).map(Arrival::SetsOut);
        };
        let now = (self.clock)();
        let (flow, end_of_flow) =
            self.flows.find(callback.state()?, self.cookie_style(), request, now).map_err(|why| {
                let description =
                    "This log-in is not under way in this browser, or no longer. Begin it again.";
                Rejection::invalid_request(description).because(why.cause())
            })?;
        if flow.binding != self.binding {
            // The mix-up attack (RFC 9700, section 4.4): the code of one provider is never sent to another.
            let rejection = Rejection::invalid_request("This log-in was begun with another provider.");
            return Err(End::from(rejection.because("another_provider")).with_cookie(end_of_flow));
        }
        let Flow { verifier, nonce, return_to, .. } = flow;
        let comeback = Comeback { callback, verifier, nonce, return_to, end_of_flow };
        Ok(Arrival::ComesBack(Box::new(comeback)))
    }

    /// What a browser takes along when it goes to the provider to be logged out there: a `state`, and its cookie.
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

    /// Where a browser goes that comes back with the `state` of a log-out.
    #[cfg(feature = "oidc")]
    pub(crate) fn logged_out(&self, request: &Parts) -> Result<Redirect, Rejection> {
        let unknown = |cause| {
            Rejection::invalid_request("No log-out is under way in this browser, or no longer.")
                .because(cause)
        };
        let query = request.uri.query().unwrap_or_default().as_bytes();
        let [state] = in_form(query, [&Field::new("state")]).map_err(|_| unknown("no_state"))?;
        let state = state.ok_or_else(|| unknown("no_state"))?;
        let (flow, end_of_flow) = self
            .flows
            .find(&state, self.cookie_style(), request, (self.clock)())
            .map_err(|why| unknown(why.cause()))?;
        if flow.binding != self.log_out_binding() {
            return Err(unknown("another_provider"));
        }
        Ok(Redirect::local(&flow.return_to).with_cookie(end_of_flow))
    }

    /// A log-out is the end of no log-in, nor the other way round.
    #[cfg(feature = "oidc")]
    fn log_out_binding(&self) -> String {
        format!("{}\nlog-out", self.binding)
    }

    /// Sends the browser to the provider, with all that makes its way back safe.
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
        // Each once (RFC 6749, section 3.1): what is said later stands in for what was said before.
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
    ) -> Result<Tokens, End> {
        let form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", self.client.redirect_uri.clone()),
            ("code_verifier", verifier),
        ];
        match self.grant(provider, form).await? {
            Granted::Tokens(tokens) => Ok(*tokens),
            Granted::InvalidGrant => {
                let description = "The provider does not know this log-in, or no longer. Begin it again.";
                Err(Rejection::invalid_request(description).because("invalid_grant").into())
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
                // The old one stays good if there is no new one.
                let refresh_token = tokens.refresh_token.clone().unwrap_or_else(|| refresh_token.clone());
                Ok(Some(Tokens { refresh_token: Some(refresh_token), ..*tokens }))
            }
            Ok(Granted::InvalidGrant) => Ok(None),
            Err(GrantError::Failure(failure)) => Err(Error::new(failure)),
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

    /// 256 random bits, as text: no `state`, verifier (RFC 7636, section 7.1) or nonce can be guessed.
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

/// Where somebody was going, as the request that begins a log-in says: `?return_to=/recipes`.
fn return_to(request: &Parts) -> Result<LocalPath, End> {
    let query = request.uri.query().unwrap_or_default().as_bytes();
    let path = match in_form(query, [&Field::new("return_to")]) {
        Ok([None]) => return Ok(LocalPath::root()),
        Ok([Some(path)]) => LocalPath::parse(&path).ok(),
        Err(_) => None,
    };
    path.ok_or_else(|| {
        let description = "return_to must be one path of this site, such as /recipes?page=2.";
        Rejection::invalid_request(description).because("return_to").into()
    })
}

pub(crate) enum GrantError {
    Failure(Failure),
    Error(Error),
}

impl From<Failure> for GrantError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Error> for GrantError {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<GrantError> for End {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Failure(failure) => failure.into(),
            GrantError::Error(error) => error.into(),
        }
    }
}
