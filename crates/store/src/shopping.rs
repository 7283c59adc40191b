//! Shopping lists, in either kind of database. A household has one.
//!
//! Items are texts. Several people change the list at the same time, so each change is one of an item: two people who tick two
//! items change two rows, and a change of a text that another user has changed is refused.

use std::collections::HashSet;

use ::recipes::amounts::ListLine;
use ids::{HouseholdId, ShoppingItemId, UserId};
use jiff::Timestamp;

use crate::{Context, Store, StoreError};

/// Items of one household at most.
pub const MAX_SHOPPING_ITEMS: u32 = 500;

/// Something to buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShoppingItem {
    pub id: ShoppingItemId,
    pub text: String,
    /// Counts the changes of the text.
    pub version: i64,
    pub ticked_at: Option<Timestamp>,
}

/// A line that is added to a list: to an item that is not ticked, if both can be added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewShoppingLine {
    /// The id of the item that is made of it.
    pub id: ShoppingItemId,
    pub text: String,
    /// Separates decimals where the line does not show how.
    pub decimal: char,
    /// What the line comes from: one line of text. `None`: a user typed it.
    pub source: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewShoppingLines {
    pub lines: Vec<NewShoppingLine>,
    /// Whether sources that are in the list already are added once more.
    pub again: bool,
    /// The id of the household if the user has none yet.
    pub new: HouseholdId,
}

/// What became of new lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    Done,
    /// All that was to be added is in the list already, from the same sources.
    Before,
    /// The household would have more than [`MAX_SHOPPING_ITEMS`].
    TooMany,
}

/// A change of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeShoppingItem {
    pub id: ShoppingItemId,
    pub text: Option<String>,
    pub ticked: Option<bool>,
    /// The version that the user has seen. A change of another one is refused.
    pub version: Option<i64>,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemEdit {
    Done(ShoppingItem),
    NotFound,
    /// The text has changed meanwhile. This is the item as it is now.
    Changed(ShoppingItem),
}

impl ChangeShoppingItem {
    /// The item after the change.
    pub(crate) fn apply(self, item: ShoppingItem, now: Timestamp) -> ItemEdit {
        if self.version.is_some_and(|version| version != item.version) {
            return ItemEdit::Changed(item);
        }
        let ticked_at = match self.ticked {
            None => item.ticked_at,
            Some(true) => item.ticked_at.or(Some(now)),
            Some(false) => None,
        };
        let (text, version) = match self.text {
            Some(text) if text != item.text => (text, item.version.saturating_add(1)),
            _ => (item.text, item.version),
        };
        ItemEdit::Done(ShoppingItem { id: item.id, text, version, ticked_at })
    }
}

/// An item that is not ticked, as new lines are added to it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OpenItem {
    pub(crate) id: ShoppingItemId,
    pub(crate) text: String,
    /// What it was made of, a source a line.
    pub(crate) sources: Option<String>,
}

/// What new lines do to a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Addition {
    /// Items whose text becomes a sum, or that have another source.
    pub(crate) changed: Vec<OpenItem>,
    pub(crate) added: Vec<OpenItem>,
}

/// Sources that an item keeps: the newest ones.
const SOURCES_KEPT: usize = 100;

impl NewShoppingLines {
    /// The lines that are added to a list whose items have these sources. The sources of an item are known as long as it is in the
    /// list, ticked or not.
    pub(crate) fn wanted(&self, in_list: &[String]) -> Vec<&NewShoppingLine> {
        let known: HashSet<&str> = in_list.iter().flat_map(|sources| sources.lines()).collect();
        let is_known = |line: &NewShoppingLine| line.source.as_deref().is_some_and(|it| known.contains(it));
        self.lines.iter().filter(|line| self.again || !is_known(line)).collect()
    }
}

