//! Random bytes, which the caller provides.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 64 bytes from a cryptographic random generator, for the ids and tokens of **one** answer.
///
/// This crate has no generator of its own, so that a test can repeat an answer. Fill the bytes from the operating system, for
/// example with the crate `getrandom`, and never use them twice.
///
/// ```
/// use strict_oidc::Random;
///
/// # fn fill(bytes: &mut [u8]) {}
/// let mut bytes = [0; 64];
/// fill(&mut bytes); // getrandom::fill(&mut bytes)?;
/// let random = Random::new(bytes);
/// ```
#[derive(Clone)]
pub struct Random([u8; 64]);

impl Random {
    /// Takes the bytes.
    pub const fn new(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// 256 bits: a code, the secret of a refresh token, the nonce of a rotation.
    pub(crate) fn secret(&self) -> [u8; 32] {
        self.bytes(0)
    }

    /// 128 bits: the `jti` of an access token.
    pub(crate) fn token_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<16>(32))
    }

    /// 128 bits: the id of a grant.
    pub(crate) fn grant_id(&self) -> [u8; 16] {
        self.bytes(48)
    }

    /// 32 bytes for a code that a user types.
    pub(crate) fn user_code(&self) -> [u8; 32] {
        self.bytes(32)
    }

    fn bytes<const LEN: usize>(&self, start: usize) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes.copy_from_slice(&self.0[start..start + LEN]);
        bytes
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random(..)")
    }
}
