//! A minimal browser that stores cookies and follows redirects.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};
use http::{Method, Request, header};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tower_passport::{Authenticate, BufferBody, CurrentUser, LoggedIn, Rejection, Strategy};

use crate::identity_provider::IdentityProvider;

pub(crate) type Pairs = Vec<(String, String)>;

/// A site that logs in with the strategy: `/` begins a log-in, `/callback` ends it.
pub(crate) fn site(strategy: impl Strategy<User = LoggedIn<String>>) -> Router {
    async fn logged_in(CurrentUser(logged_in): CurrentUser<LoggedIn<String>>) -> Response {
        ([("x-user", logged_in.user.clone())], logged_in.redirect()).into_response()
    }
    Router::new()
        .route("/", routing::any(logged_in))
        .route("/callback", routing::any(logged_in))
        .layer(Authenticate::new(strategy))
        .layer(BufferBody::new(16 * 1024))
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Requests a page and stores the cookies of the response.
    pub(crate) async fn ask(&mut self, site: &Router, method: Method, uri: &str, body: String) -> Seen {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(&method).uri(uri);
        if method == Method::POST {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let response = site.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let mut set_cookies = Vec::new();
        for cookie in head.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap().to_owned();
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            set_cookies.push(cookie);
        }
        let text = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        Seen {
            status: head.status.as_u16(),
            location: text("location"),
            user: text("x-user"),
            cause: head.extensions.get::<Rejection>().map(Rejection::cause).unwrap_or_default(),
            error: head
                .extensions
                .get::<Rejection>()
                .and_then(|rejection| std::error::Error::source(rejection.error()?).map(ToString::to_string)),
            body: String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap(),
            set_cookies,
        }
    }

    pub(crate) async fn get(&mut self, site: &Router, uri: &str) -> Seen {
        self.ask(site, Method::GET, uri, String::new()).await
    }

    /// Begins a log-in and returns the URL of the provider.
    pub(crate) async fn begin(&mut self, site: &Router) -> String {
        let seen = self.get(site, "/").await;
        assert_eq!(seen.status, 303, "{seen:?}");
        seen.location.unwrap()
    }

    /// Requests the callback with these parameters.
    pub(crate) async fn come_back(&mut self, site: &Router, answer: &Pairs) -> Seen {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish();
        self.get(site, &format!("/callback?{query}")).await
    }

    /// A complete, successful log-in.
    pub(crate) async fn log_in(&mut self, site: &Router, provider: &IdentityProvider) -> Seen {
        let location = self.begin(site).await;
        let answer = provider.consent(&location);
        self.come_back(site, &answer).await
    }
}

/// The parts of a response that tests check.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) cause: &'static str,
    pub(crate) error: Option<String>,
    pub(crate) body: String,
    pub(crate) set_cookies: Vec<String>,
}

impl Seen {
    #[track_caller]
    pub(crate) fn is(&self, status: u16, cause: &str) {
        assert_eq!((self.status, self.cause), (status, cause), "{self:?}");
        assert_eq!(self.user, None);
    }

    #[track_caller]
    pub(crate) fn is_signed_in(&self, user: &str) {
        assert_eq!((self.status, self.user.as_deref()), (303, Some(user)), "{self:?}");
    }
}

/// The same parameters with one of them replaced, or removed for `None`.
pub(crate) fn with(answer: &Pairs, name: &str, value: Option<&str>) -> Pairs {
    let mut answer: Pairs = answer.iter().filter(|(known, _)| known != name).cloned().collect();
    answer.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    answer
}
