//! The address of a recipe: its id, perhaps with the extension of a format, as in `/recipes/7.md`.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use ids::RecipeId;
use recipes::export::ExportFormat;

use crate::http::error::{Report, RequestError};
use crate::http::negotiation::{COOKLANG, HTML, JSON, JSON_LD, MARKDOWN, PLAIN_TEXT, Representation, choose};
use crate::use_cases::recipes::RecipeError;

/// A recipe and the representation that the request wants. An extension in the address decides before `Accept`: people
/// cannot set a header for a link.
pub struct RecipeAddress {
    pub id: RecipeId,
    pub representation: &'static Representation,
}

/// What a recipe is sent as. The first one is for clients that accept anything.
const OFFERED: [&Representation; 5] = [&JSON, &JSON_LD, &MARKDOWN, &PLAIN_TEXT, &COOKLANG];

/// At the address of the page of a recipe.
const OFFERED_WITH_PAGE: [&Representation; 6] = [&HTML, &JSON, &JSON_LD, &MARKDOWN, &PLAIN_TEXT, &COOKLANG];

impl RecipeAddress {
    /// The same at the address of the page.
    ///
    /// # Errors
    /// As the API: no such recipe, or no representation that the client accepts.
    pub async fn of_page<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        Self::among(&OFFERED_WITH_PAGE, parts, state).await
    }

    async fn among<S: Send + Sync>(
        offered: &[&'static Representation],
        parts: &mut Parts,
        state: &S,
    ) -> Result<Self, Report> {
        let path = Path::<String>::from_request_parts(parts, state).await.ok();
        let Path(text) = path.ok_or(RecipeError::NotFound)?;
        let named = text.rsplit_once('.').and_then(|(id, extension)| {
            let representation = offered.iter().find(|offer| offer.etag_suffix == extension)?;
            Some((id, *representation))
        });
        let (id, representation) = match named {
            Some(named) => named,
            None => (text.as_str(), choose(&parts.headers, offered).ok_or_else(|| not_acceptable(offered))?),
        };
        let id = RecipeId::parse(id).ok_or(RecipeError::NotFound)?;
        Ok(Self { id, representation })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RecipeAddress {
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        Self::among(&OFFERED, parts, state).await
    }
}

fn not_acceptable(offered: &[&Representation]) -> RequestError {
    let offered: Vec<_> = offered.iter().map(|offer| offer.media_type.to_string()).collect();
    RequestError::NotAcceptable { offered: offered.join(", ") }
}

/// The format of a representation. `None`: JSON.
pub(super) fn format_of(representation: &Representation) -> Option<ExportFormat> {
    ExportFormat::ALL.into_iter().find(|format| format.extension() == representation.etag_suffix)
}
