//! What a serving contains: schema.org's `NutritionInformation`.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};

use crate::fields::{Fields, fields};
use crate::limits;
use crate::reader::{FieldReader, Reported, Rule, is_blank_object};
use crate::rules::LINE;
use crate::schema::{View, component};

fields! {
    /// Nutrition facts of one serving, as in <https://schema.org/NutritionInformation>.
    pub struct Nutrition {
        calories: Option<Amount> = optional("calories", AmountRule);
        carbohydrate_content: Option<Amount> = optional("carbohydrateContent", AmountRule);
        cholesterol_content: Option<Amount> = optional("cholesterolContent", AmountRule);
        fat_content: Option<Amount> = optional("fatContent", AmountRule);
        fiber_content: Option<Amount> = optional("fiberContent", AmountRule);
        protein_content: Option<Amount> = optional("proteinContent", AmountRule);
        saturated_fat_content: Option<Amount> = optional("saturatedFatContent", AmountRule);
        serving_size: Option<Amount> = optional("servingSize", AmountRule);
        sodium_content: Option<Amount> = optional("sodiumContent", AmountRule);
        sugar_content: Option<Amount> = optional("sugarContent", AmountRule);
        trans_fat_content: Option<Amount> = optional("transFatContent", AmountRule);
        unsaturated_fat_content: Option<Amount> = optional("unsaturatedFatContent", AmountRule);
        ..unknown
    }
}

/// A number, or a text with a unit: "240 calories", "9 g". schema.org asks for text, but a program that has only the
/// number should not have to guess a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Amount {
    Number(Number),
    Text(String),
}

pub(crate) struct NutritionRule;

impl Rule for NutritionRule {
    type Value = Box<Nutrition>;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<Box<Nutrition>, Reported> {
        let expected = "must be an object with schema.org's nutrition facts, such as calories";
        let facts = r.expect(value.as_object(), expected)?;
        Nutrition::read(r, facts).map(Box::new)
    }

    fn is_blank(&self, value: &Value) -> bool {
        is_blank_object(value, Nutrition::NAMES)
    }

    fn schema(&self, view: View) -> Value {
        component(if view == View::Draft { "NutritionDraft" } else { "Nutrition" })
    }

    fn report_unknown(&self, r: &mut FieldReader, value: &Value) {
        if let Value::Object(facts) = value {
            Nutrition::report_unknown(r, facts, &[]);
        }
    }
}

struct AmountRule;

impl Rule for AmountRule {
    type Value = Amount;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<Amount, Reported> {
        // In a form, "9" stays text: it may be a text like "9 g".
        if value.is_string() {
            return LINE.read(r, value).map(Amount::Text);
        }
        let (min, max) = limits::NUTRITION.into_inner();
        let range = f64::from(min)..=f64::from(max);
        let number = r.number(value).filter(|n| n.as_f64().is_some_and(|n| range.contains(&n)));
        r.expect(
            number.map(Amount::Number),
            format_args!("must be a number from {min} to {max}, or text of 1 to {} characters", limits::LINE),
        )
    }

    fn schema(&self, view: View) -> Value {
        component(if view == View::Draft { "AmountDraft" } else { "Amount" })
    }
}

impl Amount {
    pub(crate) fn schema(view: View) -> Value {
        let (min, max) = limits::NUTRITION.into_inner();
        let number = match view {
            View::Draft => json!({ "type": "number", "minimum": min, "maximum": max }),
            View::Stored => json!({ "type": "number" }),
        };
        json!({ "description": "A number, or a text with a unit.", "oneOf": [number, LINE.schema(view)] })
    }
}
