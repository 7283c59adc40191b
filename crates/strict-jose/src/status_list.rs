//! Token status lists: whether a token that has not expired is revoked
//! ([draft-ietf-oauth-status-list](https://datatracker.ietf.org/doc/draft-ietf-oauth-status-list/)).
//!
//! A verifier works offline: it never asks the issuer about one token. Instead the issuer publishes one signed list for many
//! tokens, with a few bits for each. A token names its place in a list with the claim `status`. The verifier fetches the list
//! again and again, and looks the place up.
//!
//! This module reads lists. It does not fetch them: `tower-passport` does that. Needs the feature `status-list`.
//!
//! ```
//! use std::time::SystemTime;
//! use strict_jose::status_list::{Status, StatusListRules, StatusReference};
//! use strict_jose::{Algorithm, Key};
//!
//! // The issuer signs tokens that name their place, and the list. This one has 16 places of one bit each.
//! let key = Key::generate(Algorithm::Es256)?.with_kid("2025");
//! let uri = "https://id.example/status/0";
//! let token = key.sign("at+jwt", &serde_json::json!({ "status": { "status_list": { "idx": 3, "uri": uri } } }))?;
//! let list = key.sign("statuslist+jwt", &serde_json::json!({
//!     "sub": uri, "iat": 1_900_000_000, "ttl": 5, "status_list": { "bits": 1, "lst": "eNrbuRgAAhcBXQ" },
//! }))?;
//!
//! // The verifier has verified the token with `Rules`. Then it reads the place, fetches the list and verifies it.
//! let place = StatusReference::peek(&token)?.ok_or("a token without a status")?;
//! let list = StatusListRules::new(&place.uri).verify(&list, &key, SystemTime::now())?;
//! assert_eq!(list.status(place.idx), Some(Status::Invalid));
//! assert_eq!(list.status(1), Some(Status::Valid));
//! assert_eq!(list.status(16), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use flate2::bufread::ZlibDecoder;
use serde::{Deserialize, Serialize};

use crate::base64url::Decoded;
use crate::claims::Registered;
use crate::error::Error;
use crate::jws::Compact;
use crate::keys::Keys;
use crate::rules::Rules;

/// The place of a token in a status list (draft, section 6.2).
///
/// ```
/// use strict_jose::status_list::StatusReference;
///
/// let place = StatusReference { idx: 7, uri: "https://id.example/status/0".into() };
/// assert_eq!(serde_json::to_string(&place)?, r#"{"idx":7,"uri":"https://id.example/status/0"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReference {
    /// The index in the list.
    pub idx: u64,
    /// The URL of the list.
    pub uri: String,
}

#[derive(Deserialize)]
struct Claims {
    status: Option<StatusClaim>,
}

#[derive(Deserialize)]
struct StatusClaim {
    status_list: StatusReference,
}

impl StatusReference {
    /// Reads the claim `status` of a token **without verifying anything**: verify the token with [`Rules`] first. `None` if
    /// the token has no such claim.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is no token, [`Error::Claims`] if its `status` names no place in a status list.
    pub fn peek(token: &str) -> Result<Option<Self>, Error> {
        let mut buffer = Decoded::default();
        let payload = Compact::split(token, usize::MAX)?.payload_text(&mut buffer)?;
        let claims: Claims = serde_json::from_str(payload).map_err(|error| Error::Claims(Arc::new(error)))?;
        Ok(claims.status.map(|status| status.status_list))
    }
}

/// The status of a token (draft, section 7.1).
///
/// ```
/// use strict_jose::status_list::Status;
///
/// assert_eq!(Status::from(1), Status::Invalid);
/// assert_eq!(Status::from(15), Status::Other(15));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// The token may be accepted.
    Valid,
    /// The token is revoked for ever.
    Invalid,
    /// The token must not be accepted now.
    Suspended,
    /// A status of the application, or one that is not registered. Unless you know it, refuse the token.
    Other(u8),
}

impl From<u8> for Status {
    fn from(status: u8) -> Self {
        match status {
            0 => Self::Valid,
            1 => Self::Invalid,
            2 => Self::Suspended,
            other => Self::Other(other),
        }
    }
}

/// The requirements for the status list at one URL.
///
/// ```
/// use strict_jose::status_list::StatusListRules;
///
/// let rules = StatusListRules::new("https://id.example/status/0").max_bytes(125_000);
/// ```
#[derive(Clone, Debug)]
pub struct StatusListRules {
    rules: Rules,
    max_bytes: usize,
}

/// The longest signed list that is read. A list of a million one-bit places that compresses badly needs 222 KB.
const MAX_LEN: usize = 1 << 20;

/// The longest list after decompression: eight million places of one bit.
const DEFAULT_MAX_BYTES: usize = 1 << 20;

impl StatusListRules {
    /// Rules for the list at `uri`, which the list must name as its `sub`, byte for byte. The token of the list is at most
    /// 1 MiB long.
    pub fn new(uri: impl Into<String>) -> Self {
        let rules = Rules::typ("statuslist+jwt").any_issuer().any_audience();
        let rules = rules.subject(uri).require("iat").without_expiry().max_len(MAX_LEN);
        Self { rules, max_bytes: DEFAULT_MAX_BYTES }
    }

