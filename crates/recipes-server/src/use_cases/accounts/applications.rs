//! The applications that a user gave access.

use accounts::audit::Actor;
use ids::UserId;
use jiff::Timestamp;
use store::Application;

use super::{Accounts, error::AccountError};
use crate::provider::ClientRecord;

/// An application that acts for a user.
pub struct UserApplication {
    pub client_id: String,
    pub name: String,
    /// What the user allowed. Empty for an application of the operator, which asks for no consent.
    pub scopes: Vec<String>,
    pub given_at: Option<Timestamp>,
    /// Whether it has access now.
    pub is_active: bool,
}

impl Accounts {
    /// The applications of a user, in the order of their ids.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn applications(&self, user: UserId) -> Result<Vec<UserApplication>, AccountError> {
        let found = self.store.applications(user, self.clock.now()).await?;
        Ok(found.into_iter().map(application).collect())
    }

    /// Withdraws what the user allowed an application, and ends its access.
    ///
    /// # Errors
    /// [`AccountError::ApplicationNotFound`].
    pub async fn end_application(
        &self,
        user: UserId,
        client: &str,
        actor: Actor,
    ) -> Result<(), AccountError> {
        if !self.store.end_application(user, client, self.context(actor)).await? {
            return Err(AccountError::ApplicationNotFound);
        }
        tracing::info!(user.id = %user, client.id = %client, "User {user} ended the access of an application");
        Ok(())
    }
}

fn application(found: Application) -> UserApplication {
    let Application { client, consents, grants, given_at } = found;
    let name = ClientRecord::of(&client).map_or_else(|_| client.id.clone(), |record| record.name);
    let mut scopes: Vec<_> =
        consents.iter().flat_map(|consent| consent.scopes.split(' ')).map(str::to_owned).collect();
    scopes.sort_unstable();
    scopes.dedup();
    UserApplication { client_id: client.id, name, scopes, given_at, is_active: grants > 0 }
}
