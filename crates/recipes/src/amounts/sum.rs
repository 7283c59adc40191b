//! Adds up ingredient lines: `500 g flour` and `1 kg flour` are `1.5 kg flour`.
//!
//! Two lines are added up if they name the same food and their amounts have the same unit, or units of one dimension whose sum
//! is written exactly. A volume is never added to a weight, and pieces are added to neither. A sum whose text would be read as
//! another amount is not made, so nothing is rounded away and a list can be kept as text.

use super::IngredientLine;
use super::classify::Role;
use super::convert::{Measure, convertible};
use super::number::Format;
use super::ratio::Ratio;
use super::scan::Found;

/// The irregular plurals of foods. Others differ in a suffix.
const PLURALS: [(&str, &str); 16] = [
    ("ei", "eier"),
    ("apfel", "äpfel"),
    ("blatt", "blätter"),
    ("leaf", "leaves"),
    ("loaf", "loaves"),
    ("half", "halves"),
    ("uovo", "uova"),
    ("cipolla", "cipolle"),
    ("patata", "patate"),
    ("carota", "carote"),
    ("zucchina", "zucchine"),
    ("melanzana", "melanzane"),
    ("pomodoro", "pomodori"),
    ("limone", "limoni"),
    ("peperone", "peperoni"),
    ("spicchio", "spicchi"),
];

const SUFFIXES: [&str; 5] = ["s", "es", "n", "en", "x"];

/// Words of notes that say what the cook does with a food, not which food to buy. A note of only these words is no part of the food.
const PREPARATION: &str = include_str!("data/preparation.txt");

