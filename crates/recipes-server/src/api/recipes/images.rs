//! The pictures of recipes and of their steps.

use std::ops::RangeInclusive;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use ids::RecipeId;
use recipes::{Image, ImageSize, StoredImage};
use serde::Serialize;
use store::ImageContent;

use super::response::REVALIDATE;
use crate::api::documented_errors::{
    Forbidden, ImageNotFound, Malformed, NotAcceptable, PreconditionFailed, PreconditionRequired,
    QuotaExceeded, RangeNotSatisfiable, StepNotFound, UnacceptableImage, Unauthorized, Unavailable,
    WithoutRecipesRead,
};
use crate::api::parameters::{IfMatch, IfNoneMatch, ImageQuery, RangeHeader, RecipeInPath, StepInPath};
use crate::api::path::{PathId, StepPath};
use crate::api::responses::data;
use crate::app::App;
use crate::auth::requirements::RecipeReader;
use crate::http::body::ImageBody;
use crate::http::conditional::Conditions;
use crate::http::error::{Report, RequestError};
use crate::http::json_api::JsonApi;
use crate::http::query::{Query, did_you_mean};
use crate::use_cases::recipes::{ImageChange, ImageKey, Writer};

/// Sends the picture of a recipe, a JPEG.
///
/// The addresses in the recipe (`image`) name the size and the version. Such a response never changes, so a client may keep it.
#[utoipa::path(
    get, path = "/api/v1/recipes/{id}/image", tag = "recipes", operation_id = "readImage",
    params(RecipeInPath, ImageQuery, IfNoneMatch, RangeHeader),
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "The picture", content((ref("#/components/schemas/ImageFile") = "image/jpeg")), headers(
            ("etag" = String, description = "Names the picture and the size"),
            ("cache-control" = String, description = "With the version of the picture: `immutable`"))),
        (status = 206, description = "A part of it", content((ref("#/components/schemas/ImageFile") = "image/jpeg"))),
        (status = 304, description = "You have the picture"),
        Malformed, Unauthorized, WithoutRecipesRead, ImageNotFound, RangeNotSatisfiable, Unavailable,
    )
)]
pub async fn read(
    State(app): State<App>,
    PathId(recipe): PathId<RecipeId>,
    reader: Result<RecipeReader, Report>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Report> {
    send(&app, (recipe, None), reader, &uri, &headers).await
}

/// Gives a recipe a picture, or another one.
///
/// The picture is turned as its metadata say, its metadata are removed, and it is kept in three sizes, as JPEG. The recipe gets a new
/// revision; `If-Match` is compared with the `ETag` of the recipe.
#[utoipa::path(
    put, path = "/api/v1/recipes/{id}/image", tag = "recipes", operation_id = "setImage",
    params(RecipeInPath, IfMatch),
    request_body(content(
        (ref("#/components/schemas/ImageFile") = "image/jpeg"),
        (ref("#/components/schemas/ImageFile") = "image/png"),
        (ref("#/components/schemas/ImageFile") = "image/webp"),
        (ref("#/components/schemas/ImageFile") = "image/gif"),
        (ref("#/components/schemas/ImageForm") = "multipart/form-data"),
    )),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 200, description = "The picture, on disk", body = ref("#/components/schemas/ImageEnvelope")),
        Malformed, Unauthorized, Forbidden, ImageNotFound, PreconditionFailed, PreconditionRequired, UnacceptableImage,
        QuotaExceeded, NotAcceptable, Unavailable,
    )
)]
pub async fn set(
    JsonApi(app): JsonApi<App>,
    writer: Writer,
    PathId(recipe): PathId<RecipeId>,
    conditions: Conditions,
    ImageBody(file): ImageBody,
) -> Result<Response, Report> {
    let precondition = super::precondition(&app, &conditions, recipe)?;
    let (image, revision) =
        app.recipes().set_image(writer, ImageChange { recipe, step: None, precondition }, file).await?;
    Ok(data(&ImageOfRevision { image, revision }))
}

