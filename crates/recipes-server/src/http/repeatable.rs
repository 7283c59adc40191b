//! Requests that clients may repeat with an `Idempotency-Key`, and answers that can be remembered.

use aws_lc_rs::digest::{Context as Hasher, SHA256};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, Uri, header, request::Parts};
use serde::{Deserialize, Serialize};

use crate::http::body::{Body, Parse};
use crate::http::error::Report;
use crate::http::idempotency_key::IdempotencyKey;
use crate::http::negotiation::JSON;

/// What tells a request and its repetitions from others.
pub struct RequestKey {
    /// The client's key.
    pub key: String,
    /// A digest of the request: method, address and body.
    pub request: [u8; 32],
}

impl RequestKey {
    /// `body` are the bytes of the body, perhaps in parts.
    pub fn new<'a>(key: String, uri: &Uri, body: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Hasher::new(&SHA256);
        // All routes have the method POST. Parts begin with their lengths, so no two lists of parts are hashed alike.
        let mut add = |part: &[u8]| {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part);
        };
        add(uri.to_string().as_bytes());
        body.into_iter().for_each(&mut add);
        let mut request = [0; 32];
        request.copy_from_slice(hasher.finish().as_ref());
        Self { key, request }
    }
}

/// The key of a request whose body has no meaning, if the client has sent one.
pub struct Repeatable(pub Option<RequestKey>);

impl<S: Sync> FromRequestParts<S> for Repeatable {
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        let IdempotencyKey(key) = IdempotencyKey::from_request_parts(parts, state).await?;
        Ok(Self(key.map(|key| RequestKey::new(key, &parts.uri, []))))
    }
}

/// The key of a request, if the client has sent one, and its body.
pub struct RepeatableBody<T>(pub Option<RequestKey>, pub T);

impl<S: Sync, T: Parse + Send + 'static> FromRequest<S> for RepeatableBody<T> {
    type Rejection = Report;

    async fn from_request(request: Request, state: &S) -> Result<Self, Report> {
        let (mut parts, body) = request.into_parts();
        let IdempotencyKey(key) = IdempotencyKey::from_request_parts(&mut parts, state).await?;
        let uri = parts.uri.clone();
        let look = move |bytes: &[u8]| key.map(|key| RequestKey::new(key, &uri, [bytes]));
        let (_, Body(body), key) = Body::split_with(Request::from_parts(parts, body), look).await?;
        Ok(Self(key, body))
    }
}

/// A response that can be remembered. No cache may store it.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    head: Head,
    body: Vec<u8>,
}

/// The values that are stored before the body, as one line of JSON.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    status: u16,
    content_type: String,
    location: Option<String>,
}

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

impl Answer {
    /// 200 with this document.
    pub fn document(content_type: &str, body: Vec<u8>) -> Self {
        Self { head: Head { status: 200, content_type: content_type.to_owned(), location: None }, body }
    }

    /// 201 with `{"data":…}` and the address of the new resource.
    ///
    /// # Errors
    /// A 500 if the data is no JSON.
    pub fn created(location: &str, data: &impl Serialize) -> Result<Self, Report> {
        let mut body = b"{\"data\":".to_vec();
        serde_json::to_writer(&mut body, data).map_err(Report::internal)?;
        body.push(b'}');
        let (content_type, location) = (JSON.content_type.to_owned(), Some(location.to_owned()));
        Ok(Self { head: Head { status: 201, content_type, location }, body })
    }

    /// 204.
    pub fn no_content() -> Self {
        Self { head: Head { status: 204, content_type: String::new(), location: None }, body: Vec::new() }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        // Numbers and strings only: serializing them cannot fail.
        let mut bytes = serde_json::to_vec(&self.head).unwrap_or_default();
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The response to a request that was carried out before.
    ///
    /// # Errors
    /// A 500 for bytes that are not those of an answer.
    pub fn replayed(bytes: &[u8]) -> Result<Response, Report> {
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(|| Report::internal("no head"))?;
        let (head, body) = bytes.split_at(end);
        let head = serde_json::from_slice(head).map_err(Report::internal)?;
        let body = body.get(1..).unwrap_or_default().to_vec();
        let mut response = Self { head, body }.try_into_response()?;
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(response)
    }

    fn try_into_response(self) -> Result<Response, Report> {
        let Self { head: Head { status, content_type, location }, body } = self;
        let mut response = Response::new(body.into());
        *response.status_mut() = StatusCode::from_u16(status).map_err(Report::internal)?;
        let headers = response.headers_mut();
        if !content_type.is_empty() {
            let content_type = HeaderValue::try_from(content_type).map_err(Report::internal)?;
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        if let Some(location) = location {
            headers.insert(header::LOCATION, HeaderValue::try_from(location).map_err(Report::internal)?);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        self.try_into_response().unwrap_or_else(IntoResponse::into_response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(uri: &'static str, body: &[&'static [u8]]) -> [u8; 32] {
        RequestKey::new("k".to_owned(), &Uri::from_static(uri), body.iter().copied()).request
    }

    #[test]
    fn requests_with_another_address_or_body_are_told_apart() {
        assert_eq!(key("/a?b=1", &[b"x"]), key("/a?b=1", &[b"x"]));
        for other in
            [key("/a?b=2", &[b"x"]), key("/a?b=1", &[b"y"]), key("/a?b=1", &[]), key("/a?b=1x", &[b""])]
        {
            assert_ne!(key("/a?b=1", &[b"x"]), other);
        }
        assert_ne!(key("/a", &[b"xy", b"z"]), key("/a", &[b"x", b"yz"]));
    }

    #[test]
    fn answer_survives_being_remembered() {
        for answer in [
            Answer::created("/a/1", &serde_json::json!({ "text": "a\nb" })).unwrap(),
            Answer::no_content(),
            Answer::document("application/x-ndjson", b"{}\n{}\n".to_vec()),
        ] {
            let bytes = answer.to_bytes();
            let mut replayed = Answer::replayed(&bytes).unwrap();
            assert_eq!(replayed.headers_mut().remove(REPLAYED).unwrap(), "true");
            let first = answer.into_response();
            assert_eq!((first.status(), first.headers()), (replayed.status(), replayed.headers()));
        }
        assert!(Answer::replayed(b"").is_err() && Answer::replayed(b"x\n").is_err());
    }
}
