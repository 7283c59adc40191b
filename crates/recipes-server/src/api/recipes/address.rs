//! The address of a recipe: its id, perhaps with the extension of a format, as in `/recipes/7.md`.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use ids::RecipeId;
use recipes::export::ExportFormat;

use crate::http::error::{Report, RequestError};
use crate::http::negotiation::{COOKLANG, JSON, JSON_LD, MARKDOWN, PLAIN_TEXT, Representation, choose};
use crate::use_cases::recipes::RecipeError;

/// A recipe and the representation that the request wants. An extension in the address decides before `Accept`: people
/// cannot set a header for a link.
pub struct RecipeAddress {
    pub(super) id: RecipeId,
    pub(super) representation: &'static Representation,
}

/// What a recipe is sent as. The first one is for clients that accept anything.
const OFFERED: [&Representation; 5] = [&JSON, &JSON_LD, &MARKDOWN, &PLAIN_TEXT, &COOKLANG];

impl<S: Send + Sync> FromRequestParts<S> for RecipeAddress {
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        let path = Path::<String>::from_request_parts(parts, state).await.ok();
        let Path(text) = path.ok_or(RecipeError::NotFound)?;
        let named = text.rsplit_once('.').and_then(|(id, extension)| {
            let representation = OFFERED.iter().find(|offer| offer.etag_suffix == extension)?;
            Some((id, *representation))
        });
        let (id, representation) = match named {
            Some(named) => named,
            None => (text.as_str(), choose(&parts.headers, &OFFERED).ok_or_else(not_acceptable)?),
        };
        let id = RecipeId::parse(id).ok_or(RecipeError::NotFound)?;
        Ok(Self { id, representation })
    }
}

fn not_acceptable() -> RequestError {
    let offered = OFFERED.map(|offer| offer.media_type.to_string());
    RequestError::NotAcceptable { offered: offered.join(", ") }
}

/// The format of a representation. `None`: JSON.
pub(super) fn format_of(representation: &Representation) -> Option<ExportFormat> {
    ExportFormat::ALL.into_iter().find(|format| format.extension() == representation.etag_suffix)
}
