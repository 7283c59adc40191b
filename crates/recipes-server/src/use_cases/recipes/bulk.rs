//! Several changes of recipes in one transaction.

use std::sync::Arc;

use ids::{RecipeId, Uid};
use jiff::Timestamp;
use recipes::{Draft, FieldError, RecipePatch};
use store::{Atomicity, Edit, EditOutcome, NewRecipe, PatchRecipe, RecipeEdit, ReplaceRecipe, Revised};

use super::{Precondition, RecipeError, Recipes, Writer, done};
use crate::use_cases::repeats::Once;

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
pub type BulkOutcome = Result<BulkDone, BulkRefusal>;

/// Why one of several changes was refused.
#[derive(Clone, Debug)]
pub enum BulkRefusal {
    Invalid(Vec<FieldError>),
    /// See [`RecipeError::MayNotRead`].
    MayNotRead,
    ByStore {
        writer: Writer,
        outcome: Box<EditOutcome>,
    },
}

impl From<BulkRefusal> for RecipeError {
    fn from(refusal: BulkRefusal) -> Self {
        match refusal {
            BulkRefusal::Invalid(errors) => Self::Invalid(errors),
            BulkRefusal::MayNotRead => Self::MayNotRead,
            BulkRefusal::ByStore { writer, outcome } => match done(writer, *outcome) {
                Err(Self::Invalid(errors)) => Self::Invalid(inside(errors, PATCH)),
                Err(error) => error,
                Ok(_) => Self::NotFound,
            },
        }
    }
}

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
        once: Option<Once<Vec<BulkOutcome>>>,
    ) -> Result<Vec<BulkOutcome>, RecipeError> {
        let context = self.context(writer);
        let kinds: Vec<_> = operations.iter().map(Kind::of).collect();
        let (mut edits, mut refusals) = (Vec::with_capacity(operations.len()), Vec::new());
        for (index, operation) in operations.into_iter().enumerate() {
            match self.edit(writer, operation, context.now) {
                Ok(edit) => edits.push(edit),
                Err(refusal) => refusals.push((index, refusal)),
            }
        }
        if let (Atomicity::All, Some((index, refusal))) = (atomicity, refusals.first()) {
            return Err(of_operation(*index, refusal.clone()));
        }
        let plan = Arc::new(Plan { writer, kinds, refusals, atomicity });
        let store = {
            let plan = Arc::clone(&plan);
            Once::store(once, &self.store, move |outcomes: &Vec<EditOutcome>| {
                let all = plan.outcomes(outcomes.clone()).ok()?;
                all.iter().any(Result::is_ok).then_some(all)
            })
        };
        let outcomes = store.edit_recipes(edits, atomicity, context).await?;
        plan.outcomes(outcomes)
    }

    /// The change for the store, unless it is refused whatever the recipe is.
    fn edit(
        &self,
        writer: Writer,
        operation: BulkOperation,
        now: Timestamp,
    ) -> Result<RecipeEdit, BulkRefusal> {
        let (quotas, revisions_kept) = (self.quotas, self.revisions_kept);
        let invalid = |errors, part| BulkRefusal::Invalid(inside(errors, part));
        Ok(match operation {
            BulkOperation::Create(draft) => {
                self.labels.check(draft.health_labels()).map_err(|errors| invalid(errors, RECIPE))?;
                let uid = Uid::new(now, self.entropy.bytes());
                RecipeEdit::Create(NewRecipe::new(&draft, uid, Some(writer.user)).within(quotas))
            }
            BulkOperation::Replace { id, draft, precondition } => {
                self.labels.check(draft.health_labels()).map_err(|errors| invalid(errors, RECIPE))?;
                let ownerless = self.ownerless;
                RecipeEdit::Replace(Box::new(ReplaceRecipe {
                    id,
                    draft,
                    precondition,
                    ownerless,
                    quotas,
                    revisions_kept,
                }))
            }
            BulkOperation::Patch { id, patch, precondition } => {
                if !writer.may_read {
                    return Err(BulkRefusal::MayNotRead);
                }
                self.labels.check(patch.health_labels()).map_err(|errors| invalid(errors, PATCH))?;
                let ownerless = self.ownerless;
                RecipeEdit::Patch(PatchRecipe { id, patch, precondition, ownerless, quotas, revisions_kept })
            }
            BulkOperation::Delete { id, precondition } if self.bin_days == 0 => {
                RecipeEdit::Delete { id, terms: self.terms(precondition) }
            }
            BulkOperation::Delete { id, precondition } => {
                RecipeEdit::Bin { id, terms: self.terms(precondition) }
            }
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
        match (self, outcome) {
            (Self::Create, Ok(Edit::Done(Some(Revised { id, revision })))) => {
                Ok(BulkDone::Created { id, revision })
            }
            (_, Ok(Edit::Done(Some(Revised { id, revision })))) => Ok(BulkDone::Changed { id, revision }),
            (Self::Replace(id) | Self::Patch(id) | Self::Delete(id), Ok(Edit::Done(None))) => {
                Ok(BulkDone::Deleted { id })
            }
            (_, outcome) => Err(BulkRefusal::ByStore { writer, outcome: Box::new(outcome) }),
        }
    }
}

/// The operations of a request.
struct Plan {
    writer: Writer,
    kinds: Vec<Kind>,
    /// Those that do not come to the store.
    refusals: Vec<(usize, BulkRefusal)>,
    atomicity: Atomicity,
}

impl Plan {
    /// The outcomes of all operations in their order. `outcomes` are those of the store.
    fn outcomes(&self, outcomes: Vec<EditOutcome>) -> Result<Vec<BulkOutcome>, RecipeError> {
        let (mut outcomes, mut refusals) = (outcomes.into_iter(), self.refusals.iter().peekable());
        let mut all = Vec::with_capacity(self.kinds.len());
        for (index, kind) in self.kinds.iter().enumerate() {
            let outcome = match refusals.next_if(|(place, _)| *place == index) {
                Some((_, refusal)) => Err(refusal.clone()),
                None => match outcomes.next() {
                    Some(outcome) => kind.outcome(self.writer, outcome),
                    None => break,
                },
            };
            match outcome {
                Err(refusal) if self.atomicity == Atomicity::All => return Err(of_operation(index, refusal)),
                outcome => all.push(outcome),
            }
        }
        Ok(all)
    }
}

fn of_operation(index: usize, refusal: BulkRefusal) -> RecipeError {
    RecipeError::OfOperation { index, error: Box::new(refusal.into()) }
}

fn inside(mut errors: Vec<FieldError>, part: &str) -> Vec<FieldError> {
    for error in &mut errors {
        error.pointer.insert_str(0, part);
    }
    errors
}
