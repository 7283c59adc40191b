//! Bodies that are the same for every request: kept in memory once, and compressed once.

use std::{
    collections::HashMap,
    io::Write as _,
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::StatusCode;
use http_body_util::BodyExt as _;

/// A body that all its responses share. As an extension of a response it says that the body takes no memory.
#[derive(Clone)]
pub struct StaticBody(Arc<Shared>);

struct Shared {
    plain: Bytes,
    gzip: OnceLock<Bytes>,
    is_being_compressed: AtomicBool,
}

impl StaticBody {
    pub fn new(plain: impl Into<Bytes>) -> Self {
        let (gzip, is_being_compressed) = (OnceLock::new(), AtomicBool::new(false));
        Self(Arc::new(Shared { plain: plain.into(), gzip, is_being_compressed }))
    }

    /// A response with this body and no headers.
    pub fn response(&self) -> Response {
        let mut response = Response::new(Body::from(self.0.plain.clone()));
        response.extensions_mut().insert(self.clone());
        response
    }

    /// The compressed body, once it is ready. The first call starts the compression, which takes up to 100 ms.
    pub(super) fn gzip(&self) -> Option<Bytes> {
        let shared = &self.0;
        if shared.gzip.get().is_none() && !shared.is_being_compressed.swap(true, Ordering::Relaxed) {
            let shared = Arc::clone(shared);
            tokio::task::spawn_blocking(move || shared.gzip.get_or_init(|| compress(&shared.plain)).len());
            return None;
        }
        shared.gzip.get().cloned()
    }
}

fn compress(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(plain);
    encoder.finish().unwrap_or_default().into()
}

/// The responses of routes that send files: a middleware keeps the body of each.
#[derive(Clone, Default)]
pub struct StaticFiles(Arc<RwLock<HashMap<String, StaticBody>>>);

impl StaticFiles {
    /// Replaces the body of a successful response by the shared one of its path. Only for routes without path parameters
    /// that a client chooses freely, because every path is kept.
    pub async fn share(State(Self(files)): State<Self>, request: Request, next: Next) -> Response {
        let path = request.uri().path().to_owned();
        let response = next.run(request).await;
        if response.status() != StatusCode::OK {
            return response;
        }
        let known = files.read().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
        let (mut head, body) = response.into_parts();
        let shared = if let Some(known) = known {
            known
        } else {
            // Embedded files: reading them cannot fail.
            let read = StaticBody::new(body.collect().await.unwrap_or_default().to_bytes());
            files.write().unwrap_or_else(PoisonError::into_inner).entry(path).or_insert(read).clone()
        };
        head.extensions.insert(shared.clone());
        Response::from_parts(head, Body::from(shared.0.plain.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[tokio::test]
    async fn body_is_compressed_once_and_shared() {
        let body = StaticBody::new("soup ".repeat(1_000));
        assert_eq!(body.gzip(), None, "not in the way of the first request");
        let gzip = loop {
            match body.gzip() {
                Some(gzip) => break gzip,
                None => tokio::task::yield_now().await,
            }
        };
        assert_eq!(body.gzip().unwrap().as_ptr(), gzip.as_ptr());
        let mut plain = String::new();
        flate2::read::GzDecoder::new(&*gzip).read_to_string(&mut plain).unwrap();
        assert_eq!(plain, "soup ".repeat(1_000));
    }
}
