//! Request bodies: JSON or a nested form, bounded in size and time, parsed into a type that proves they are valid.

mod collect;
pub mod fields;
mod form;
mod form_text;
mod parts;
mod raw;
mod received;

use std::fmt;

use axum::extract::{FromRequest, Request};
use http::{HeaderMap, Method, header, request::Parts};
use recipes::{FieldError, Scalars};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use tokio::task::spawn_blocking;
use zeroize::Zeroize as _;

use self::fields::Fields;
pub use self::form_text::{FORM_BYTES, FormText};
pub use self::raw::{FileForm, ImageBody, RawBody, RawFile};
use crate::http::error::{Report, RequestError};
use crate::limits;

/// A type that is parsed from the fields of a body. A value of it proves that the fields are valid.
pub trait Parse: Sized {
    /// Whether a field with two values is an error. Otherwise the last one counts.
    const REJECTS_DUPLICATES: bool = false;
    /// Whether the body may contain a password, so that its copies are wiped from memory.
    const HAS_SECRETS: bool = false;

    /// Bytes of a body at most.
    const MAX_BYTES: usize = limits::BODY_BYTES;

    /// One error for each field that this type does not know. They are ignored, except with strict handling.
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError>;

    /// # Errors
    /// All problems of all fields at once.
    fn parse(fields: &Map<String, Value>, encoding: Scalars) -> Result<Self, Vec<FieldError>>;
}

/// [`Parse`] for a body that is a flat list of fields, of at most [`limits::FIELDS_BYTES`].
pub trait ParseFields: Sized {
    const FIELDS: &'static [&'static str];
    const REJECTS_DUPLICATES: bool = false;

    /// Reads every field, so that all problems are found, and then answers `None` if any is missing.
    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

impl<T: ParseFields> Parse for T {
    const REJECTS_DUPLICATES: bool = T::REJECTS_DUPLICATES;
    const HAS_SECRETS: bool = true;
    const MAX_BYTES: usize = limits::FIELDS_BYTES;

    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        fields::unknown(fields, T::FIELDS)
    }

    fn parse(fields: &Map<String, Value>, encoding: Scalars) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(fields, encoding);
        let parsed = T::parse_fields(&mut fields);
        fields.finish(parsed)
    }
}

/// A body that was read and is valid.
pub struct Body<T>(pub T);

/// Parsing a larger body takes up to milliseconds, which other requests would wait for on the same worker.
const PARSED_INLINE: usize = 16 * 1024;

impl<T: Parse + Send + 'static> Body<T> {
    /// Reads the body, and keeps the head of the request.
    ///
    /// # Errors
    /// [`RequestError`] if the body is too large, too slow, or not valid.
    pub async fn split(request: Request) -> Result<(Parts, Self), RequestError> {
        let (head, body, ()) = Self::split_with(request, |_| ()).await?;
        Ok((head, body))
    }

    /// [`split`](Self::split), and what `look` makes of the bytes.
    ///
    /// # Errors
    /// As [`split`](Self::split).
    pub(super) async fn split_with<R: Send + 'static>(
        request: Request,
        look: impl FnOnce(&[u8]) -> R + Send + 'static,
    ) -> Result<(Parts, Self, R), RequestError> {
        let (head, body) = request.into_parts();
        let encoding = match head.method {
            Method::PATCH => encoding_of_patch(&head.headers)?,
            _ => encoding(&head.headers)?,
        };
        let mut body = received::collect(&head, body, T::MAX_BYTES).await?;
        let is_large = body.len() > PARSED_INLINE;
        let parse = move || {
            let parsed = read(&head.headers, encoding, &body);
            let looked = look(&body);
            if <T as Parse>::HAS_SECRETS {
                body.wipe();
            }
            (parsed, head, looked)
        };
        let (parsed, head, looked) =
            if is_large { spawn_blocking(parse).await.map_err(RequestError::internal)? } else { parse() };
        Ok((head, Self(parsed?), looked))
    }
}

impl<S: Sync, T: Parse + Send + 'static> FromRequest<S> for Body<T> {
    type Rejection = Report;

    async fn from_request(request: Request, _: &S) -> Result<Self, Report> {
        let (_, body) = Self::split(request).await?;
        Ok(body)
    }
}

/// Parses the form of a page.
///
/// # Errors
/// [`RequestError::Invalid`] with all problems; [`RequestError::Malformed`].
pub fn parse_form<T: Parse>(text: &str) -> Result<T, RequestError> {
    let mut object = form::<T>(text.as_bytes())?;
    let parsed = T::parse(&object.fields, Scalars::Text).map_err(RequestError::Invalid);
    if <T as Parse>::HAS_SECRETS {
        object.wipe();
    }
    parsed
}

