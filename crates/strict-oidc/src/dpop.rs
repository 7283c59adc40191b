//! Proofs of possession ([RFC 9449](https://www.rfc-editor.org/rfc/rfc9449)).

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use strict_jose::proof::{ProofError, ProofRequest, ProofRules};

use crate::access_token::AccessClaims;
use crate::digest::Digest;
use crate::error::{Challenge, ErrorCode, OAuthError};
use crate::time::UnixTime;
use crate::userinfo::BearerToken;

const MAX_AGE: Duration = Duration::from_mins(1);
const FUTURE_TOLERANCE: Duration = Duration::from_secs(5);

/// How long a nonce is handed out. It is accepted for as long again.
const NONCE_LIFE: u64 = 60;

/// Verifies the header `DPoP` of requests: proofs of at most one minute, five seconds in the future.
///
/// ```
/// use strict_oidc::{DpopRequest, DpopRules, UnixTime};
///
/// let rules = DpopRules::default();
/// let request = DpopRequest::new("POST", "https://id.example/oauth/token", &[]);
/// assert!(rules.verify(&request, UnixTime(1_900_000_000))?.is_none()); // no proof, no error
/// # Ok::<(), strict_oidc::OAuthError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DpopRules(ProofRules);

impl Default for DpopRules {
    fn default() -> Self {
        Self(ProofRules::max_age(MAX_AGE).future_tolerance(FUTURE_TOLERANCE))
    }
}

/// A request with or without a proof.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DpopRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The URL as the client sees it, with scheme and host from the configuration of the server.
    pub url: &'a str,
    /// The values of all headers `DPoP`.
    pub headers: &'a [&'a str],
    /// The nonces that are accepted ([`DpopNonces::accepted`]). `None`: proofs need none.
    pub nonces: Option<&'a [&'a str]>,
}

/// A verified proof.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DpopProof {
    /// The thumbprint of the key: [`TokenCall::jkt`](crate::TokenCall::jkt).
    pub jkt: String,
    /// The digest of the key and the `jti`. Store it until [`expires_at`](Self::expires_at), and refuse a second use with
    /// [`DpopProof::replayed`] ([RFC 9449 §11.1](https://www.rfc-editor.org/rfc/rfc9449#section-11.1)).
    pub digest: Digest,
    /// When the row can be deleted.
    pub expires_at: UnixTime,
}

impl DpopProof {
    /// The error for a proof that was used before.
    pub fn replayed() -> OAuthError {
        refused("the proof was used before: sign one with a new `jti` for each request".into())
    }

    /// The same error for a request with an access token: 401
    /// ([RFC 9449 §7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1)).
    ///
    /// ```
    /// let error = strict_oidc::DpopProof::replayed_at_resource();
    /// assert_eq!(error.status(), 401);
    /// ```
    pub fn replayed_at_resource() -> OAuthError {
        Self::replayed().with_challenge(Challenge::Dpop)
    }
}

impl<'a> DpopRequest<'a> {
    /// A request with these headers `DPoP`, without nonces.
    pub fn new(method: &'a str, url: &'a str, headers: &'a [&'a str]) -> Self {
        Self { method, url, headers, nonces: None }
    }

    /// Demands one of these nonces.
    #[must_use]
    pub fn nonces(self, nonces: &'a [&'a str]) -> Self {
        Self { nonces: Some(nonces), ..self }
    }
}

impl DpopRules {
    /// Verifies the proof of a request to the token endpoint, the endpoint for pushed requests, or another one without an access
    /// token. `None`: the request has no proof.
    ///
    /// # Errors
    /// - `use_dpop_nonce`: send the header `DPoP-Nonce` with a current nonce.
    /// - `invalid_dpop_proof`: two headers, or a proof that is not for this request.
    pub fn verify(&self, request: &DpopRequest<'_>, now: UnixTime) -> Result<Option<DpopProof>, OAuthError> {
        match request.headers {
            [] => Ok(None),
            [proof] => self.check(proof, request, None, now).map(Some),
            _ => Err(refused("the request has two headers `DPoP`".into())),
        }
    }

