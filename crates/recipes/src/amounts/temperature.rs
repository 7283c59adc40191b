//! Temperatures in the steps of a recipe.

use super::convert::UnitSystem;
use super::edited;
use super::number::{Format, Style};
use super::ratio::Ratio;
use super::scan::{Found, scan};

/// The text with its temperatures in the other scale, to the nearest 5 degrees; `None` if it has none to convert. A text that
/// names a temperature in both scales is not changed.
pub fn convert_temperatures(text: &str, to: UnitSystem) -> Option<String> {
    // Most steps have none, and finding the numbers costs more than this.
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let found = scan(text);
    let temperatures: Vec<(&Found, bool)> =
        found.iter().filter_map(|found| Some((found, is_fahrenheit(found)?))).collect();
    let wants_fahrenheit = to == UnitSystem::Imperial;
    if temperatures.is_empty() || temperatures.iter().any(|(_, fahrenheit)| *fahrenheit == wants_fahrenheit) {
        return None;
    }
    let edits = temperatures.into_iter().filter_map(|(found, fahrenheit)| {
        let convert = |value: Ratio| if fahrenheit { to_celsius(value) } else { to_fahrenheit(value) };
        let format = Format { decimal: '.', has_vulgar: false, decimals: true };
        let write = |value: Ratio| Some(format.write(convert(value)?, &Style::Whole, text));
        let unit = if fahrenheit { "°C" } else { "°F" };
        let number = match &found.high {
            Some(high) => format!("{}-{}", write(found.low.value)?, write(high.value)?),
            None => write(found.low.value)?,
        };
        Some((found.start()..found.end, format!("{number} {unit}")))
    });
    let edits: Vec<_> = edits.collect();
    (!edits.is_empty()).then(|| edited(text, edits))
}

/// `None` for other units and for degrees without a scale.
fn is_fahrenheit(found: &Found) -> Option<bool> {
    match found.unit.as_ref()?.word.code {
        "fahrenheit" => Some(true),
        "celsius" => Some(false),
        _ => None,
    }
}

/// `None` below freezing: such a value would need a sign.
fn to_celsius(value: Ratio) -> Option<Ratio> {
    let above = Ratio::new(
        value.numerator().checked_sub(value.denominator().checked_mul(32)?)?,
        value.denominator(),
    )?;
    above.times(Ratio::new(5, 9)?)?.rounded_to(Ratio::whole(5))
}

fn to_fahrenheit(value: Ratio) -> Option<Ratio> {
    value.times(Ratio::new(9, 5)?)?.plus(Ratio::whole(32))?.rounded_to(Ratio::whole(5))
}
