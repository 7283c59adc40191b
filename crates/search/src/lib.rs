//! The full-text index of recipes.
//!
//! The index is a cache of the store: it answers ids in an order, and the documents come from the store. It is fed with changes and
//! remembers up to which position of the store's changes it is complete. It can be deleted at any time.
//!
//! Who searches is an argument, and every method tells only of recipes that this viewer may read: also counts, suggestions and
//! corrections.
//!
//! ```
//! use recipes::{Draft, Recipe, Scalars, Viewer};
//! use search::{Filter, Order, RecipeIndex, Search};
//!
//! let recipe = Recipe::from_json(br#"{
//!     "id": 1, "name": "Tomato soup", "healthLabels": ["Vegan"], "cookTimeMinutes": 20, "prepTimeMinutes": 10,
//!     "ingredients": ["6 tomatoes"], "uid": "019b7954-1234-7abc-9def-0123456789ab", "revision": 1, "visibility": "public",
//!     "createdAt": "2026-01-01T12:00:00Z", "updatedAt": "2026-01-01T12:00:00Z"
//! }"#).unwrap();
//! let index = RecipeIndex::in_memory().unwrap();
//! let mut writer = index.writer().unwrap();
//! writer.put(&recipe).unwrap();
//! writer.commit(Some("1".into())).unwrap();
//!
//! let search = Search { text: "tomatoes", filter: &Filter::default(), viewer: Viewer::Anyone };
//! let hits = index.search(search, Order::Relevance, 20, None).unwrap();
//! assert_eq!(hits.ids, [recipe.id]);
//! ```

mod columns;
mod error;
mod facets;
mod fields;
mod filter;
mod forms;
mod index;
mod plan;
mod recipe_ids;
mod relevance;
mod search;
mod sorted;
mod spelling;
mod statistics;
mod text;
mod words;
mod writer;

pub use error::SearchError;
pub use facets::{Facet, Facets, TIME_RANGES};
pub use filter::{Filter, TagFilter};
pub use index::{Examined, RecipeIndex};
pub use recipe_ids::RecipeIds;
pub use recipes::slug;
pub use search::{Cursor, Hits, Order, Search, Suggestions};
pub use sorted::{Direction, SortKey};
pub use text::Text;
pub use writer::Writer;
