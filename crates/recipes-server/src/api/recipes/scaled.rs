//! A recipe as a reader wants it: `servings` or `scale`, `unit`, `parsedIngredients`, and in other formats than JSON.

use http::Uri;
use recipes::amounts::{
    AppliedView, ParsedIngredient, Ratio, RecipeView, Size, UnitSystem, parsed_ingredients,
};
use recipes::{Recipe, ServerFields};
use serde::Serialize;
use serde_json::value::RawValue;

use super::address::format_of;
use super::response::RecipeResponse;
use crate::http::conditional::{ETag, Variant};
use crate::http::error::{Report, RequestError};
use crate::http::negotiation::{JSON, Representation};
use crate::http::query::Query;
use crate::use_cases::recipes::ShownRecipe;

/// The query parameters of one recipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ViewRequest {
    pub(super) view: RecipeView,
    has_parsed_ingredients: bool,
}

impl ViewRequest {
    pub(super) fn parse(uri: &Uri, representation: &Representation) -> Result<Self, RequestError> {
        if uri.query().is_none() {
            return Ok(Self::default());
        }
        let query = Query::parse(uri, &["servings", "scale", "unit", "parsedIngredients"])?;
        let size = match (query.get("servings"), query.get("scale")) {
            (Some(_), Some(_)) => return malformed("Send either servings or scale, not both"),
            (Some(text), None) => Some(Size::Servings(positive("servings", text)?)),
            (None, Some(text)) => Some(Size::Scale(positive("scale", text)?)),
            (None, None) => None,
        };
        let unit = match query.get("unit") {
            None => None,
            Some(text) => match UnitSystem::parse(text) {
                Some(unit) => Some(unit),
                None => return malformed("unit must be metric or imperial"),
            },
        };
        let has_parsed_ingredients = match query.get("parsedIngredients") {
            None | Some("false") => false,
            Some("true") if *representation == JSON => true,
            Some("true") => {
                return malformed(
                    "parsedIngredients is a part of the JSON of a recipe; ask for application/json",
                );
            }
            Some(_) => return malformed("parsedIngredients must be true or false"),
        };
        Ok(Self { view: RecipeView { size, unit }, has_parsed_ingredients })
    }

    /// Whether the recipe is wanted as it is stored.
    pub(super) fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The response with a recipe that this view was applied to.
    pub(super) fn respond(
        &self,
        shown: ShownRecipe,
        representation: &'static Representation,
    ) -> Result<RecipeResponse, Report> {
        let ShownRecipe { recipe, applied, modified_at } = shown;
        let variant = Variant {
            scale: self.view.size.map(|_| applied.scale),
            unit: self.view.unit,
            has_parsed_ingredients: self.has_parsed_ingredients,
        };
        let Recipe { id, rating, server: ServerFields { revision, .. }, .. } = recipe;
        let etag = ETag { id, revision, rating, representation, variant };
        let body = match format_of(representation) {
            Some(format) => format.write(&recipe).into_bytes(),
            None => self.json(&recipe, applied)?,
        };
        Ok(RecipeResponse::new(etag, modified_at, body))
    }

    fn json(&self, recipe: &Recipe, applied: AppliedView) -> Result<Vec<u8>, Report> {
        let json = String::from_utf8(recipe.to_json()).map_err(Report::internal)?;
        let envelope = ViewEnvelope {
            data: &RawValue::from_string(json).map_err(Report::internal)?,
            amounts: (!self.view.is_plain()).then_some(applied),
            parsed_ingredients: self.has_parsed_ingredients.then(|| parsed_ingredients(&recipe.content)),
        };
        serde_json::to_vec(&envelope).map_err(Report::internal)
    }
}

/// The recipe, and beside it the values that are no part of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ViewEnvelope<'a> {
    data: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    amounts: Option<AppliedView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parsed_ingredients: Option<Vec<ParsedIngredient>>,
}

/// A whole number, a decimal number or a fraction above 0.
fn positive(name: &str, text: &str) -> Result<Ratio, RequestError> {
    // A sum of such numbers stays within 64 bits.
    const MOST: u64 = 1_000_000;
    let value =
        Ratio::parse(text).filter(|it| it.numerator() <= MOST && it.denominator() <= MOST && !it.is_zero());
    value.ok_or_else(|| {
        let message =
            format!("{name} must be a number above 0, as in 6, 1.5 or 3/2, with at most {MOST} in it");
        RequestError::Malformed(message.into())
    })
}

fn malformed<T>(message: &'static str) -> Result<T, RequestError> {
    Err(RequestError::Malformed(message.into()))
}
