//! Recipes: parsing, limits, and the document that is stored and answered.
//!
//! A client sends a [`Draft`]; a [`Recipe`] is read. Both have the same [`Content`]; its fields are declared once.
//! Time and randomness are arguments. This crate contains no SQL and no HTTP.
//!
//! How a recipe is parsed, stored, answered and read:
//!
//! ```
//! use ids::{RecipeId, Uid};
//! use recipes::{ContentJson, Draft, Recipe, Scalars, ServerFields, write_recipe_json};
//!
//! let body = serde_json::json!({
//!     "name": "Chicken Vesuvio",
//!     "healthLabels": ["Sugar-Conscious"],
//!     "cookTimeMinutes": 60,
//!     "prepTimeMinutes": 10,
//!     "ingredients": ["1/2 cup olive oil"],
//! });
//! let draft = Draft::parse(body.as_object().unwrap(), Scalars::Typed).unwrap();
//!
//! // The use case writes the author's fields, and the store appends its own.
//! let now = "2024-05-01T12:00:00Z".parse().unwrap();
//! let uid = Uid::new(now, [7; 10]);
//! let server = ServerFields { owner: None, uid, revision: 1, created_at: now, updated_at: now };
//! let stored: String = ContentJson::new(draft.content()).finish(&server);
//!
//! let mut answer = Vec::new();
//! write_recipe_json(&mut answer, RecipeId::parse("1").unwrap(), &stored);
//! assert!(answer.starts_with(br#"{"id":1,"name":"Chicken Vesuvio","healthLabels":["#));
//!
//! let recipe = Recipe::from_json(&answer).unwrap();
//! assert_eq!(recipe.content.cook_time_minutes, Some(60));
//! ```

mod access;
pub mod allergens;
pub mod amounts;
mod attribution;
mod changes;
mod content;
mod document;
mod draft;
pub mod export;
mod extra;
mod field_error;
mod fields;
pub mod formats;
mod health_label;
mod images;
mod instruction;
mod language;
pub mod limits;
mod nutrition;
mod openapi;
mod patch;
mod quota;
mod rating;
mod reader;
mod recipe;
mod rules;
mod schema;
mod server_fields;
mod slug;
pub mod time;

pub use access::{EditRefusal, EditTerms, Editor, Ownerless, Precondition, RecipeState, Viewer};
pub use attribution::Attribution;
pub use changes::{FieldChanges, json_patch};
pub use content::{Content, Visibility};
pub use document::{ContentJson, write_recipe_json};
pub use draft::Draft;
pub use field_error::FieldError;
pub use formats::{ImportedHistory, ImportedRecipe};
pub use health_label::{HealthLabel, LabelPolicy};
pub use images::{Image, ImageSize, RecipeImages, SizedImage, StepImage, StoredImage, moved_steps};
pub use instruction::Instruction;
pub use nutrition::{Amount, Nutrition};
pub use openapi::recipe_schemas;
pub use patch::{PatchError, RecipePatch};
pub use quota::{Quota, Quotas, Usage};
pub use rating::{Average, Rating, Stars};
pub use reader::{Scalars, last_value};
pub use recipe::{CorruptRecipe, Recipe};
pub use server_fields::ServerFields;
pub use slug::slug;
