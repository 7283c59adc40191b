//! What clients do with tokens that they have: introspection, revocation, log-out.

use accounts::audit::Actor;
use ids::{SessionId, UserId};
use serde_json::{Map, Value};
use store::Context;
use strict_oidc::{
    ErrorPage, LogOutNext, LogOutRequest, OAuthError, Parameters, TokenQuery, Visit, confirm_log_out,
};

use super::failure::unavailable;
use super::{AuthorizationServer, ClientCall};

impl AuthorizationServer {
    /// What a client may know about a token (RFC 7662).
    ///
    /// # Errors
    /// `invalid_client`; `invalid_request` without a token.
    pub async fn introspect(&self, call: &ClientCall) -> Result<Map<String, Value>, OAuthError> {
        let (client, ring) = (self.client(call.presented.client_id()).await?, self.ring().await?);
        let client = self.authenticated(&ring, &call.presented, client.as_ref()).await?;
        let query = ring.introspected_tokens.query(&ring.provider, &ring.keys, &call.form, self.now())?;
        let found = self.found_grant(query.needs()).await?.filter(|found| found.user.is_some());
        let answer = strict_oidc::introspect(&query, &client, found.map(|found| found.grant).as_ref())?;
        let issued_to = answer.get("client_id").and_then(Value::as_str).unwrap_or_default();
        let is_active = answer.get("active") == Some(&Value::Bool(true));
        if is_active && self.client(issued_to).await?.is_none_or(|client| client.is_disabled) {
            return Ok(Map::from_iter([("active".to_owned(), Value::Bool(false))]));
        }
        Ok(answer)
    }

    /// Ends the grant of a token (RFC 7009).
    ///
    /// # Errors
    /// `invalid_client`; `invalid_request` without a token; `unsupported_token_type`.
    pub async fn revoke(&self, call: &ClientCall) -> Result<(), OAuthError> {
        let (client, ring) = (self.client(call.presented.client_id()).await?, self.ring().await?);
        let client = self.authenticated(&ring, &call.presented, client.as_ref()).await?;
        let query = TokenQuery::read(&ring.provider, &ring.keys, &call.form, self.now())?;
        let grant = self.found_grant(query.needs()).await?.map(|found| found.grant);
        if let Some(id) = strict_oidc::revoke(&query, &client, grant.as_ref())? {
            self.store.end_grant(*id.as_bytes()).await.map_err(unavailable)?;
        }
        Ok(())
    }

    /// Decides about a log-out that a client began, and ends the session of the browser if the decision says so.
    ///
    /// # Errors
    /// When the store is unavailable; `invalid_request`.
    pub async fn log_out(
        &self,
        parameters: &Parameters,
        cookie: Option<&str>,
    ) -> Result<Result<LogOutNext, ErrorPage>, OAuthError> {
        let ring = self.ring().await?;
        let request = LogOutRequest::read(&ring.provider, &ring.keys, parameters, self.now())?;
        let client = match request.client_id() {
            Some(id) => self.client(id).await?,
            None => None,
        };
        let decide = |visit: &Visit<'_>| request.decide(&ring.provider, client.as_ref(), visit);
        let next = self.visit(None, None, cookie, decide).await?;
        self.logged_out(next, cookie).await
    }

    /// Decides about the form of the page that asks whether to log out.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn confirm_log_out(
        &self,
        ticket: &str,
        cookie: Option<&str>,
    ) -> Result<Result<LogOutNext, ErrorPage>, OAuthError> {
        let next = self.visit(None, None, cookie, |visit| confirm_log_out(ticket, visit)).await?;
        self.logged_out(next, cookie).await
    }

    async fn logged_out(
        &self,
        next: Result<LogOutNext, ErrorPage>,
        cookie: Option<&str>,
    ) -> Result<Result<LogOutNext, ErrorPage>, OAuthError> {
        if let (Ok(LogOutNext::LogOut { .. }), Some(cookie)) = (&next, cookie)
            && let Some(found) = self.session(cookie).await?
            && let (Some(session), Some(user)) = (SessionId::parse(&found.id), UserId::parse(&found.subject))
        {
            let actor = Actor { user: Some(user), session: Some(session), ..Actor::OPERATOR };
            let context = Context { actor, now: self.clock.now() };
            self.store.end_session(user, session, context).await.map_err(unavailable)?;
        }
        Ok(next)
    }
}
