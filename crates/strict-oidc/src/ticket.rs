//! Sealed tickets: what a page hands back to the server unchanged.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use strict_jose::{Key, KeyError, Rules, SignError};

use crate::digest::Digest;
use crate::scopes::Scopes;
use crate::time::UnixTime;

/// The key that seals tickets. All replicas of a server share it; nothing else uses it.
///
/// A ticket replaces a row in a database: an authorization request that has not been approved costs no storage, so there is
/// nothing to fill by starting a million of them. It contains the digest of the request, so it fits no other request.
///
/// ```
/// use strict_oidc::TicketKey;
///
/// let key = TicketKey::new(&[7; 32])?; // 32 random bytes
/// # Ok::<(), strict_jose::KeyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TicketKey(Key);

/// A visit at the log-in page that this request demanded.
#[derive(Serialize, Deserialize)]
pub(crate) struct LogInTicket {
    pub(crate) request: Digest,
    pub(crate) iat: UnixTime,
    exp: UnixTime,
}

/// A consent page that was shown.
#[derive(Serialize, Deserialize)]
pub(crate) struct ConsentTicket {
    pub(crate) request: Digest,
    pub(crate) session: String,
    pub(crate) subject: String,
    pub(crate) scopes: Scopes,
    exp: UnixTime,
}

// The type keeps one kind of ticket from being used as the other (RFC 8725 §3.11).
const LOG_IN: &str = "log-in-ticket+jwt";
const CONSENT: &str = "consent-ticket+jwt";

impl TicketKey {
    /// Makes a key of at least 32 random bytes.
    ///
    /// # Errors
    /// [`KeyError`] if the secret is too short or is the text of a public key.
    pub fn new(secret: &[u8]) -> Result<Self, KeyError> {
        Key::hs256(secret).map(Self)
    }

    pub(crate) fn seal_log_in(
        &self,
        request: Digest,
        now: UnixTime,
        lifetime: Duration,
    ) -> Result<String, SignError> {
        self.0.sign(LOG_IN, &LogInTicket { request, iat: now, exp: now + lifetime })
    }

    pub(crate) fn open_log_in(&self, ticket: &str, now: UnixTime) -> Option<LogInTicket> {
        self.open(LOG_IN, ticket, now)
    }

    pub(crate) fn seal_consent(
        &self,
        consent: &NewConsentTicket<'_>,
        exp: UnixTime,
    ) -> Result<String, SignError> {
        let &NewConsentTicket { request, session, subject, scopes } = consent;
        self.0.sign(
            CONSENT,
            &ConsentTicket {
                request,
                session: session.to_owned(),
                subject: subject.to_owned(),
                scopes: scopes.clone(),
                exp,
            },
        )
    }

    pub(crate) fn open_consent(&self, ticket: &str, now: UnixTime) -> Option<ConsentTicket> {
        self.open(CONSENT, ticket, now)
    }

    fn open<T: DeserializeOwned>(&self, typ: &str, ticket: &str, now: UnixTime) -> Option<T> {
        let rules = Rules::typ(typ).any_issuer().any_audience();
        rules.verify(ticket, &self.0, now.system_time()).ok().map(|verified| verified.claims)
    }
}

/// The contents of a consent ticket to seal.
pub(crate) struct NewConsentTicket<'a> {
    pub(crate) request: Digest,
    pub(crate) session: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) scopes: &'a Scopes,
}
