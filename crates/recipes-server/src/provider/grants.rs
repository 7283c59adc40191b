//! Grants as they are stored, and the users that they belong to.

use accounts::User;
use ids::{SessionId, UserId};
use store::{GrantState, NewGrant};
use strict_oidc::{Client, FoundGrant, Grant, GrantId, OAuthError, UserClaims};

use super::failure::{internal, unavailable};
use super::{AuthorizationServer, digest};

impl AuthorizationServer {
    pub(super) async fn found_grant(&self, id: Option<GrantId>) -> Result<Option<FoundGrant>, OAuthError> {
        let Some(id) = id else { return Ok(None) };
        let row = self.store.grant(*id.as_bytes()).await.map_err(unavailable)?;
        let Some(row) = row.filter(|row| row.expires_at > self.clock.now()) else { return Ok(None) };
        let mut grant: Grant = serde_json::from_str(&row.record).map_err(internal)?;
        grant.status = row.status_index.map(|place| self.status_reference(place));
        let session = grant.session.as_deref().filter(|_| !grant.is_offline());
        let user = self.user_in_session(&grant.subject, session).await?;
        Ok(Some(FoundGrant { grant, user }))
    }

    /// The claims of a user, unless the user is disabled or the session has ended.
    pub(super) async fn user_in_session(
        &self,
        user: &str,
        session: Option<&str>,
    ) -> Result<Option<UserClaims>, OAuthError> {
        let Some(user) = UserId::parse(user) else { return Ok(None) };
        let found = match session {
            None => self.store.user(user).await.map_err(unavailable)?,
            Some(session) => {
                let Some(session) = SessionId::parse(session) else { return Ok(None) };
                let found = self.store.session_user(session, user).await.map_err(unavailable)?;
                let now = self.clock.now();
                found
                    .filter(|found| self.sessions.allow(found.created_at, found.last_used_at, now))
                    .map(|found| found.user)
            }
        };
        Ok(found.filter(|user| !user.disabled).map(|user| claims_of(&user)))
    }

    /// `None`: the ids of its user or session are not ours.
    pub(super) fn new_grant(&self, client: &Client, grant: &Grant) -> Result<Option<NewGrant>, OAuthError> {
        let Some(user) = UserId::parse(&grant.subject) else { return Ok(None) };
        let began_in = grant.session.as_deref().and_then(SessionId::parse);
        let is_reported = client.backchannel_logout_uri.is_some();
        Ok(Some(NewGrant {
            id: *grant.id.as_bytes(),
            user,
            client: grant.client_id.clone(),
            session: began_in.filter(|_| !grant.is_offline()),
            logout_session: began_in.filter(|_| is_reported),
            status_index: None,
            state: self.grant_state(grant, is_reported)?,
        }))
    }

    /// `is_reported`: the client is told when the session ends, which may be long after its last token.
    pub(super) fn grant_state(&self, grant: &Grant, is_reported: bool) -> Result<GrantState, OAuthError> {
        let lifetimes = self.protocol.lifetimes;
        let is_long = grant.refresh.is_some() || is_reported;
        let rest = if is_long { lifetimes.refresh_idle } else { lifetimes.access_token };
        // The place in the status list has a column of its own.
        let mut record = grant.clone();
        record.status = None;
        Ok(GrantState {
            current: grant.refresh.map(|refresh| digest(refresh.current)),
            record: serde_json::to_string(&record).map_err(internal)?,
            expires_at: self.clock.now() + rest,
        })
    }
}

fn claims_of(user: &User) -> UserClaims {
    UserClaims::default()
        .with("name", user.name.as_str())
        .with("updated_at", user.updated_at.as_second())
        .with("email", user.email.as_str())
        .with("email_verified", user.email_verified)
}
