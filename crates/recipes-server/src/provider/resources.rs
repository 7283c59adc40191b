//! Access tokens where they are used: at userinfo and at the recipe API.

use std::sync::Arc;

use accounts::User;
use http::request::Parts;
use serde_json::{Map, Value};
use strict_oidc::{
    AccessClaims, BearerToken, ClientFlag, DpopProof, DpopRequest, DpopRules, ErrorCode, GrantId, OAuthError,
    sign_userinfo,
};

use super::AuthorizationServer;
use super::failure::unavailable;

/// A request with an access token.
pub struct ResourceCall<'a> {
    pub token: &'a BearerToken,
    pub method: &'a str,
    /// The path of the request, under the name of this server.
    pub path: &'a str,
    /// The values of the headers `DPoP`.
    pub proofs: &'a [&'a str],
}

impl<'a> ResourceCall<'a> {
    pub fn of(token: &'a BearerToken, request: &'a Parts, proofs: &'a [&'a str]) -> Self {
        Self { token, method: request.method.as_str(), path: request.uri.path(), proofs }
    }
}

/// The answer of userinfo.
pub enum Userinfo {
    Claims(Map<String, Value>),
    /// For a client that wants it signed: a JSON Web Token.
    Signed(String),
}

impl AuthorizationServer {
    /// The claims about the user of an access token.
    ///
    /// # Errors
    /// `invalid_token`, `insufficient_scope`, `invalid_dpop_proof`.
    pub async fn userinfo(&self, call: &ResourceCall<'_>) -> Result<Userinfo, OAuthError> {
        let ring = self.ring().await?;
        let token = call.token.token();
        let claims = ring.userinfo_tokens.verify(&self.userinfo, token, &ring.keys, self.now())?;
        self.check_possession(call, &claims).await?;
        let client = self.client(&claims.client_id).await?;
        let gone = || OAuthError::new(ErrorCode::InvalidToken, "the client of this access token was deleted");
        let client = client.ok_or_else(gone)?;
        let found = self.found_grant(claims.sid.as_deref().and_then(GrantId::parse)).await?;
        let (grant, user) = found.map(|found| (found.grant, found.user)).unzip();
        let user = user.flatten();
        let answer = strict_oidc::userinfo(&ring.provider, &claims, &client, grant.as_ref(), user.as_ref())?;
        if client.has(ClientFlag::SignedUserinfo) {
            return sign_userinfo(&ring.provider, &client, answer, &ring.keys).map(Userinfo::Signed);
        }
        Ok(Userinfo::Claims(answer))
    }

    /// The user of an access token for the API, and its scopes. `None`: its client, grant or user is gone.
    ///
    /// # Errors
    /// `invalid_token`, `invalid_dpop_proof`; when the store is unavailable.
    pub async fn api_user(
        &self,
        call: &ResourceCall<'_>,
    ) -> Result<Option<(User, AccessClaims)>, OAuthError> {
        // Tokens of sessions name no client. They must not wait for the keys.
        let token = call.token.token();
        if !strict_jose::inspect(token).is_ok_and(|seen| seen.claims.get("client_id").is_some()) {
            return Ok(None);
        }
        let ring = self.ring().await?;
        let claims = ring.api_tokens.verify(&self.api, token, &ring.keys, self.now())?;
        self.check_possession(call, &claims).await?;
        let is_enabled = self.client(&claims.client_id).await?.is_some_and(|client| !client.is_disabled);
        if !is_enabled || claims.is_client() {
            return Ok(None);
        }
        let Some(id) = claims.sid.as_deref().and_then(GrantId::parse) else { return Ok(None) };
        let Some(row) = self.store.grant(*id.as_bytes()).await.map_err(unavailable)? else { return Ok(None) };
        if row.client != claims.client_id {
            return Ok(None);
        }
        let user = self.store.user(row.user).await.map_err(unavailable)?;
        Ok(user.filter(|user| !user.disabled).map(|user| (user, Arc::unwrap_or_clone(claims))))
    }

    /// A token that is bound to a key comes with a new proof of the key, and only then.
    async fn check_possession(
        &self,
        call: &ResourceCall<'_>,
        claims: &AccessClaims,
    ) -> Result<(), OAuthError> {
        let url = format!("{}{}", self.protocol.issuer(), call.path);
        let request = DpopRequest::new(call.method, &url, call.proofs);
        let proof = DpopRules::default().guard(&request, call.token, claims, self.now())?;
        let Some(proof) = proof else { return Ok(()) };
        if self.is_new_proof(&proof).await? { Ok(()) } else { Err(DpopProof::replayed_at_resource()) }
    }
}
