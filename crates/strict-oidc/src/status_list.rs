//! Token status lists ([draft-ietf-oauth-status-list](https://datatracker.ietf.org/doc/draft-ietf-oauth-status-list/)): verifiers
//! that work offline learn within seconds that a grant has ended.

use std::fmt;
use std::io::Write;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::json;
use strict_jose::Algorithm;
pub use strict_jose::status_list::StatusReference;

use crate::error::{ErrorCode, OAuthError};
use crate::keys::SigningKeys;
use crate::time::UnixTime;

const TYP: &str = "statuslist+jwt";

/// A list with one bit for each grant. A set bit means that the grant has ended. One million grants are 125 KB before
/// compression.
///
/// ```
/// use strict_oidc::StatusList;
///
/// let mut list = StatusList::new(1000);
/// list.end(7);
/// assert!(list.has_ended(7) && !list.has_ended(8));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct StatusList {
    bits: Vec<u8>,
}

impl StatusList {
    /// A list of at least `len` grants, all of them alive.
    pub fn new(len: usize) -> Self {
        Self { bits: vec![0; len.div_ceil(8)] }
    }

    /// Marks a grant as ended. An index beyond the list is ignored.
    pub fn end(&mut self, index: u64) {
        self.set(index, true);
    }

    /// Marks a place as free for another grant, after every token of the ended one has expired.
    pub fn free(&mut self, index: u64) {
        self.set(index, false);
    }

    /// Whether the grant has ended. A place beyond the list has, because a verifier must not trust what it does not know.
    pub fn has_ended(&self, index: u64) -> bool {
        self.byte(index).is_none_or(|byte| self.bits[byte] & 1 << (index % 8) != 0)
    }

    fn set(&mut self, index: u64, is_ended: bool) {
        let Some(byte) = self.byte(index) else { return };
        // Draft §4.1: the first place is the least significant bit.
        let bit = 1 << (index % 8);
        if is_ended {
            self.bits[byte] |= bit;
        } else {
            self.bits[byte] &= !bit;
        }
    }

    fn byte(&self, index: u64) -> Option<usize> {
        usize::try_from(index / 8).ok().filter(|byte| *byte < self.bits.len())
    }

    /// The signed list, to be served with the type `application/statuslist+jwt` and an `ETag`. Verifiers keep it for `ttl`, whole
    /// seconds.
    ///
    /// # Errors
    /// `temporarily_unavailable` without an ES256 key.
    pub fn to_token(
        &self,
        uri: &str,
        ttl: Duration,
        keys: &SigningKeys,
        now: UnixTime,
    ) -> Result<String, OAuthError> {
        let failed = |problem: String| OAuthError::new(ErrorCode::ServerError, problem);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&self.bits).map_err(|error| failed(error.to_string()))?;
        let compressed = zlib.finish().map_err(|error| failed(error.to_string()))?;
        let claims = json!({
            "sub": uri,
            "iat": now,
            // A verifier that gets no newer list must stop trusting this one.
            "exp": now + ttl * 10,
            "ttl": ttl.as_secs(),
            "status_list": { "bits": 1, "lst": URL_SAFE_NO_PAD.encode(compressed) },
        });
        let signed = keys.signer(Algorithm::Es256)?.sign(TYP, &claims);
        signed.map_err(|error| failed(error.to_string()))
    }
}

impl fmt::Debug for StatusList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusList").field("len", &(self.bits.len() * 8)).finish()
    }
}
