//! What a store keeps of a token.

use std::fmt;

use sha2::{Digest, Sha256};

/// The SHA-256 digest of a token: what a store keeps of it and looks it up by, so that whoever reads the store (a
/// backup, an injection) has no token that works.
///
/// A plain digest is right for a token that is random: there is nothing to guess. Passwords need a slow hash. Nor is
/// there a secret in the time that a look-up by digest takes, because nobody can choose the digest he asks for.
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

    /// A digest that was made before.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// It does not print: digests in a log tell who uses which token when.
impl fmt::Debug for TokenDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenDigest(..)")
    }
}
