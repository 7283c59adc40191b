//! Conversion between metric and US customary units.
//!
//! Only units that mean one thing are converted: g, kg, oz, lb, ml, cl, dl, l, fl oz, cup, tbsp, tsp. The volumes are those of
//! US nutrition labels (21 CFR 101.9(b)(5)(viii)): a cup is 240 ml, a tablespoon 15 ml, a teaspoon 5 ml, a fluid ounce 30 ml.
//! Pints and gallons are not converted, because the British ones differ. A volume never becomes a weight.

use std::fmt;

use serde::Serialize;

use super::number::{Format, Style, three_digits};
use super::ratio::Ratio;
use super::scan::Found;
use super::{IngredientLine, edited};

/// A system of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitSystem {
    Metric,
    /// US customary units.
    Imperial,
}

impl UnitSystem {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "metric" => Some(Self::Metric),
            "imperial" => Some(Self::Imperial),
            _ => None,
        }
    }
}

impl fmt::Display for UnitSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metric => "metric",
            Self::Imperial => "imperial",
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Grams,
    Millilitres,
}

/// What a unit is in grams or millilitres, and its system.
pub(super) fn convertible(code: &str) -> Option<(Measure, Ratio, UnitSystem)> {
    use Measure::{Grams, Millilitres};
    use UnitSystem::{Imperial, Metric};
    let (measure, system, digits, places) = match code {
        "mg" => (Grams, Metric, 1, 3),
        "g" => (Grams, Metric, 1, 0),
        "hg" => (Grams, Metric, 100, 0),
        "kg" => (Grams, Metric, 1_000, 0),
        "liang" => (Grams, Metric, 50, 0),
        "jin" | "lb-de" => (Grams, Metric, 500, 0),
        "oz" => (Grams, Imperial, 28_349_523_125, 9),
        "lb" => (Grams, Imperial, 45_359_237, 5),
        "ml" => (Millilitres, Metric, 1, 0),
        "cl" => (Millilitres, Metric, 10, 0),
        "dl" => (Millilitres, Metric, 100, 0),
        "l" => (Millilitres, Metric, 1_000, 0),
        "fl-oz" => (Millilitres, Imperial, 30, 0),
        "cup" => (Millilitres, Imperial, 240, 0),
        "tbsp" => (Millilitres, Imperial, 15, 0),
        "tsp" => (Millilitres, Imperial, 5, 0),
        _ => return None,
    };
    Some((measure, Ratio::decimal(digits, places)?, system))
}

/// A unit to write, its size in grams or millilitres, and how values are rounded.
struct Target {
    unit: &'static str,
    plural: &'static str,
    size: Ratio,
    rounding: Rounding,
}

enum Rounding {
    ThreeDigits,
    /// To a whole number.
    Whole,
    Quarters,
    /// To thirds, quarters and eighths.
    Cups,
}

impl IngredientLine<'_> {
    /// The line in the other system of units; `None` if it has nothing to convert, or already has an amount in this system.
    pub fn converted(&self, to: UnitSystem, decimal: char) -> Option<String> {
        let systems = self.found.iter().filter_map(|found| convertible(found.unit.as_ref()?.word.code));
        let mut has_other = false;
        for (_, _, system) in systems {
            if system == to {
                return None;
            }
            has_other = true;
        }
        if !has_other {
            return None;
        }
        let edits = self.found.iter().filter(|found| found.tail.is_none()).filter_map(|found| {
            let unit = found.unit.as_ref().filter(|unit| unit.span.end <= found.end)?;
            let converted = self.converted_amount(found, to, decimal)?;
            Some((found.start()..unit.span.end, converted))
        });
        Some(edited(self.text, edits.collect()))
    }

    fn converted_amount(&self, found: &Found, to: UnitSystem, decimal: char) -> Option<String> {
        let (measure, size, _) = convertible(found.unit.as_ref()?.word.code)?;
        let low = found.low.value.times(size)?;
        let high = found.high.as_ref().map(|high| high.value.times(size));
        let most = match high {
            Some(high) => high?,
            None => low,
        };
        let target = target(measure, to, most)?;
        let format = Format {
            decimal: match found.low.style {
                Style::Decimal(separator) => separator,
                _ => decimal,
            },
            has_vulgar: matches!(found.low.style, Style::Vulgar { .. }),
            decimals: matches!(target.rounding, Rounding::ThreeDigits | Rounding::Whole),
        };
        let write = |value: Ratio| {
            let value = target.rounded(value.divided_by(target.size)?)?;
            Some(format.write(value, &Style::Whole, self.text))
        };
        let number = match high {
            Some(high) => format!("{}-{}", write(low)?, write(high?)?),
            None => write(low)?,
        };
        let is_plural = most.divided_by(target.size)? > Ratio::ONE;
        Some(format!("{number} {}", if is_plural { target.plural } else { target.unit }))
    }
}

