//! Log-out that a client begins ([OpenID Connect RP-Initiated Logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)),
//! and the logout tokens that tell other clients
//! ([OpenID Connect Back-Channel Logout](https://openid.net/specs/openid-connect-backchannel-1_0.html)).

use serde::Serialize;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::authorize::{ErrorPage, Visit};
use crate::client::Client;
use crate::digest::Digest;
use crate::error::{ErrorCode, OAuthError};
use crate::grant::GrantId;
use crate::id_token::{self, Hint};
use crate::keys::SigningKeys;
use crate::parameters::Parameters;
use crate::provider::Provider;
use crate::random::Random;
use crate::scopes::Scopes;
use crate::ticket::NewConsentTicket;
use crate::time::UnixTime;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The type of a logout token ([OpenID Connect Back-Channel Logout §2.4](https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken)).
const TYP: &str = "logout+jwt";

/// The life of a logout token in seconds. Its `jti` is remembered by the client as long.
const LIFE: u64 = 120;

/// A log-out request.
///
/// ```
/// use strict_oidc::{LogOutRequest, Parameters, Provider, SigningKeys, UnixTime};
///
/// let provider = Provider::new("https://id.example")?;
/// let parameters = Parameters::parse("state=a")?;
/// let request = LogOutRequest::read(&provider, &SigningKeys::default(), &parameters, UnixTime(1_900_000_000))?;
/// assert_eq!(request.client_id(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LogOutRequest {
    hint: Option<Hint>,
    client_id: Option<String>,
    redirect_uri: Option<String>,
    state: Option<String>,
}

/// What to do with a log-out request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogOutNext {
    /// Ask the user "Log out?": any page could have sent the browser here. Its form posts the ticket to
    /// [`confirm_log_out`].
    Confirm {
        /// The sealed ticket, for a hidden field.
        ticket: String,
    },
    /// End the session of the browser, if it has one, and its grants that are not [offline](crate::Grant::is_offline). Queue a
    /// [`logout_token`] for each client of these grants that has a back-channel URI. Then redirect with 303, or show the
    /// logged-out page.
    LogOut {
        /// Where the browser goes. `None`: the logged-out page.
        location: Option<String>,
    },
}

impl LogOutRequest {
    /// Reads the parameters of the end-session endpoint. A hint that is not an ID token of this server counts as absent.
    ///
    /// # Errors
    /// `invalid_request` if a parameter is repeated.
    pub fn read(
        provider: &Provider,
        keys: &SigningKeys,
        parameters: &Parameters,
        now: UnixTime,
    ) -> Result<Self, OAuthError> {
        let text = |name| Ok::<_, OAuthError>(parameters.get(name)?.map(str::to_owned));
        let client_id = text("client_id")?;
        let hint = parameters
            .get("id_token_hint")?
            .and_then(|hint| id_token::verify_hint(provider, keys, hint, now));
        // RP-Initiated Logout §2: both name the same client.
        let hint = hint.filter(|hint| client_id.as_ref().is_none_or(|id| *id == hint.aud));
        Ok(Self { hint, client_id, redirect_uri: text("post_logout_redirect_uri")?, state: text("state")? })
    }

    /// The client to load.
    pub fn client_id(&self) -> Option<&str> {
        self.hint.as_ref().map(|hint| hint.aud.as_str()).or(self.client_id.as_deref())
    }

    /// The grant that the hint belongs to, if it says so.
    pub fn grant(&self) -> Option<GrantId> {
        self.hint.as_ref().and_then(|hint| hint.sid.as_deref()).and_then(GrantId::parse)
    }