/// Takes the picture of a recipe away.
#[utoipa::path(
    delete, path = "/api/v1/recipes/{id}/image", tag = "recipes", operation_id = "removeImage",
    params(RecipeInPath, IfMatch),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "Removed, on disk"),
        Malformed, Unauthorized, Forbidden, ImageNotFound, PreconditionFailed, PreconditionRequired, NotAcceptable,
        Unavailable,
    )
)]
pub async fn remove(
    JsonApi(app): JsonApi<App>,
    writer: Writer,
    PathId(recipe): PathId<RecipeId>,
    conditions: Conditions,
) -> Result<StatusCode, Report> {
    let precondition = super::precondition(&app, &conditions, recipe)?;
    app.recipes().remove_image(writer, ImageChange { recipe, step: None, precondition }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends the picture of a step, a JPEG. The addresses are in `stepImages` of the recipe.
#[utoipa::path(
    get, path = "/api/v1/recipes/{id}/steps/{step}/image", tag = "recipes", operation_id = "readStepImage",
    params(RecipeInPath, StepInPath, ImageQuery, IfNoneMatch, RangeHeader),
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "The picture", content((ref("#/components/schemas/ImageFile") = "image/jpeg")), headers(
            ("etag" = String, description = "Names the picture and the size"),
            ("cache-control" = String, description = "With the version of the picture: `immutable`"))),
        (status = 206, description = "A part of it", content((ref("#/components/schemas/ImageFile") = "image/jpeg"))),
        (status = 304, description = "You have the picture"),
        Malformed, Unauthorized, WithoutRecipesRead, ImageNotFound, RangeNotSatisfiable, Unavailable,
    )
)]
pub async fn read_of_step(
    State(app): State<App>,
    StepPath { recipe, step }: StepPath,
    reader: Result<RecipeReader, Report>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Report> {
    send(&app, (recipe, Some(step)), reader, &uri, &headers).await
}

/// Gives a step a picture, or another one. The picture goes with the text of the step when steps are moved.
#[utoipa::path(
    put, path = "/api/v1/recipes/{id}/steps/{step}/image", tag = "recipes", operation_id = "setStepImage",
    params(RecipeInPath, StepInPath, IfMatch),
    request_body(content(
        (ref("#/components/schemas/ImageFile") = "image/jpeg"),
        (ref("#/components/schemas/ImageFile") = "image/png"),
        (ref("#/components/schemas/ImageFile") = "image/webp"),
        (ref("#/components/schemas/ImageFile") = "image/gif"),
        (ref("#/components/schemas/ImageForm") = "multipart/form-data"),
    )),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 200, description = "The picture, on disk", body = ref("#/components/schemas/ImageEnvelope")),
        Malformed, Unauthorized, Forbidden, StepNotFound, PreconditionFailed, PreconditionRequired, UnacceptableImage,
        QuotaExceeded, NotAcceptable, Unavailable,
    )
)]
pub async fn set_of_step(
    JsonApi(app): JsonApi<App>,
    writer: Writer,
    StepPath { recipe, step }: StepPath,
    conditions: Conditions,
    ImageBody(file): ImageBody,
) -> Result<Response, Report> {
    let precondition = super::precondition(&app, &conditions, recipe)?;
    let change = ImageChange { recipe, step: Some(step), precondition };
    let (image, revision) = app.recipes().set_image(writer, change, file).await?;
    Ok(data(&ImageOfRevision { image, revision }))
}

