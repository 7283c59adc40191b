//! API tokens: credentials of programs that act for a user.

use jiff::Timestamp;
use serde::Serialize;

use crate::digest::TokenDigest;
use crate::scope::Scopes;
use ids::{ApiTokenId, UserId};

/// How many API tokens one user may have.
pub const MAX_API_TOKENS: u16 = 100;

/// An API token as it is stored, without the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    pub id: ApiTokenId,
    pub user: UserId,
    pub name: TokenName,
    pub scopes: Scopes,
    pub created_at: Timestamp,
    /// `None`: never.
    pub expires_at: Option<Timestamp>,
    /// As precise as [`Session::last_used_at`](crate::Session::last_used_at).
    pub last_used_at: Option<Timestamp>,
}

/// An API token before it is stored.
#[derive(Clone, Debug)]
pub struct NewApiToken {
    pub id: ApiTokenId,
    /// Of the secret, which is shown once and not stored.
    pub digest: TokenDigest,
    pub name: TokenName,
    pub scopes: Scopes,
    pub expires_at: Option<Timestamp>,
}

/// The name that a user gives a token. Invariant: trimmed, 1 to 100 characters, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenName(String);

impl TokenName {
    /// # Errors
    /// What to write instead.
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

    /// See [`Email::from_stored`](crate::Email::from_stored).
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_trimmed_line() {
        assert_eq!(TokenName::parse(" Backup of my kitchen ").unwrap().as_str(), "Backup of my kitchen");
        for bad in ["", " ", "a\nb", &"x".repeat(101)] {
            assert!(TokenName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
