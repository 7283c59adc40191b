//! A recipe as a client sends it.

use serde_json::{Map, Value};

use crate::content::Content;
use crate::field_error::FieldError;
use crate::fields::Fields;
use crate::images::RecipeImages;
use crate::rating::Rating;
use crate::reader::{FieldReader, Scalars};
use crate::server_fields::ServerFields;

/// A valid [`Content`]: every field is within its [limits](crate::limits), because [`Draft::parse`] is the only way to
/// make one.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft(Content);

impl Draft {
    /// Parses a whole recipe.
    ///
    /// Unknown fields and the server's fields are ignored; [`Draft::unknown_fields`] lists the former.
    ///
    /// # Errors
    /// Every error of the body at once.
    pub fn parse(body: &Map<String, Value>, scalars: Scalars) -> Result<Self, Vec<FieldError>> {
        let mut reader = FieldReader::new(scalars);
        let content = Content::read(&mut reader, body);
        reader.finish(content).map(Self)
    }

    /// One error for every member that [`Draft::parse`] ignores, also inside of fields.
    ///
    /// The server's own fields are known: a client may send back the document that it was answered. A `rating` of another form is
    /// one of another program.
    pub fn unknown_fields(body: &Map<String, Value>) -> Vec<FieldError> {
        let mut reader = FieldReader::new(Scalars::Typed);
        let mut server_fields = [&["id"], RecipeImages::NAMES, ServerFields::NAMES].concat();
        if body.get(Rating::NAME).is_some_and(|rating| Rating::from_json(rating).is_some()) {
            server_fields.push(Rating::NAME);
        }
        Content::report_unknown(&mut reader, body, &server_fields);
        reader.into_errors()
    }

    /// With members that another version of the program has written.
    pub(crate) fn with_unknown(mut self, unknown: Map<String, Value>) -> Self {
        self.0.unknown = unknown;
        self
    }

    pub fn health_labels(&self) -> impl Iterator<Item = &str> {
        self.0.health_labels.iter().map(String::as_str)
    }

    pub fn content(&self) -> &Content {
        &self.0
    }
}

#[cfg(test)]
mod tests;
