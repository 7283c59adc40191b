//! Signs proofs.

use std::time::SystemTime;

use serde::Serialize;

use super::header::TYP;
use super::request::{BoundToken, ProofRequest};
use crate::key::Key;
use crate::sign::SignError;

/// The claims of a new proof.
#[derive(Serialize)]
struct NewClaims<'a> {
    jti: &'a str,
    htm: &'a str,
    htu: &'a str,
    iat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

impl Key {
    /// Signs a proof of possession for one request, the value of the HTTP header `DPoP`
    /// ([RFC 9449 §4.2](https://www.rfc-editor.org/rfc/rfc9449#section-4.2)).
    ///
    /// `jti` must be unique: use at least 96 random bits, or a version 4 UUID. The proof contains the first nonce of the
    /// request, and its public key without `kid`.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use strict_jose::proof::ProofRequest;
    /// use strict_jose::{Algorithm, Key};
    ///
    /// let key = Key::generate(Algorithm::Es256)?;
    /// let request = ProofRequest::new("POST", "https://id.example/token")?;
    /// let proof = key.sign_proof(&request, "a random text", SystemTime::now())?;
    /// assert_eq!(strict_jose::inspect(&proof)?.header["typ"], "dpop+jwt");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// - [`SignError::SharedSecret`]: the key is not asymmetric.
    /// - [`SignError::VerifyOnly`], [`SignError::Failed`].
    pub fn sign_proof(
        &self,
        request: &ProofRequest<'_>,
        jti: &str,
        now: SystemTime,
    ) -> Result<String, SignError> {
        let jwk = self.minimal_public_jwk().ok_or(SignError::SharedSecret)?;
        let header = format!(r#"{{"typ":"{TYP}","alg":"{}","jwk":{jwk}}}"#, self.algorithm());
        let claims = NewClaims {
            jti,
            htm: request.method,
            htu: request.url.text(),
            iat: now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs(),
            ath: request.access_token.map(BoundToken::hash),
            nonce: request.nonces.and_then(|nonces| nonces.first().copied()),
        };
        let claims = serde_json::to_string(&claims).map_err(SignError::Serialize)?;
        self.sign_parts(&header, claims.as_bytes())
    }
}
