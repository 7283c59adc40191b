//! The changes of the recipes that one viewer may read, for programs that follow them.

use ids::RecipeId;

use crate::{Store, StoreError, Viewer};

/// A recipe that has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedChange {
    pub id: RecipeId,
    /// The viewer could read the recipe before and cannot any more: it was deleted, or is for others now.
    pub is_gone: bool,
}

/// Some of the changes behind a position, in the order of the ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPage {
    pub changes: Vec<FeedChange>,
    /// Behind these changes.
    pub position: String,
    /// Whether there are more already.
    pub has_more: bool,
}

/// The request for the changes of a feed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FeedRequest {
    pub(crate) viewer: Viewer,
    /// Those with smaller ids were in the pages before.
    pub(crate) after: i64,
    pub(crate) limit: u16,
}

/// The answer to a [`FeedRequest`]: the changes and the present position.
pub(crate) type FeedAnswer = Option<(Vec<FeedChange>, String)>;

/// The position of a program that follows. A list of changes that is longer than a page is read in the order of the ids. What changes
/// meanwhile is behind the position at which the first page was read, which is where the program goes on after the last page.
#[derive(Debug, PartialEq, Eq)]
struct FeedPosition<'a> {
    since: &'a str,
    /// The position of the first page, and the last id of the page before.
    list: Option<(&'a str, i64)>,
}

impl<'a> FeedPosition<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split('|');
        let since = parts.next()?;
        let list = match (parts.next(), parts.next(), parts.next()) {
            (None, _, _) => None,
            (Some(until), Some(id), None) => Some((until, RecipeId::parse(id)?.get())),
            _ => return None,
        };
        Some(Self { since, list })
    }
}

/// The feed of changes.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// The present position.
    pub async fn feed_position(&self) -> Result<String, StoreError> {
        Ok(self.recipe_changes(None).await?.position)
    }

    /// At most `limit` changes behind a position that is from this feed. `None`: the position is not of this database, or all may
    /// have changed since, so the program must read all recipes again.
    pub async fn feed(
        &self,
        position: &str,
        viewer: Viewer,
        limit: u16,
    ) -> Result<Option<FeedPage>, StoreError> {
        let Some(FeedPosition { since, list }) = FeedPosition::parse(position) else { return Ok(None) };
        // One more than the page has, which tells whether there are more.
        let after = list.map_or(0, |(_, id)| id);
        let request = FeedRequest { viewer, after, limit: limit.saturating_add(1) };
        let answer = match self {
            Self::Sqlite(db) => db.feed(since, request).await?,
            Self::Postgres(db) => db.feed(since, request).await?,
        };
        let Some((mut changes, now)) = answer else { return Ok(None) };
        let until = list.map_or(&*now, |(until, _)| until);
        let has_more = changes.len() > usize::from(limit);
        changes.truncate(usize::from(limit));
        let position = match changes.last() {
            Some(last) if has_more => format!("{since}|{until}|{}", last.id),
            _ => until.to_owned(),
        };
        Ok(Some(FeedPage { changes, position, has_more }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_of_other_forms_are_unknown() {
        assert_eq!(FeedPosition::parse("a-1-2"), Some(FeedPosition { since: "a-1-2", list: None }));
        let page = FeedPosition { since: "a-1-2", list: Some(("a-3-4", 7)) };
        assert_eq!(FeedPosition::parse("a-1-2|a-3-4|7"), Some(page));
        for text in ["a|b", "a|b|", "a|b|x", "a|b|0", "a|b|-1", "a|b|1|2"] {
            assert_eq!(FeedPosition::parse(text), None, "{text}");
        }
    }
}
