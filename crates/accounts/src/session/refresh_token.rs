//! The token that prolongs a session, good for one use.
//!
//! It names its session and has two secrets: the *family*, the same in all refresh tokens of a session, by which an
//! old one is told from one that was made up, so that nobody can end a session whose id he has seen; and its own.
//!
//! Its successor is made from its own secret and a nonce that the store keeps. Neither the database nor the token alone
//! makes the successor, and both together make the same one again, for the client that never got the answer.

use std::fmt;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::digest::TokenDigest;
use ids::SessionId;

const ID: usize = 16;
const FAMILY: usize = 16;
const SECRET: usize = 32;

/// A refresh token. Whoever has it has the session, hence `Debug` does not show it.
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

    /// Reads the text, which has one spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; ID + FAMILY + SECRET];
        let read = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (read == bytes.len()).then_some(Self(bytes))
    }

    /// The text for the client.
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
    fn a_token_is_read_as_it_was_written_and_hidden() {
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
    fn the_successor_is_of_the_family_and_the_same_for_the_same_nonce_only() {
        let token = first();
        let next = token.successor(&[3; 32]);
        assert_eq!(next, token.successor(&[3; 32]));
        assert_ne!(next, token.successor(&[4; 32]));
        assert_ne!(next.digest(), token.digest());
        assert_eq!((next.session(), next.family_digest()), (token.session(), token.family_digest()));
        assert_ne!(next.successor(&[3; 32]), next, "a chain does not stand still");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,90}|[A-Za-z0-9_=-]{84,88}") {
            let _ = RefreshToken::parse(&text);
        }
    }
}
