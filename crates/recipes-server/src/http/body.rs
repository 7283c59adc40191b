//! Request bodies in: JSON or a nested form, bounded in size and time, parsed into a type that is proof.

pub mod fields;

use std::fmt;

use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{HeaderMap, Method, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use recipes::{FieldError, Scalars};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use tower_passport::Rejection;

use crate::http::error::ApiError;
use crate::limits;

/// A type that is made from the fields of a body, and whose existence proves that they are valid.
pub trait Parse: Sized {
    /// One error for every field that `parse` ignores. They are reported if the client prefers strict handling.
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError>;

    /// # Errors
    /// Every problem of every field at once.
    fn parse(fields: &Map<String, Value>, encoding: Scalars) -> Result<Self, Vec<FieldError>>;

    /// Whether a field that appears twice is an error. Otherwise the last one counts.
    const REJECTS_DUPLICATES: bool = false;
}

/// A body that has been read and found valid.
pub struct Body<T>(pub T);

impl<T: Parse> Body<T> {
    /// Reads the body, and keeps the head of the request.
    ///
    /// # Errors
    /// [`ApiError`] if the body is too large, too slow, or not valid.
    pub async fn split(request: Request) -> Result<(Parts, Self), ApiError> {
        let (head, body) = request.into_parts();
        let encoding = match head.method {
            Method::PATCH => encoding_of_patch(&head.headers)?,
            _ => encoding(&head.headers)?,
        };
        let parsed = read(&head.headers, encoding, &collect(body).await?)?;
        Ok((head, Self(parsed)))
    }
}

impl<S: Sync, T: Parse> FromRequest<S> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        Self::split(request).await.map(|(_, body)| body).map_err(ApiError::into_response)
    }
}

fn read<T: Parse>(headers: &HeaderMap, encoding: Option<Scalars>, bytes: &[u8]) -> Result<T, ApiError> {
    let Object { fields, has_duplicates } = match encoding {
        Some(Scalars::Typed) => json(bytes)?,
        Some(Scalars::Text) => form(bytes)?,
        // No body and no type: every field is missing, which `Parse` reports.
        None if bytes.is_empty() => Object::default(),
        None => return Err(ApiError::UnsupportedMediaType),
    };
    if T::REJECTS_DUPLICATES && has_duplicates {
        let twice = Rejection::invalid_request("A field appears twice.");
        return Err(twice.with_cause("field_twice").into());
    }
    if prefers_strict(headers) {
        refuse_unknown::<T>(&fields)?;
    }
    Ok(T::parse(&fields, encoding.unwrap_or(Scalars::Typed))?)
}

/// The top-level fields of a body, and whether one of them appears twice. Of equal names the last one is kept.
#[derive(Default)]
struct Object {
    fields: Map<String, Value>,
    has_duplicates: bool,
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Object, A::Error> {
                let mut object = Object::default();
                while let Some((name, value)) = members.next_entry()? {
                    object.has_duplicates |= object.fields.insert(name, value).is_some();
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// The encoding the client names; `None` when it names none.
///
/// # Errors
/// [`ApiError::UnsupportedMediaType`] for any other than the two.
fn encoding(headers: &HeaderMap) -> Result<Option<Scalars>, ApiError> {
    let Some(media_type) = media_type(headers) else { return Ok(None) };
    if media_type.eq_ignore_ascii_case("application/json") {
        Ok(Some(Scalars::Typed))
    } else if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(Some(Scalars::Text))
    } else {
        Err(ApiError::UnsupportedMediaType)
    }
}

/// The same for a PATCH, which may also say that it is one (RFC 7396).
fn encoding_of_patch(headers: &HeaderMap) -> Result<Option<Scalars>, ApiError> {
    if media_type(headers).is_some_and(|it| it.eq_ignore_ascii_case("application/merge-patch+json")) {
        return Ok(Some(Scalars::Typed));
    }
    encoding(headers).map_err(|_| ApiError::UnsupportedPatch)
}

/// What the client calls the body, without parameters; what is no text is called nothing.
fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?;
    Some(value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim())
}

/// The whole body, if it is small enough and comes in time.
async fn collect(body: axum::body::Body) -> Result<Bytes, ApiError> {
    let too_large = || ApiError::BodyTooLarge { limit: limits::BODY_BYTES };
    // A client that announces too much is told so before it has sent it.
    if http_body::Body::size_hint(&body).lower() > limits::BODY_BYTES as u64 {
        return Err(too_large());
    }
    let collected = Limited::new(body, limits::BODY_BYTES).collect();
    match tokio::time::timeout(limits::BODY_READ, collected).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(ApiError::Malformed("The body ended too early".into())),
        Err(_) => Err(ApiError::BodyTooSlow),
    }
}

fn json(bytes: &[u8]) -> Result<Object, ApiError> {
    if let Ok(object) = serde_json::from_slice(bytes) {
        return Ok(object);
    }
    Err(ApiError::Malformed(match serde_json::from_slice::<Value>(bytes) {
        _ if bytes.is_empty() => "The body must be a JSON object, and is empty".into(),
        Ok(_) => "The body must be a JSON object".into(),
        // The position, but not the parser's message: it is not stable, and would repeat what was sent.
        Err(error) => {
            format!("The body is not valid JSON (line {}, column {})", error.line(), error.column()).into()
        }
    }))
}

fn form(bytes: &[u8]) -> Result<Object, ApiError> {
    // A pair without a name names no field; serde_qs ignores it anywhere but in front.
    let named: Vec<_> = bytes.split(|byte| *byte == b'&').filter(|pair| !pair.starts_with(b"=")).collect();
    // Browsers send `ingredients%5B%5D=`; form encoding reads the brackets in both spellings.
    serde_qs::Config::new().use_form_encoding(true).deserialize_bytes(&named.join(&b'&')).map_err(|_| {
        let message =
            "The body is not a valid form; nested fields are written author[name]=.. and ingredients[]=..";
        ApiError::Malformed(message.into())
    })
}

/// `Prefer: handling=strict` (RFC 7240 section 4.4).
fn prefers_strict(headers: &HeaderMap) -> bool {
    crate::http::query::prefers(headers, "handling", "strict")
}

fn refuse_unknown<T: Parse>(fields: &Map<String, Value>) -> Result<(), ApiError> {
    let unknown = T::unknown_fields(fields);
    if unknown.is_empty() { Ok(()) } else { Err(ApiError::UnknownFields(unknown)) }
}
