//! Proofs of possession: DPoP ([RFC 9449](https://www.rfc-editor.org/rfc/rfc9449)).
//!
//! A client that owns a key pair signs a small proof for each HTTP request. An access token that is bound to the key is useless
//! to a thief, who cannot sign proofs. The proof carries its own public key in the header parameter `jwk`.
//! [`Rules`](crate::Rules) never read that parameter, so [`ProofRules`] are separate: a valid proof shows only that its sender
//! has the private key, not that the sender is trusted.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use strict_jose::proof::{ProofRequest, ProofRules};
//! use strict_jose::{Algorithm, Key};
//!
//! // The client has a key pair, and an access token that is bound to the thumbprint of the key (`cnf.jkt`).
//! let key = Key::generate(Algorithm::Es256)?;
//! let (access_token, jkt) = ("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU", key.thumbprint());
//! let now = SystemTime::now();
//! let request = ProofRequest::new("GET", "https://api.example/recipes?page=2")?.access_token(access_token, &jkt);
//! let proof = key.sign_proof(&request, "a random text", now)?;
//!
//! // The server describes the request that it received, and verifies the proof.
//! let rules = ProofRules::max_age(Duration::from_mins(1)).future_tolerance(Duration::from_secs(5));
//! let request = ProofRequest::new("GET", "https://api.example/recipes")?.access_token(access_token, &jkt);
//! let verified = rules.verify(&proof, &request, now)?;
//! assert_eq!(verified.thumbprint, jkt);
//!
//! // To stop replays, store this value until the proof is too old, and refuse it the second time.
//! assert_eq!(verified.claims.jti, "a random text");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The checks are those of [RFC 9449 §4.3](https://www.rfc-editor.org/rfc/rfc9449#section-4.3), in this order: format, type,
//! algorithm, public key, signature, claims.

mod claims;
mod error;
mod header;
mod request;
mod sign;
mod url;

use std::time::{Duration, SystemTime};

pub use self::claims::ProofClaims;
pub use self::error::ProofError;
use self::header::ProofHeader;
pub use self::request::ProofRequest;
pub use self::url::InvalidUrl;
use crate::algorithm::Algorithm;
use crate::base64url::Decoded;
use crate::error::Error;
use crate::jws::Compact;
use crate::limits::DEFAULT_MAX_LEN;

/// The requirements for proofs of possession.
///
/// ```
/// use std::time::Duration;
/// use strict_jose::Algorithm;
/// use strict_jose::proof::ProofRules;
///
/// let rules = ProofRules::max_age(Duration::from_mins(1))
///     .future_tolerance(Duration::from_secs(5))
///     .algorithms([Algorithm::Es256, Algorithm::EdDsa]);
/// ```
#[derive(Clone, Debug)]
pub struct ProofRules {
    max_age: Duration,
    future_tolerance: Duration,
    algorithms: Option<Box<[Algorithm]>>,
}

/// A verified proof.
///
/// ```
/// use strict_jose::proof::VerifiedProof;
///
/// /// Whether an access token with this `cnf.jkt` belongs to the sender of the proof.
/// fn is_bound(proof: &VerifiedProof, jkt: &str) -> bool {
///     proof.thumbprint == jkt
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedProof {
    /// The claims of the proof.
    pub claims: ProofClaims,
    /// The SHA-256 thumbprint ([RFC 7638](https://www.rfc-editor.org/rfc/rfc7638)) of the public key in the proof. An access
    /// token is bound to it by `cnf.jkt` ([RFC 9449 §6.1](https://www.rfc-editor.org/rfc/rfc9449#section-6.1)).
    pub thumbprint: String,
}

impl ProofRules {
    /// Accepts proofs that were made less than `age` ago. Seconds to minutes are usual
    /// ([RFC 9449 §11.1](https://www.rfc-editor.org/rfc/rfc9449#section-11.1)).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use strict_jose::proof::ProofRules;
    /// let rules = ProofRules::max_age(Duration::from_mins(1));
    /// ```
    pub fn max_age(age: Duration) -> Self {
        Self { max_age: age, future_tolerance: Duration::ZERO, algorithms: None }
    }

    /// Accepts proofs whose `iat` is this far in the future, because the clocks of clients differ. Zero by default.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use strict_jose::proof::ProofRules;
    /// let rules = ProofRules::max_age(Duration::from_mins(1)).future_tolerance(Duration::from_secs(5));
    /// ```
    #[must_use]
    pub fn future_tolerance(self, tolerance: Duration) -> Self {
        Self { future_tolerance: tolerance, ..self }
    }

    /// Accepts only these algorithms. By default, every asymmetric algorithm is accepted; symmetric ones never are.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use strict_jose::Algorithm;
    /// # use strict_jose::proof::ProofRules;
    /// let rules = ProofRules::max_age(Duration::from_mins(1)).algorithms([Algorithm::Es256]);
    /// ```
    #[must_use]
    pub fn algorithms(self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        Self { algorithms: Some(algorithms.into_iter().collect()), ..self }
    }

    /// Verifies a proof, the value of the HTTP header `DPoP`, for one request.
    ///
    /// A proof can be replayed until it is too old. Store `jti` for that time and refuse a second use
    /// ([RFC 9449 §11.1](https://www.rfc-editor.org/rfc/rfc9449#section-11.1)).
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use strict_jose::proof::{ProofError, ProofRequest, ProofRules};
    /// use strict_jose::{Algorithm, Key};
    ///
    /// let now = SystemTime::now();
    /// let request = ProofRequest::new("POST", "https://id.example/token")?;
    /// let proof = Key::generate(Algorithm::EdDsa)?.sign_proof(&request, "a random text", now)?;
    ///
    /// let rules = ProofRules::max_age(Duration::from_mins(1));
    /// assert!(rules.verify(&proof, &request, now).is_ok());
    /// let other = ProofRequest::new("POST", "https://id.example/revoke")?;
    /// assert!(matches!(rules.verify(&proof, &other, now), Err(ProofError::WrongUrl { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Every [`ProofError`].
    pub fn verify(
        &self,
        proof: &str,
        request: &ProofRequest<'_>,
        now: SystemTime,
    ) -> Result<VerifiedProof, ProofError> {
        let proof = Compact::split(proof, DEFAULT_MAX_LEN)?;
        let mut header_buffer = Decoded::default();
        let header = ProofHeader::read(proof.header_text(&mut header_buffer)?)?;
        if self.algorithms.as_ref().is_some_and(|accepted| !accepted.contains(&header.algorithm())) {
            return Err(ProofError::UnsupportedAlgorithm);
        }
        let key = header.public_key()?;
        proof.verify_signature(&key)?;

        let mut payload_buffer = Decoded::default();
        let claims = ProofClaims::read(proof.payload_text(&mut payload_buffer)?)?;
        request.check(&claims)?;
        let thumbprint = key.thumbprint();
        request.check_thumbprint(&thumbprint)?;
        self.check_time(claims.iat, now)?;
        Ok(VerifiedProof { claims, thumbprint })
    }

    /// Checks the time. This check is last, so `too_old` means that all else was right.
    fn check_time(&self, iat: SystemTime, now: SystemTime) -> Result<(), Error> {
        if now.checked_add(self.future_tolerance).is_some_and(|latest| latest < iat) {
            return Err(Error::NotYetValid { at: iat });
        }
        if iat.checked_add(self.max_age).is_some_and(|end| end <= now) {
            return Err(Error::TooOld { at: iat });
        }
        Ok(())
    }
}
