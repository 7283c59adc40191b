//! Recipes that are there already, by their content and by where they come from.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use ids::{RecipeId, UserId};
use recipes::{Content, Draft, Scalars};
use serde_json::{Map, Value};
use store::{MAX_PAGE_SIZE, Page, Store, StoreError, Viewer};

/// A hash of 128 bits: in a million recipes a false match has a chance of 1 to 10^26.
type Key = [u64; 2];

/// The recipes of a user or of all, as hashes: 100 bytes for each.
pub struct KnownRecipes {
    hashers: [RandomState; 2],
    contents: HashMap<Key, Option<RecipeId>>,
    /// By the address of the source and the name: a site may be the source of many recipes.
    sources: HashMap<Key, Option<RecipeId>>,
    /// By the address alone. `None`: several recipes have it.
    addresses: HashMap<Key, Option<RecipeId>>,
}

/// A recipe that is there already. Its id is unknown until it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Same {
    Content(Option<RecipeId>),
    Source(Option<RecipeId>),
}

impl Same {
    pub fn id(self) -> Option<RecipeId> {
        match self {
            Self::Content(id) | Self::Source(id) => id,
        }
    }
}

impl KnownRecipes {
    pub fn empty() -> Self {
        Self {
            hashers: [RandomState::new(), RandomState::new()],
            contents: HashMap::new(),
            sources: HashMap::new(),
            addresses: HashMap::new(),
        }
    }

    /// Reads the recipes of this owner, or of the whole store.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn of(store: &Store, owner: Option<UserId>) -> Result<Self, StoreError> {
        let mut known = Self::empty();
        let mut after = None;
        while let Some(page) = Page::new(after, MAX_PAGE_SIZE) {
            let listing = match owner {
                Some(owner) => store.recipes_of(owner, page).await?,
                None => store.recipes(page, Viewer::Admin, Vec::new()).await?,
            };
            for (id, json) in listing.rows.iter() {
                let fields: Option<Map<String, Value>> = serde_json::from_slice(json).ok();
                // A recipe beyond today's limits cannot come from a file.
                if let Some(draft) = fields.and_then(|fields| Draft::parse(&fields, Scalars::Typed).ok()) {
                    known.add(draft.content(), Some(id));
                }
            }
            after = listing.next;
            if after.is_none() {
                break;
            }
        }
        Ok(known)
    }

    /// The recipe with this content, or with this source and name. `by_address`: the name may be another one.
    pub fn find(&self, content: &Content, by_address: bool) -> Option<Same> {
        if let Some(id) = self.contents.get(&self.content(content)) {
            return Some(Same::Content(*id));
        }
        let [source, address] = self.source(content)?;
        let same = self.sources.get(&source).map(|id| Same::Source(*id));
        same.or_else(|| Some(Same::Source(Some((*self.addresses.get(&address)?)?))).filter(|_| by_address))
    }

    pub fn add(&mut self, content: &Content, id: Option<RecipeId>) {
        self.contents.insert(self.content(content), id);
        if let Some([source, address]) = self.source(content) {
            self.sources.insert(source, id);
            self.addresses
                .entry(address)
                .and_modify(|known| *known = known.filter(|it| Some(*it) == id))
                .or_insert(id);
        }
    }

    fn content(&self, content: &Content) -> Key {
        // Serializing a map with text keys cannot fail.
        self.key(&serde_json::to_string(content).unwrap_or_default())
    }

    fn source(&self, content: &Content) -> Option<[Key; 2]> {
        let url = content.source.as_ref()?.url.as_deref()?;
        let address = url.split('#').next().unwrap_or(url).trim_end_matches('/');
        Some([self.key(&format!("{address} {}", content.name.to_lowercase())), self.key(address)])
    }

    fn key(&self, text: &str) -> Key {
        self.hashers.each_ref().map(|hasher| hasher.hash_one(text))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn content(name: &str, url: &str) -> Content {
        let recipe = json!({
            "name": name, "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": null, "ingredients": [],
            "source": { "url": url },
        });
        Draft::parse(recipe.as_object().unwrap(), Scalars::Typed).unwrap().content().clone()
    }

    #[test]
    fn same_content_or_same_source_and_name_is_the_same_recipe() {
        let id = RecipeId::from_i64(7);
        let mut known = KnownRecipes::empty();
        known.add(&content("Soup", "https://a.example/soup"), id);
        let find = |known: &KnownRecipes, content: &Content, by_address| known.find(content, by_address);
        assert_eq!(find(&known, &content("Soup", "https://a.example/soup"), false), Some(Same::Content(id)));
        assert_eq!(
            find(&known, &content("soup", "https://a.example/soup/#top"), false),
            Some(Same::Source(id))
        );
        let renamed = content("Best soup", "https://a.example/soup");
        assert_eq!(
            (find(&known, &renamed, false), find(&known, &renamed, true)),
            (None, Some(Same::Source(id)))
        );
        assert_eq!(find(&known, &content("Soup", "https://b.example/soup"), true), None);

        known.add(&content("Bread", "https://a.example/soup"), RecipeId::from_i64(8));
        assert_eq!(find(&known, &renamed, true), None);
    }
}
