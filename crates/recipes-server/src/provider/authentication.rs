//! How clients prove that they are themselves: credentials, assertions, proofs of possession. A proof is good once.

use strict_oidc::{
    AuthenticatedClient, Client, Digest, DpopProof, DpopRequest, DpopRules, OAuthError, Outcome, Parameters,
    PresentedClient, UnixTime,
};

use super::failure::unavailable;
use super::keys::KeyRing;
use super::{AuthorizationServer, digest, timestamp};

/// The request of a client to one of the endpoints that programs call.
pub struct ClientCall {
    pub presented: PresentedClient,
    pub form: Parameters,
    /// The values of the headers `DPoP`.
    pub proofs: Vec<String>,
}

impl AuthorizationServer {
    /// The client of a request, after its credentials were verified and its assertion was noted as used.
    pub(super) async fn authenticated<'c>(
        &self,
        ring: &KeyRing,
        presented: &PresentedClient,
        client: Option<&'c Client>,
    ) -> Result<AuthenticatedClient<'c>, OAuthError> {
        let verified = presented.verify(&ring.provider, client, self.now())?;
        let outcome = match verified.assertion() {
            Some(used) => self.use_once(used.digest, used.expires_at).await?,
            None => Outcome::First,
        };
        verified.confirm(outcome)
    }

    /// The thumbprint of the key that signed the proof of a request to this endpoint, if it has one. The proof has a nonce of this
    /// server, so a proof that was made in advance is refused.
    pub(super) async fn proven_key(
        &self,
        ring: &KeyRing,
        url: &str,
        proofs: &[String],
    ) -> Result<Option<String>, OAuthError> {
        let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
        let [current, previous] = &ring.nonces.accepted(self.now());
        let nonces = [current.as_str(), previous.as_str()];
        let request = DpopRequest::new("POST", url, &proofs).nonces(&nonces);
        let proof = DpopRules::default().verify(&request, self.now())?;
        let Some(proof) = proof else { return Ok(None) };
        if self.is_new_proof(&proof).await? { Ok(Some(proof.jkt)) } else { Err(DpopProof::replayed()) }
    }

    /// Whether the proof was not used before. It is from now on.
    pub(super) async fn is_new_proof(&self, proof: &DpopProof) -> Result<bool, OAuthError> {
        Ok(self.use_once(proof.digest, proof.expires_at).await? == Outcome::First)
    }

    /// The nonce for the header `DPoP-Nonce` (RFC 9449 section 8).
    ///
    /// # Errors
    /// When the keys cannot be loaded.
    pub async fn dpop_nonce(&self) -> Result<String, OAuthError> {
        Ok(self.ring().await?.nonces.current(self.now()))
    }

    async fn use_once(&self, used: Digest, expires_at: UnixTime) -> Result<Outcome, OAuthError> {
        let (now, end) = (self.clock.now(), timestamp(expires_at));
        let outcome = self.store.use_proof(digest(used), end, now).await.map_err(unavailable)?;
        Ok(if outcome == store::Outcome::First { Outcome::First } else { Outcome::Replayed })
    }
}
