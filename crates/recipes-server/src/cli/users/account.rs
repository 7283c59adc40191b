//! Names an account on the command line.

use std::{fmt, str::FromStr};

use accounts::{Email, User};
use anyhow::anyhow;
use ids::UserId;
use store::Store;

/// The e-mail address or the id of an account.
#[derive(Clone, Debug)]
pub(in crate::cli) enum Account {
    Email(Email),
    Id(UserId),
}

impl FromStr for Account {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(id) = UserId::parse(text) {
            return Ok(Self::Id(id));
        }
        let expected = "must be an e-mail address, as in alice@example.com, or the id of a user";
        Email::parse(text).map(Self::Email).map_err(|_| expected)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Email(email) => f.write_str(email.as_str()),
            Self::Id(id) => write!(f, "user {id}"),
        }
    }
}

impl Account {
    /// # Errors
    /// If there is no such account.
    pub(in crate::cli) async fn find(&self, store: &Store) -> anyhow::Result<User> {
        let found = match self {
            Self::Email(email) => store.user_by_email(email).await?.map(|(user, _)| user),
            Self::Id(id) => store.user(*id).await?,
        };
        found.ok_or_else(|| self.not_found())
    }

    pub(super) fn not_found(&self) -> anyhow::Error {
        anyhow!("there is no account for {self}")
    }
}
