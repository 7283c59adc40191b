//! Refresh tokens: each prolongs a session once.
//!
//! A token names its session and has two secrets. The *family* is the same in all refresh tokens of a session. It tells
//! an old token from a forged one: a session's id alone cannot end the session. The other secret is the token's own.
//!
//! A successor is computed from its predecessor's own secret and a nonce in the database. Neither of them alone yields
//! the successor. Both together yield the same one again, for a client that did not receive the answer.

use std::fmt;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::digest::TokenDigest;
use ids::SessionId;

const ID: usize = 16;
const FAMILY: usize = 16;
const SECRET: usize = 32;

/// A refresh token. `Debug` does not show it: it gives access to the session.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken([u8; ID + FAMILY + SECRET]);

impl RefreshToken {
    /// The first token of a session.
    pub fn first(session: SessionId, random: [u8; FAMILY + SECRET]) -> Self {
        let mut bytes = [0; ID + FAMILY + SECRET];
        bytes[..ID].copy_from_slice(session.as_bytes());
        bytes[ID..].copy_from_slice(&random);
        Self(bytes)
    }

    /// Reads the one spelling that [`expose`](Self::expose) writes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; ID + FAMILY + SECRET];
        let read = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (read == bytes.len()).then_some(Self(bytes))
    }

    /// The text that the client gets.
    pub fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub fn session(&self) -> SessionId {
        let mut id = [0; ID];
        id.copy_from_slice(&self.0[..ID]);
        SessionId::from_bytes(id)
    }

    #[must_use]
    pub fn successor(&self, nonce: &[u8; 32]) -> Self {
        let (kept, secret) = self.0.split_at(ID + FAMILY);
        let made = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), nonce);
        let mut bytes = [0; ID + FAMILY + SECRET];
        bytes[..kept.len()].copy_from_slice(kept);
        bytes[kept.len()..].copy_from_slice(made.as_ref());
        Self(bytes)
    }

    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(&self.0)
    }

    pub fn family_digest(&self) -> TokenDigest {
        TokenDigest::of(&self.0[..ID + FAMILY])
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first() -> RefreshToken {
        let id = SessionId::new("2024-05-01T12:00:00Z".parse().unwrap(), [1; 10]);
        RefreshToken::first(id, [2; 48])
    }

    #[test]
    fn a_token_has_one_spelling_and_is_hidden_by_debug() {
        let text = first().expose();
        assert_eq!(text.len(), 86);
        assert_eq!(RefreshToken::parse(&text), Some(first()));
        assert_eq!(format!("{:?}", first()), "RefreshToken(..)");
        // The last character has four bits to spare; another one with the same two bits is another text.
        let loose = format!("{}B", &text[..85]);
        for bad in
            ["", "x", &text[..85], &format!("{text}A"), &format!("{text}=="), &loose, &text.replace('A', "+")]
        {
            assert_eq!(RefreshToken::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_nonce_determines_the_successor() {
        let token = first();
        let next = token.successor(&[3; 32]);
        assert_eq!(next, token.successor(&[3; 32]));
        assert_ne!(next, token.successor(&[4; 32]));
        assert_ne!(next.digest(), token.digest());
        assert_eq!((next.session(), next.family_digest()), (token.session(), token.family_digest()));
        assert_ne!(next.successor(&[3; 32]), next, "each successor differs from its predecessor");
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC{0,90}|[A-Za-z0-9_=-]{84,88}") {
            let _ = RefreshToken::parse(&text);
        }
    }
}
