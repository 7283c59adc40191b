//! A layer for browsers: redirects them to pages when something inside of it rejected them, and removes stale cookies.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::respond::navigation::Navigation;
use crate::response_cookies::ResponseCookies;
use crate::{DefaultResponse, FailurePage, InvalidLocation, InvalidPath, LoginPage, Rejection};

/// A layer that redirects browsers to pages when [`Auth`](crate::Auth) or a layer inside of it rejected them.
///
/// Programs and scripts get the response unchanged. So does a browser if the response has another status than the rejection:
/// then something inside has handled it.
///
/// ```
/// use tower_passport::RejectionPages;
///
/// # fn example(router: axum::Router) -> Result<axum::Router, Box<dyn std::error::Error>> {
/// Ok(router.layer(RejectionPages::new().login_page("/login")?.failure_page("/login")?))
/// # }
/// ```
///
/// It also removes the cookie of a session that has ended where `Option<Auth<..>>` lets its client in as a guest: an extractor
/// cannot add to the response.
///
/// With both kinds of page, users who are not logged in go to the log-in page, and every other failure goes to the failure
/// page: see [`LoginPage`] and [`FailurePage`].
#[derive(Clone, Debug, Default)]
pub struct RejectionPages {
    login: Option<LoginPage<DefaultResponse>>,
    failure: Option<FailurePage<DefaultResponse>>,
}

impl RejectionPages {
    /// A layer without pages yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Redirects users who are not logged in to this page: see
    /// [`Authenticate::login_page`](crate::Authenticate::login_page).
    ///
    /// # Errors
    /// [`InvalidLocation`] if the address cannot be a header value: percent-encode it.
    pub fn login_page(self, page: &str) -> Result<Self, InvalidLocation> {
        Ok(Self { login: Some(LoginPage::new(page, DefaultResponse)?), ..self })
    }

    /// Redirects after every other failure to this page: see
    /// [`Authenticate::failure_page`](crate::Authenticate::failure_page).
    ///
    /// # Errors
    /// [`InvalidPath`] if it is not a path of this site.
    pub fn failure_page(self, page: &str) -> Result<Self, InvalidPath> {
        Ok(Self { failure: Some(FailurePage::new(page, DefaultResponse)?), ..self })
    }

    fn location(&self, rejection: &Rejection, request: &Navigation) -> Option<HeaderValue> {
        let login = self.login.as_ref().and_then(|page| page.location(rejection, request));
        login.or_else(|| self.failure.as_ref().and_then(|page| page.location(rejection, request)))
    }
}

impl<Inner> Layer<Inner> for RejectionPages {
    type Service = RejectionPagesService<Inner>;

    fn layer(&self, inner: Inner) -> Self::Service {
        RejectionPagesService { inner, pages: self.clone() }
    }
}

/// The service of [`RejectionPages`].
#[derive(Clone, Debug)]
pub struct RejectionPagesService<Inner> {
    inner: Inner,
    pages: RejectionPages,
}

impl<Inner, B, Answer> Service<Request<B>> for RejectionPagesService<Inner>
where
    Inner: Service<Request<B>, Response = Response<Answer>>,
    Answer: Default,
{
    type Response = Response<Answer>;
    type Error = Inner::Error;
    type Future = RejectionPagesFuture<Inner::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut head, body) = request.into_parts();
        let cookies = ResponseCookies::insert_into(&mut head);
        let pages = Navigation::of(&head).map(|navigation| (self.pages.clone(), navigation));
        RejectionPagesFuture { future: self.inner.call(Request::from_parts(head, body)), pages, cookies }
    }
}

pin_project! {
    /// The response future of [`RejectionPagesService`].
    pub struct RejectionPagesFuture<F> {
        #[pin]
        future: F,
        pages: Option<(RejectionPages, Navigation)>,
        cookies: Option<ResponseCookies>,
    }
}

impl<F, B, Error> Future for RejectionPagesFuture<F>
where
    F: Future<Output = Result<Response<B>, Error>>,
    B: Default,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.future.poll(context))?;
        if let Some(cookies) = this.cookies {
            cookies.add_to(response.headers_mut());
        }
        // With another status, something inside has handled the rejection: with its own page, or by hiding it behind 404.
        let rejection = response.extensions().get::<Rejection>();
        let rejection = rejection.filter(|rejection| rejection.status() == response.status());
        let location = match (rejection, this.pages) {
            (Some(rejection), Some((pages, navigation))) => pages.location(rejection, navigation),
            _ => None,
        };
        Poll::Ready(Ok(match location {
            Some(location) => see_other(location, response),
            None => response,
        }))
    }
}

impl<F> fmt::Debug for RejectionPagesFuture<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RejectionPagesFuture(..)")
    }
}

/// The same response as a redirect. Its cookies and the headers of other layers stay.
fn see_other<B: Default>(location: HeaderValue, response: Response<B>) -> Response<B> {
    let mut response = response.map(|_| B::default());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    for name in [CONTENT_TYPE, CONTENT_LENGTH, RETRY_AFTER, WWW_AUTHENTICATE] {
        headers.remove(name);
    }
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
