//! Recipes of other programs: the bytes of a file in, drafts with a report out.
//!
//! [`Reader`] recognizes the format from the content and answers one [`Item`] after the other: a recipe or the reasons why it
//! is none, what was taken, what was left out by name, and warnings. It writes nothing, and has no clock and no network.
//!
//! ```
//! use formats::{Content, Input, Options, Reader};
//!
//! let page = br#"<script type="application/ld+json">{"@type": "Recipe", "name": "Soup",
//!     "recipeIngredient": ["1 l water"], "recipeInstructions": "Boil it.", "totalTime": "PT10M"}</script>"#;
//! let mut reader = Reader::open(Input::bytes(page), Options::default()).unwrap();
//! let item = reader.next_item().unwrap().unwrap();
//! let Ok(Content::Recipe(recipe)) = &item.content else { panic!("{item:?}") };
//! assert_eq!(recipe.draft.content().total_time_minutes, Some(10));
//! assert!(reader.next_item().unwrap().is_none());
//! ```

mod archive;
mod assemble;
mod cooklang;
mod csv;
mod document;
mod duration;
mod format;
mod front_matter;
mod html;
mod image_names;
mod layout;
mod lenient_json;
mod markdown;
mod marks;
mod mealie;
mod mealie_backup;
mod objects;
mod options;
mod paprika;
mod plain;
mod program;
mod reader;
mod recipe_keeper;
mod report;
mod schema_org;
mod tandoor;
mod text;
mod tokens;
mod yields;

pub use self::archive::ReadSeek;
pub use self::format::Format;
pub use self::image_names::{IMAGE_EXTENSIONS, dish_image_names, step_image_name};
pub use self::options::{Limits, Options};
pub use self::reader::{Input, Reader, is_skipped};
pub use self::report::{Content, Item, ItemImage, Place};
