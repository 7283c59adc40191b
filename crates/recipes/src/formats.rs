//! File formats of recipes.

mod json;
mod json_items;

pub use json::{ImportedHistory, ImportedRecipe};
pub use json_items::{Item, ItemError, JsonItems};
