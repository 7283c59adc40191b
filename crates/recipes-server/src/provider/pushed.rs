//! Authorization requests that clients push before the browser comes (RFC 9126).

use store::NewPushedRequest;
use strict_oidc::{ErrorCode, OAuthError, Parameters, PushedRequest, PushedResponse, Visit};

use super::failure::{internal, unavailable};
use super::{AuthorizationServer, ClientCall, digest, timestamp};

impl AuthorizationServer {
    /// Stores an authorization request.
    ///
    /// # Errors
    /// `invalid_client`, and the errors of the authorization endpoint.
    pub async fn push(&self, call: &ClientCall) -> Result<PushedResponse, OAuthError> {
        let ring = self.ring().await?;
        let client = self.client(call.presented.client_id()).await?;
        let client = self.authenticated(&ring, &call.presented, client.as_ref()).await?;
        let url = ring.provider.endpoints.pushed_requests.as_deref().unwrap_or_default();
        let form = match self.proven_key(&ring, url, &call.proofs).await? {
            Some(jkt) => bound(&call.form, &jkt)?,
            None => call.form.clone(),
        };
        let visit = Visit::new(self.now(), &ring.tickets, &ring.keys);
        let pushed = strict_oidc::push(&ring.provider, &client, &form, &visit, &self.random())?;
        let new = NewPushedRequest {
            digest: digest(pushed.record.reference),
            client: pushed.record.client_id.clone(),
            record: serde_json::to_string(&pushed.record).map_err(internal)?,
            expires_at: timestamp(pushed.record.expires_at),
        };
        if !self.store.create_pushed_request(new, self.clock.now()).await.map_err(unavailable)? {
            let full = "too many pushed requests of this client wait for a browser: try again later";
            return Err(OAuthError::new(ErrorCode::TemporarilyUnavailable, full));
        }
        Ok(pushed.response)
    }

    /// The stored request that these parameters refer to.
    pub(super) async fn pushed_request(
        &self,
        parameters: &Parameters,
    ) -> Result<Option<PushedRequest>, OAuthError> {
        let Some(reference) = PushedRequest::reference_in(parameters) else { return Ok(None) };
        let record = self.store.pushed_request(digest(reference)).await.map_err(unavailable)?;
        record.map(|record| serde_json::from_str(&record)).transpose().map_err(internal)
    }
}

/// RFC 9449 section 10.1: the proof of a pushed request binds its code to the key.
fn bound(form: &Parameters, jkt: &str) -> Result<Parameters, OAuthError> {
    match form.get("dpop_jkt")? {
        None => Ok(form.clone().with("dpop_jkt", jkt)),
        Some(own) if own == jkt => Ok(form.clone()),
        Some(_) => {
            let other = "the `dpop_jkt` is the thumbprint of another key than that of the proof";
            Err(OAuthError::new(ErrorCode::InvalidDpopProof, other))
        }
    }
}
