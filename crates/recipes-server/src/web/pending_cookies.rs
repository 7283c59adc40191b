//! Cookies that are set while a request is read, and belong to its response, whichever that is.
//!
//! An access token lasts shorter than its session. The page that a browser opens with an expired one exchanges its refresh token,
//! and the browser must get the new tokens also with an error: the old ones are used up.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, header};

/// The cookies of one response to come.
#[derive(Clone, Default)]
pub(super) struct PendingCookies(Arc<Mutex<HeaderMap>>);

impl PendingCookies {
    pub(super) fn add(&self, cookies: &HeaderMap) {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for cookie in cookies.get_all(header::SET_COOKIE) {
            pending.append(header::SET_COOKIE, cookie.clone());
        }
    }

    /// The middleware of all pages.
    pub(super) async fn deliver(mut request: Request, next: Next) -> Response {
        let pending = Self::default();
        request.extensions_mut().insert(pending.clone());
        let mut response = next.run(request).await;
        let pending = pending.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.is_empty() || response.headers().contains_key(header::SET_COOKIE) {
            // A log-in or a log-out has set them anew.
            return response;
        }
        for cookie in pending.get_all(header::SET_COOKIE) {
            response.headers_mut().append(header::SET_COOKIE, cookie.clone());
        }
        drop(pending);
        response
    }
}
