//! A recipe as a reader wants it: for other servings, in other units.

use serde::Serialize;
use serde_json::Number;

use super::{IngredientLine, ParsedIngredient, Ratio, UnitSystem, convert_temperatures};
use crate::content::Content;

/// How a reader wants a recipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecipeView {
    pub size: Option<Size>,
    pub unit: Option<UnitSystem>,
}

/// For how many people, or how many times the recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Servings(Ratio),
    Scale(Ratio),
}

/// Why a recipe cannot be scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewError {
    /// The recipe does not say for how many people it is.
    NoServings,
    /// The scale is above [`RecipeView::MAX_SCALE`] or below its inverse.
    OutOfRange,
}

/// What was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppliedView {
    pub scale: Ratio,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitSystem>,
    /// The ingredient lines without an amount that can be scaled, by their index.
    pub unscaled_lines: Vec<usize>,
    /// The ingredient lines whose units were converted, by their index. Converted values are rounded.
    pub converted_lines: Vec<usize>,
    /// The steps whose temperatures were converted, by their index.
    pub converted_steps: Vec<usize>,
}

/// A recipe with its view applied.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewedRecipe {
    pub content: Content,
    pub applied: AppliedView,
}

impl RecipeView {
    /// The largest scale. Its inverse is the smallest.
    pub const MAX_SCALE: u64 = 1_000;

    /// Whether the recipe is wanted as it is written.
    pub fn is_plain(&self) -> bool {
        self.size.is_none() && self.unit.is_none()
    }

    /// The factor for the amounts of this recipe.
    ///
    /// # Errors
    /// [`ViewError`].
    pub fn scale(&self, content: &Content) -> Result<Ratio, ViewError> {
        let scale = match self.size {
            None => return Ok(Ratio::ONE),
            Some(Size::Scale(scale)) => scale,
            Some(Size::Servings(wanted)) => {
                let stated = content.servings.as_ref().and_then(exact).ok_or(ViewError::NoServings)?;
                wanted.divided_by(stated).ok_or(ViewError::OutOfRange)?
            }
        };
        let most = Ratio::whole(Self::MAX_SCALE);
        let is_possible = scale <= most && scale.times(most).is_some_and(|it| it >= Ratio::ONE);
        if is_possible { Ok(scale) } else { Err(ViewError::OutOfRange) }
    }

    /// The recipe in this view: its ingredients, servings and yield are scaled, units and the temperatures of its steps
    /// converted.
    ///
    /// # Errors
    /// As [`scale`](Self::scale).
    pub fn apply(&self, mut content: Content) -> Result<ViewedRecipe, ViewError> {
        let scale = self.scale(&content)?;
        let decimal = decimal_separator(&content);
        let mut applied = AppliedView {
            scale,
            unit: self.unit,
            unscaled_lines: Vec::new(),
            converted_lines: Vec::new(),
            converted_steps: Vec::new(),
        };
        for (index, line) in content.ingredients.iter_mut().enumerate() {
            let parsed = IngredientLine::parse(line);
            if !parsed.has_amount() {
                applied.unscaled_lines.push(index);
            }
            let scaled = parsed.scaled(scale, decimal);
            let convert = |unit| IngredientLine::parse(&scaled).converted(unit, decimal);
            let converted = self.unit.and_then(convert);
            if converted.is_some() {
                applied.converted_lines.push(index);
            }
            *line = converted.unwrap_or(scaled);
        }
        for (index, step) in content.instructions.iter_mut().flatten().enumerate() {
            if let Some(text) = self.unit.and_then(|unit| convert_temperatures(&step.text, unit)) {
                step.text = text;
                applied.converted_steps.push(index);
            }
        }
        if scale != Ratio::ONE {
            content.servings =
                content.servings.as_ref().and_then(exact).and_then(|stated| to_number(stated.times(scale)?));
            content.yields = content.yields.map(|text| IngredientLine::parse(&text).scaled(scale, decimal));
        }
        Ok(ViewedRecipe { content, applied })
    }
}

/// The ingredient lines of a recipe in parts.
pub fn parsed_ingredients(content: &Content) -> Vec<ParsedIngredient> {
    content.ingredients.iter().map(|line| IngredientLine::parse(line).to_parsed()).collect()
}

/// The value as its decimal digits say.
fn exact(number: &Number) -> Option<Ratio> {
    Ratio::parse(&number.to_string())
}

/// A JSON number with at most three decimals.
fn to_number(value: Ratio) -> Option<Number> {
    let (digits, places) = value.rounded_to(Ratio::new(1, 1_000)?)?.to_decimal(3)?;
    let text = match places {
        0 => digits.to_string(),
        _ => format!("{digits}e-{places}"),
    };
    text.parse().ok()
}

/// The separator of decimals in the language of the recipe.
pub fn decimal_separator(content: &Content) -> char {
    let language = content.language.as_deref().unwrap_or_default();
    let comma = ["de", "fr", "es", "it"].iter().any(|prefix| {
        language.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    });
    // Switzerland and Mexico write a point.
    if comma && !["de-CH", "de-LI", "it-CH", "es-MX"].contains(&language) { ',' } else { '.' }
}
