//! The authorization endpoint: one pure decision at each visit of the browser.

mod push;
mod request;

use crate::claims::ClaimsRequest;
use crate::client::{Client, ClientFlag, ClientKind};
use crate::digest::Digest;
use crate::error::{ErrorCode, OAuthError};
use crate::keys::SigningKeys;
use crate::parameters::Parameters;
use crate::pkce::CodeChallenge;
use crate::provider::{Provider, ScopeText};
use crate::pushed::PushedRequest;
use crate::response::{AuthorizationResponse, ReturnAddress, form_action};
use crate::scopes::Scopes;
use crate::session::{Consent, Session};
use crate::ticket::{NewConsentTicket, TicketKey};
use crate::time::UnixTime;

pub use self::push::{Pushed, PushedResponse, push};
use self::request::Request;

/// The parameter that a log-in page hands back in the URL of the request.
const LOG_IN_TICKET: &str = "log_in_ticket";

/// Decides the answer to an authorization request
/// ([RFC 6749 §4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1),
/// [OpenID Connect Core §3.1.2](https://openid.net/specs/openid-connect-core-1_0.html#AuthorizationEndpoint)).
///
/// Call it at each visit of the browser, with the parameters of the URL. A request that waits for a log-in stays in the URL, so
/// that it needs no storage: the first write is the code. `client` is the enabled or disabled client that `client_id` names, or
/// `None`.
///
/// ```
/// use strict_oidc::{Client, ClientKind, Next, Parameters, Provider, SigningKeys, TicketKey, UnixTime, Visit, authorize};
///
/// let provider = Provider::new("https://id.example")?;
/// let (keys, tickets) = (SigningKeys::default(), TicketKey::new(&[7; 32])?);
/// let parameters = Parameters::parse("client_id=c_unknown&response_type=code")?;
/// let visit = Visit::new(UnixTime(1_900_000_000), &tickets, &keys);
///
/// match authorize(&provider, None, &parameters, &visit) {
///     Next::Show(error) => println!("{}", error.description), // an error page, never a redirect
///     Next::Return(response) => println!("{}", response.location()),
///     Next::LogIn(log_in) => println!("/log-in?return_to=/oauth/authorize?{}", log_in.return_to),
///     Next::SecondFactor(factor) => println!("/log-in/factor?return_to=/oauth/authorize?{}", factor.return_to),
///     Next::Consent(consent) => println!("a form with the ticket {}", consent.ticket),
///     Next::Issue(approved) => println!("store a code for {}", approved.client_id()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn authorize(
    provider: &Provider,
    client: Option<&Client>,
    parameters: &Parameters,
    visit: &Visit<'_>,
) -> Next {
    match Asked::read(provider, client, parameters, visit) {
        Ok(asked) => asked.decide(None),
        Err(next) => *next,
    }
}

/// The known facts about the visit of a browser.
///
/// ```
/// use strict_oidc::{SigningKeys, TicketKey, UnixTime, Visit};
///
/// let (keys, tickets) = (SigningKeys::default(), TicketKey::new(&[7; 32])?);
/// let visit = Visit::new(UnixTime(1_900_000_000), &tickets, &keys); // not logged in
/// # Ok::<(), strict_jose::KeyError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Visit<'a> {
    /// The time.
    pub now: UnixTime,
    /// The key of the tickets.
    pub tickets: &'a TicketKey,
    /// The keys of the server, which verify `id_token_hint`.
    pub keys: &'a SigningKeys,
    /// The session of the browser, if its user is logged in.
    pub session: Option<&'a Session>,
    /// What this user allowed this client before.
    pub consents: &'a [Consent],
    /// The stored request that `request_uri` names: see [`push`].
    pub pushed: Option<&'a PushedRequest>,
}

impl<'a> Visit<'a> {
    /// A visit without a session.
    pub fn new(now: UnixTime, tickets: &'a TicketKey, keys: &'a SigningKeys) -> Self {
        Self { now, tickets, keys, session: None, consents: &[], pushed: None }
    }

    /// A visit of a user.
    #[must_use]
    pub fn session(self, session: Option<&'a Session>, consents: &'a [Consent]) -> Self {
        Self { session, consents, ..self }
    }

    /// A visit with the stored request that `request_uri` names.
    #[must_use]
    pub fn pushed(self, pushed: Option<&'a PushedRequest>) -> Self {
        Self { pushed, ..self }
    }
}

/// What to do with an authorization request.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Show an error page with the status 400. The client or its redirect URI is not known to be right, so a redirect could
    /// send the user to an attacker ([RFC 9700 §4.11.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.11.2)).
    Show(ErrorPage),
    /// Return an error to the client.
    Return(AuthorizationResponse),
    /// Show the log-in page.
    LogIn(LogIn),
    /// Ask for a stronger factor.
    SecondFactor(SecondFactor),
    /// Show the consent page.
    Consent(ConsentPage),
    /// Issue a code: [`Approved::issue`].
    Issue(Box<Approved>),
}