/// A line of a shopping list.
#[derive(Clone, Debug)]
pub struct ListLine {
    text: String,
    /// The words of the food, in small letters; those of the whole line if that has no amount.
    food: Vec<String>,
    has_amount: bool,
    /// A note that tells one food from another: "canned", "optional".
    kind: String,
    note: Option<String>,
    amounts: Vec<Amount>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Amount {
    low: Ratio,
    high: Option<Ratio>,
    unit: Option<&'static str>,
    scales: bool,
}

impl ListLine {
    pub fn parse(text: &str) -> Self {
        let parsed = IngredientLine::parse(text).to_parsed();
        let amounts: Vec<_> = parsed
            .amounts
            .iter()
            .map(|it| Amount { low: it.quantity, high: it.maximum, unit: it.unit, scales: it.scales })
            .collect();
        let has_amount = amounts.iter().any(|amount| amount.scales);
        let food = if amounts.is_empty() {
            words(text)
        } else {
            parsed.food.filter(|_| has_amount).map(|food| words(&food)).unwrap_or_default()
        };
        let kind = parsed.note.as_deref().filter(|note| !is_preparation(note)).map(words).unwrap_or_default();
        let (text, has_amount) = (text.trim().to_owned(), !amounts.is_empty());
        Self { text, food, has_amount, kind: kind.join(" "), note: parsed.note, amounts }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn into_text(self) -> String {
        self.text
    }

    /// Both lines in one, if they can be added up. Of equal lines without an amount one is enough. `decimal` separates decimals
    /// where the lines do not show how.
    pub fn plus(&self, other: &Self, decimal: char) -> Option<Self> {
        if !self.has_amount && !other.has_amount {
            return (self.food == other.food).then(|| self.clone());
        }
        if self.has_amount != other.has_amount
            || self.food.is_empty()
            || !is_same_food(&self.food, &other.food)
            || self.kind != other.kind
        {
            return None;
        }
        // The larger one has the food in the plural.
        let (large, small) = if first(self)? < first(other)? { (other, self) } else { (self, other) };
        large.proportional(small, decimal).or_else(|| {
            let ([one], [two]) = (&self.amounts[..], &other.amounts[..]) else { return None };
            if one.unit == two.unit {
                self.with_range(other, decimal)
            } else {
                self.converted(other, decimal)
            }
        })
    }

    /// The sum with a line of the same shape: each amount is the same multiple of its counterpart, and sizes are equal.
    fn proportional(&self, other: &Self, decimal: char) -> Option<Self> {
        if self.amounts.len() != other.amounts.len() {
            return None;
        }
        let mut factor = None;
        for (one, two) in self.amounts.iter().zip(&other.amounts) {
            if one.unit != two.unit || one.scales != two.scales || one.high.is_some() != two.high.is_some() {
                return None;
            }
            if !one.scales {
                if one != two {
                    return None;
                }
                continue;
            }
            for (one, two) in [(Some(one.low), Some(two.low)), (one.high, two.high)] {
                let (Some(one), Some(two)) = (one, two) else { continue };
                let of_this = two.divided_by(one).filter(|_| !one.is_zero())?;
                if *factor.get_or_insert(of_this) != of_this {
                    return None;
                }
            }
        }
        let scale = factor?.plus(Ratio::ONE)?;
        let wanted = self.amounts.iter().map(|amount| {
            let scale = if amount.scales { scale } else { Ratio::ONE };
            let high = match amount.high {
                Some(high) => Some(high.times(scale)?),
                None => None,
            };
            Some(Amount { low: amount.low.times(scale)?, high, ..amount.clone() })
        });
        let wanted = wanted.collect::<Option<Vec<_>>>()?;
        self.noted(other)
            .iter()
            .find_map(|text| self.checked(&IngredientLine::parse(text).scaled(scale, decimal), &wanted))
    }

    /// The sum of a range and an amount with the same unit.
    fn with_range(&self, other: &Self, decimal: char) -> Option<Self> {
        let (range, amount) = if first_amount(self)?.high.is_some() { (self, other) } else { (other, self) };
        let (one, two) = (first_amount(range)?, first_amount(amount)?);
        let low = one.low.plus(two.low)?;
        let high = one.high?.plus(two.high.unwrap_or(two.low))?;
        range.with_amount(amount, Amount { low, high: Some(high), ..one.clone() }, decimal)
    }

    /// The sum of amounts with different units of one dimension, in one of these units.
    fn converted(&self, other: &Self, decimal: char) -> Option<Self> {
        let of = |line: &Self| -> Option<(Measure, Ratio)> {
            let (measure, size, _) = convertible(first_amount(line)?.unit?)?;
            Some((measure, size))
        };
        let ((measure, one), (other_measure, two)) = (of(self)?, of(other)?);
        if measure != other_measure {
            return None;
        }
        let total = |end: fn(&Amount) -> Ratio| {
            let (mine, its) = (first_amount(self)?, first_amount(other)?);
            end(mine).times(one)?.plus(end(its).times(two)?)
        };
        let low = total(|amount| amount.low)?;
        let high = total(|amount| amount.high.unwrap_or(amount.low))?;
        let is_range = low != high;
        let (large, small) =
            if one < two { ((other, two), (self, one)) } else { ((self, one), (other, two)) };
        let in_unit = |(line, size): (&Self, Ratio), is_last: bool| {
            let (low, high) = (low.divided_by(size)?, high.divided_by(size)?);
            let amount = first_amount(line)?;
            let is_metric = matches!(amount.unit, Some("kg" | "l" | "dl" | "cl" | "g" | "ml"));
            let is_short =
                |value: Ratio| value.denominator() <= 4 || is_metric && value.to_decimal(3).is_some();
            let are_short = is_short(low) && is_short(high);
            if !is_last && !are_short {
                return None;
            }
            if amount.high.is_some() != is_range {
                return None;
            }
            let counterpart = if std::ptr::eq(line, self) { other } else { self };
            line.with_amount(
                counterpart,
                Amount { low, high: is_range.then_some(high), ..amount.clone() },
                decimal,
            )
        };
        in_unit(large, false).or_else(|| in_unit(small, true))
    }

    /// This line with another amount.
    fn with_amount(&self, other: &Self, amount: Amount, decimal: char) -> Option<Self> {
        let wanted = [amount];
        let [amount] = &wanted;
        self.noted(other).iter().find_map(|text| {
            let line = IngredientLine::parse(text);
            self.checked(&line.with_amount(amount.low, amount.high, decimal)?, &wanted)
        })
    }

    /// The texts to which an amount can be written, the best first: without a note if the other line has another one.
    fn noted(&self, other: &Self) -> Vec<String> {
        let mut texts = vec![self.text.clone()];
        if self.note != other.note
            && let Some(note) = &self.note
        {
            texts.insert(0, without_note(&self.text, note));
        }
        texts
    }

    /// A sum, if its text is read as this food in these amounts.
    fn checked(&self, text: &str, wanted: &[Amount]) -> Option<Self> {
        let sum = Self::parse(text);
        (sum.amounts == wanted && sum.kind == self.kind && is_same_food(&sum.food, &self.food)).then_some(sum)
    }
}

/// The first amount that scales.
fn first(line: &ListLine) -> Option<Ratio> {
    line.amounts.iter().find(|amount| amount.scales).map(|amount| amount.low)
}

fn first_amount(line: &ListLine) -> Option<&Amount> {
    line.amounts.first().filter(|amount| amount.scales)
}

impl IngredientLine<'_> {
    /// The line with its only amount replaced; a range by a range.
    fn with_amount(&self, low: Ratio, high: Option<Ratio>, decimal: char) -> Option<String> {
        let mut amounts = self.found.iter().zip(&self.roles).filter(|(_, role)| **role == Role::Amount);
        let (Some((found, _)), None) = (amounts.next(), amounts.next()) else { return None };
        let format = self.format(found, decimal);
        let mut edits = self.written(found, &format, low, high)?;
        if let Some(tail) = &found.tail {
            edits.push((tail.clone(), String::new()));
        }
        if let Some(unit) = &found.unit {
            let written = self.text.get(unit.span.clone())?;
            if let Some(word) = super::inflected(unit.word, written, high.unwrap_or(low)) {
                edits.push((unit.span.clone(), word));
            }
        }
        Some(super::edited(self.text, edits))
    }

