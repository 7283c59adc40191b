//! What a recipe is.
//!
//! A [`Draft`] is what its author says of it. The store adds what only it knows, the [`Tail`](crate::Tail),
//! and both together are the finished JSON text that is stored and answered.

mod parse;
mod unknown;

use serde::Serialize;
use serde_json::{Map, Number, Value};

use crate::credit::Credit;
use crate::document::Document;
use crate::instruction::Instruction;
use crate::nutrition::Nutrition;

/// A recipe as its author wrote it, every field within its [limits](crate::limits).
///
/// All texts are kept as they were sent, to the last space. Serialized, it has the seed's five fields
/// first and in the seed's order; what is unset is left out, so that a client that knows only those
/// five sees only those five. An empty list is not unset: it was sent, and it is answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    name: String,
    health_labels: Vec<String>,
    cook_time_minutes: Option<u32>,
    prep_time_minutes: Option<u32>,
    ingredients: Vec<String>,

    #[serde(skip_serializing_if = "Option::is_none")]
    total_time_minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest_time_minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    servings: Option<Number>,
    #[serde(rename = "yield", skip_serializing_if = "Option::is_none")]
    yields: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<Vec<Instruction>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cuisine: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keywords: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nutrition: Option<Nutrition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<Credit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Credit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    difficulty: Option<u8>,
    #[serde(skip_serializing_if = "Visibility::is_public")]
    visibility: Visibility,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<Map<String, Value>>,
}

impl Draft {
    /// The finished text of everything that does not need the store to be known.
    pub fn to_document(&self) -> Document {
        Document::new(self)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn visibility(&self) -> Visibility {
        self.visibility
    }
}

/// Who finds a recipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Everybody, signed in or not.
    #[default]
    Public,
    /// Its owner and admins; for everybody else it does not exist.
    Private,
}

impl Visibility {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Public, Self::Private].into_iter().find(|visibility| visibility.as_str() == text)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_public(&self) -> bool {
        *self == Self::Public
    }
}
