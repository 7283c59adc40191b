//! The token endpoint: finds what a request needs, and applies what the protocol decides.

use accounts::audit::{Actor, Event};
use store::{Context, DeviceCodeKey, NewGrant};
use strict_oidc::{
    Change, Client, CodeRecord, DeviceRecord, DeviceState, Found, FoundCode, FoundDevice, Grant, GrantId,
    Needs, OAuthError, Outcome, StatusReference, TokenCall, TokenRequest, TokenResponse, UnixTime,
};

use super::failure::{internal, unavailable};
use super::{AuthorizationServer, ClientCall, digest};

/// What became of a change, and the place in the status list that a new grant got.
type Applied = (Outcome, Option<StatusReference>);

impl AuthorizationServer {
    /// Answers a token request.
    ///
    /// # Errors
    /// Every refusal of the protocol.
    pub async fn token(&self, call: &ClientCall) -> Result<TokenResponse, OAuthError> {
        let ring = self.ring().await?;
        let client = self.client(call.presented.client_id()).await?;
        let client = self.authenticated(&ring, &call.presented, client.as_ref()).await?;
        let jkt = self.proven_key(&ring, &ring.provider.endpoints.token, &call.proofs).await?;
        let (request, random, now) = (TokenRequest::read(&call.form)?, self.random(), self.now());
        let call = TokenCall { provider: &ring.provider, client, jkt: jkt.as_deref(), random: &random, now };
        loop {
            let decision = request.decide(&call, self.find(request.needs()).await?)?;
            let (outcome, status) = self.apply(client.client(), decision.change()).await?;
            // Another request rotated the token first. The second look finds its successor and repeats that answer.
            let was_overtaken =
                outcome == Outcome::Replayed && matches!(decision.change(), Change::Rotate { .. });
            if !was_overtaken {
                let decision = match status {
                    Some(status) => decision.with_status(status),
                    None => decision,
                };
                return decision.answer(outcome, &ring.keys);
            }
        }
    }

    async fn find(&self, needs: Needs) -> Result<Found, OAuthError> {
        match needs {
            Needs::Code(code) => {
                let Some(row) = self.store.code(digest(code)).await.map_err(unavailable)? else {
                    return Ok(Found::Nothing);
                };
                let record: CodeRecord = serde_json::from_str(&row.record).map_err(internal)?;
                let user = self.user_in_session(&record.subject, Some(&record.session)).await?;
                let used_by = row.grant.map(GrantId::from_bytes);
                Ok(Found::Code(Box::new(FoundCode { record, used_by, user })))
            }
            Needs::Grant(id) => {
                let found = self.found_grant(Some(id)).await?;
                Ok(found.map_or(Found::Nothing, |found| Found::Grant(Box::new(found))))
            }
            Needs::DeviceCode(code) => {
                let Some((record, _)) = self.device(DeviceCodeKey::Device(digest(code))).await? else {
                    return Ok(Found::Nothing);
                };
                let user = match &record.state {
                    DeviceState::Approved(session) => {
                        self.user_in_session(&session.subject, Some(&session.id)).await?
                    }
                    DeviceState::Pending | DeviceState::Denied => None,
                };
                Ok(Found::Device(Box::new(FoundDevice { record, user })))
            }
            Needs::Nothing => Ok(Found::Nothing),
        }
    }

    /// The record of a device code, and its text.
    pub(super) async fn device(
        &self,
        key: DeviceCodeKey,
    ) -> Result<Option<(DeviceRecord, String)>, OAuthError> {
        let Some(text) = self.store.device_code(key).await.map_err(unavailable)? else { return Ok(None) };
        Ok(Some((serde_json::from_str(&text).map_err(internal)?, text)))
    }

    async fn apply(&self, client: &Client, change: &Change) -> Result<Applied, OAuthError> {
        let outcome = match change {
            Change::Nothing => return Ok((Outcome::First, None)),
            Change::RedeemCode { code, grant } => {
                let redeem = |new| self.store.redeem_code(digest(*code), new, self.clock.now());
                return self.insert_grant(client, grant, redeem).await;
            }
            Change::RedeemDevice { device, grant } => {
                let redeem = |new| self.store.redeem_device_code(digest(*device), new);
                return self.insert_grant(client, grant, redeem).await;
            }
            Change::NotePoll { device, polled_at, interval } => {
                self.note_poll(DeviceCodeKey::Device(digest(*device)), *polled_at, *interval).await?;
                return Ok((Outcome::First, None));
            }
            Change::BurnCode { code } => self.store.delete_code(digest(*code)).await,
            Change::Rotate { grant, current, refresh } => {
                let Some(found) = self.found_grant(Some(*grant)).await? else {
                    return Ok((Outcome::Gone, None));
                };
                let mut next = found.grant;
                next.refresh = Some(*refresh);
                let state = self.grant_state(&next, false)?;
                self.store.rotate_grant(*grant.as_bytes(), digest(*current), state).await
            }
            Change::EndGrant { grant, reason } => {
                tracing::warn!(grant = %grant, ?reason, "The grant of an OAuth client has ended");
                self.note_reuse(*grant).await?;
                self.store.end_grant(*grant.as_bytes()).await
            }
        };
        Ok((outcome_of(outcome.map_err(unavailable)?), None))
    }

    /// Inserts a grant at a free place of the status list.
    async fn insert_grant<F: Future<Output = Result<store::Outcome, store::StoreError>>>(
        &self,
        client: &Client,
        grant: &Grant,
        redeem: impl Fn(NewGrant) -> F,
    ) -> Result<Applied, OAuthError> {
        let Some(mut new) = self.new_grant(client, grant)? else { return Ok((Outcome::Gone, None)) };
        for attempt in 0.. {
            let place = self.status_place(attempt);
            new.status_index = Some(place);
            match redeem(new.clone()).await.map_err(unavailable)? {
                store::Outcome::Taken if attempt < super::revocations::ATTEMPTS => {}
                outcome => return Ok((outcome_of(outcome), Some(self.status_reference(place)))),
            }
        }
        Ok((Outcome::Gone, None))
    }

    /// Another request may have noted a poll at the same time, or the user may have decided: the next poll sees that.
    async fn note_poll(
        &self,
        key: DeviceCodeKey,
        polled_at: UnixTime,
        interval: u64,
    ) -> Result<(), OAuthError> {
        let Some((mut record, found)) = self.device(key).await? else { return Ok(()) };
        let device = digest(record.device);
        (record.polled_at, record.interval) = (Some(polled_at), interval);
        let text = serde_json::to_string(&record).map_err(internal)?;
        self.store.replace_device_code(device, &found, &text).await.map_err(unavailable).map(drop)
    }

    async fn note_reuse(&self, grant: GrantId) -> Result<(), OAuthError> {
        let Some(row) = self.store.grant(*grant.as_bytes()).await.map_err(unavailable)? else {
            return Ok(());
        };
        let context = Context { actor: Actor::OPERATOR, now: self.clock.now() };
        self.store.audit(Event::GrantReused, Some(row.user), context).await.map_err(unavailable)
    }
}

fn outcome_of(outcome: store::Outcome) -> Outcome {
    match outcome {
        store::Outcome::First => Outcome::First,
        store::Outcome::Replayed => Outcome::Replayed,
        store::Outcome::Gone | store::Outcome::Taken => Outcome::Gone,
    }
}