    fn written(
        &self,
        found: &Found,
        format: &Format,
        low: Ratio,
        high: Option<Ratio>,
    ) -> Option<Vec<(std::ops::Range<usize>, String)>> {
        let mut edits = vec![(found.low.span.clone(), format.write(low, &found.low.style, self.text))];
        match (&found.high, high) {
            (Some(number), Some(high)) => {
                edits.push((number.span.clone(), format.write(high, &number.style, self.text)));
            }
            (None, None) => {}
            _ => return None,
        }
        Some(edits)
    }
}

fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '（' | '）'))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn is_same_food(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same_word(one, other))
}

/// Whether the words are equal, or one is the plural of the other.
fn is_same_word(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let with_suffix = || {
        let suffix = long.strip_prefix(short)?;
        (short.chars().count() >= 3 && SUFFIXES.contains(&suffix)).then_some(())
    };
    let with_ies = || {
        let stem = short.strip_suffix('y')?;
        (stem.chars().count() >= 3 && long.strip_prefix(stem)? == "ies").then_some(())
    };
    let is_pair = PLURALS.iter().any(|pair| *pair == (one, other) || *pair == (other, one));
    is_pair || with_suffix().or_else(with_ies).is_some()
}

fn is_preparation(note: &str) -> bool {
    words(note).iter().all(|word| {
        PREPARATION
            .lines()
            .filter(|line| !line.starts_with('#'))
            .any(|line| line.split(' ').any(|it| it == word))
    })
}

/// The text without the parts of its note.
fn without_note(text: &str, note: &str) -> String {
    let mut text = text.to_owned();
    for part in note.split("; ") {
        let Some(start) = text.rfind(part) else { continue };
        let (before, after) = (text.get(..start), text.get(start + part.len()..));
        let before = before.unwrap_or_default().trim_end().trim_end_matches(['(', '（', ',', '，', ' ']);
        let after = after.unwrap_or_default().trim_start_matches([')', '）', ' ']);
        text = if after.is_empty() { before.to_owned() } else { format!("{before} {after}") };
    }
    text
}

#[cfg(test)]
mod tests;
