//! What a serving contains: schema.org's `NutritionInformation`.

use serde::{Serialize, Serializer};
use serde_json::{Number, Value};

use crate::limits;
use crate::reader::Reader;
use crate::reader::line;

/// Each value is a number or a text ("240 calories", "9 g"): schema.org asks for the latter, and who
/// has only the former should not have to guess a unit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Nutrition(Vec<(&'static str, Amount)>);

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Amount {
    Number(Number),
    Text(String),
}

impl Nutrition {
    /// <https://schema.org/NutritionInformation>, without what every Thing has.
    pub(crate) const KEYS: [&str; 12] = [
        "calories",
        "carbohydrateContent",
        "cholesterolContent",
        "fatContent",
        "fiberContent",
        "proteinContent",
        "saturatedFatContent",
        "servingSize",
        "sodiumContent",
        "sugarContent",
        "transFatContent",
        "unsaturatedFatContent",
    ];

    pub(crate) fn read(r: &mut Reader, value: &Value) -> Option<Self> {
        let facts =
            r.object(value, "must be an object with schema.org's nutrition facts, such as calories")?;
        let amounts =
            Self::KEYS.into_iter().filter_map(|key| Some((key, r.optional(facts, key, Amount::read)?)));
        Some(Self(amounts.collect()))
    }
}

impl Amount {
    fn read(r: &mut Reader, value: &Value) -> Option<Self> {
        // A form's numbers stay text: there, "9" is as good a text as "9 g".
        if value.is_string() {
            return line(r, value).map(Self::Text);
        }
        let (min, max) = limits::NUTRITION.into_inner();
        let number = r.number(value).filter(|n| n.as_f64().is_some_and(|n| limits::NUTRITION.contains(&n)));
        r.demand(
            number.map(Self::Number),
            format_args!("must be a number from {min} to {max}, or text of 1 to {} characters", limits::LINE),
        )
    }
}

impl Serialize for Nutrition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, amount)| (key, amount)))
    }
}
