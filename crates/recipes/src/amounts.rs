//! The amounts of ingredient lines: read, scaled and converted.
//!
//! A line is kept as its author wrote it. [`IngredientLine::parse`] finds the numbers in it and decides which of them are
//! amounts of the food. [`IngredientLine::scaled`] changes only these, in the style in which they are written. All values are
//! exact fractions ([`Ratio`]); no floating-point number is used.
//!
//! ```
//! use recipes::amounts::{IngredientLine, Ratio};
//!
//! let scaled = |line: &str, scale: &str| {
//!     IngredientLine::parse(line).scaled(Ratio::parse(scale).unwrap(), '.')
//! };
//! assert_eq!(scaled("1/2 cup olive oil", "3"), "1 1/2 cups olive oil");
//! assert_eq!(scaled("2-3 Zwiebeln", "2"), "4-6 Zwiebeln");
//! assert_eq!(scaled("1 (14 oz) can tomatoes", "2"), "2 (14 oz) cans tomatoes");
//! ```

mod classify;
mod convert;
mod food;
mod number;
mod ratio;
mod scan;
mod sum;
mod temperature;
mod view;
mod words;

use std::ops::Range;

pub use self::convert::UnitSystem;
pub use self::ratio::Ratio;
pub use self::sum::ListLine;
pub use self::temperature::convert_temperatures;
pub use self::view::{
    AppliedView, RecipeView, Size, ViewError, ViewedRecipe, decimal_separator, parsed_ingredients,
};
pub(crate) use self::words::is_wide;

use serde::Serialize;

use self::classify::Role;
use self::number::{Format, Number, Style};
use self::scan::{Found, unit_after};
use self::words::{Kind, UnitWord};

/// An ingredient line whose numbers are found.
#[derive(Clone, Debug)]
pub struct IngredientLine<'a> {
    text: &'a str,
    found: Vec<Found>,
    /// What each number is.
    roles: Vec<Role>,
}

/// An ingredient line in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParsedIngredient {
    /// The line as it is written.
    pub text: String,
    /// The amounts, in the order of the line. Several are alternatives, sums or sizes.
    pub amounts: Vec<ParsedAmount>,
    /// The measured food. `None` if the line has only amounts.
    pub food: Option<String>,
    /// What the line says besides: "finely chopped".
    pub note: Option<String>,
}

/// One amount of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParsedAmount {
    /// The amount, or the lower end of a range.
    pub quantity: Ratio,
    /// The upper end of a range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Ratio>,
    /// The code of the unit, such as `g` or `tbsp`. `None` for pieces.
    pub unit: Option<&'static str>,
    /// Whether the amount grows with the servings. The size of a can does not.
    pub scales: bool,
}

impl<'a> IngredientLine<'a> {
    /// Finds the amounts of a line, in English, German, French, Spanish, Italian or Chinese.
    pub fn parse(text: &'a str) -> Self {
        let mut found = scan::scan(text);
        let roles = classify::roles(text, &found);
        for index in 0..found.len() {
            if let Some(unit) = unit_behind_size(text, &found, &roles, index)
                && let Some(found) = found.get_mut(index)
            {
                found.unit = Some(unit);
            }
        }
        Self { text, found, roles }
    }

    /// Whether an amount grows with the servings.
    pub fn has_amount(&self) -> bool {
        self.roles.contains(&Role::Amount)
    }

    /// The line in parts.
    pub fn to_parsed(&self) -> ParsedIngredient {
        let amounts = self.found.iter().zip(&self.roles).filter(|(_, role)| **role != Role::Text);
        let amounts = amounts.map(|(found, role)| ParsedAmount {
            quantity: found.low.value,
            maximum: found.high.as_ref().map(|high| high.value),
            unit: found.unit.as_ref().map(|unit| unit.word.code),
            scales: *role == Role::Amount,
        });
        let parts = self.found.iter().zip(&self.roles).filter(|(_, role)| **role != Role::Text);
        let (food, note) = food::food_and_note(self.text, &parts.map(|(found, _)| found).collect::<Vec<_>>());
        ParsedIngredient { text: self.text.to_owned(), amounts: amounts.collect(), food, note }
    }

    /// The line for `scale` times the servings. `decimal` separates decimals where the line does not show how.
    pub fn scaled(&self, scale: Ratio, decimal: char) -> String {
        let mut edits: Vec<(Range<usize>, String)> = Vec::new();
        let scaling = self
            .found
            .iter()
            .zip(&self.roles)
            .filter(|(_, role)| **role == Role::Amount && scale != Ratio::ONE);
        for (found, _) in scaling {
            let Some(changed) = self.scaled_number(found, scale, decimal) else {
                return self.text.to_owned();
            };
            edits.extend(changed);
        }
        edited(self.text, edits)
    }

