//! A body of any media type, or the files of a `multipart/form-data` body.

use std::ops::{Deref, Range};
use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header};

use super::collect::Collected;
use super::{parts, received};
use crate::http::error::{Report, RequestError};
use crate::limits;

/// The body of an import.
pub struct RawBody {
    bytes: Arc<Collected>,
    media_type: String,
    boundary: Option<String>,
}

/// A file in a body, which it keeps in memory.
pub struct RawFile {
    body: Arc<Collected>,
    place: Range<usize>,
    pub name: Option<String>,
    /// The name of its field in a form.
    pub field: Option<String>,
}

impl<S: Sync> FromRequest<S> for RawBody {
    type Rejection = Report;

    async fn from_request(request: Request, _: &S) -> Result<Self, Report> {
        Ok(Self::collect(request, limits::IMPORT_BYTES).await?)
    }
}

impl RawBody {
    async fn collect(request: Request, limit: usize) -> Result<Self, RequestError> {
        let (head, body) = request.into_parts();
        let media_type = super::media_type(&head.headers).unwrap_or_default().to_ascii_lowercase();
        let boundary = boundary(&head.headers).filter(|_| media_type == "multipart/form-data");
        if media_type == "multipart/form-data" && boundary.is_none() {
            return Err(RequestError::Malformed("Content-Type names no boundary".into()));
        }
        let bytes = received::collect(&head, body, limit).await?;
        Ok(Self { bytes: Arc::new(bytes), media_type, boundary })
    }
}

/// A picture: the body with any media type, or the only file of a `multipart/form-data` body.
pub struct ImageBody(pub RawFile);

impl<S: Sync> FromRequest<S> for ImageBody {
    type Rejection = Report;

    async fn from_request(request: Request, _: &S) -> Result<Self, Report> {
        let body = RawBody::collect(request, limits::IMAGE_BODY_BYTES).await?;
        let mut files = body.into_files()?;
        let file = files.pop().filter(|_| files.is_empty());
        let one = "Send one picture, as the body or as the only part of a multipart/form-data body";
        Ok(Self(file.ok_or(RequestError::Malformed(one.into()))?))
    }
}

/// The fields of a form of a page that can have files. All of it has at most this many bytes.
pub struct FileForm<const MAX_BYTES: usize = { limits::IMAGE_BODY_BYTES }>(Vec<RawFile>);

impl<S: Sync, const MAX_BYTES: usize> FromRequest<S> for FileForm<MAX_BYTES> {
    type Rejection = Report;

    async fn from_request(request: Request, _: &S) -> Result<Self, Report> {
        let body = RawBody::collect(request, MAX_BYTES).await?;
        Ok(Self(body.into_files()?))
    }
}

impl<const MAX_BYTES: usize> FileForm<MAX_BYTES> {
    /// The text of a field; empty if there is none.
    pub fn text(&self, field: &str) -> &str {
        let found = self.0.iter().find(|part| part.field.as_deref() == Some(field));
        found.and_then(|part| std::str::from_utf8(part.as_ref()).ok()).unwrap_or_default()
    }

    /// The file of a field, unless the user has chosen none.
    pub fn into_file(self, field: &str) -> Option<RawFile> {
        self.into_files(field).into_iter().next()
    }

    /// The files of a field that takes several.
    pub fn into_files(self, field: &str) -> Vec<RawFile> {
        self.0.into_iter().filter(|part| part.field.as_deref() == Some(field)).collect()
    }
}

impl RawBody {
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The files of a multipart body, or the body as one file.
    ///
    /// # Errors
    /// [`RequestError::Malformed`] if the parts cannot be told apart.
    pub fn into_files(self) -> Result<Vec<RawFile>, RequestError> {
        let Self { bytes: body, boundary, .. } = self;
        let Some(boundary) = boundary else {
            let place = 0..body.len();
            return Ok(vec![RawFile { body, place, name: None, field: None }]);
        };
        let parts = parts::split(&body, &boundary, limits::IMPORT_FILES)
            .map_err(|why| RequestError::Malformed(why.into()))?;
        let file = |part: parts::Part| RawFile {
            body: Arc::clone(&body),
            place: part.place,
            name: part.file_name,
            field: part.field,
        };
        Ok(parts.into_iter().map(file).collect())
    }
}

impl Deref for RawBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsRef<[u8]> for RawFile {
    fn as_ref(&self) -> &[u8] {
        self.body.get(self.place.clone()).unwrap_or_default()
    }
}

/// RFC 2046 section 5.1.1: at most 70 characters.
fn boundary(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let parameters = value.split(';').skip(1);
    let boundary = parameters
        .filter_map(|it| it.trim().split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?
        .1;
    let boundary = boundary.trim().trim_matches('"');
    ((1..=70).contains(&boundary.len())).then(|| boundary.to_owned())
}