fn read<T: Parse>(headers: &HeaderMap, encoding: Option<Scalars>, bytes: &[u8]) -> Result<T, RequestError> {
    let mut object = match encoding {
        Some(Scalars::Typed) => json(bytes)?,
        Some(Scalars::Text) => form::<T>(bytes)?,
        // Without a body and a media type every field is missing, which `Parse` reports.
        None if bytes.is_empty() => Object::default(),
        None => return Err(RequestError::UnsupportedMediaType),
    };
    let parsed = parse(headers, encoding.unwrap_or(Scalars::Typed), &object);
    if <T as Parse>::HAS_SECRETS {
        object.wipe();
    }
    parsed
}

fn parse<T: Parse>(headers: &HeaderMap, encoding: Scalars, object: &Object) -> Result<T, RequestError> {
    let Object { fields, has_duplicates } = object;
    if <T as Parse>::REJECTS_DUPLICATES && *has_duplicates {
        return Err(RequestError::DuplicateField);
    }
    if prefers_strict(headers) {
        reject_unknown::<T>(fields)?;
    }
    T::parse(fields, encoding).map_err(RequestError::Invalid)
}

/// The top-level fields of a body, and whether one of them has two values. Of equal names in JSON the last one is kept.
#[derive(Default)]
struct Object {
    fields: Map<String, Value>,
    has_duplicates: bool,
}

impl Object {
    fn wipe(&mut self) {
        for value in self.fields.values_mut() {
            if let Value::String(text) = value {
                text.zeroize();
            }
        }
    }
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

/// The encoding that `Content-Type` names.
///
/// # Errors
/// [`RequestError::UnsupportedMediaType`] for any other than JSON and forms.
fn encoding(headers: &HeaderMap) -> Result<Option<Scalars>, RequestError> {
    let Some(media_type) = media_type(headers) else { return Ok(None) };
    if media_type.eq_ignore_ascii_case("application/json") {
        Ok(Some(Scalars::Typed))
    } else if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(Some(Scalars::Text))
    } else {
        Err(RequestError::UnsupportedMediaType)
    }
}

/// The same for PATCH, which may also name `application/merge-patch+json` (RFC 7396).
fn encoding_of_patch(headers: &HeaderMap) -> Result<Option<Scalars>, RequestError> {
    if media_type(headers).is_some_and(|it| it.eq_ignore_ascii_case("application/merge-patch+json")) {
        return Ok(Some(Scalars::Typed));
    }
    encoding(headers).map_err(|_| RequestError::UnsupportedPatch)
}

/// The media type of the body without parameters; empty if the header is not text.
fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?;
    Some(value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim())
}

fn json(bytes: &[u8]) -> Result<Object, RequestError> {
    if let Ok(object) = serde_json::from_slice(bytes) {
        return Ok(object);
    }
    Err(RequestError::Malformed(match serde_json::from_slice::<Value>(bytes) {
        _ if bytes.is_empty() => "The body is empty and must be a JSON object".into(),
        Ok(_) => "The body must be a JSON object".into(),
        // The position only: the parser's message is not stable and would echo the input.
        Err(error) => {
            format!("The body is not valid JSON (line {}, column {})", error.line(), error.column()).into()
        }
    }))
}

fn form<T: Parse>(bytes: &[u8]) -> Result<Object, RequestError> {
    // curl -d sends this media type unless another one is named.
    let start = bytes.trim_ascii_start();
    if start.strip_prefix(b"[").unwrap_or(start).trim_ascii_start().starts_with(b"{") {
        return Err(RequestError::Malformed(
            "The body looks like JSON, but its Content-Type says that it is a form; send Content-Type: application/json"
                .into(),
        ));
    }
    let fields = form::parse(bytes).map_err(RequestError::Malformed)?;
    let has_several = |value: &Value| {
        value.as_array().is_some_and(|texts| texts.iter().filter(|text| **text != "").count() > 1)
    };
    let has_duplicates = <T as Parse>::REJECTS_DUPLICATES && {
        let repeated = fields.iter().filter(|(_, value)| has_several(value));
        let repeated: Map<_, _> = repeated.map(|(name, value)| (name.clone(), value.clone())).collect();
        // Unknown fields are ignored.
        T::unknown_fields(&repeated).len() < repeated.len()
    };
    Ok(Object { fields, has_duplicates })
}

/// `Prefer: handling=strict` (RFC 7240 section 4.4).
fn prefers_strict(headers: &HeaderMap) -> bool {
    crate::http::query::prefers(headers, "handling", "strict")
}

fn reject_unknown<T: Parse>(fields: &Map<String, Value>) -> Result<(), RequestError> {
    let unknown = T::unknown_fields(fields);
    if unknown.is_empty() { Ok(()) } else { Err(RequestError::UnknownFields(unknown)) }
}
