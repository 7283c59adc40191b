//! A device polls ([RFC 8628 §3.4](https://www.rfc-editor.org/rfc/rfc8628#section-3.4)).

use super::{Change, FoundDevice, Request, TokenDecision, invalid_grant};
use crate::device::{DeviceRecord, DeviceState, INTERVAL};
use crate::digest::Digest;
use crate::error::{ErrorCode, OAuthError};
use crate::grant::{Grant, GrantId};
use crate::session::Session;

impl Request<'_> {
    pub(super) fn redeem_device(
        &self,
        device: Digest,
        found: FoundDevice,
    ) -> Result<TokenDecision, OAuthError> {
        let FoundDevice { record, user } = found;
        if record.client_id != self.client().id {
            return Err(invalid_grant("the device code was issued to another client"));
        }
        if record.expires_at <= self.call.now {
            return Err(OAuthError::new(ErrorCode::ExpiredToken, "the device code has expired: start again"));
        }
        match record.state.clone() {
            DeviceState::Denied => Err(OAuthError::new(ErrorCode::AccessDenied, "the user refused")),
            DeviceState::Pending => Ok(self.wait(device, &record)),
            DeviceState::Approved(session) => {
                let Some(user) = user else {
                    return Err(invalid_grant("the user has logged out or is disabled"));
                };
                let mut grant = self.device_grant(record, *session);
                let refresh_token = self.first_refresh_token(&mut grant);
                let mut tokens = self.tokens(&grant, &grant.scopes, None, &user);
                tokens.refresh_token = refresh_token;
                Ok(TokenDecision::issue(Change::RedeemDevice { device, grant: Box::new(grant) }, tokens))
            }
        }
    }

    /// RFC 8628 §3.5: a device that polls too fast waits five seconds longer from then on.
    fn wait(&self, device: Digest, record: &DeviceRecord) -> TokenDecision {
        let now = self.call.now;
        let is_too_fast =
            record.polled_at.is_some_and(|polled| now.since(polled).as_secs() < record.interval);
        let (interval, error) = if is_too_fast {
            let slower = record.interval.saturating_add(INTERVAL);
            (slower, OAuthError::new(ErrorCode::SlowDown, format!("poll every {slower} seconds at most")))
        } else {
            (
                record.interval,
                OAuthError::new(ErrorCode::AuthorizationPending, "the user has not decided yet"),
            )
        };
        TokenDecision::refuse(Change::NotePoll { device, polled_at: now, interval }, error)
    }

    fn device_grant(&self, record: DeviceRecord, session: Session) -> Grant {
        Grant {
            id: GrantId::from_bytes(self.call.random.grant_id()),
            client_id: record.client_id,
            subject: session.subject,
            session: Some(session.id),
            scopes: record.scopes,
            resource: record.resource,
            claims: crate::ClaimsRequest::default(),
            jkt: self.bound_key(),
            authenticated_at: session.authenticated_at,
            acr: session.acr,
            amr: session.amr,
            created_at: self.call.now,
            refresh: None,
            status: None,
        }
    }
}
