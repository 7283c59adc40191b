//! A code becomes a grant ([RFC 6749 §4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)).

use super::{Change, EndReason, FoundCode, Request, TokenDecision, invalid_grant};
use crate::code::CodeRecord;
use crate::digest::Digest;
use crate::error::OAuthError;
use crate::grant::{Grant, GrantId};

impl Request<'_> {
    pub(super) fn redeem_code(&self, digest: Digest, found: FoundCode) -> Result<TokenDecision, OAuthError> {
        let FoundCode { record, used_by, user } = found;
        // Before all else: a client must not learn about, or end, the codes of another one.
        if record.client_id != self.client().id {
            return Err(invalid_grant("the code was issued to another client"));
        }
        if let Some(grant) = used_by {
            let change = Change::EndGrant { grant, reason: EndReason::CodeReused };
            return Ok(TokenDecision::refuse(
                change,
                invalid_grant("the code was used before; its tokens are revoked"),
            ));
        }
        if record.expires_at <= self.call.now {
            return Err(invalid_grant("the code has expired: start again at the authorization endpoint"));
        }
        if let Err(error) = self.check_binding(&record) {
            // Guessing goes no further: the code is in wrong hands, or its client is broken.
            return Ok(TokenDecision::refuse(Change::BurnCode { code: digest }, error));
        }
        let Some(user) = user else {
            return Err(invalid_grant("the user has logged out or is disabled"));
        };
        if record.resource.is_some() && self.resource.is_some() && self.resource != record.resource {
            let problem = "the `resource` is another one than that of the authorization request";
            return Err(OAuthError::new(crate::ErrorCode::InvalidTarget, problem));
        }
        let CodeRecord {
            subject, session, scopes, resource, claims, nonce, authenticated_at, acr, amr, ..
        } = record;
        let mut grant = Grant {
            id: GrantId::from_bytes(self.call.random.grant_id()),
            client_id: self.client().id.clone(),
            subject,
            session: Some(session),
            scopes,
            resource,
            claims,
            jkt: self.bound_key(),
            authenticated_at,
            acr,
            amr,
            created_at: self.call.now,
            refresh: None,
            status: None,
        };
        let refresh_token = self.first_refresh_token(&mut grant);
        let mut tokens = self.tokens(&grant, &grant.scopes, nonce.as_deref(), &user);
        tokens.refresh_token = refresh_token;
        Ok(TokenDecision::issue(Change::RedeemCode { code: digest, grant: Box::new(grant) }, tokens))
    }

    /// The code belongs to a redirect URI, a verifier and a DPoP key.
    fn check_binding(&self, record: &CodeRecord) -> Result<(), OAuthError> {
        if self.parameters.get("redirect_uri")?.is_none_or(|uri| uri != record.redirect_uri) {
            return Err(invalid_grant(
                "the `redirect_uri` is another one than that of the authorization request",
            ));
        }
        let verifier = self.parameters.get("code_verifier")?;
        match (&record.challenge, verifier) {
            (Some(_), None) => return Err(invalid_grant("the `code_verifier` is missing")),
            (Some(challenge), Some(verifier)) if !challenge.accepts(verifier) => {
                return Err(invalid_grant("the `code_verifier` does not fit the `code_challenge`"));
            }
            // RFC 9700 §4.8.2: an attacker removed the challenge from the authorization request.
            (None, Some(_)) => {
                return Err(invalid_grant("there was no `code_challenge` for this `code_verifier`"));
            }
            _ => {}
        }
        match (&record.jkt, self.call.jkt) {
            (Some(bound), used) if used != Some(bound) => {
                Err(invalid_grant("the code is bound to another DPoP key: see `dpop_jkt`"))
            }
            _ => Ok(()),
        }
    }
}
