//! Hands recipes over from one user to another, or removes their owner.

use ids::UserId;

use crate::{Context, Store, StoreError};

/// Recipes of one transaction at most: others wait for it.
pub(crate) const STEP: u16 = 100;

/// Recipes that get another owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub from: UserId,
    /// `None`: the recipes have no owner any more. Private ones stay with theirs, because no user could see them.
    pub to: Option<UserId>,
    /// Whether this is the first step. It is recorded in the audit log.
    pub is_first: bool,
}

/// What became of one step of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transferred {
    /// So many recipes. There may be more if it is a whole step.
    Moved {
        recipes: u64,
        may_be_more: bool,
    },
    NoSuchUser,
}

impl Transferred {
    pub(crate) fn moved(recipes: usize) -> Self {
        Self::Moved { recipes: recipes as u64, may_be_more: recipes >= usize::from(STEP) }
    }
}

impl Store {
    /// Hands some recipes over, as an administrator or the operator. Repeat it while there may be more. Quotas do not apply.
    ///
    /// # Errors
    /// [`StoreError::AdminRequired`], [`StoreError::ActorRevoked`]; [`StoreError::Unavailable`] when the disk fails.
    pub async fn transfer_recipes(
        &self,
        transfer: Transfer,
        context: Context,
    ) -> Result<Transferred, StoreError> {
        match self {
            Self::Sqlite(db) => db.transfer_recipes(transfer, context).await,
            Self::Postgres(db) => db.transfer_recipes(transfer, context).await,
        }
    }
}
