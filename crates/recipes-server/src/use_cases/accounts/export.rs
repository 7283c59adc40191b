//! All data about one user, except the recipes.

use accounts::{
    ApiToken, Invitation, LanguageTag, Session,
    audit::{Actor, Entry},
};
use ids::UserId;
use jiff::Timestamp;
use store::{Listing, Page};

use super::{Accounts, UserApplication, error::AccountError};

/// What an account has.
pub struct Export {
    pub at: Timestamp,
    /// The language of mails, if the user has chosen one.
    pub language: Option<LanguageTag>,
    pub sessions: Vec<Session>,
    pub api_tokens: Vec<ApiToken>,
    /// The applications that the user gave access.
    pub applications: Vec<UserApplication>,
    /// The open invitations that the user created.
    pub invitations: Vec<Invitation>,
}

impl Accounts {
    /// # Errors
    /// When the store is unavailable.
    pub async fn export(&self, user: UserId) -> Result<Export, AccountError> {
        Ok(Export {
            at: self.clock.now(),
            language: self.store.language_of(user).await?,
            sessions: self.sessions(user).await?,
            api_tokens: self.api_tokens(user).await?,
            applications: self.applications(user).await?,
            invitations: self.store.invitations_of(user).await?,
        })
    }

    /// The events of the account and of the user's own actions, the newest first.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn events_for_export(
        &self,
        user: UserId,
        before: Option<i64>,
    ) -> Result<Listing<Vec<Entry>, i64>, AccountError> {
        let Listing { rows, next } = self.store.audit_log_of(user, Page::longest(before)).await?;
        Ok(Listing { rows: rows.into_iter().map(|entry| visible_to(user, entry)).collect(), next })
    }
}

/// The part of an event that is data about this user. Left out: which administrator acted and from which address, the
/// account that the user acted on as an administrator, and the address of a client that only knew the e-mail address.
fn visible_to(user: UserId, entry: Entry) -> Entry {
    let actor = match entry.actor.user {
        Some(actor) if actor == user => entry.actor,
        Some(_) => Actor::OPERATOR,
        None => Actor { address: None, ..entry.actor },
    };
    Entry { subject: entry.subject.filter(|subject| *subject == user), actor, ..entry }
}