/// Adds a source to those of an item.
fn with_source(sources: Option<String>, source: &str) -> String {
    let sources = sources.unwrap_or_default();
    let former = sources.lines().filter(|former| *former != source);
    let mut all: Vec<_> = former.chain([source]).collect();
    all.drain(..all.len().saturating_sub(SOURCES_KEPT));
    all.join("\n")
}

/// `open` are the items that are not ticked. `None`: there would be more than [`MAX_SHOPPING_ITEMS`].
pub(crate) fn addition(open: Vec<OpenItem>, new: &[&NewShoppingLine]) -> Option<Addition> {
    struct Line {
        id: ShoppingItemId,
        parsed: ListLine,
        sources: Option<String>,
        is_changed: bool,
    }
    let old = open.len();
    let parsed = |OpenItem { id, text, sources }| Line {
        id,
        parsed: ListLine::parse(&text),
        sources,
        is_changed: false,
    };
    let mut lines: Vec<_> = open.into_iter().map(parsed).collect();
    for NewShoppingLine { id, text, decimal, source } in new {
        let line = ListLine::parse(text);
        let sum = lines.iter_mut().position(|known| {
            let Some(sum) = known.parsed.plus(&line, *decimal) else { return false };
            known.is_changed |= sum.text() != known.parsed.text();
            known.parsed = sum;
            true
        });
        let place = match sum {
            Some(place) => place,
            None if lines.len() >= MAX_SHOPPING_ITEMS as usize => return None,
            None => {
                lines.push(Line { id: *id, parsed: line, sources: None, is_changed: false });
                lines.len() - 1
            }
        };
        if let (Some(source), Some(item)) = (source, lines.get_mut(place)) {
            item.sources = Some(with_source(item.sources.take(), source));
            item.is_changed = true;
        }
    }
    let item = |Line { id, parsed, sources, .. }| OpenItem { id, text: parsed.into_text(), sources };
    let added = lines.split_off(old).into_iter().map(item).collect();
    let changed = lines.into_iter().filter(|line| line.is_changed).map(item).collect();
    Some(Addition { changed, added })
}

/// Shopping lists.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them. [`StoreError::ActorRevoked`] for changes if the actor is no
/// user, or the user's rights were revoked meanwhile.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// The list of the user's household: the items that are not ticked in the order in which they were added, then the ticked
    /// ones, of which the last one is first.
    pub async fn shopping_list(&self, user: UserId) -> Result<Vec<ShoppingItem>, StoreError> {
        match self {
            Self::Sqlite(db) => db.shopping_list(user).await,
            Self::Postgres(db) => db.shopping_list(user).await,
        }
    }

    /// Adds lines to the list of the actor's household: all or nothing. Lines of a source that is in the list already are left out,
    /// unless they are wanted again.
    pub async fn add_to_shopping_list(
        &self,
        new: NewShoppingLines,
        context: Context,
    ) -> Result<Listed, StoreError> {
        match self {
            Self::Sqlite(db) => db.add_to_shopping_list(new, context).await,
            Self::Postgres(db) => db.add_to_shopping_list(new, context).await,
        }
    }

    pub async fn change_shopping_item(
        &self,
        change: ChangeShoppingItem,
        context: Context,
    ) -> Result<ItemEdit, StoreError> {
        match self {
            Self::Sqlite(db) => db.change_shopping_item(change, context).await,
            Self::Postgres(db) => db.change_shopping_item(change, context).await,
        }
    }

    /// Says whether there was such an item.
    pub async fn remove_shopping_item(
        &self,
        id: ShoppingItemId,
        context: Context,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.remove_shopping_item(id, context).await,
            Self::Postgres(db) => db.remove_shopping_item(id, context).await,
        }
    }

    /// Removes all items, or those that are ticked.
    pub async fn clear_shopping_list(&self, only_ticked: bool, context: Context) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.clear_shopping_list(only_ticked, context).await,
            Self::Postgres(db) => db.clear_shopping_list(only_ticked, context).await,
        }
    }
}
