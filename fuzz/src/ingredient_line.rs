//! The target for the amounts of ingredient lines.

use recipes::allergens::allergens_in_line;
use recipes::amounts::{IngredientLine, Ratio, UnitSystem, convert_temperatures};

/// Reads a line, scales it and converts its units.
///
/// # Panics
/// If the line is changed by the factor 1, or differs in its parts.
pub fn ingredient_line(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let line = IngredientLine::parse(text);
    assert_eq!(line.to_parsed().text, text, "the line as it is written");
    assert_eq!(line.scaled(Ratio::ONE, '.'), text, "scaled by 1");
    for factor in [Ratio::new(1, 3), Ratio::new(999, 7)].into_iter().flatten() {
        let scaled = line.scaled(factor, ',');
        IngredientLine::parse(&scaled).to_parsed();
    }
    for unit in [UnitSystem::Metric, UnitSystem::Imperial] {
        if let Some(converted) = line.converted(unit, '.') {
            IngredientLine::parse(&converted).to_parsed();
        }
        convert_temperatures(text, unit);
    }
    allergens_in_line(text);
}
