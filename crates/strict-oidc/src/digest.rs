//! SHA-256 digests: the form in which secrets are stored.

use std::fmt;
use std::hash::{Hash, Hasher};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The SHA-256 digest of a code, a token or a client secret.
///
/// Those are 256 random bits, so a slow password hash would add no safety: 2^256 values cannot be tried. Store the digest, look
/// rows up by it, and never store the secret. Equality takes the same time for every digest.
///
/// ```
/// use strict_oidc::Digest;
///
/// let digest = Digest::of("a code");
/// let stored = digest.to_string();
/// assert_eq!(stored.len(), 43);
/// assert_eq!(Digest::parse(&stored), Some(digest));
/// ```
#[derive(Clone, Copy, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `secret`.
    pub fn of(secret: impl AsRef<[u8]>) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, secret.as_ref()).as_ref());
        Self(bytes)
    }

    /// Reads the text that [`Display`](fmt::Display) writes: 43 characters of base64url.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let len = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (len == bytes.len()).then_some(Self(bytes))
    }

    /// The digest from a database row.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes for a database row.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether this is the digest of `secret`. Takes the same time for every secret of a length.
    ///
    /// ```
    /// # use strict_oidc::Digest;
    /// assert!(Digest::of("a").is_of("a") && !Digest::of("a").is_of("b"));
    /// ```
    pub fn is_of(&self, secret: impl AsRef<[u8]>) -> bool {
        *self == Self::of(secret)
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a digest is 43 characters of base64url"))
    }
}
