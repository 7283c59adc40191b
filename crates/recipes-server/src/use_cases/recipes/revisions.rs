//! The history of recipes.

use ids::{RecipeId, UserId};
use jiff::Timestamp;
use recipes::{Content, FieldChanges, Recipe, Visibility, json_patch};
use serde_json::Value;
use store::{
    FoundRevision, Listing, Page, Precondition, RestoreRevision, Revision, RevisionPage, StoredRecipe, Viewer,
};

use super::{RecipeError, Recipes, Writer, done};

/// A line of the history.
#[derive(Clone, Debug)]
pub struct HistoryEntry {
    pub revision: i64,
    pub updated_at: Timestamp,
    /// `None`: the operator, a user who was deleted since, or it is not known any more.
    pub updated_by: Option<UserId>,
    pub name: String,
    pub visibility: Visibility,
    /// Since the revision before that the viewer may read; `None` for the first one.
    pub changes: Option<FieldChanges>,
}

impl Recipes {
    /// The revisions of a recipe that the viewer may read and could read then, the newest first.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`].
    pub async fn revisions(
        &self,
        id: RecipeId,
        page: Page<i64>,
        viewer: Viewer,
    ) -> Result<Listing<Vec<HistoryEntry>, i64>, RecipeError> {
        let found = self.store.revisions(id, page, viewer).await?;
        let RevisionPage { rows, before } = found.ok_or(RecipeError::NotFound)?;
        let next = before.as_ref().and(rows.last()).map(|last| last.recipe.revision);
        let recipes = rows.iter().chain(&before).map(recipe).collect::<Result<Vec<_>, _>>()?;
        let former = recipes.iter().skip(1).map(Some).chain([None]);
        let entries =
            rows.iter().zip(recipes.iter().zip(former)).map(|(revision, (recipe, former))| HistoryEntry {
                revision: revision.recipe.revision,
                updated_at: revision.recipe.updated_at,
                updated_by: revision.updated_by,
                name: recipe.content.name.clone(),
                visibility: recipe.content.visibility,
                changes: former.map(|former| changes(former, recipe)),
            });
        Ok(Listing { rows: entries.collect(), next })
    }

    /// A recipe as it was at a revision, without pictures.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`], [`RecipeError::NoSuchRevision`].
    pub async fn revision(
        &self,
        id: RecipeId,
        revision: i64,
        viewer: Viewer,
    ) -> Result<Revision, RecipeError> {
        match self.store.revision(id, revision, viewer).await? {
            FoundRevision::Found(revision) => Ok(revision),
            FoundRevision::NoSuchRecipe => Err(RecipeError::NotFound),
            FoundRevision::NoSuchRevision => Err(RecipeError::NoSuchRevision),
        }
    }

    /// What makes the author's fields of one revision of those of another one: a JSON Patch. Without `to`, of the current one.
    ///
    /// # Errors
    /// As [`revision`](Self::revision).
    pub async fn revision_patch(
        &self,
        id: RecipeId,
        from: i64,
        to: Option<i64>,
        viewer: Viewer,
    ) -> Result<Vec<Value>, RecipeError> {
        let (before, after) = self.revision_contents(id, from, to, viewer).await?;
        Ok(json_patch(&before, &after))
    }

    /// The author's fields of two revisions.
    ///
    /// # Errors
    /// As [`revision`](Self::revision).
    pub async fn revision_contents(
        &self,
        id: RecipeId,
        from: i64,
        to: Option<i64>,
        viewer: Viewer,
    ) -> Result<(Content, Content), RecipeError> {
        let before = recipe(&self.revision(id, from, viewer).await?)?.content;
        let after = match to {
            Some(to) => recipe(&self.revision(id, to, viewer).await?)?.content,
            None => self.read_whole(id, viewer).await?.content,
        };
        Ok((before, after))
    }

    /// Makes a new revision with the content of a former one.
    ///
    /// # Errors
    /// As [`replace`](Self::replace), and [`RecipeError::NoSuchRevision`].
    pub async fn restore_revision(
        &self,
        writer: Writer,
        id: RecipeId,
        revision: i64,
        precondition: Precondition,
    ) -> Result<StoredRecipe, RecipeError> {
        let (ownerless, quotas, revisions_kept) = (self.ownerless, self.quotas, self.revisions_kept);
        let command = RestoreRevision { id, revision, precondition, ownerless, quotas, revisions_kept };
        done(writer, self.store.restore_revision(command, self.context(writer)).await)
    }

    /// Some of the former revisions that had this owner, for the export of the account.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn former_revisions_of(
        &self,
        owner: UserId,
        after: Option<(RecipeId, i64)>,
    ) -> Result<Vec<StoredRecipe>, RecipeError> {
        Ok(self.store.former_revisions_of(owner, after).await?)
    }
}

fn changes(before: &Recipe, after: &Recipe) -> FieldChanges {
    FieldChanges::between(&before.content, &after.content).with_images(&before.images, &after.images)
}

fn recipe(revision: &Revision) -> Result<Recipe, RecipeError> {
    let mut json = Vec::with_capacity(revision.recipe.json_len());
    revision.recipe.write_json(&mut json);
    Ok(Recipe::from_json(&json)?)
}
