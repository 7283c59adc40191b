//! What a recipe is: parsing, limits, and the document that is stored and answered.
//!
//! Parsing is validation: a [`Draft`] has valid fields, because [`Draft::parse`] is the only way to make one. Time and
//! randomness are arguments. This crate contains no SQL and no HTTP.
//!
//! How a recipe is parsed, stored and answered:
//!
//! ```
//! use ids::{RecipeId, Uid};
//! use recipes::{Draft, Encoding, Tail, splice_id};
//!
//! let body = serde_json::json!({
//!     "name": "Chicken Vesuvio",
//!     "healthLabels": ["Sugar-Conscious"],
//!     "cookTimeMinutes": 60,
//!     "prepTimeMinutes": 10,
//!     "ingredients": ["1/2 cup olive oil"],
//! });
//! let draft = Draft::parse(body.as_object().unwrap(), Encoding::Json).unwrap();
//!
//! // The use case writes the text; the store adds the fields that only the store knows.
//! let now = "2024-05-01T12:00:00Z".parse().unwrap();
//! let uid = Uid::new(now, [7; 10]);
//! let tail = Tail { owner: None, uid, revision: 1, created_at: now, updated_at: now };
//! let stored: String = draft.to_document().finish(&tail);
//!
//! let mut answer = Vec::new();
//! splice_id(&mut answer, RecipeId::parse("1").unwrap(), &stored);
//! assert!(answer.starts_with(br#"{"id":1,"name":"Chicken Vesuvio","healthLabels":["#));
//! ```

mod access;
mod credit;
mod document;
mod draft;
mod extra;
mod instruction;
mod language;
pub mod limits;
mod nutrition;
mod origin;
mod problem;
mod reader;
pub mod time;

pub use access::{EditRefusal, Editor, Precondition, RecipeState, Viewer};
pub use document::{Document, Tail, splice_id};
pub use draft::{Draft, Visibility};
pub use origin::Origin;
pub use problem::Problem;
pub use reader::Encoding;
