//! Commands that write recipes, whatever the database.

use crate::RevisionsKept;
use ::recipes::{ContentJson, Draft, EditTerms, Ownerless, Precondition, Quotas, RecipePatch, Visibility};
use ids::{RecipeId, Uid, UserId};

/// A recipe before the store has given it a number.
#[derive(Clone, Debug)]
pub struct NewRecipe {
    pub(crate) document: ContentJson,
    pub(crate) visibility: Visibility,
    pub(crate) uid: Uid,
    pub(crate) owner: Option<UserId>,
    pub(crate) quotas: Quotas,
}

impl NewRecipe {
    /// Serializes the draft here, on the caller's thread, because all writes share one writer thread. Without an owner
    /// the recipe is communal: any user may change it.
    pub fn new(draft: &Draft, uid: Uid, owner: Option<UserId>) -> Self {
        Self {
            document: ContentJson::new(draft.content()),
            visibility: draft.content().visibility,
            uid,
            owner,
            quotas: Quotas::OFF,
        }
    }

    /// Refuses the recipe if the owner would have more than this, unless the actor is an administrator.
    #[must_use]
    pub fn within(self, quotas: Quotas) -> Self {
        Self { quotas, ..self }
    }
}

/// Replaces what the author of a recipe has written.
#[derive(Clone, Debug)]
pub struct ReplaceRecipe {
    pub id: RecipeId,
    pub draft: Draft,
    pub precondition: Precondition,
    pub ownerless: Ownerless,
    /// Of the owner. A larger text is refused beyond them, unless the actor is an administrator.
    pub quotas: Quotas,
    /// With the one that is replaced.
    pub revisions_kept: RevisionsKept,
}

/// Changes some of what the author of a recipe has written. See [`ReplaceRecipe`].
#[derive(Clone, Debug)]
pub struct PatchRecipe {
    pub id: RecipeId,
    pub patch: RecipePatch,
    pub precondition: Precondition,
    pub ownerless: Ownerless,
    pub quotas: Quotas,
    pub revisions_kept: RevisionsKept,
}

/// Makes a new revision with the content of a former one. See [`ReplaceRecipe`].
#[derive(Clone, Debug)]
pub struct RestoreRevision {
    pub id: RecipeId,
    pub revision: i64,
    pub precondition: Precondition,
    pub ownerless: Ownerless,
    pub quotas: Quotas,
    pub revisions_kept: RevisionsKept,
}

/// A change of a recipe.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) id: RecipeId,
    pub(crate) content: NewContent,
    pub(crate) terms: EditTerms,
    pub(crate) quotas: Quotas,
    pub(crate) revisions_kept: RevisionsKept,
}

/// What a changed recipe contains.
#[derive(Clone, Debug)]
pub(crate) enum NewContent {
    /// Serialized on the caller's thread.
    Whole(ContentJson, Visibility),
    /// It is applied in the transaction, to the revision of that moment.
    Patch(RecipePatch),
    /// That of this revision.
    Of(i64),
}

impl Change {
    pub(crate) fn replace(command: ReplaceRecipe) -> Self {
        let ReplaceRecipe { id, draft, precondition, ownerless, quotas, revisions_kept } = command;
        let content = NewContent::Whole(ContentJson::new(draft.content()), draft.content().visibility);
        Self { id, content, terms: EditTerms { precondition, ownerless }, quotas, revisions_kept }
    }

    pub(crate) fn patch(command: PatchRecipe) -> Self {
        let PatchRecipe { id, patch, precondition, ownerless, quotas, revisions_kept } = command;
        let terms = EditTerms { precondition, ownerless };
        Self { id, content: NewContent::Patch(patch), terms, quotas, revisions_kept }
    }

    pub(crate) fn restore(command: RestoreRevision) -> Self {
        let RestoreRevision { id, revision, precondition, ownerless, quotas, revisions_kept } = command;
        let terms = EditTerms { precondition, ownerless };
        Self { id, content: NewContent::Of(revision), terms, quotas, revisions_kept }
    }
}

/// The columns `private` and `members`.
pub(crate) fn visibility_columns(visibility: Visibility) -> (bool, Option<bool>) {
    match visibility {
        Visibility::Public => (false, None),
        Visibility::Members => (true, Some(true)),
        Visibility::Private => (true, None),
    }
}

/// Of the columns `private` and `members`.
pub(crate) fn visibility_of(private: bool, members: Option<bool>) -> Visibility {
    match (private, members) {
        (false, _) => Visibility::Public,
        (true, Some(true)) => Visibility::Members,
        (true, _) => Visibility::Private,
    }
}
