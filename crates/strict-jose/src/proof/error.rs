//! The reasons for refusing a proof.

use crate::error::{Error, Excerpt, Malformed};
use crate::key::error::KeyError;

/// The reason why a proof of possession was refused.
///
/// Use it for logs and metrics. Answer the *client* with `invalid_dpop_proof`, or with `use_dpop_nonce` and a new nonce for
/// [`WrongNonce`](Self::WrongNonce) ([RFC 9449 §5 and §8](https://www.rfc-editor.org/rfc/rfc9449#section-8)).
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use strict_jose::proof::{ProofRequest, ProofRules};
///
/// let request = ProofRequest::new("GET", "https://api.example/")?;
/// let refused = ProofRules::max_age(Duration::from_mins(1)).verify("not.a.proof", &request, SystemTime::now());
/// assert_eq!(refused.unwrap_err().reason(), "malformed");
/// # Ok::<(), strict_jose::proof::InvalidUrl>(())
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The proof is not an acceptable token: its format, type, signature or time is wrong, or a claim is missing or invalid.
    #[error(transparent)]
    Token(#[from] Error),
    /// The header refers to a key with `kid`, `jku`, `x5u`, `x5c`, `x5t` or `x5t#S256`. The key of a proof is in `jwk` only.
    #[error("the header of the proof refers to a key with `{0}`")]
    KeyReference(&'static str),
    /// The `alg` is `none`, symmetric, unknown, or not among the accepted algorithms.
    #[error("the `alg` of the proof is not an accepted asymmetric algorithm")]
    UnsupportedAlgorithm,
    /// The `jwk` contains a private key or a shared secret.
    #[error("the `jwk` of the proof has the private member `{0}`")]
    PrivateKey(&'static str),
    /// The `jwk` is not a valid public key for the `alg` of the proof.
    #[error("the `jwk` of the proof is refused: {0}")]
    Key(#[from] KeyError),
    /// The `htm` is not the method of the request.
    #[error("the `htm` of the proof is {found}, not {wanted:?}")]
    WrongMethod {
        /// The method of the request.
        wanted: Box<str>,
        /// The start of the `htm` of the proof.
        found: Excerpt,
    },
    /// The `htu` is not the URL of the request.
    #[error("the `htu` of the proof is {found}, not {wanted:?}")]
    WrongUrl {
        /// The URL of the request, without its query.
        wanted: Box<str>,
        /// The start of the `htu` of the proof, without a query.
        found: Excerpt,
    },
    /// The `ath` is not the hash of the access token.
    #[error("the proof is for another access token")]
    WrongAccessToken,
    /// The access token is bound to another key than that of the proof.
    #[error("the access token is bound to another key")]
    WrongKey,
    /// The `nonce` is absent, or not one that the server accepts.
    #[error("the nonce of the proof is missing or not accepted")]
    WrongNonce,
}

impl ProofError {
    /// A short, stable name for the label of a metric or the field of a log.
    ///
    /// ```
    /// assert_eq!(strict_jose::proof::ProofError::WrongKey.reason(), "wrong_key");
    /// ```
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Token(error) => error.reason(),
            Self::KeyReference(_) => "key_reference",
            Self::UnsupportedAlgorithm => "unsupported_algorithm",
            Self::PrivateKey(_) => "private_key",
            Self::Key(_) => "invalid_key",
            Self::WrongMethod { .. } => "wrong_method",
            Self::WrongUrl { .. } => "wrong_url",
            Self::WrongAccessToken => "wrong_access_token",
            Self::WrongKey => "wrong_key",
            Self::WrongNonce => "wrong_nonce",
        }
    }
}

impl From<Malformed> for ProofError {
    fn from(malformed: Malformed) -> Self {
        Self::Token(malformed.into())
    }
}
