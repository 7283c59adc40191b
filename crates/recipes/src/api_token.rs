//! API tokens: what a program shows instead of its owner's password.

use std::fmt::{self, Write as _};

use jiff::Timestamp;
use serde::Serialize;

use crate::digest::TokenDigest;
use crate::id::{ApiTokenId, UserId};
use crate::scope::Scopes;

/// An API token as it is stored: everything but the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    pub id: ApiTokenId,
    pub user: UserId,
    pub name: TokenName,
    pub scopes: Scopes,
    pub created_at: Timestamp,
    /// `None`: when somebody deletes it.
    pub expires_at: Option<Timestamp>,
    /// Coarse, as a session's.
    pub last_used_at: Option<Timestamp>,
}

/// An API token before it is stored.
#[derive(Clone, Debug)]
pub struct NewApiToken {
    pub id: ApiTokenId,
    pub secret: ApiTokenSecret,
    pub name: TokenName,
    pub scopes: Scopes,
    pub expires_at: Option<Timestamp>,
}

/// What its owner calls a token. Invariant: trimmed, 1 to 100 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenName(String);

impl TokenName {
    /// # Errors
    /// What to do instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if !(1..=100).contains(&text.chars().count()) {
            return Err("must be 1 to 100 characters");
        }
        if text.contains(char::is_control) {
            return Err("must be one line without control characters");
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The token itself, which its owner sees once: `rcp_`, 160 random bits, and a CRC-32 of all before it, in hexadecimal
/// digits. By the prefix a scanner finds one in a repository; by the checksum it knows that it is one, and we know
/// without a look into the database that one is mistyped.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiTokenSecret(String);

impl ApiTokenSecret {
    pub const PREFIX: &str = "rcp_";
    const LENGTH: usize = Self::PREFIX.len() + 40 + 8;

    pub fn new(random: [u8; 20]) -> Self {
        let mut text = String::with_capacity(Self::LENGTH);
        text.push_str(Self::PREFIX);
        for byte in random {
            // Writing into a text cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Self(text)
    }

    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(Self::PREFIX)?;
        let is_hex = rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if text.len() != Self::LENGTH || !is_hex {
            return None;
        }
        let (body, sum) = text.split_at(Self::LENGTH - 8);
        (checksum(body) == sum).then(|| Self(text.to_owned()))
    }

    /// The text for its owner.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.0.as_bytes())
    }
}

fn checksum(text: &str) -> String {
    format!("{:08x}", crc32fast::hash(text.as_bytes()))
}

impl fmt::Debug for ApiTokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiTokenSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_has_a_prefix_and_a_checksum_and_does_not_print() {
        let secret = ApiTokenSecret::new([0xab; 20]);
        let text = secret.expose();
        assert!(text.starts_with("rcp_abab") && text.len() == 52, "{text}");
        assert_eq!(ApiTokenSecret::parse(text), Some(secret.clone()));
        assert_eq!(format!("{secret:?}"), "ApiTokenSecret(..)");
        let typo = text.replacen("abab", "baab", 1);
        for bad in
            [&typo, &text.to_uppercase(), &text[4..], &text[..51], &format!("{text}0"), "", "rcp_", "rcp_é"]
        {
            assert_eq!(ApiTokenSecret::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_are_one_trimmed_line() {
        assert_eq!(TokenName::parse(" Backup of my kitchen ").unwrap().as_str(), "Backup of my kitchen");
        for bad in ["", " ", "a\nb", &"x".repeat(101)] {
            assert!(TokenName::parse(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,60}|rcp_[0-9a-fé]{46,50}") {
            let _ = ApiTokenSecret::parse(&text);
        }
    }
}
