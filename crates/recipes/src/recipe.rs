//! A recipe as it is read: for search, formats, scaling and comparisons.

use std::fmt;

use ids::RecipeId;
use serde_json::{Map, Value};

use crate::content::Content;
use crate::document::{ContentJson, write_recipe_json};
use crate::fields::{CorruptField, Fields, take};
use crate::images::RecipeImages;
use crate::rating::Rating;
use crate::server_fields::ServerFields;

/// A recipe that was read from the store or from an answer of the API.
///
/// Its content may exceed the [limits](crate::limits) and have unknown members, because another version of the program
/// may have written it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    pub id: RecipeId,
    pub content: Content,
    pub images: RecipeImages,
    pub server: ServerFields,
    /// `None` while no user has rated it.
    pub rating: Option<Rating>,
}

impl Recipe {
    /// Reads the JSON text of a whole recipe. Members that this version does not know are kept in
    /// [`Content::unknown`].
    ///
    /// # Errors
    /// [`CorruptRecipe`] if a field is missing or has a wrong type.
    pub fn from_json(text: &[u8]) -> Result<Self, CorruptRecipe> {
        let mut object: Map<String, Value> =
            serde_json::from_slice(text).map_err(|_| CorruptRecipe { id: None, field: None })?;
        let id = take::required(&mut object, "id")
            .map_err(|field| CorruptRecipe { id: None, field: Some(field) })?;
        let mut read = || {
            let (server, rating) = (ServerFields::take(&mut object)?, Rating::take(&mut object)?);
            let images = RecipeImages::take(&mut object)?;
            // Content is the last, because it also takes the unknown members.
            Ok(Self { id, server, images, rating, content: Content::take(&mut object)? })
        };
        read().map_err(|field| CorruptRecipe { id: Some(id), field: Some(field) })
    }

    /// The names of the members of a recipe, in the order in which they are written.
    pub fn member_names() -> impl Iterator<Item = &'static str> {
        let server = RecipeImages::NAMES.iter().chain(ServerFields::NAMES).chain(&[Rating::NAME]);
        ["id"].iter().chain(Content::NAMES).chain(server).copied()
    }

    /// Writes the recipe as it is answered. Unknown members come after the known ones of their object.
    pub fn to_json(&self) -> Vec<u8> {
        let mut text = Vec::new();
        let document = ContentJson::new(&self.content).with_images(&self.images);
        write_recipe_json(&mut text, self.id, document.finish(&self.server));
        if let Some(rating) = self.rating {
            rating.append_to(&mut text);
        }
        text
    }
}

/// A stored document is not a recipe. The error names the field and hides its value, which may be private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CorruptRecipe {
    /// `None` if the document does not tell.
    id: Option<RecipeId>,
    /// `None` if the document is not a JSON object.
    field: Option<CorruptField>,
}

impl fmt::Display for CorruptRecipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            Some(id) => write!(f, "recipe {id} is corrupt: ")?,
            None => f.write_str("a recipe is corrupt: ")?,
        }
        match self.field {
            Some(field) => field.fmt(f),
            None => f.write_str("the document is not a JSON object"),
        }
    }
}

impl std::error::Error for CorruptRecipe {}