    /// Sets the maximum size of a decompressed list. The default is 1 MiB, for eight million places of one bit.
    ///
    /// A few compressed bytes can become a thousand times as many. Decompression stops at the limit.
    #[must_use]
    pub fn max_bytes(self, bytes: usize) -> Self {
        Self { max_bytes: bytes, ..self }
    }

    /// Verifies a list: its signature, its type `statuslist+jwt`, its `sub`, and its `exp` if it has one. Then decompresses it.
    ///
    /// # Errors
    /// Every [`StatusListError`]. A list with a bad signature is refused before it is decompressed.
    pub fn verify(
        &self,
        list: &str,
        keys: &(impl Keys + ?Sized),
        now: SystemTime,
    ) -> Result<StatusList, StatusListError> {
        let verified = self.rules.verify::<ListClaims>(list, keys, now)?;
        let ListClaims { ttl, status_list: Encoded { bits, lst } } = verified.claims;
        if !matches!(bits, 1 | 2 | 4 | 8) {
            return Err(StatusListError::Bits(bits));
        }
        let ttl = ttl.map(|ttl| positive(ttl).ok_or(StatusListError::Ttl)).transpose()?;
        let statuses = self.decompress(&lst)?;
        Ok(StatusList { bits, statuses, ttl, times: verified.registered })
    }

    fn decompress(&self, lst: &str) -> Result<Vec<u8>, StatusListError> {
        let mut buffer = Decoded::default();
        let compressed = &*buffer.decode(lst).map_err(|_| StatusListError::Compression)?;
        let mut decoder = ZlibDecoder::new(compressed);
        let mut statuses = Vec::new();
        // One byte more than allowed shows that there is more.
        let limit = u64::try_from(self.max_bytes).unwrap_or(u64::MAX).saturating_add(1);
        let read = decoder.by_ref().take(limit).read_to_end(&mut statuses);
        read.map_err(|_| StatusListError::Compression)?;
        if statuses.len() > self.max_bytes {
            return Err(StatusListError::TooLarge { limit: self.max_bytes });
        }
        if decoder.into_inner().is_empty() { Ok(statuses) } else { Err(StatusListError::Compression) }
    }
}

#[derive(Deserialize)]
struct ListClaims {
    ttl: Option<f64>,
    status_list: Encoded,
}

#[derive(Deserialize)]
struct Encoded {
    bits: u8,
    lst: String,
}

fn positive(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|ttl| !ttl.is_zero())
}

/// A verified status list.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusList {
    /// The number of bits of each place: 1, 2, 4 or 8.
    bits: u8,
    statuses: Vec<u8>,
    ttl: Option<Duration>,
    times: Registered,
}

impl StatusList {
    /// The status at this index. `None` beyond the list: a token with such a place must be refused (draft, section 8.3).
    pub fn status(&self, index: u64) -> Option<Status> {
        let places_in_a_byte = u64::from(8 / self.bits);
        let byte = self.statuses.get(usize::try_from(index / places_in_a_byte).ok()?)?;
        // Draft §4.1: the first place is in the least significant bits.
        let shift = u32::try_from(index % places_in_a_byte).ok()? * u32::from(self.bits);
        let mask = u8::MAX >> (8 - self.bits);
        Some(Status::from(byte >> shift & mask))
    }

    /// How long the list may be cached.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// The times of the list. After `exp` it must not be used.
    pub fn times(&self) -> Registered {
        self.times
    }
}

/// Shows the size, not a million bits.
impl fmt::Debug for StatusList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("StatusList");
        debug.field("bits", &self.bits).field("bytes", &self.statuses.len()).field("ttl", &self.ttl);
        debug.finish_non_exhaustive()
    }
}

/// The reason why a status list was refused.
///
/// ```
/// use std::time::SystemTime;
/// use strict_jose::Key;
/// use strict_jose::status_list::StatusListRules;
///
/// let key = Key::hs256(b"at least 32 bytes, better random.")?;
/// let refused = StatusListRules::new("https://id.example/status/0").verify("<html>", &key, SystemTime::now());
/// assert_eq!(refused.unwrap_err().to_string(), "malformed token: a character that no compact JWS has");
/// # Ok::<(), strict_jose::KeyError>(())
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatusListError {
    /// The list is not an acceptable token: its format, signature, type, `sub` or time is wrong, or it has no list.
    #[error(transparent)]
    Token(#[from] Error),
    /// The number of bits of a place is not 1, 2, 4 or 8.
    #[error("the list has places of {0} bits")]
    Bits(u8),
    /// The `ttl` is not a positive number of seconds.
    #[error("the `ttl` of the list is not a positive number")]
    Ttl,
    /// The list is not compressed with zlib and encoded with base64url, or something follows it.
    #[error("the `lst` of the list is not base64url of zlib")]
    Compression,
    /// The decompressed list is larger than the limit.
    #[error("the decompressed list has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}
