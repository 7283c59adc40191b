//! The answer to a consent page.

use crate::authorize::{Asked, ErrorPage, Next, Visit};
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::parameters::Parameters;
use crate::provider::Provider;
use crate::scopes::Scopes;

/// The form that a consent page posts.
///
/// ```
/// use strict_oidc::{ConsentForm, Decision, Parameters};
///
/// let form = Parameters::parse("request=client_id%3Dc_kitchen&ticket=eyJ0&decision=allow")?;
/// let form = ConsentForm::read(&form)?;
/// assert_eq!(form.decision, Decision::Allow);
/// assert_eq!(form.request.get("client_id")?, Some("c_kitchen"));
/// # Ok::<(), strict_oidc::OAuthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsentForm {
    /// The parameters of the request that the page was about. Its `client_id` names the client to load.
    pub request: Parameters,
    /// The sealed ticket.
    pub ticket: String,
    /// The button.
    pub decision: Decision,
    /// The scopes that the user left checked. `None`: the page had no check boxes.
    pub scopes: Option<Scopes>,
}

/// The button of a consent page.
///
/// ```
/// assert_ne!(strict_oidc::Decision::Allow, strict_oidc::Decision::Deny);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// `decision=allow`
    Allow,
    /// `decision=deny`
    Deny,
}

impl ConsentForm {
    /// Reads the fields `request`, `ticket`, `decision` and any number of `scope`.
    ///
    /// # Errors
    /// `invalid_request` if a field is missing, repeated or not one of its values.
    pub fn read(form: &Parameters) -> Result<Self, OAuthError> {
        let invalid = |problem| OAuthError::new(ErrorCode::InvalidRequest, problem);
        let checked: Vec<&str> = form.all("scope").collect();
        let scopes =
            Scopes::parse(&checked.join(" ")).map_err(|_| invalid("the field 'scope' is invalid"))?;
        Ok(Self {
            request: Parameters::parse(form.require("request")?)?,
            ticket: form.require("ticket")?.to_owned(),
            decision: match form.require("decision")? {
                "allow" => Decision::Allow,
                "deny" => Decision::Deny,
                _ => return Err(invalid("the field 'decision' is 'allow' or 'deny'")),
            },
            scopes: Some(scopes).filter(|scopes| !scopes.is_empty()),
        })
    }
}

/// Decides the answer to a consent page.
///
/// The request is checked again: its client may have been disabled and its user may have logged out in the meantime. The answer
/// is an error page with the status 403 unless the ticket was made for this request, this session and this user less than ten
/// minutes ago, and the scopes are among those that the page showed.
///
/// ```
/// use strict_oidc::{Client, ConsentForm, Next, Parameters, Provider, SigningKeys, TicketKey, UnixTime, Visit, consent};
///
/// # let provider = Provider::new("https://id.example")?;
/// # let (keys, tickets) = (SigningKeys::default(), TicketKey::new(&[7; 32])?);
/// let form = Parameters::parse("request=client_id%3Dc_kitchen&ticket=forged&decision=allow")?;
/// let form = ConsentForm::read(&form)?;
/// let visit = Visit::new(UnixTime(1_900_000_000), &tickets, &keys);
/// assert!(matches!(consent(&provider, None, &form, &visit), Next::Show(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn consent(provider: &Provider, client: Option<&Client>, form: &ConsentForm, visit: &Visit<'_>) -> Next {
    let asked = match Asked::read(provider, client, &form.request, visit) {
        Ok(asked) => asked,
        Err(next) => return *next,
    };
    let ticket = visit.tickets.open_consent(&form.ticket, visit.now).filter(|ticket| {
        let is_own =
            |session: &crate::Session| session.id == ticket.session && session.subject == ticket.subject;
        ticket.request == asked.digest() && asked.visit().session.is_some_and(is_own)
    });
    let Some(ticket) = ticket else {
        return Next::Show(ErrorPage::new(
            403,
            "this page is too old, or was made for another log-in: go back to the application and start again",
        ));
    };
    let scopes = form.scopes.clone().unwrap_or_else(|| ticket.scopes.clone());
    if !ticket.scopes.contains_all(&scopes) {
        return Next::Show(ErrorPage::new(403, "the form allows more than its page showed: start again"));
    }
    match form.decision {
        Decision::Allow => asked.decide(Some(scopes)),
        Decision::Deny => asked.refuse(ErrorCode::AccessDenied, "the user refused"),
    }
}
