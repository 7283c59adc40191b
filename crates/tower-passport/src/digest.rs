//! Digests of tokens.

use std::fmt;

use sha2::{Digest, Sha256};

/// The SHA-256 digest of a token, by which a store looks it up.
///
/// A store that keeps digests holds no token that works, so a stolen backup is useless. A plain digest is enough because the
/// token is random and cannot be guessed; passwords need a slow hash. The duration of a look-up reveals nothing either: a
/// client cannot choose the digest that it asks for.
///
/// ```
/// use tower_passport::TokenDigest;
///
/// let digest = TokenDigest::of("a random token");
/// let row: &[u8] = digest.as_bytes();
/// assert_eq!(TokenDigest::from_bytes(row.try_into()?), digest);
/// # Ok::<(), std::array::TryFromSliceError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of a token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// The digest with these bytes, as stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Shows nothing: a digest in a log would link the requests of a token.
impl fmt::Debug for TokenDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenDigest(..)")
    }
}
