//! The device grant (RFC 8628): a device shows a code, and its user types it at a page.

use accounts::audit::Actor;
use ids::{SessionId, UserId};
use store::{Context, DeviceCodeKey, NewDeviceCode};
use strict_oidc::{
    Decision, DevicePage, DeviceRecord, DeviceResponse, DeviceState, ErrorCode, ErrorPage, OAuthError,
    UserCode, Visit, authorize_device,
};

use super::failure::{internal, unavailable};
use super::{AuthorizationServer, ClientCall, digest, timestamp};
use crate::auth::rate_limit::{Limit, LimitReached};

/// Two devices with the same user code are unlikely: there are 2.56 * 10^10 codes.
const ATTEMPTS: usize = 3;

/// What the page for devices shows.
pub enum DeviceStep {
    /// The log-in comes first.
    LogIn,
    /// The field for the code.
    Code,
    /// No device waits with this code.
    UnknownCode,
    /// Too many codes were typed.
    TooMany(LimitReached),
    /// What the device wants.
    Ask {
        page: DevicePage,
        user_code: String,
    },
    /// The user has decided.
    Done {
        is_allowed: bool,
    },
    Error(ErrorPage),
}

impl AuthorizationServer {
    /// Begins a device grant.
    ///
    /// # Errors
    /// `invalid_client`, `unauthorized_client`, `invalid_scope`, `invalid_target`.
    pub async fn authorize_device(&self, call: &ClientCall) -> Result<DeviceResponse, OAuthError> {
        let ring = self.ring().await?;
        let client = self.client(call.presented.client_id()).await?;
        let client = self.authenticated(&ring, &call.presented, client.as_ref()).await?;
        for _ in 0..ATTEMPTS {
            let new = authorize_device(&ring.provider, &client, &call.form, &self.random(), self.now())?;
            let row = NewDeviceCode {
                digest: digest(new.record.device),
                user_code: digest(new.record.user_code),
                client: new.record.client_id.clone(),
                record: serde_json::to_string(&new.record).map_err(internal)?,
                expires_at: timestamp(new.record.expires_at),
            };
            match self.store.create_device_code(row, self.clock.now()).await.map_err(unavailable)? {
                store::Outcome::First => return Ok(new.response),
                store::Outcome::Replayed => {}
                store::Outcome::Gone | store::Outcome::Taken => break,
            }
        }
        let full = "too many devices of this client wait for their users: try again later";
        Err(OAuthError::new(ErrorCode::TemporarilyUnavailable, full))
    }

    /// The first view of the page.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn device_page(&self, cookie: Option<&str>) -> Result<DeviceStep, OAuthError> {
        let session = match cookie {
            Some(cookie) => self.session(cookie).await?,
            None => None,
        };
        Ok(if session.is_some() { DeviceStep::Code } else { DeviceStep::LogIn })
    }

    /// Looks for the device with this code.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn find_device(&self, typed: &str, cookie: Option<&str>) -> Result<DeviceStep, OAuthError> {
        let Some(user) = self.user_of(cookie).await? else { return Ok(DeviceStep::LogIn) };
        // RFC 8628 section 5.1: a limit of attempts, so that the code of another user's device cannot be guessed.
        if let Err(reached) = self.limits.by_user(Limit::Device, user).await {
            return Ok(DeviceStep::TooMany(reached));
        }
        let Some(user_code) = UserCode::parse(typed) else { return Ok(DeviceStep::UnknownCode) };
        let found = self.device(DeviceCodeKey::User(digest(user_code.digest()))).await?;
        let Some((record, _)) = found else { return Ok(DeviceStep::UnknownCode) };
        let Some(client) = self.client(&record.client_id).await? else { return Ok(DeviceStep::UnknownCode) };
        let ring = self.ring().await?;
        let page =
            self.visit(None, None, cookie, |visit| record.page(&ring.provider, &client, visit)).await?;
        Ok(match page {
            Ok(page) => DeviceStep::Ask { page, user_code: user_code.to_string() },
            Err(error) => DeviceStep::Error(error),
        })
    }

    /// Stores what the user decided about the device with this code.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn decide_device(
        &self,
        (typed, ticket): (&str, &str),
        decision: Decision,
        cookie: Option<&str>,
    ) -> Result<DeviceStep, OAuthError> {
        let Some(user_code) = UserCode::parse(typed) else { return Ok(DeviceStep::UnknownCode) };
        // A poll of the device changes its row at the same time now and then.
        for _ in 0..ATTEMPTS {
            let found = self.device(DeviceCodeKey::User(digest(user_code.digest()))).await?;
            let Some((mut record, text)) = found else { return Ok(DeviceStep::UnknownCode) };
            let Some(client) = self.client(&record.client_id).await? else { break };
            let decide = |visit: &Visit<'_>| record.decide(&client, ticket, decision, visit);
            match self.visit(None, None, cookie, decide).await? {
                Ok(state) => record.state = state,
                Err(error) => return Ok(DeviceStep::Error(error)),
            }
            if self.store_decision(&record, &text).await? {
                return Ok(DeviceStep::Done { is_allowed: decision == Decision::Allow });
            }
        }
        Ok(DeviceStep::UnknownCode)
    }

    /// Stores the decision if the record is still `found`. Returns whether it was.
    async fn store_decision(&self, record: &DeviceRecord, found: &str) -> Result<bool, OAuthError> {
        let (device, new) = (digest(record.device), serde_json::to_string(record).map_err(internal)?);
        let ids = match &record.state {
            DeviceState::Approved(session) => {
                UserId::parse(&session.subject).zip(SessionId::parse(&session.id))
            }
            DeviceState::Pending | DeviceState::Denied => None,
        };
        let stored = match ids {
            Some((user, session)) => {
                let actor = Actor { user: Some(user), session: Some(session), ..Actor::OPERATOR };
                let context = Context { actor, now: self.clock.now() };
                self.store.approve_device_code(device, (found, &new), user, context).await
            }
            None => self.store.replace_device_code(device, found, &new).await,
        };
        stored.map_err(unavailable)
    }

    async fn user_of(&self, cookie: Option<&str>) -> Result<Option<UserId>, OAuthError> {
        let Some(cookie) = cookie else { return Ok(None) };
        Ok(self.session(cookie).await?.and_then(|session| UserId::parse(&session.subject)))
    }
}
