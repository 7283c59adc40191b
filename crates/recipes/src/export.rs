//! Recipes as documents for other programs and for people: schema.org JSON-LD, Markdown, plain text, Cooklang.
//!
//! A format may have no place for a field. [`ExportFormat::lost_fields`] names what of a recipe it leaves out.

mod cooklang;
mod json_ld;
mod layout;
mod markdown;
mod plain_text;

use crate::content::{Content, Visibility};
use crate::recipe::Recipe;

pub use self::json_ld::{for_html, json_ld_value};

/// A format to write recipes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportFormat {
    /// `schema.org/Recipe`, as search engines and other recipe programs read it.
    JsonLd,
    Markdown,
    PlainText,
    /// <https://cooklang.org>
    Cooklang,
}

impl ExportFormat {
    pub const ALL: [Self; 4] = [Self::JsonLd, Self::Markdown, Self::PlainText, Self::Cooklang];

    /// The extension of a file, without its point.
    pub fn extension(self) -> &'static str {
        match self {
            Self::JsonLd => "jsonld",
            Self::Markdown => "md",
            Self::PlainText => "txt",
            Self::Cooklang => "cook",
        }
    }

    /// The recipe as a document in this format.
    pub fn write(self, recipe: &Recipe) -> String {
        match self {
            Self::JsonLd => json_ld::write(recipe),
            Self::Markdown => markdown::write(&recipe.content),
            Self::PlainText => plain_text::write(&recipe.content),
            Self::Cooklang => cooklang::write(&recipe.content),
        }
    }

    /// The fields of this recipe that the format has no place for, by their names in the API.
    pub fn lost_fields(self, content: &Content) -> Vec<&'static str> {
        let has_other_labels =
            content.health_labels.iter().any(|label| json_ld::diet_of_label(label).is_none());
        let lost = [
            ("healthLabels", self == Self::JsonLd && has_other_labels),
            ("restTimeMinutes", self == Self::JsonLd && content.rest_time_minutes.is_some()),
            ("difficulty", self == Self::JsonLd && content.difficulty.is_some()),
            ("nutrition", self == Self::Cooklang && content.nutrition.is_some()),
            ("visibility", content.visibility != Visibility::Public),
            ("extra", content.extra.as_ref().is_some_and(|extra| !extra.is_empty())),
            ("unknown fields", !content.unknown.is_empty()),
        ];
        lost.into_iter().filter(|(_, is_lost)| *is_lost).map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests;