/// The unit for an amount of so many grams or millilitres.
fn target(measure: Measure, to: UnitSystem, amount: Ratio) -> Option<Target> {
    let target = |unit, size, rounding| Target { unit, plural: unit, size, rounding };
    let below = |limit| amount < Ratio::whole(limit);
    let size = |code| convertible(code).map(|(_, size, _)| size);
    let metric = |small, large| {
        if below(10) {
            target(small, Ratio::ONE, Rounding::ThreeDigits)
        } else if below(1_000) {
            target(small, Ratio::ONE, Rounding::Whole)
        } else {
            target(large, Ratio::whole(1_000), Rounding::ThreeDigits)
        }
    };
    Some(match (to, measure) {
        (UnitSystem::Metric, Measure::Grams) => metric("g", "kg"),
        (UnitSystem::Metric, Measure::Millilitres) => metric("ml", "l"),
        (UnitSystem::Imperial, Measure::Grams) if below(28) => {
            target("oz", size("oz")?, Rounding::ThreeDigits)
        }
        (UnitSystem::Imperial, Measure::Grams) if below(450) => target("oz", size("oz")?, Rounding::Quarters),
        (UnitSystem::Imperial, Measure::Grams) => target("lb", size("lb")?, Rounding::ThreeDigits),
        (UnitSystem::Imperial, Measure::Millilitres) if below(15) => {
            target("tsp", size("tsp")?, Rounding::Quarters)
        }
        (UnitSystem::Imperial, Measure::Millilitres) if below(60) => {
            target("tbsp", size("tbsp")?, Rounding::Quarters)
        }
        (UnitSystem::Imperial, Measure::Millilitres) => {
            let cups = Target { unit: "cup", plural: "cups", size: size("cup")?, rounding: Rounding::Cups };
            if cups.is_near(amount) { cups } else { target("fl oz", size("fl-oz")?, Rounding::Quarters) }
        }
    })
}

impl Target {
    fn rounded(&self, value: Ratio) -> Option<Ratio> {
        let step = |denominator| Ratio::new(1, denominator);
        match self.rounding {
            Rounding::ThreeDigits => {
                let value = three_digits(value)?;
                value.rounded_to(step(100)?).filter(|it| !it.is_zero()).or(Some(value))
            }
            Rounding::Whole => value.rounded_to(Ratio::ONE),
            Rounding::Quarters => {
                // A spoon has an eighth, too.
                let fine = if value < Ratio::ONE { step(8)? } else { step(4)? };
                value.rounded_to(fine).filter(|it| !it.is_zero()).or_else(|| three_digits(value))
            }
            Rounding::Cups => {
                let candidates =
                    [3, 8].into_iter().filter_map(|denominator| value.rounded_to(step(denominator)?));
                candidates.min_by_key(|candidate| distance(*candidate, value))
            }
        }
    }

    /// Whether rounding changes the amount by less than three percent.
    fn is_near(&self, amount: Ratio) -> bool {
        let near = || {
            let value = amount.divided_by(self.size)?;
            let error = distance(self.rounded(value)?, value).divided_by(value)?;
            Some(error < Ratio::new(3, 100)?)
        };
        near() == Some(true)
    }
}

/// How far two values are apart. Values that are too large to compare are far apart.
fn distance(one: Ratio, other: Ratio) -> Ratio {
    let (low, high) = if one < other { (one, other) } else { (other, one) };
    let far = Ratio::whole(u64::MAX);
    let cross = || {
        let left = high.numerator().checked_mul(low.denominator())?;
        let right = low.numerator().checked_mul(high.denominator())?;
        Ratio::new(left.checked_sub(right)?, high.denominator().checked_mul(low.denominator())?)
    };
    cross().unwrap_or(far)
}