/// Takes the picture of a step away.
#[utoipa::path(
    delete, path = "/api/v1/recipes/{id}/steps/{step}/image", tag = "recipes", operation_id = "removeStepImage",
    params(RecipeInPath, StepInPath, IfMatch),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "Removed, on disk"),
        Malformed, Unauthorized, Forbidden, ImageNotFound, PreconditionFailed, PreconditionRequired, NotAcceptable,
        Unavailable,
    )
)]
pub async fn remove_of_step(
    JsonApi(app): JsonApi<App>,
    writer: Writer,
    StepPath { recipe, step }: StepPath,
    conditions: Conditions,
) -> Result<StatusCode, Report> {
    let precondition = super::precondition(&app, &conditions, recipe)?;
    app.recipes().remove_image(writer, ImageChange { recipe, step: Some(step), precondition }).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
struct ImageOfRevision {
    #[serde(flatten)]
    image: Image,
    revision: i64,
}

async fn send(
    app: &App,
    (recipe, step): (RecipeId, Option<u32>),
    reader: Result<RecipeReader, Report>,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Report> {
    let query = Query::parse(uri, &["size", "v", "share"])?;
    let size = match query.get("size") {
        None => ImageSize::Large,
        Some(name) => ImageSize::parse(name).ok_or_else(|| {
            let hint = did_you_mean(name, &ImageSize::ALL.map(ImageSize::name));
            let hint = hint.replace("known parameters", "known values");
            RequestError::Malformed(format!("size cannot be \"{name}\"; {hint}").into())
        })?,
    };
    let key = ImageKey { recipe, step, size };
    let ImageContent { digest, jpeg } = match query.get("share") {
        Some(token) => app.recipes().shared_image(key, token).await?,
        None => app.recipes().image(key, reader?.viewer).await?,
    };
    let version = StoredImage::version(&digest);
    let etag = format!("\"{version}-{}\"", size.name());
    let is_named = query.get("v") == Some(&*version);
    let mut response = respond(jpeg.into(), &etag, headers)?;
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::try_from(etag).map_err(Report::internal)?);
    headers.insert(header::CACHE_CONTROL, if is_named { IMMUTABLE } else { REVALIDATE });
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    Ok(response)
}

/// Only for the client itself: a recipe can become private. Another picture has another address.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

/// 200, 206 or 304.
fn respond(jpeg: Bytes, etag: &str, headers: &HeaderMap) -> Result<Response, RequestError> {
    if names(headers, header::IF_NONE_MATCH, etag) {
        let mut response = Response::new(Bytes::new().into());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    // A part is of use only for the picture that the client has the rest of (RFC 9110 section 13.1.5).
    let is_of_this = headers.get(header::IF_RANGE).is_none_or(|tag| tag == etag);
    let range = headers.get(header::RANGE).filter(|_| is_of_this).and_then(|range| range.to_str().ok());
    let length = jpeg.len();
    let mut response = match range.map_or(Part::Whole, |range| Part::of(range, length)) {
        Part::Whole => Response::new(jpeg.into()),
        Part::Nothing => return Err(RequestError::RangeNotSatisfiable { length }),
        Part::Bytes(range) => {
            let line = format!("bytes {}-{}/{length}", range.start(), range.end());
            let mut response = Response::new(jpeg.slice(range).into());
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let line = HeaderValue::try_from(line).map_err(RequestError::internal)?;
            response.headers_mut().insert(header::CONTENT_RANGE, line);
            response
        }
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    Ok(response)
}

/// Whether a list of tags names this one. The comparison is weak, because proxies change tags.
fn names(headers: &HeaderMap, name: header::HeaderName, etag: &str) -> bool {
    let lines = headers.get_all(name);
    let mut tags = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    tags.any(|tag| matches!(tag.trim(), "*") || tag.trim().trim_start_matches("W/") == etag)
}

/// What a range asks for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// The range is to be ignored, as one that cannot be read and several ones are (RFC 9110 section 14.2).
    Whole,
    Bytes(RangeInclusive<usize>),
    /// There is no such byte.
    Nothing,
}

impl Part {
    fn of(range: &str, length: usize) -> Self {
        let bounds = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
        bounds.and_then(|(first, last)| Self::between(first, last, length)).unwrap_or(Self::Whole)
    }

    fn between(first: &str, last: &str, length: usize) -> Option<Self> {
        let end = length.checked_sub(1)?;
        let some = |bytes: RangeInclusive<usize>, is_there: bool| {
            Some(if is_there { Self::Bytes(bytes) } else { Self::Nothing })
        };
        if first.is_empty() {
            let count = number(last)?;
            return some(length.saturating_sub(count)..=end, count > 0);
        }
        let first = number(first)?;
        let last = if last.is_empty() { usize::MAX } else { number(last)? };
        if last < first { None } else { some(first..=last.min(end), first <= end) }
    }
}

/// A number that is too large is beyond the end.
fn number(text: &str) -> Option<usize> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_within_the_picture() {
        use Part::{Bytes, Nothing, Whole};
        for (range, want) in [
            ("bytes=0-0", Bytes(0..=0)),
            ("bytes=2-", Bytes(2..=9)),
            ("bytes=2-99999999999999999999999", Bytes(2..=9)),
            ("bytes=-3", Bytes(7..=9)),
            ("bytes=-30", Bytes(0..=9)),
            ("bytes=-0", Nothing),
            ("bytes=10-", Nothing),
            ("bytes=99999999999999999999999-", Nothing),
            ("bytes=5-2", Whole),
            ("bytes=0-1,3-4", Whole),
            ("bytes=", Whole),
            ("bytes=-", Whole),
            ("lines=0-1", Whole),
            ("bytes=+1-2", Whole),
        ] {
            assert_eq!(Part::of(range, 10), want, "{range}");
        }
        assert_eq!(Part::of("bytes=0-1", 0), Whole);
    }
}