    /// A line that begins with its only amount, as it is written: the number, the unit and the rest.
    pub(crate) fn written_parts(&self) -> Option<(&'a str, &'a str, &'a str)> {
        let [found] = &self.found[..] else { return None };
        let is_plain = self.text.get(..found.start())?.trim().is_empty() && found.tail.is_none();
        let number_end = found.high.as_ref().unwrap_or(&found.low).span.end;
        let unit = found.unit.as_ref().map_or(Some(""), |unit| self.text.get(unit.span.clone()))?;
        // Adjectives between the number and its unit would be lost.
        let is_adjacent = found.unit.as_ref().is_none_or(|unit| {
            self.text.get(number_end..unit.span.start).is_some_and(|between| between.trim().is_empty())
        });
        let number = self.text.get(found.start()..number_end)?;
        (is_plain && is_adjacent).then_some((number, unit, self.text.get(found.end..)?.trim()))
    }

    fn scaled_number(
        &self,
        found: &Found,
        scale: Ratio,
        decimal: char,
    ) -> Option<Vec<(Range<usize>, String)>> {
        let format = self.format(found, decimal);
        let mut edits = Vec::new();
        for number in [Some(&found.low), found.high.as_ref()].into_iter().flatten() {
            let value = number.value.times(scale)?;
            edits.push((number.span.clone(), format.write(value, &number.style, self.text)));
        }
        if let Some(tail) = &found.tail {
            edits.push((tail.clone(), String::new()));
        }
        if let Some(unit) = &found.unit {
            let count = found.high.as_ref().unwrap_or(&found.low).value.times(scale)?;
            let written = self.text.get(unit.span.clone())?;
            let is_both = self.text.get(unit.span.end..)?.starts_with("(s)");
            if let Some(word) = inflected(unit.word, written, count).filter(|_| !is_both) {
                edits.push((unit.span.clone(), word));
            }
        }
        Some(edits)
    }

    fn format(&self, found: &Found, decimal: char) -> Format {
        let numbers =
            || self.found.iter().flat_map(|found| [Some(&found.low), found.high.as_ref()]).flatten();
        let separator = |number: &Number| match number.style {
            Style::Decimal(separator) => Some(separator),
            _ => None,
        };
        let is_metric = |word: &UnitWord| {
            ["mg", "g", "hg", "kg", "ml", "cl", "dl", "l", "jin", "liang"].contains(&word.code)
        };
        Format {
            decimal: numbers().find_map(separator).unwrap_or(decimal),
            has_vulgar: numbers().any(|number| matches!(number.style, Style::Vulgar { .. })),
            decimals: found
                .unit
                .as_ref()
                .is_some_and(|unit| is_metric(unit.word) || unit.word.singular.starts_with(is_wide)),
        }
    }
}

/// The word that follows a size: `1 (14 oz) can`, `1 15 oz can`, `1/4 (70 g) cup`.
fn unit_behind_size(text: &str, found: &[Found], roles: &[Role], index: usize) -> Option<scan::FoundUnit> {
    let one = found.get(index).filter(|one| one.unit.is_none())?;
    roles.get(index).filter(|role| **role == Role::Amount)?;
    let mut last = one;
    let mut is_again = false;
    for (next, role) in found.iter().zip(roles).skip(index + 1) {
        let between = text.get(last.end..next.start())?;
        is_again = *role == Role::Amount && next.is_measure() && next.parenthesis.is_some();
        if between.chars().any(char::is_alphabetic)
            || *role == Role::Text
            || (*role == Role::Amount && !is_again)
        {
            break;
        }
        last = next;
        if is_again {
            break;
        }
    }
    let behind = text.get(last.end..)?;
    let start = behind.find(|c: char| !matches!(c, ')' | '）' | ' ' | '-')).unwrap_or(behind.len());
    let unit = unit_after(text, last.end + start)?;
    let closing = behind.get(..start)?;
    let is_adjacent = last.start() != one.start() && closing.contains([' ', ')', '）']);
    let is_unit = match unit.word.kind {
        Kind::Container | Kind::Count | Kind::Household => true,
        Kind::Mass | Kind::Volume => is_again && closing.contains([')', '）']),
        _ => false,
    };
    (is_adjacent && is_unit).then_some(unit)
}

/// The unit in the number that the count demands: "cup" and "cups". `None` if it does not change.
fn inflected(word: &UnitWord, written: &str, count: Ratio) -> Option<String> {
    let is_plural = if word.plural_from_two { count >= Ratio::whole(2) } else { count > Ratio::ONE };
    let form = if is_plural { word.plural } else { word.singular };
    if word.singular == word.plural || form.eq_ignore_ascii_case(written) {
        return None;
    }
    let mut letters = form.chars();
    let first = letters.next()?;
    let is_capital = written.starts_with(char::is_uppercase);
    Some(if is_capital { first.to_uppercase().chain(letters).collect() } else { form.to_owned() })
}

/// The text with these parts replaced.
fn edited(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let (mut result, mut at) = (String::with_capacity(text.len() + 8), 0);
    for (range, new) in edits {
        result.push_str(text.get(at..range.start).unwrap_or_default());
        result.push_str(&new);
        at = range.end.max(at);
    }
    result.push_str(text.get(at..).unwrap_or_default());
    result
}

#[cfg(test)]
mod tests;