/// The contents of an error page. Escape them: some are from the URL.
///
/// ```
/// fn status(page: &strict_oidc::ErrorPage) -> u16 {
///     page.status
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorPage {
    /// The HTTP status: 400, or 403 for a form that is not the user's own.
    pub status: u16,
    /// The error, and how to fix it.
    pub description: String,
    /// The redirect URI of the request, if it is the problem.
    pub given: Option<String>,
    /// The redirect URIs of the client, if the given one is not among them.
    pub registered: Vec<String>,
}

impl ErrorPage {
    pub(crate) fn new(status: u16, description: impl Into<String>) -> Self {
        Self { status, description: description.into(), given: None, registered: Vec::new() }
    }
}

/// Why and how a user must log in.
///
/// ```
/// fn url(log_in: &strict_oidc::LogIn) -> String {
///     // After the log-in, the browser returns to /oauth/authorize with this query.
///     format!("/oauth/authorize?{}", log_in.return_to)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogIn {
    /// The query with which the browser returns to the authorization endpoint.
    pub return_to: String,
    /// The reason.
    pub reason: LogInReason,
    /// What the client suggests as the name of the user. Escape it.
    pub login_hint: Option<String>,
    /// The languages that the client suggests, such as `de en`.
    pub ui_locales: Option<String>,
}

/// Why a user must log in.
///
/// ```
/// assert_ne!(strict_oidc::LogInReason::NoSession, strict_oidc::LogInReason::TooOld);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogInReason {
    /// The browser has no session.
    NoSession,
    /// `prompt=login`.
    Requested,
    /// `prompt=select_account`.
    SelectAccount,
    /// `prompt=create`: show the sign-up page ([Initiating User Registration](https://openid.net/specs/openid-connect-prompt-create-1_0.html)).
    SignUp,
    /// The log-in is older than `max_age`.
    TooOld,
    /// `id_token_hint` or `claims` names another user.
    OtherUser,
}

/// The stronger factor that a request wants.
///
/// ```
/// fn is_for_two_factors(factor: &strict_oidc::SecondFactor) -> bool {
///     factor.acr == "aal2"
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecondFactor {
    /// The query with which the browser returns to the authorization endpoint.
    pub return_to: String,
    /// The authentication level to reach.
    pub acr: String,
}

/// The contents of a consent page.
///
/// Its form posts [`request`](Self::request), [`ticket`](Self::ticket) and the button `decision` to
/// [`consent`](crate::consent).
///
/// ```
/// fn sentence(page: &strict_oidc::ConsentPage) -> String {
///     let wishes: Vec<_> = page.scopes.iter().map(|scope| scope.text.as_str()).collect();
///     format!("{} wants to: {}", page.client_name, wishes.join(", "))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsentPage {
    /// The name of the client. Escape it.
    pub client_name: String,
    /// What it wants.
    pub scopes: Vec<ScopeText>,
    /// The resource that it named.
    pub resource: Option<String>,
    /// The query of the request, for a hidden field.
    pub request: String,
    /// The sealed ticket, for a hidden field. It binds the form to the request, the session and the scopes, and is the form's
    /// protection against forged requests.
    pub ticket: String,
    /// The source for `form-action` beside `'self'`: the answer to the form redirects there.
    pub form_action: String,
}

/// An approved request: the user is logged in as demanded, and has consented. Only this module makes one, and only from it can
/// a code be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    pub(crate) client_id: String,
    pub(crate) address: ReturnAddress,
    pub(crate) subject: String,
    pub(crate) session: String,
    pub(crate) scopes: Scopes,
    pub(crate) resource: Option<String>,
    pub(crate) claims: ClaimsRequest,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<CodeChallenge>,
    pub(crate) jkt: Option<String>,
    pub(crate) authenticated_at: UnixTime,
    pub(crate) acr: String,
    pub(crate) amr: Vec<String>,
    pub(crate) pushed: Option<Digest>,
    pub(crate) consent: Option<Consent>,
}

impl Approved {
    /// The client.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The id of the user.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The consent that the user gave just now, to be stored. `None` if an earlier one or a first-party client made the page
    /// superfluous.
    pub fn new_consent(&self) -> Option<&Consent> {
        self.consent.as_ref()
    }

    /// The pushed request to delete: it is used up ([RFC 9126 §4](https://www.rfc-editor.org/rfc/rfc9126#section-4)).
    pub fn pushed(&self) -> Option<Digest> {
        self.pushed
    }
}

