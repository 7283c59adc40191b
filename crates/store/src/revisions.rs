//! The history of recipes, in either kind of database.

use ids::{RecipeId, UserId};

use crate::{Page, Store, StoreError, StoredRecipe, Viewer};

/// A page of revisions ends early behind this much text, as one of recipes does.
pub(crate) const PAGE_BYTES: usize = 128 << 10;

/// A revision of a recipe: the current one or a former one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    pub recipe: StoredRecipe,
    /// The user who made it. `None`: the operator, a user who was deleted since, or it is not known any more.
    pub updated_by: Option<UserId>,
}

/// Some revisions of a recipe, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevisionPage {
    pub rows: Vec<Revision>,
    /// The revision before the last of them, if there is one: the next page begins with it.
    pub before: Option<Revision>,
}

/// Whether there is such a revision that the viewer may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundRevision {
    Found(Revision),
    NoSuchRecipe,
    NoSuchRevision,
}

/// Fills a page.
pub(crate) struct RevisionReader {
    rows: Vec<Revision>,
    bytes: usize,
    limit: usize,
}

impl RevisionReader {
    pub(crate) fn new(page: Page<i64>) -> Self {
        Self { rows: Vec::new(), bytes: 0, limit: page.limit().into() }
    }

    /// Whether the page needs no other revision. It ends with the one before its last.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() > self.limit || (self.bytes > PAGE_BYTES && self.rows.len() > 1)
    }

    pub(crate) fn push(&mut self, revision: Revision) {
        self.bytes += revision.recipe.text.len();
        self.rows.push(revision);
    }

    pub(crate) fn finish(mut self) -> RevisionPage {
        let before = if self.is_full() { self.rows.pop() } else { None };
        RevisionPage { rows: self.rows, before }
    }
}

/// The columns that are read of a revision.
pub(crate) struct RevisionRow {
    pub(crate) recipe: StoredRecipe,
    pub(crate) owner: Option<UserId>,
    /// Whether there still is such a user.
    pub(crate) has_owner: bool,
    pub(crate) updated_by: Option<UserId>,
}

impl RevisionRow {
    pub(crate) fn revision(self) -> Revision {
        let Self { mut recipe, owner, has_owner, updated_by } = self;
        // Those who create recipes own them.
        let updated_by = if recipe.revision == 1 { owner.filter(|_| has_owner) } else { updated_by };
        if let Some(owner) = owner.filter(|_| !has_owner) {
            remove_owner(&mut recipe.text, owner);
        }
        Revision { recipe, updated_by }
    }
}

/// A user who was deleted is in no answer. Inside of texts the quotes are escaped, and the server's fields are the last ones.
fn remove_owner(text: &mut Vec<u8>, owner: UserId) {
    let (start, end) = (format!(",\"ownerId\":{owner}"), ",\"uid\":\"");
    let member = format!("{start}{end}");
    let place = text.windows(member.len()).rposition(|part| part == member.as_bytes());
    if let Some(place) = place {
        text.drain(place..place + start.len());
    }
}

/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// The revisions of a recipe before that of the page's key, the newest first. A viewer reads those that were readable for it
    /// when they were the current one: what was private stays private. `None`: there is no such recipe that the viewer may read.
    pub async fn revisions(
        &self,
        id: RecipeId,
        page: Page<i64>,
        viewer: Viewer,
    ) -> Result<Option<RevisionPage>, StoreError> {
        match self {
            Self::Sqlite(db) => db.revisions(id, page, viewer),
            Self::Postgres(db) => db.revisions(id, page, viewer).await,
        }
    }

    /// One of [`revisions`](Self::revisions), without pictures: only those that a recipe has now are kept, so the addresses of former
    /// ones would show these.
    pub async fn revision(
        &self,
        id: RecipeId,
        revision: i64,
        viewer: Viewer,
    ) -> Result<FoundRevision, StoreError> {
        let page = Page::only(revision.saturating_add(1));
        let Some(RevisionPage { rows, .. }) = self.revisions(id, page, viewer).await? else {
            return Ok(FoundRevision::NoSuchRecipe);
        };
        let found = rows.into_iter().find(|found| found.recipe.revision == revision);
        let Some(Revision { recipe, updated_by }) = found else { return Ok(FoundRevision::NoSuchRevision) };
        Ok(FoundRevision::Found(Revision { recipe: recipe.without_images()?, updated_by }))
    }

    /// Some of the former revisions that had this owner, after this one in the order of recipe and revision.
    pub async fn former_revisions_of(
        &self,
        owner: UserId,
        after: Option<(RecipeId, i64)>,
    ) -> Result<Vec<StoredRecipe>, StoreError> {
        match self {
            Self::Sqlite(db) => db.former_revisions_of(owner, after).await,
            Self::Postgres(db) => db.former_revisions_of(owner, after).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_who_was_deleted_is_removed_from_the_text() {
        let seven = UserId::from_i64(7).unwrap();
        let (extra, end) = (r#""extra":{"a":1,"ownerId":7,"uid":"x"}"#, r#","uid":"018f","revision":1}"#);
        let mut text = format!(r#"{extra},"ownerId":7{end}"#).into_bytes();
        remove_owner(&mut text, seven);
        assert_eq!(String::from_utf8(text.clone()).unwrap(), format!("{extra}{end}"));
        let mut other = format!(r#""name":"x","ownerId":77{end}"#).into_bytes();
        let before = other.clone();
        remove_owner(&mut other, seven);
        assert_eq!(other, before);
    }
}
