//! Recipes as cards in a grid.

use ids::RecipeId;
use recipes::Image;
use serde::Deserialize;
use store::Viewer;

use super::languages::Text;
use super::show::{self, ShownRating};
use crate::app::App;
use crate::http::error::Report;

/// What a card shows of a recipe.
pub(super) struct Card {
    pub(super) id: RecipeId,
    pub(super) name: String,
    /// The kind of dish or its cuisine; may be empty.
    pub(super) kind: String,
    /// The total time; may be empty.
    pub(super) time: String,
    pub(super) rating: Option<ShownRating>,
    pub(super) labels: Vec<String>,
    /// Its addresses are below the base.
    pub(super) image: Option<Image>,
    /// Who reads it, unless it is everyone.
    pub(super) readers: Option<&'static str>,
    /// The number of a colour.
    pub(super) tint: i64,
}

/// The fields of the stored document that a card shows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    name: String,
    #[serde(default)]
    health_labels: Vec<String>,
    cook_time_minutes: Option<u32>,
    prep_time_minutes: Option<u32>,
    total_time_minutes: Option<u32>,
    #[serde(default)]
    category: Vec<String>,
    #[serde(default)]
    cuisine: Vec<String>,
    #[serde(default)]
    visibility: recipes::Visibility,
    image: Option<Image>,
    rating: Option<recipes::Rating>,
}

/// Labels on one card.
const LABELS: usize = 3;

/// How many colours the cards have.
const TINTS: i64 = 6;

impl Card {
    /// # Errors
    /// If a document is corrupt.
    pub(super) fn of(id: RecipeId, json: &[u8], t: &Text) -> Result<Self, Report> {
        let recipe: Document = serde_json::from_slice(json).map_err(Report::internal)?;
        let total = recipe.total_time_minutes.or_else(|| {
            let parts = [recipe.prep_time_minutes, recipe.cook_time_minutes];
            parts
                .iter()
                .any(Option::is_some)
                .then(|| parts.into_iter().flatten().fold(0, u32::saturating_add))
        });
        Ok(Self {
            id,
            name: recipe.name,
            kind: recipe.category.into_iter().chain(recipe.cuisine).next().unwrap_or_default(),
            time: total.map(|minutes| show::minutes(t, minutes)).unwrap_or_default(),
            rating: recipe.rating.map(|rating| show::rating(t, rating)),
            labels: recipe.health_labels.iter().take(LABELS).map(|label| t.label(label).to_owned()).collect(),
            image: recipe.image,
            readers: t.readers(recipe.visibility),
            tint: id.get() % TINTS,
        })
    }
}

/// The cards of these recipes. Those that the viewer may not read any more are left out.
pub(super) async fn read(
    app: &App,
    viewer: Viewer,
    mut ids: &[RecipeId],
    t: &Text,
) -> Result<Vec<Card>, Report> {
    let mut cards = Vec::with_capacity(ids.len());
    while !ids.is_empty() {
        let (page, looked_up) = app.recipes().read_all(ids, viewer).await?;
        for (id, json) in page.iter() {
            cards.push(Card::of(id, json, t)?);
        }
        ids = ids.get(looked_up.max(1)..).unwrap_or_default();
    }
    Ok(cards)
}
