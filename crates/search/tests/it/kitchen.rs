//! Recipes and an index for the tests.

use ids::{RecipeId, UserId};
use recipes::{Recipe, Viewer};
use search::{Cursor, Filter, Hits, Order, RecipeIndex, Search, Writer};
use serde_json::{Value, json};

pub(crate) const ALL: Viewer = Viewer::Admin;

pub(crate) struct Kitchen {
    pub(crate) index: RecipeIndex,
    pub(crate) writer: Writer,
}

impl Kitchen {
    pub(crate) fn new() -> Self {
        let index = RecipeIndex::in_memory().unwrap();
        let writer = index.writer().unwrap();
        Self { index, writer }
    }

    /// An index of recipes with these members besides the required ones, and the ids from 1.
    pub(crate) fn with(recipes: impl IntoIterator<Item = Value>) -> Self {
        let mut kitchen = Self::new();
        for (id, members) in (1..).zip(recipes) {
            kitchen.writer.put(&recipe(id, members)).unwrap();
        }
        kitchen.writer.commit(None).unwrap();
        kitchen
    }

    /// The ids of all hits, in their order.
    pub(crate) fn ids(&self, text: &str, filter: &Filter) -> Vec<i64> {
        self.ids_for(ALL, text, filter)
    }

    pub(crate) fn ids_for(&self, viewer: Viewer, text: &str, filter: &Filter) -> Vec<i64> {
        let hits = self.page(Search { text, filter, viewer }, Order::Relevance, 1_000, None);
        assert_eq!(hits.next, None);
        numbers(&hits)
    }

    /// The ids of the hits, sorted.
    pub(crate) fn set(&self, text: &str) -> Vec<i64> {
        let mut ids = self.ids(text, &Filter::default());
        ids.sort_unstable();
        ids
    }

    pub(crate) fn page(&self, search: Search<'_>, order: Order, limit: usize, after: Option<Cursor>) -> Hits {
        self.index.search(search, order, limit, after).unwrap()
    }

    /// All pages of this size, joined.
    pub(crate) fn pages(&self, search: Search<'_>, order: Order, limit: usize) -> Vec<i64> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let hits = self.page(search, order, limit, after);
            assert!(hits.ids.len() == limit || hits.next.is_none());
            ids.extend(numbers(&hits));
            // As a client sends it back.
            let Some(next) = hits.next else { return ids };
            after = Some(serde_json::from_str(&serde_json::to_string(&next).unwrap()).unwrap());
        }
    }
}

pub(crate) fn numbers(hits: &Hits) -> Vec<i64> {
    hits.ids.iter().map(|id| id.get()).collect()
}

pub(crate) fn user(id: i64) -> UserId {
    UserId::from_i64(id).unwrap()
}

/// A recipe; `members` are added to the required ones or replace them.
pub(crate) fn recipe(id: i64, members: Value) -> Recipe {
    let mut recipe = json!({
        "id": RecipeId::from_i64(id).unwrap().get(),
        "name": format!("Recipe {id}"),
        "healthLabels": [],
        "cookTimeMinutes": null,
        "prepTimeMinutes": null,
        "ingredients": [],
        "visibility": "public",
        "uid": format!("019b7954-1234-7abc-9def-{id:012}"),
        "revision": 1,
        "createdAt": "2026-01-01T12:00:00Z",
        "updatedAt": "2026-01-01T12:00:00Z",
    });
    let Value::Object(members) = members else { panic!("members of an object") };
    recipe.as_object_mut().unwrap().extend(members);
    Recipe::from_json(recipe.to_string().as_bytes()).unwrap()
}
