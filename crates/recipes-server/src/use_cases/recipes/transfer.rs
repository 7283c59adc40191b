//! Hands recipes over to another user, or removes their owner.

use accounts::audit::Actor;
use ids::UserId;
use recipes::FieldError;
use store::{Context, Transfer, Transferred};

use super::{RecipeError, Recipes};

/// The recipes of a user get another owner.
pub struct RecipeTransfer {
    pub from: UserId,
    /// `None`: none.
    pub to: Option<UserId>,
}

impl Recipes {
    /// Hands the recipes over, and answers how many. Private ones stay where there is no new owner. If it is interrupted, the
    /// administrator can repeat it.
    ///
    /// # Errors
    /// [`RecipeError::NoSuchUser`], [`RecipeError::Invalid`], [`RecipeError::AdminRequired`], [`RecipeError::ActorRevoked`].
    pub async fn transfer(
        &self,
        RecipeTransfer { from, to }: RecipeTransfer,
        actor: Actor,
    ) -> Result<u64, RecipeError> {
        if to == Some(from) {
            let message = "must be another user than from".to_owned();
            return Err(RecipeError::Invalid(vec![FieldError { pointer: "/to".to_owned(), message }]));
        }
        let mut total = 0;
        let mut is_first = true;
        loop {
            let context = Context { actor, now: self.clock.now() };
            let step = Transfer { from, to, is_first };
            match self.store.transfer_recipes(step, context).await? {
                Transferred::NoSuchUser => return Err(RecipeError::NoSuchUser),
                Transferred::Moved { recipes, may_be_more } => {
                    total += recipes;
                    if !may_be_more {
                        tracing::info!(user.id = %from, recipes = total, "The recipes of user {from} were handed over");
                        return Ok(total);
                    }
                }
            }
            is_first = false;
        }
    }
}
