//! What accompanies a command.

use accounts::audit::Actor;
use jiff::Timestamp;

use crate::{Store, StoreError};

/// Who gives a command, and when. Every write for a user checks the user's [`Authority`](accounts::Authority) first, in
/// its own transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    pub actor: Actor,
    pub now: Timestamp,
}

impl Context {
    /// A command from the command line of the server's machine.
    pub fn operator(now: Timestamp) -> Self {
        Self { actor: Actor::OPERATOR, now }
    }
}

impl Store {
    /// Checks the actor's authority before work that must not be done for nothing. The write checks it again.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`]; [`StoreError::Unavailable`] when the disk fails.
    pub async fn check_authority(&self, context: Context) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.check_authority(&context),
            Self::Postgres(db) => db.check_authority(&context).await,
        }
    }
}
