//! All recipes that a client may see, or those that filters select, as one streamed document.

use std::collections::VecDeque;

use axum::{BoxError, body::Body, extract::FromRequestParts, response::Response};
use futures_util::stream;
use http::{HeaderValue, Uri, header, request::Parts};
use recipes::ImageSize;
use store::{RecipeSnapshot, StoreError};
use tokio::sync::OwnedSemaphorePermit;

use super::response::REVALIDATE;
use super::search::{FILTERS, REPEATABLE, recipe_query};
use super::view::{PARAMETERS, View};
use crate::app::App;
use crate::auth::requirements::RecipeReader;
use crate::collection::{self, CollectionWriter, WantedImage};
use crate::http::error::{Report, RequestError};
use crate::http::negotiation::{JSON, JSON_LD, NDJSON, Representation, ZIP, choose};
use crate::http::query::Query;
use crate::use_cases::recipes::{ImageKey, RecipeError, Viewer};

const OFFERED: [&Representation; 4] = [&JSON, &NDJSON, &JSON_LD, &ZIP];

/// The representation of the collection that the request accepts. JSON is a page.
pub struct CollectionFormat(pub(super) &'static Representation);

impl<S: Sync> FromRequestParts<S> for CollectionFormat {
    type Rejection = RequestError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, RequestError> {
        choose(&parts.headers, &OFFERED).map(Self).ok_or_else(|| {
            let offered = OFFERED.map(|offer| offer.media_type.to_string());
            RequestError::NotAcceptable { offered: offered.join(", ") }
        })
    }
}

/// The document, and what it is made of.
struct Export {
    snapshot: RecipeSnapshot,
    view: View,
    writer: CollectionWriter,
    /// Pictures of recipes that are written.
    images: VecDeque<WantedImage>,
    app: App,
    viewer: Viewer,
    /// One of the few exports that may run at a time.
    _permit: OwnedSemaphorePermit,
}

pub(super) async fn respond(
    app: &App,
    reader: RecipeReader,
    uri: &Uri,
    representation: &'static Representation,
) -> Result<Response, Report> {
    let views = if *representation == NDJSON { &PARAMETERS[..] } else { &[] };
    let query = Query::parse_repeatable(uri, &[&FILTERS[..], views].concat(), &REPEATABLE)?;
    let view = View::parse(&query)?;
    if query.get("sort").is_some_and(|order| order != "id") {
        let message = "A whole collection comes in the order of the ids: leave out sort, or ask for pages of application/json";
        return Err(RequestError::Malformed(message.into()).into());
    }
    let has_filter = FILTERS.iter().any(|name| *name != "sort" && query.get(name).is_some());
    let format = match representation {
        it if *it == JSON_LD => collection::CollectionFormat::JsonLd,
        it if *it == ZIP => collection::CollectionFormat::Zip(None),
        _ => collection::CollectionFormat::Ndjson,
    };
    let viewer = reader.viewer;
    let (snapshot, permit) = if has_filter {
        app.recipes().snapshot_of(recipe_query(&query, reader.user)?, viewer).await?
    } else {
        app.recipes().snapshot(viewer).await?
    };
    let mut export = Export {
        snapshot,
        view,
        writer: CollectionWriter::new(format, true).at(app.public_url().map(|url| url.as_str().to_owned())),
        images: VecDeque::new(),
        app: app.clone(),
        viewer,
        _permit: permit,
    };
    // Read before the status is sent, so that a database that does not answer is a 503.
    let (first, is_last) = export.next_part().await.map_err(report)?;
    let start = (!is_last).then_some(export);
    let parts = stream::try_unfold((Some(first), start), |(first, export)| async move {
        if let Some(first) = first {
            return Ok::<_, BoxError>(Some((first, (None, export))));
        }
        let Some(mut export) = export else { return Ok(None) };
        let (part, is_last) = export.next_part().await?;
        Ok(Some((part, (None, (!is_last).then_some(export)))))
    });
    let mut response = Response::new(Body::from_stream(parts));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(representation.content_type));
    headers.insert(header::CACHE_CONTROL, REVALIDATE);
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    let name = format!("attachment; filename=\"recipes.{}\"", representation.etag_suffix);
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::try_from(name).map_err(Report::internal)?);
    Ok(response)
}

fn report(error: BoxError) -> Report {
    match error.downcast::<StoreError>() {
        Ok(error) => (*error).into(),
        Err(error) => Report::internal(error),
    }
}

impl Export {
    /// The next part of the document, and whether it is the last one.
    async fn next_part(&mut self) -> Result<(Vec<u8>, bool), BoxError> {
        loop {
            if let Some(image) = self.images.pop_front() {
                self.add(&image).await?;
            } else {
                let Some(page) = self.snapshot.next().await? else {
                    return Ok((self.writer.finish()?, true));
                };
                for (_, json) in page.iter() {
                    self.images.extend(self.writer.push(&self.view.of(json)?)?);
                }
            }
            let part = self.writer.take_written();
            if !part.is_empty() {
                return Ok((part, false));
            }
        }
    }

    /// One picture at a time is in memory. It may have been removed since the recipe was read.
    async fn add(&mut self, image: &WantedImage) -> Result<(), BoxError> {
        let key = ImageKey { recipe: image.recipe, step: image.step, size: ImageSize::Large };
        match self.app.recipes().image(key, self.viewer).await {
            Ok(content) => Ok(self.writer.push_image(image, &content.jpeg)?),
            Err(RecipeError::NoSuchImage) => Ok(()),
            Err(RecipeError::Store(error)) => Err(error.into()),
            Err(error) => Err(error.into()),
        }
    }
}
