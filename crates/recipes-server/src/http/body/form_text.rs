//! The text of a form, for endpoints whose specification says how its fields are read, and for pages.

use axum::extract::{FromRequest, Request};
use http::header;
use zeroize::Zeroizing;

use super::received;
use crate::http::error::{Report, RequestError};

/// The limit of forms that hold parameters of a protocol or a few fields.
pub const FORM_BYTES: usize = 16 * 1024;

/// An `application/x-www-form-urlencoded` body of at most this many bytes, not decoded. It is wiped, because any form may have a
/// password or the secret of a client.
pub struct FormText<const MAX_BYTES: usize = FORM_BYTES>(pub Zeroizing<String>);

impl<S: Sync, const MAX_BYTES: usize> FromRequest<S> for FormText<MAX_BYTES> {
    type Rejection = Report;

    async fn from_request(request: Request, _: &S) -> Result<Self, Report> {
        let (head, body) = request.into_parts();
        let media_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
        if !media_type.is_empty() && !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(RequestError::UnsupportedMediaType.into());
        }
        let mut bytes = received::collect(&head, body, MAX_BYTES).await?;
        let text = std::str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned()));
        bytes.wipe();
        Ok(Self(text.map_err(|_| RequestError::Malformed("the form is not UTF-8".into()))?))
    }
}
