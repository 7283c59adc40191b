//! The home page: a search, filters, and the recipes that were changed last.

use askama::Template;
use axum::{
    extract::{FromRequestParts as _, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use search::{Direction, Order, SortKey};

use super::cards::{self, Card};
use super::frame::{Frame, page, see_other};
use super::languages::Text;
use super::visitor::Reader;
use crate::app::App;
use crate::http::error::{Report, RequestError};
use crate::http::negotiation::prefers_html;
use crate::use_cases::recipes::{PageWanted, RecipeError, RecipeQuery};

/// Recipes on the home page.
const RECENT: usize = 24;

/// The labels of the filters at the top: first those of allergens, then diets.
pub(super) const CHIPS: [&str; 12] = [
    "Gluten-Free",
    "Dairy-Free",
    "Egg-Free",
    "Peanut-Free",
    "Tree-Nut-Free",
    "Soy-Free",
    "Fish-Free",
    "Shellfish-Free",
    "Sesame-Free",
    "Vegan",
    "Vegetarian",
    "Low-Carb",
];

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    f: &'a Frame,
    t: &'static Text,
    cards: Vec<Card>,
    chips: Vec<(String, &'static str)>,
    total: u64,
    /// Whether the index of the search is still being built.
    is_building: bool,
}

/// Programs are redirected to the recipes, as by the original API. People get a page.
pub(super) async fn home(State(app): State<App>, mut parts: Parts) -> Result<Response, Report> {
    if !prefers_html(parts.headers.get_all(header::ACCEPT)) {
        if !app.mode().has_recipes() {
            return Err(RequestError::NoSuchRoute.into());
        }
        let location = HeaderValue::from_static("/api/v1/recipes");
        return Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response());
    }
    let visitor = match Reader::from_request_parts(&mut parts, &app).await {
        Ok(Reader(visitor)) => visitor,
        Err(log_in) => return Ok(log_in),
    };
    if !app.mode().has_recipes() {
        return see_other("/account");
    }
    let (frame, t) = (&visitor.frame, visitor.frame.text());
    let wanted = PageWanted {
        order: Order::By(SortKey::UpdatedAt, Direction::Descending),
        limit: RECENT,
        after: None,
        with_total: true,
    };
    let (ids, total, is_building) =
        match app.recipes().search(RecipeQuery::default(), visitor.viewer(), wanted).await {
            Ok(found) => (found.hits.ids, found.total.unwrap_or_default(), false),
            Err(RecipeError::IndexIncomplete { .. }) => (Vec::new(), 0, true),
            Err(error) => return Err(error.into()),
        };
    let cards = cards::read(&app, visitor.viewer(), &ids, t).await?;
    let chips = CHIPS.map(|label| (search::slug(label), t.label(label))).into();
    page(&HomePage { f: frame, t, cards, chips, total, is_building })
}
