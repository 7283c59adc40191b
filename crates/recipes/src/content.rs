//! The fields of a recipe that its author writes.

use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value, json};

use crate::attribution::{Attribution, AttributionRule};
use crate::extra::ExtraRule;
use crate::fields::fields;
use crate::instruction::{Instruction, InstructionRule};
use crate::language::LanguageRule;
use crate::limits;
use crate::nutrition::{Nutrition, NutritionRule};
use crate::reader::{FieldReader, Reported, Rule, trim};
use crate::rules::{LINE, Lines, List, MINUTES, Text, WholeNumber};
use crate::schema::View;

fields! {
    /// The author's part of a recipe. This is the one list of its fields: parsing, the hints on unknown fields, the
    /// stored document, [`Recipe`](crate::Recipe) and the JSON Schema follow from it.
    ///
    /// White space around texts is removed; inside they are kept as they were sent. The first five fields are those of the
    /// original API, in its order. Unset optional fields are left out of the document, so that a client of the original API
    /// sees only those five. An empty list is not unset: the client sent it, and gets it back.
    pub struct Content {
        /// The name of the dish.
        name: String = required("name", NAME);
        /// Diets that the recipe suits, as in "Vegan" or "Peanut-Free".
        health_labels: Vec<String> = required("healthLabels", HEALTH_LABELS);
        /// Minutes of cooking; null if not stated.
        cook_time_minutes: Option<u32> = nullable("cookTimeMinutes", MINUTES);
        /// Minutes of preparation; null if not stated.
        prep_time_minutes: Option<u32> = nullable("prepTimeMinutes", MINUTES);
        /// The ingredients with their amounts. A text with line breaks is one ingredient for each line.
        ingredients: Vec<String> = required("ingredients", INGREDIENTS);
        /// Minutes from start to finish.
        total_time_minutes: Option<u32> = optional("totalTimeMinutes", MINUTES);
        /// Minutes in which the dish rests, rises or marinates.
        rest_time_minutes: Option<u32> = optional("restTimeMinutes", MINUTES);
        /// About the dish, in one or more paragraphs.
        description: Option<String> = optional("description", DESCRIPTION);
        /// For how many people.
        servings: Option<Number> = optional("servings", ServingsRule);
        /// What the recipe makes, as in "24 cookies".
        yields: Option<String> = optional("yield", LINE);
        /// The steps of the preparation. A step that is sent as text is answered as an object; each of its lines is one.
        instructions: Option<Vec<Instruction>> = optional("instructions", INSTRUCTIONS);
        /// Kinds of dish or meal, as in "dessert".
        category: Option<Vec<String>> = optional("category", TAGS);
        /// Cuisines, as in "Italian".
        cuisine: Option<Vec<String>> = optional("cuisine", TAGS);
        /// Other words to find the recipe by.
        keywords: Option<Vec<String>> = optional("keywords", TAGS);
        /// Equipment that the recipe needs.
        tools: Option<Vec<String>> = optional("tools", TAGS);
        /// Nutrition facts of one serving.
        nutrition: Option<Box<Nutrition>> = optional("nutrition", NutritionRule);
        /// The person or organization that wrote the recipe.
        author: Option<Attribution> = optional("author", AttributionRule);
        /// Where the recipe was found.
        source: Option<Attribution> = optional("source", AttributionRule);
        /// The licence of the text.
        license: Option<String> = optional("license", LINE);
        /// The language of the text: a BCP 47 tag.
        language: Option<String> = optional("language", LanguageRule);
        /// From 1, easy, to 5, difficult.
        difficulty: Option<u8> = optional("difficulty", DIFFICULTY);
        /// Public, or private: only its owner and administrators can see the recipe.
        visibility: Visibility = defaulted("visibility", VisibilityRule);
        /// Free JSON, at most 16 KiB and 32 levels deep.
        extra: Option<Map<String, Value>> = optional("extra", ExtraRule);
        ..unknown
    }
}

const HEALTH_LABELS: List<Text> =
    List { max: limits::HEALTH_LABELS, item: Text { lines: Lines::One, max: limits::HEALTH_LABEL } };
const INGREDIENTS: List<Text> =
    List { max: limits::INGREDIENTS, item: Text { lines: Lines::One, max: limits::INGREDIENT } };
const INSTRUCTIONS: List<InstructionRule> = List { max: limits::STEPS, item: InstructionRule };
const TAGS: List<Text> = List { max: limits::TAGS, item: Text { lines: Lines::One, max: limits::TAG } };
const DESCRIPTION: Text = Text { lines: Lines::Many, max: limits::DESCRIPTION };
const DIFFICULTY: WholeNumber<u8> = WholeNumber { range: limits::DIFFICULTY, expected: "a whole number" };

/// Which callers can see a recipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// All callers, logged in or not.
    #[default]
    Public,
    /// Users who have logged in. For other callers the recipe does not exist.
    Members,
    /// The owner and administrators. For other callers the recipe does not exist.
    Private,
}

const NAME: Text = Text { lines: Lines::One, max: limits::NAME };

struct ServingsRule;

impl Rule for ServingsRule {
    type Value = Number;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<Number, Reported> {
        let in_range = |n: &Number| n.as_f64().is_some_and(|n| n > 0.0 && n <= f64::from(limits::SERVINGS));
        let servings = r.number(value).filter(in_range);
        r.expect(
            servings,
            format_args!("must be a number above 0, at most {}, or null if not stated", limits::SERVINGS),
        )
    }

    fn schema(&self, view: View) -> Value {
        match view {
            View::Draft => json!({ "type": "number", "exclusiveMinimum": 0, "maximum": limits::SERVINGS }),
            View::Stored => json!({ "type": "number" }),
        }
    }
}

struct VisibilityRule;

impl Rule for VisibilityRule {
    type Value = Visibility;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<Visibility, Reported> {
        let value = value.as_str().map(|text| trim(text).into_deserializer());
        let visibility =
            value.and_then(|text: StrDeserializer<'_, ValueError>| Visibility::deserialize(text).ok());
        r.expect(visibility, "must be \"public\", \"members\" or \"private\"")
    }

    fn schema(&self, _: View) -> Value {
        json!({ "type": "string", "enum": [Visibility::Public, Visibility::Members, Visibility::Private] })
    }
}
