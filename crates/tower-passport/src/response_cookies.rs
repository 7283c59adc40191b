//! Cookies of a request that is let through as a guest's: the removal of a session cookie whose session has ended.

use std::sync::{Arc, Mutex, PoisonError};

use http::header::{COOKIE, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

/// An extension of a request in which strategies leave cookies for the response. A layer inserts it and adds the cookies.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResponseCookies(Arc<Mutex<Vec<HeaderValue>>>);

impl ResponseCookies {
    /// Inserts it into a request with cookies, unless an outer layer has inserted one.
    pub(crate) fn insert_into(request: &mut Parts) -> Option<Self> {
        if !request.headers.contains_key(COOKIE) || request.extensions.get::<Self>().is_some() {
            return None;
        }
        let cookies = Self::default();
        request.extensions.insert(cookies.clone());
        Some(cookies)
    }

    pub(crate) fn leave(request: &Parts, cookies: &[HeaderValue]) {
        if let Some(Self(left)) = request.extensions.get() {
            left.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(cookies);
        }
    }

    /// Adds the cookies, except those that the response sets itself: a log-in has begun a new session.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap) {
        for cookie in self.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let is_set = headers.get_all(SET_COOKIE).iter().any(|set| name_of(set) == name_of(&cookie));
            if !is_set {
                headers.append(SET_COOKIE, cookie);
            }
        }
    }
}

fn name_of(set_cookie: &HeaderValue) -> Option<&[u8]> {
    set_cookie.as_bytes().split(|byte| *byte == b'=').next()
}
