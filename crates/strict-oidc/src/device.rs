//! The device grant ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628)): a television shows a code, and its user types it on a
//! phone.

mod user_code;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

pub use self::user_code::UserCode;
use crate::authorize::{ErrorPage, Visit};
use crate::client::{Client, GrantType};
use crate::client_authentication::AuthenticatedClient;
use crate::consent::Decision;
use crate::digest::Digest;
use crate::error::{ErrorCode, OAuthError};
use crate::parameters::Parameters;
use crate::provider::{Provider, ScopeText};
use crate::random::Random;
use crate::resource;
use crate::scopes::Scopes;
use crate::session::Session;
use crate::ticket::NewConsentTicket;
use crate::time::UnixTime;

/// The shortest time between two polls, in seconds ([RFC 8628 §3.2](https://www.rfc-editor.org/rfc/rfc8628#section-3.2)).
pub(crate) const INTERVAL: u64 = 5;

/// A device code as it is stored, under its digest. `serde` writes it for a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeviceRecord {
    /// The digest of the device code: the key of the row.
    pub device: Digest,
    /// The digest of the code that the user types: unique among the rows.
    pub user_code: Digest,
    /// The client on the device.
    pub client_id: String,
    /// The scopes that it wants.
    pub scopes: Scopes,
    /// The resource that it named.
    pub resource: Option<String>,
    /// What the user decided.
    pub state: DeviceState,
    /// The shortest time between two polls, in seconds.
    pub interval: u64,
    /// The last poll.
    pub polled_at: Option<UnixTime>,
    /// The end of the codes.
    pub expires_at: UnixTime,
}

/// What a user decided about a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Nothing yet.
    Pending,
    /// The user refused.
    Denied,
    /// The user of this session allowed it.
    Approved(Box<Session>),
}

/// New codes to store, and the answer for the device.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeviceAuthorization {
    /// The row.
    pub record: DeviceRecord,
    /// The answer, as JSON.
    pub response: DeviceResponse,
}

/// The answer for the device ([RFC 8628 §3.2](https://www.rfc-editor.org/rfc/rfc8628#section-3.2)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeviceResponse {
    /// The secret of the device.
    pub device_code: String,
    /// The code that the user types, such as `WDJB-MJHT`.
    pub user_code: String,
    /// The page where the user types it.
    pub verification_uri: String,
    /// The same page with the code, for a QR code. The page still asks the user to compare the codes.
    pub verification_uri_complete: String,
    /// The life of the codes in seconds.
    pub expires_in: u64,
    /// The shortest time between two polls, in seconds.
    pub interval: u64,
}

/// Begins a device grant ([RFC 8628 §3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.1)).
///
/// # Errors
/// `unauthorized_client`, `invalid_scope`, `invalid_target`, `invalid_request`.
pub fn authorize_device(
    provider: &Provider,
    client: &AuthenticatedClient<'_>,
    form: &Parameters,
    random: &Random,
    now: UnixTime,
) -> Result<DeviceAuthorization, OAuthError> {
    let client = client.client();
    if !client.may_use(GrantType::DeviceCode) || !provider.grants.contains(&GrantType::DeviceCode) {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            "this client may not use the device grant",
        ));
    }
    let invalid = |problem: String| OAuthError::new(ErrorCode::InvalidScope, problem);
    let asked =
        Scopes::parse(form.get("scope")?.unwrap_or_default()).map_err(|error| invalid(error.to_string()))?;
    let scopes = asked.filter(|scope| provider.scope_text(scope).is_some());
    if scopes.is_empty() || !client.scopes.contains_all(&scopes) {
        return Err(invalid("ask for `scope`s that this server knows and this client may have".into()));
    }
    let device_code = URL_SAFE_NO_PAD.encode(random.secret());
    let user_code = UserCode::new(random);
    let lifetime = provider.lifetimes.device_code;
    let page = &provider.endpoints.device_page;
    let record = DeviceRecord {
        device: Digest::of(&device_code),
        user_code: user_code.digest(),
        client_id: client.id.clone(),
        scopes,
        resource: resource::read(provider, client, form)?,
        state: DeviceState::Pending,
        interval: INTERVAL,
        polled_at: None,
        expires_at: now + lifetime,
    };
    let response = DeviceResponse {
        device_code,
        user_code: user_code.to_string(),
        verification_uri: page.clone(),
        verification_uri_complete: format!("{page}?user_code={user_code}"),
        expires_in: lifetime.as_secs(),
        interval: INTERVAL,
    };
    Ok(DeviceAuthorization { record, response })
}

/// The contents of the page that asks a user about a device. Show the code, too: a phisher can send a link, but cannot make the
/// device of the user show the code ([RFC 8628 §5.4](https://www.rfc-editor.org/rfc/rfc8628#section-5.4)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DevicePage {
    /// The name of the client. Escape it.
    pub client_name: String,
    /// What it wants.
    pub scopes: Vec<ScopeText>,
    /// The sealed ticket, for a hidden field.
    pub ticket: String,
}

impl DeviceRecord {
    /// The page for the user of the visit. `client` is the client of the record.
    ///
    /// # Errors
    /// An error page if the codes have expired or were used, the client is disabled, or the visit has no session.
    pub fn page(
        &self,
        provider: &Provider,
        client: &Client,
        visit: &Visit<'_>,
    ) -> Result<DevicePage, ErrorPage> {
        let session = self.check(client, visit)?;
        let ticket = NewConsentTicket {
            request: self.device,
            session: &session.id,
            subject: &session.subject,
            scopes: &self.scopes,
        };
        let ticket = visit.tickets.seal_consent(&ticket, visit.now + provider.lifetimes.page);
        Ok(DevicePage {
            client_name: client.name.clone(),
            scopes: self.scopes.iter().filter_map(|scope| provider.scope_text(scope)).cloned().collect(),
            ticket: ticket.map_err(|_| ErrorPage::new(500, "the page could not be sealed: try again"))?,
        })
    }

    /// The new state of the record, after the user pressed a button. Store it if the state is still
    /// [`Pending`](DeviceState::Pending).
    ///
    /// # Errors
    /// An error page if the ticket is not that of a page for this user and this device, and those of [`page`](Self::page).
    pub fn decide(
        &self,
        client: &Client,
        ticket: &str,
        decision: Decision,
        visit: &Visit<'_>,
    ) -> Result<DeviceState, ErrorPage> {
        let session = self.check(client, visit)?;
        let is_own = visit.tickets.open_consent(ticket, visit.now).is_some_and(|ticket| {
            ticket.request == self.device && ticket.session == session.id && ticket.subject == session.subject
        });
        if !is_own {
            return Err(ErrorPage::new(
                403,
                "this page is too old, or was made for another log-in: type the code again",
            ));
        }
        Ok(match decision {
            Decision::Allow => DeviceState::Approved(Box::new(session.clone())),
            Decision::Deny => DeviceState::Denied,
        })
    }

    fn check<'v>(&self, client: &Client, visit: &Visit<'v>) -> Result<&'v Session, ErrorPage> {
        if self.expires_at <= visit.now || self.state != DeviceState::Pending {
            return Err(ErrorPage::new(400, "this code has expired or was used: start again on the device"));
        }
        if client.is_disabled || client.id != self.client_id {
            return Err(ErrorPage::new(400, "this client is disabled: ask the administrator of the server"));
        }
        visit.session.ok_or_else(|| ErrorPage::new(403, "log in first"))
    }
}