/// The reason why a request is invalid, and where the answer goes.
enum Refusal {
    Show(ErrorPage),
    Return(ReturnAddress, OAuthError),
}

impl From<Box<Refusal>> for Next {
    fn from(refusal: Box<Refusal>) -> Self {
        match *refusal {
            Refusal::Show(page) => Self::Show(page),
            Refusal::Return(address, error) => {
                Self::Return(AuthorizationResponse::error(address, error.code(), error.description()))
            }
        }
    }
}

/// A valid request and everything that decides about it.
pub(crate) struct Asked<'a> {
    provider: &'a Provider,
    client: &'a Client,
    visit: &'a Visit<'a>,
    /// The parameters of the URL, without the log-in ticket.
    parameters: Parameters,
    digest: Digest,
    /// When the log-in page was demanded for this request.
    log_in_demanded_at: Option<UnixTime>,
    request: Request,
}

impl<'a> Asked<'a> {
    /// Reads a request. The error is the answer.
    pub(crate) fn read(
        provider: &'a Provider,
        client: Option<&'a Client>,
        parameters: &Parameters,
        visit: &'a Visit<'a>,
    ) -> Result<Self, Box<Next>> {
        let ticket = parameters.get(LOG_IN_TICKET).ok().flatten();
        let parameters = parameters.without(LOG_IN_TICKET);
        let request = Request::read(provider, client, &parameters, visit)
            .map_err(|refusal| Box::new(refusal.into()))?;
        let Some(client) = client else {
            return Err(Box::new(Next::Show(ErrorPage::new(400, "this client is not registered"))));
        };
        let digest = Digest::of(parameters.to_query());
        let ticket = ticket.and_then(|ticket| visit.tickets.open_log_in(ticket, visit.now));
        let log_in_demanded_at = ticket.filter(|ticket| ticket.request == digest).map(|ticket| ticket.iat);
        Ok(Self { provider, client, visit, parameters, digest, log_in_demanded_at, request })
    }

    /// Decides what comes next. `consented`: the scopes that the user allowed on the consent page of this request.
    pub(crate) fn decide(self, consented: Option<Scopes>) -> Next {
        let session = match self.authenticated() {
            Ok(session) => session,
            Err(next) => return *next,
        };
        if let Some(next) = self.demand_factor(session) {
            return next;
        }
        let is_consent_needed = match consented {
            Some(_) => false,
            None => {
                !self.client.has(ClientFlag::FirstParty) && (self.prompts("consent") || !self.is_remembered())
            }
        };
        if is_consent_needed {
            return if self.prompts("none") {
                self.refuse(
                    ErrorCode::ConsentRequired,
                    "the user has not consented, and prompt=none allows no page",
                )
            } else {
                self.consent_page(session)
            };
        }
        self.approve(session, consented)
    }

