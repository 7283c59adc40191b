//! What users think of a recipe: each gives it one to five stars.

use std::fmt;
use std::io::Write as _;
use std::ops::RangeInclusive;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::fields::{CorruptField, take};

/// The stars that one user gives: 1 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stars(u8);

impl Stars {
    pub const RANGE: RangeInclusive<u8> = 1..=5;

    /// `None` if it is no such number.
    pub fn new(number: i64) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| Self::RANGE.contains(number)).map(Self)
    }

    pub fn get(self) -> u8 {
        self.0
    }
}

/// The mean of the stars, and the number of users who gave some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rating {
    average: Average,
    count: u32,
}

/// A mean of stars, rounded to two decimal places: `4`, `4.5`, `4.33`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Average {
    hundredths: u16,
}

impl Rating {
    /// The name of the member of a recipe. The server writes it; it is not stored in the document.
    pub(crate) const NAME: &'static str = "rating";

    /// The bytes that [`append_to`](Self::append_to) adds at most.
    pub const JSON_BYTES: usize = 64;

    /// Of so many users, who gave this many stars together. `None` without users.
    pub fn of(count: i64, sum: i64) -> Option<Self> {
        // Halves are rounded up.
        let hundredths = sum.checked_mul(200)?.checked_add(count)?.checked_div(count.checked_mul(2)?)?;
        let average = Average { hundredths: u16::try_from(hundredths.clamp(100, 500)).ok()? };
        (count > 0).then(|| Self { average, count: u32::try_from(count).unwrap_or(u32::MAX) })
    }

    pub fn average(self) -> Average {
        self.average
    }

    pub fn count(self) -> u32 {
        self.count
    }

    /// Adds the member to the JSON text of a whole recipe, as the last one.
    pub fn append_to(self, recipe: &mut Vec<u8>) {
        let Self { average, count } = self;
        // The closing brace.
        recipe.pop();
        // Writing to a Vec does not fail.
        let _ = write!(recipe, ",\"{}\":{{\"average\":{average},\"count\":{count}}}}}", Self::NAME);
    }

    /// Takes the member out of a whole recipe.
    pub(crate) fn take(recipe: &mut Map<String, Value>) -> Result<Option<Self>, CorruptField> {
        take::optional(recipe, Self::NAME)
    }

    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let average = Average::parse(&value.get("average")?.as_number()?.to_string())?;
        let count = u32::try_from(value.get("count")?.as_u64()?).ok()?;
        (count > 0).then_some(Self { average, count })
    }

    pub(crate) fn schema() -> Value {
        json!({
            "type": "object",
            "description": "What users think of the recipe. Left out while there is no rating. It is no part of a revision",
            "required": ["average", "count"],
            "properties": {
                "average": {
                    "type": "number", "minimum": 1, "maximum": 5,
                    "description": "The mean of all ratings, rounded to two decimal places"
                },
                "count": { "type": "integer", "format": "int64", "minimum": 1, "description": "The number of ratings" }
            },
            "example": { "average": 4.33, "count": 12 }
        })
    }
}

impl<'de> Deserialize<'de> for Rating {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_json(&value).ok_or_else(|| D::Error::custom("no rating"))
    }
}

impl Average {
    /// 100 to 500.
    pub fn hundredths(self) -> u16 {
        self.hundredths
    }

    pub fn as_f64(self) -> f64 {
        f64::from(self.hundredths) / 100.0
    }

    /// A number with at most two decimal places.
    fn parse(text: &str) -> Option<Self> {
        let (whole, places) = text.split_once('.').unwrap_or((text, ""));
        if places.len() > 2 {
            return None;
        }
        let hundredths = format!("{whole}{places:0<2}").parse().ok()?;
        (100..=500).contains(&hundredths).then_some(Self { hundredths })
    }
}

impl fmt::Display for Average {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, places) = (self.hundredths / 100, self.hundredths % 100);
        match (places / 10, places % 10) {
            (0, 0) => write!(f, "{whole}"),
            (tenths, 0) => write!(f, "{whole}.{tenths}"),
            (tenths, hundredths) => write!(f, "{whole}.{tenths}{hundredths}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_rating(count: i64, sum: i64) -> String {
        let mut recipe = br#"{"id":1,"name":"Soup"}"#.to_vec();
        Rating::of(count, sum).unwrap().append_to(&mut recipe);
        String::from_utf8(recipe).unwrap()
    }

    #[test]
    fn average_is_exact_and_rounded_to_two_places() {
        for (count, sum, average) in [
            (1, 4, "4"),
            (2, 9, "4.5"),
            (3, 13, "4.33"),
            (3, 14, "4.67"),
            (8, 37, "4.63"),
            (200, 999, "5"),
            (200, 998, "4.99"),
            (1_000_000, 4_049_999, "4.05"),
        ] {
            let rating = Rating::of(count, sum).unwrap();
            assert_eq!((rating.average().to_string().as_str(), i64::from(rating.count())), (average, count));
        }
        assert_eq!(
            (Rating::of(0, 0), Rating::of(-1, -5), Rating::of(i64::MAX, i64::MAX)),
            (None, None, None)
        );
    }

    #[test]
    fn member_is_written_as_the_last_one_and_taken_out_again() {
        let text = with_rating(3, 13);
        assert_eq!(text, r#"{"id":1,"name":"Soup","rating":{"average":4.33,"count":3}}"#);
        for (count, sum) in [(1, 5), (3, 13), (7, 12), (10, 13), (4_000_000_000, 6_000_000_000)] {
            let mut recipe = serde_json::from_str(&with_rating(count, sum)).unwrap();
            assert_eq!(Rating::take(&mut recipe), Ok(Rating::of(count, sum)));
            assert_eq!((recipe.len(), Rating::take(&mut recipe)), (2, Ok(None)));
        }
        let longest = with_rating(i64::from(u32::MAX), i64::from(u32::MAX) * 4 + 1_000_000_000);
        assert!(longest.len() <= r#"{"id":1,"name":"Soup"}"#.len() + Rating::JSON_BYTES, "{longest}");
    }

    #[test]
    fn what_is_no_rating_is_told_apart() {
        for value in [
            json!(4),
            json!({"average": 4.333, "count": 1}),
            json!({"average": 0.5, "count": 1}),
            json!({"average": 5.01, "count": 1}),
            json!({"average": "4", "count": 1}),
            json!({"average": 4, "count": 0}),
            json!({"average": 4, "count": -1}),
            json!({"average": 4}),
            json!({"average": 1e300, "count": 1}),
        ] {
            assert_eq!(Rating::from_json(&value), None, "{value}");
            let mut recipe = Map::from_iter([("rating".to_owned(), value)]);
            assert_eq!(Rating::take(&mut recipe), Err(CorruptField("rating")));
        }
        let mut unrated = Map::from_iter([("rating".to_owned(), json!(null))]);
        assert_eq!(Rating::take(&mut unrated), Ok(None));
        assert_eq!(Rating::from_json(&json!({"average": 4.0, "count": 2})), Rating::of(2, 8));
    }

    #[test]
    fn stars_are_one_to_five() {
        let numbers = (-300..300).filter_map(Stars::new).map(Stars::get);
        assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    }
}
