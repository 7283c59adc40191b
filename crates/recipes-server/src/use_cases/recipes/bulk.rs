//! Several changes of recipes in one transaction.

use ids::{RecipeId, Uid};
use recipes::Draft;
use store::{Atomicity, Edit, EditOutcome, NewRecipe, RecipeEdit, ReplaceRecipe};

use super::{Precondition, RecipeError, Recipes, StoredRecipe, Writer};

/// One of several changes.
#[derive(Debug)]
pub enum BulkOperation {
    Create(Draft),
    Replace { id: RecipeId, draft: Draft, precondition: Precondition },
    Delete { id: RecipeId, precondition: Precondition },
}

/// The recipe after one of several changes, or why it was refused. `None`: it was deleted.
pub type BulkOutcome = Result<Option<StoredRecipe>, RecipeError>;

impl Recipes {
    /// Makes the changes in this order. If all are to be made or none, the outcomes end with the first one that was refused.
    ///
    /// # Errors
    /// [`RecipeError::ActorRevoked`]; then nothing is changed.
    pub async fn edit_all(
        &self,
        writer: Writer,
        operations: Vec<BulkOperation>,
        atomicity: Atomicity,
    ) -> Result<Vec<BulkOutcome>, RecipeError> {
        let context = self.context(writer);
        let (mut edits, mut ids) =
            (Vec::with_capacity(operations.len()), Vec::with_capacity(operations.len()));
        for operation in operations {
            let (id, edit) = match operation {
                BulkOperation::Create(draft) => {
                    let uid = Uid::new(context.now, self.entropy.bytes());
                    let new = NewRecipe::new(&draft, uid, Some(writer.user)).within(self.quotas);
                    (None, RecipeEdit::Create(new))
                }
                BulkOperation::Replace { id, draft, precondition } => {
                    let replace = ReplaceRecipe { id, draft, precondition, quotas: self.quotas };
                    (Some(id), RecipeEdit::Replace(replace))
                }
                BulkOperation::Delete { id, precondition } => {
                    (Some(id), RecipeEdit::Delete { id, precondition })
                }
            };
            edits.push(edit);
            ids.push(id);
        }
        let outcomes = self.store.edit_recipes(edits, atomicity, context).await?;
        Ok(outcomes.into_iter().zip(ids).map(|(outcome, id)| outcome_of(outcome, id)).collect())
    }
}

fn outcome_of(outcome: EditOutcome, id: Option<RecipeId>) -> BulkOutcome {
    match (outcome?, id) {
        (Edit::Done(recipe), _) => Ok(recipe),
        (Edit::Stale { revision }, Some(id)) => Err(RecipeError::Stale { id, revision }),
        (Edit::Forbidden, _) => Err(RecipeError::NotTheOwner),
        (Edit::NotFound | Edit::Stale { .. }, _) => Err(RecipeError::NotFound),
    }
}
