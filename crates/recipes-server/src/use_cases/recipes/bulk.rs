//! Several changes of recipes in one transaction.

use ids::{RecipeId, Uid};
use jiff::Timestamp;
use recipes::{Draft, FieldError, RecipePatch};
use store::{Atomicity, EditOutcome, NewRecipe, PatchRecipe, RecipeEdit, ReplaceRecipe};

use super::{Precondition, RecipeError, Recipes, Writer, done};

/// One of several changes.
#[derive(Clone, Debug)]
pub enum BulkOperation {
    Create(Draft),
    Replace { id: RecipeId, draft: Draft, precondition: Precondition },
    Patch { id: RecipeId, patch: RecipePatch, precondition: Precondition },
    Delete { id: RecipeId, precondition: Precondition },
}

/// A recipe after one of several changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkDone {
    Created { id: RecipeId, revision: i64 },
    Changed { id: RecipeId, revision: i64 },
    Deleted { id: RecipeId },
}

/// What became of one of several changes.
pub type BulkOutcome = Result<BulkDone, RecipeError>;

impl Recipes {
    /// Makes the changes in this order, each as if it were alone.
    ///
    /// # Errors
    /// [`RecipeError::ActorRevoked`]; [`RecipeError::OfOperation`] if all are to be made or none. Then nothing is changed.
    pub async fn edit_all(
        &self,
        writer: Writer,
        operations: Vec<BulkOperation>,
        atomicity: Atomicity,
    ) -> Result<Vec<BulkOutcome>, RecipeError> {
        let context = self.context(writer);
        let kinds: Vec<_> = operations.iter().map(Kind::of).collect();
        let (mut edits, mut refusals) = (Vec::with_capacity(operations.len()), Vec::new());
        for (index, operation) in operations.into_iter().enumerate() {
            match self.edit(writer, operation, context.now) {
                Ok(edit) => edits.push(edit),
                Err(error) if atomicity == Atomicity::All => {
                    return Err(RecipeError::OfOperation { index, error: Box::new(error) });
                }
                Err(error) => refusals.push((index, error)),
            }
        }
        let outcomes = self.store.edit_recipes(edits, atomicity, context).await?;
        merged(writer, kinds, outcomes, (refusals, atomicity))
    }

    /// The change for the store, unless it is refused whatever the recipe is.
    fn edit(
        &self,
        writer: Writer,
        operation: BulkOperation,
        now: Timestamp,
    ) -> Result<RecipeEdit, RecipeError> {
        let (quotas, revisions_kept) = (self.quotas, self.revisions_kept);
        let invalid = |errors, part| RecipeError::Invalid(inside(errors, part));
        Ok(match operation {
            BulkOperation::Create(draft) => {
                self.labels.check(draft.health_labels()).map_err(|errors| invalid(errors, RECIPE))?;
                let uid = Uid::new(now, self.entropy.bytes());
                RecipeEdit::Create(NewRecipe::new(&draft, uid, Some(writer.user)).within(quotas))
            }
            BulkOperation::Replace { id, draft, precondition } => {
                self.labels.check(draft.health_labels()).map_err(|errors| invalid(errors, RECIPE))?;
                RecipeEdit::Replace(ReplaceRecipe { id, draft, precondition, quotas, revisions_kept })
            }
            BulkOperation::Patch { id, patch, precondition } => {
                if !writer.may_read {
                    return Err(RecipeError::MayNotRead);
                }
                self.labels.check(patch.health_labels()).map_err(|errors| invalid(errors, PATCH))?;
                RecipeEdit::Patch(PatchRecipe { id, patch, precondition, quotas, revisions_kept })
            }
            BulkOperation::Delete { id, precondition } if self.bin_days == 0 => {
                RecipeEdit::Delete { id, precondition }
            }
            BulkOperation::Delete { id, precondition } => RecipeEdit::Bin { id, precondition },
        })
    }
}

/// Where an operation has its recipe and its patch.
const RECIPE: &str = "/recipe";
const PATCH: &str = "/patch";

/// What an operation does, and to which recipe.
#[derive(Clone, Copy)]
enum Kind {
    Create,
    Replace(RecipeId),
    Patch(RecipeId),
    Delete(RecipeId),
}

impl Kind {
    fn of(operation: &BulkOperation) -> Self {
        match operation {
            BulkOperation::Create(_) => Self::Create,
            BulkOperation::Replace { id, .. } => Self::Replace(*id),
            BulkOperation::Patch { id, .. } => Self::Patch(*id),
            BulkOperation::Delete { id, .. } => Self::Delete(*id),
        }
    }

    fn outcome(self, writer: Writer, outcome: EditOutcome) -> BulkOutcome {
        let revised = match done(writer, outcome) {
            Ok(revised) => revised,
            Err(RecipeError::Invalid(errors)) => return Err(RecipeError::Invalid(inside(errors, PATCH))),
            Err(error) => return Err(error),
        };
        match (self, revised) {
            (Self::Create, Some(new)) => Ok(BulkDone::Created { id: new.id, revision: new.revision }),
            (_, Some(new)) => Ok(BulkDone::Changed { id: new.id, revision: new.revision }),
            (Self::Replace(id) | Self::Patch(id) | Self::Delete(id), None) => Ok(BulkDone::Deleted { id }),
            (Self::Create, None) => Err(RecipeError::NotFound),
        }
    }
}

/// The outcomes of the store, and those of the operations that did not come so far, in the order of the operations.
fn merged(
    writer: Writer,
    kinds: Vec<Kind>,
    outcomes: Vec<EditOutcome>,
    (refusals, atomicity): (Vec<(usize, RecipeError)>, Atomicity),
) -> Result<Vec<BulkOutcome>, RecipeError> {
    let (mut outcomes, mut refusals) = (outcomes.into_iter(), refusals.into_iter().peekable());
    let mut all = Vec::with_capacity(kinds.len());
    for (index, kind) in kinds.into_iter().enumerate() {
        let outcome = match refusals.next_if(|(place, _)| *place == index) {
            Some((_, error)) => Err(error),
            None => match outcomes.next() {
                Some(outcome) => kind.outcome(writer, outcome),
                None => break,
            },
        };
        match outcome {
            Err(error) if atomicity == Atomicity::All => {
                return Err(RecipeError::OfOperation { index, error: Box::new(error) });
            }
            outcome => all.push(outcome),
        }
    }
    Ok(all)
}

fn inside(mut errors: Vec<FieldError>, part: &str) -> Vec<FieldError> {
    for error in &mut errors {
        error.pointer.insert_str(0, part);
    }
    errors
}