    /// Decides about the request. At once, only with an ID token of the very user of the browser; back to the client, only with
    /// such a token and a registered URI, which is compared as a whole. Every other request ends at a page.
    ///
    /// # Errors
    /// An error page (500) if the ticket cannot be sealed.
    pub fn decide(
        &self,
        provider: &Provider,
        client: Option<&Client>,
        visit: &Visit<'_>,
    ) -> Result<LogOutNext, ErrorPage> {
        let hinted = self.hint.as_ref().zip(client).filter(|(hint, client)| hint.aud == client.id);
        let is_own = |(hint, client): &(&Hint, &Client)| {
            visit.session.is_none_or(|session| provider.subject(client, &session.subject) == hint.sub)
        };
        let Some((_, client)) = hinted.filter(is_own) else { return confirm_page(provider, visit) };
        let Some(uri) = &self.redirect_uri else { return Ok(LogOutNext::LogOut { location: None }) };
        if !client.post_logout_redirect_uris.iter().any(|own| own.allows(uri)) {
            return confirm_page(provider, visit);
        }
        let location = match &self.state {
            None => uri.clone(),
            Some(state) => {
                let query =
                    form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
                format!("{uri}{}{query}", if uri.contains('?') { '&' } else { '?' })
            }
        };
        Ok(LogOutNext::LogOut { location: Some(location) })
    }
}

/// Without a session there is nothing to confirm.
fn confirm_page(provider: &Provider, visit: &Visit<'_>) -> Result<LogOutNext, ErrorPage> {
    let Some(session) = visit.session else { return Ok(LogOutNext::LogOut { location: None }) };
    let ticket = NewConsentTicket {
        request: Digest::of(EVENT),
        session: &session.id,
        subject: &session.subject,
        scopes: &Scopes::default(),
    };
    let ticket = visit.tickets.seal_consent(&ticket, visit.now + provider.lifetimes.page);
    let ticket = ticket.map_err(|_| ErrorPage::new(500, "the page could not be sealed: try again"))?;
    Ok(LogOutNext::Confirm { ticket })
}

/// Decides about the posted form of the page "Log out?".
///
/// # Errors
/// An error page (403) if the ticket is not that of a page for this session.
pub fn confirm_log_out(ticket: &str, visit: &Visit<'_>) -> Result<LogOutNext, ErrorPage> {
    let is_own = visit.tickets.open_consent(ticket, visit.now).is_some_and(|ticket| {
        ticket.request == Digest::of(EVENT)
            && visit.session.is_none_or(|session| session.id == ticket.session)
    });
    if is_own {
        Ok(LogOutNext::LogOut { location: None })
    } else {
        Err(ErrorPage::new(403, "this page is too old, or was made for another log-in: log out again"))
    }
}

/// Whose log-out a logout token reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedOut<'a> {
    /// One grant of this user.
    Grant {
        /// The id of the user.
        subject: &'a str,
        /// The grant.
        grant: GrantId,
    },
    /// All grants of this user at the client.
    Everywhere {
        /// The id of the user.
        subject: &'a str,
    },
}

#[derive(Serialize)]
struct LogoutClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    iat: UnixTime,
    exp: UnixTime,
    jti: String,
    events: Map<String, Value>,
}

/// A logout token for one client. Post it as `logout_token=…` to the client's back-channel URI; repeat on network errors, 429 and
/// 5xx. Sign a new one for each try, because it expires after two minutes.
///
/// # Errors
/// `temporarily_unavailable` without a signing key.
pub fn logout_token(
    provider: &Provider,
    client: &Client,
    logged_out: LoggedOut<'_>,
    keys: &SigningKeys,
    (random, now): (&Random, UnixTime),
) -> Result<String, OAuthError> {
    let (subject, grant) = match logged_out {
        LoggedOut::Grant { subject, grant } => (subject, Some(grant)),
        LoggedOut::Everywhere { subject } => (subject, None),
    };
    let claims = LogoutClaims {
        iss: provider.issuer(),
        aud: &client.id,
        sub: provider.subject(client, subject),
        sid: grant.map(|grant| grant.to_string()),
        iat: now,
        exp: UnixTime(now.0.saturating_add(LIFE)),
        jti: random.token_id(),
        events: Map::from_iter([(EVENT.to_owned(), json!({}))]),
    };
    let signed = keys.signer(client.id_token_algorithm)?.sign(TYP, &claims);
    signed.map_err(|error| OAuthError::new(ErrorCode::ServerError, error.to_string()))
}
