//! The digest that is stored instead of a token.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

/// The SHA-256 digest of a token. Every token has at least 128 random bits, so it cannot be guessed from its digest and
/// needs no slow hash (NIST SP 800-63B, section 5.1.2.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub fn of(token: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token).as_ref());
        Self(bytes)
    }

    /// A digest that was computed before.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_sha_256() {
        // FIPS 180-2, appendix B.1.
        let digest = TokenDigest::of(b"abc");
        assert_eq!(&digest.as_bytes()[..4], &[0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(format!("{digest:?}"), "TokenDigest(..)");
    }
}
