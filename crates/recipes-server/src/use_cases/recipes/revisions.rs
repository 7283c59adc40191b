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
        let contents = rows.iter().chain(&before).map(content).collect::<Result<Vec<_>, _>>()?;
        let former = contents.iter().skip(1).map(Some).chain([None]);
        let entries =
            rows.iter().zip(contents.iter().zip(former)).map(|(revision, (content, former))| HistoryEntry {
                revision: revision.recipe.revision,
                updated_at: revision.recipe.updated_at,
                updated_by: revision.updated_by,
                name: content.name.clone(),
                visibility: content.visibility,
                changes: former.map(|former| FieldChanges::between(former, content)),
            });
        Ok(Listing { rows: entries.collect(), next })
    }

    /// A recipe as it was at a revision.
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
        let before = content(&self.revision(id, from, viewer).await?)?;
        let after = match to {
            Some(to) => content(&self.revision(id, to, viewer).await?)?,
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
        let (quotas, revisions_kept) = (self.quotas, self.revisions_kept);
        let command = RestoreRevision { id, revision, precondition, quotas, revisions_kept };
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

fn content(revision: &Revision) -> Result<Content, RecipeError> {
    let mut json = Vec::with_capacity(revision.recipe.json_len());
    revision.recipe.write_json(&mut json);
    Ok(Recipe::from_json(&json)?.content)
}