    /// The session, if its user logged in as the request demands.
    fn authenticated(&self) -> Result<&'a Session, Box<Next>> {
        let Some(session) = self.visit.session else {
            return Err(self.log_in(LogInReason::NoSession));
        };
        let is_fresh = self.log_in_demanded_at.is_some_and(|demanded| session.authenticated_at >= demanded);
        let asked_for = [
            ("login", LogInReason::Requested),
            ("select_account", LogInReason::SelectAccount),
            ("create", LogInReason::SignUp),
        ];
        if let Some((_, reason)) = asked_for.into_iter().find(|(prompt, _)| self.prompts(prompt) && !is_fresh)
        {
            return Err(self.log_in(reason));
        }
        let age = self.visit.now.since(session.authenticated_at).as_secs();
        if self.request.max_age.is_some_and(|max_age| age > max_age) && !is_fresh {
            return Err(self.log_in(LogInReason::TooOld));
        }
        let subject = self.provider.subject(self.client, &session.subject);
        let is_other = |wanted: &String| *wanted != subject;
        if self.request.hint.as_ref().is_some_and(is_other)
            || self.request.claims.subject.as_ref().is_some_and(is_other)
        {
            // After a log-in of another user, one more log-in page would be a loop.
            return Err(if is_fresh {
                Box::new(
                    self.refuse(ErrorCode::LoginRequired, "another user is logged in than the client wants"),
                )
            } else {
                self.log_in(LogInReason::OtherUser)
            });
        }
        Ok(session)
    }

    fn log_in(&self, reason: LogInReason) -> Box<Next> {
        if self.prompts("none") {
            return Box::new(
                self.refuse(ErrorCode::LoginRequired, "the user must log in, and prompt=none allows no page"),
            );
        }
        let sealed =
            self.visit.tickets.seal_log_in(self.digest, self.visit.now, self.provider.lifetimes.page);
        let Ok(ticket) = sealed else { return Box::new(self.fail()) };
        Box::new(Next::LogIn(LogIn {
            return_to: self.parameters.clone().with(LOG_IN_TICKET, ticket).to_query(),
            reason,
            login_hint: self.request.login_hint.clone(),
            ui_locales: self.request.ui_locales.clone(),
        }))
    }

    /// Demands a stronger factor if the request wants one that the user has.
    fn demand_factor(&self, session: &Session) -> Option<Next> {
        let essential = &self.request.claims.essential_acr;
        let is_essential = !essential.is_empty();
        let wanted = if is_essential { essential } else { &self.request.acr_values };
        let reaches = |acr: &str| wanted.iter().find(|wanted| self.provider.acr_reaches(acr, wanted));
        if wanted.is_empty() || reaches(&session.acr).is_some() {
            return None;
        }
        let attainable = reaches(&session.attainable_acr);
        match attainable {
            Some(acr) if !self.prompts("none") => {
                let return_to = self.url_query();
                Some(Next::SecondFactor(SecondFactor { return_to, acr: acr.clone() }))
            }
            // A wish that cannot be met is no error (OpenID Connect Core §3.1.2.1, `acr_values`).
            _ if !is_essential => None,
            Some(_) => Some(self.refuse(
                ErrorCode::InteractionRequired,
                "the user must use another factor, and prompt=none allows no page",
            )),
            None => Some(self.refuse(
                ErrorCode::UnmetAuthenticationRequirements,
                "the user has no factor that reaches the essential acr",
            )),
        }
    }

    fn is_remembered(&self) -> bool {
        // RFC 8252 §8.6: any application on the device can claim such a redirect URI, so the user decides each time.
        let is_shared = self.client.kind == ClientKind::Native
            && self
                .client
                .redirect_uris
                .iter()
                .any(|uri| uri.is_shared_on_device() && uri.allows(&self.request.address.redirect_uri));
        let covers = |consent: &Consent| {
            consent.resource == self.request.resource
                && consent.scopes.contains_all(&self.request.consent_scopes())
        };
        !is_shared && self.visit.consents.iter().any(covers)
    }

    fn consent_page(&self, session: &Session) -> Next {
        let scopes = self.request.consent_scopes();
        let ticket = NewConsentTicket {
            request: self.digest,
            session: &session.id,
            subject: &session.subject,
            scopes: &scopes,
        };
        let sealed = self.visit.tickets.seal_consent(&ticket, self.visit.now + self.provider.lifetimes.page);
        let Ok(ticket) = sealed else { return self.fail() };
        Next::Consent(ConsentPage {
            client_name: self.client.name.clone(),
            scopes: scopes.iter().filter_map(|scope| self.provider.scope_text(scope)).cloned().collect(),
            resource: self.request.resource.clone(),
            request: self.url_query(),
            ticket,
            form_action: form_action(&self.request.address.redirect_uri),
        })
    }

    /// The query of this request, with proof that a demanded log-in took place.
    fn url_query(&self) -> String {
        let ticket = self.log_in_demanded_at.and_then(|demanded| {
            self.visit.tickets.seal_log_in(self.digest, demanded, self.provider.lifetimes.page * 2).ok()
        });
        match ticket {
            Some(ticket) => self.parameters.clone().with(LOG_IN_TICKET, ticket).to_query(),
            None => self.parameters.to_query(),
        }
    }

    fn approve(self, session: &Session, consented: Option<Scopes>) -> Next {
        let Self { client, request, .. } = self;
        let allowed = consented.as_ref().unwrap_or(&request.scopes);
        let scopes = request.scopes.filter(|scope| allowed.contains(scope));
        let mut claims = request.claims;
        if let Some(consented) = &consented {
            claims.retain(|scope| consented.contains(scope));
        }
        Next::Issue(Box::new(Approved {
            client_id: client.id.clone(),
            address: request.address,
            subject: session.subject.clone(),
            session: session.id.clone(),
            scopes,
            resource: request.resource.clone(),
            claims,
            nonce: request.nonce,
            challenge: request.challenge,
            jkt: request.jkt,
            authenticated_at: session.authenticated_at,
            acr: session.acr.clone(),
            amr: session.amr.clone(),
            pushed: request.pushed,
            consent: consented.map(|scopes| Consent { resource: request.resource, scopes }),
        }))
    }

    fn prompts(&self, prompt: &str) -> bool {
        self.request.prompts.iter().any(|own| own == prompt)
    }

    /// An error that returns to the client.
    pub(crate) fn refuse(&self, code: ErrorCode, description: &str) -> Next {
        Next::Return(AuthorizationResponse::error(self.request.address.clone(), code, description))
    }

    fn fail(&self) -> Next {
        self.refuse(ErrorCode::ServerError, "the request could not be sealed")
    }

    pub(crate) fn visit(&self) -> &Visit<'a> {
        self.visit
    }

    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }
}
