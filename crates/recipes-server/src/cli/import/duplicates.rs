//! Recognizes recipes that are in the database already, by their content.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use clap::ValueEnum;
use recipes::{Content, Draft, Scalars};
use serde_json::{Map, Value};
use store::{MAX_PAGE_SIZE, Page, Store, Viewer};

/// What happens to a recipe without a uid if the database has its content already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Duplicates {
    Skip,
    Copy,
}

/// The contents of all recipes, as hashes of 128 bits: in a million recipes a false match has a chance of 1 to 10^26.
pub(super) struct KnownContents {
    hashers: [RandomState; 2],
    seen: HashSet<[u64; 2]>,
}

impl KnownContents {
    /// Reads all recipes of the store.
    pub(super) async fn of(store: &Store) -> anyhow::Result<Self> {
        let mut known = Self { hashers: [RandomState::new(), RandomState::new()], seen: HashSet::new() };
        let mut after = None;
        while let Some(page) = Page::new(after, MAX_PAGE_SIZE) {
            let listing = store.recipes(page, Viewer::Admin, Vec::new()).await?;
            for (_, json) in listing.rows.iter() {
                let fields: Map<String, Value> = serde_json::from_slice(json)?;
                // A recipe beyond today's limits cannot come from a file.
                if let Ok(draft) = Draft::parse(&fields, Scalars::Typed) {
                    known.add(draft.content())?;
                }
            }
            after = listing.next;
            if after.is_none() {
                break;
            }
        }
        Ok(known)
    }

    /// Whether the content was not known before.
    pub(super) fn add(&mut self, content: &Content) -> anyhow::Result<bool> {
        let text = serde_json::to_string(content)?;
        Ok(self.seen.insert(self.hashers.each_ref().map(|hasher| hasher.hash_one(&text))))
    }
}