    /// Verifies the proof of a request with an access token. A token that is bound to a key is refused without a proof of that
    /// key, and one that is not bound is refused under the scheme `DPoP`
    /// ([RFC 9449 §7](https://www.rfc-editor.org/rfc/rfc9449#section-7)).
    ///
    /// # Errors
    /// `invalid_token`, `invalid_dpop_proof`, `use_dpop_nonce`; all of them 401 here.
    pub fn guard(
        &self,
        request: &DpopRequest<'_>,
        token: &BearerToken,
        claims: &AccessClaims,
        now: UnixTime,
    ) -> Result<Option<DpopProof>, OAuthError> {
        let invalid =
            |problem| OAuthError::new(ErrorCode::InvalidToken, problem).with_challenge(Challenge::Dpop);
        match (&claims.cnf, token.is_dpop(), request.headers) {
            (None, false, _) => Ok(None),
            (None, true, _) => Err(invalid("this access token is not bound to a key: send it as Bearer")),
            (Some(_), false, _) => {
                Err(invalid("this access token is bound to a key: send it as DPoP, with a proof"))
            }
            (Some(bound), true, [proof]) => self
                .check(proof, request, Some(BoundToken { token: token.token(), jkt: &bound.jkt }), now)
                .map(Some)
                .map_err(|error| error.with_challenge(Challenge::Dpop)),
            (Some(_), true, _) => {
                Err(refused("the request needs one header `DPoP`".into()).with_challenge(Challenge::Dpop))
            }
        }
    }

    fn check(
        &self,
        proof: &str,
        request: &DpopRequest<'_>,
        bound: Option<BoundToken<'_>>,
        now: UnixTime,
    ) -> Result<DpopProof, OAuthError> {
        let wanted = ProofRequest::new(request.method, request.url);
        let mut wanted =
            wanted.map_err(|error| OAuthError::new(ErrorCode::ServerError, error.to_string()))?;
        if let Some(BoundToken { token, jkt }) = bound {
            wanted = wanted.access_token(token, jkt);
        }
        if let Some(nonces) = request.nonces {
            wanted = wanted.nonces(nonces);
        }
        let verified = self.0.verify(proof, &wanted, now.system_time()).map_err(|error| match error {
            ProofError::WrongNonce => {
                let missing = "sign the nonce of the header `DPoP-Nonce` into the proof";
                OAuthError::new(ErrorCode::UseDpopNonce, missing)
            }
            error => refused(format!("the proof is refused: {error}")),
        })?;
        let digest = Digest::of(format!("{}\0{}", verified.thumbprint, verified.claims.jti));
        let expires_at = UnixTime::from(verified.claims.iat) + MAX_AGE;
        Ok(DpopProof { jkt: verified.thumbprint, digest, expires_at })
    }
}

/// An access token and the thumbprint of the key that it is bound to.
#[derive(Clone, Copy)]
struct BoundToken<'a> {
    token: &'a str,
    jkt: &'a str,
}

fn refused(problem: String) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidDpopProof, problem)
}

/// Nonces that need no storage: an HMAC of the minute. All replicas with the same secret accept each other's.
///
/// ```
/// use strict_oidc::{DpopNonces, UnixTime};
///
/// let nonces = DpopNonces::new(&[7; 32]); // 32 random bytes
/// let current = nonces.current(UnixTime(1_900_000_000));
/// assert!(nonces.accepted(UnixTime(1_900_000_060)).contains(&current));
/// assert!(!nonces.accepted(UnixTime(1_900_000_120)).contains(&current));
/// ```
#[derive(Clone, Debug)]
pub struct DpopNonces(hmac::Key);

impl DpopNonces {
    /// Nonces of this secret.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The nonce for the header `DPoP-Nonce` of answers
    /// ([RFC 9449 §8](https://www.rfc-editor.org/rfc/rfc9449#section-8)).
    pub fn current(&self, now: UnixTime) -> String {
        self.of_period(now.0 / NONCE_LIFE)
    }

    /// The nonces that proofs may have: the current one and the one before.
    pub fn accepted(&self, now: UnixTime) -> [String; 2] {
        let period = now.0 / NONCE_LIFE;
        [self.of_period(period), self.of_period(period.saturating_sub(1))]
    }

    fn of_period(&self, period: u64) -> String {
        let tag = hmac::sign(&self.0, format!("dpop nonce {period}").as_bytes());
        URL_SAFE_NO_PAD.encode(&tag.as_ref()[..16])
    }
}
