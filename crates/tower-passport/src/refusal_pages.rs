//! Pages for those whom any door inside refused, also one that is an argument of a handler.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, Response, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use crate::respond::navigation::Navigation;
use crate::{AsItIs, FailurePage, InvalidLocation, InvalidPath, LoginPage, Refusal};

/// A layer that sends people to pages when something inside of it refused them: [`Auth`](crate::Auth), which answers for
/// itself and knows no pages, or any layer of this crate. Whoever is not looking at pages gets the answer as it is, and
/// so does everybody where the answer has another status than the refusal: somebody inside has dealt with it.
///
/// ```
/// use tower_passport::RefusalPages;
///
/// # fn example(router: axum::Router) -> Result<axum::Router, Box<dyn std::error::Error>> {
/// Ok(router.layer(RefusalPages::new().login_page("/login")?.failure_page("/login")?))
/// # }
/// ```
///
/// With a page of either kind, the page to log in is for those who are not logged in, and the other one for every other
/// failure: see [`LoginPage`] and [`FailurePage`].
#[derive(Clone, Debug, Default)]
pub struct RefusalPages {
    login: Option<LoginPage<AsItIs>>,
    failure: Option<FailurePage<AsItIs>>,
}

impl RefusalPages {
    /// No pages yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends whoever is not logged in to this page, as [`Authenticate::login_page`](crate::Authenticate::login_page) does.
    ///
    /// # Errors
    /// [`InvalidLocation`] if the address cannot be a header value: percent-encode it.
    pub fn login_page(self, page: &str) -> Result<Self, InvalidLocation> {
        Ok(Self { login: Some(LoginPage::new(page, AsItIs)?), ..self })
    }

    /// Sends everybody else to this page, as [`Authenticate::failure_page`](crate::Authenticate::failure_page) does.
    ///
    /// # Errors
    /// [`InvalidPath`] if it is no path of this site.
    pub fn failure_page(self, page: &str) -> Result<Self, InvalidPath> {
        Ok(Self { failure: Some(FailurePage::new(page, AsItIs)?), ..self })
    }

    fn location(&self, refusal: &Refusal, request: &Navigation) -> Option<HeaderValue> {
        let login = self.login.as_ref().and_then(|page| page.location(refusal, request));
        login.or_else(|| self.failure.as_ref().and_then(|page| page.location(refusal, request)))
    }
}

impl<Inner> Layer<Inner> for RefusalPages {
    type Service = RefusalPagesService<Inner>;

    fn layer(&self, inner: Inner) -> Self::Service {
        RefusalPagesService { inner, pages: self.clone() }
    }
}

/// A service behind [`RefusalPages`].
#[derive(Clone, Debug)]
pub struct RefusalPagesService<Inner> {
    inner: Inner,
    pages: RefusalPages,
}

impl<Inner, B, Answer> Service<Request<B>> for RefusalPagesService<Inner>
where
    Inner: Service<Request<B>, Response = Response<Answer>>,
    Inner::Future: Send + 'static,
    Answer: Default,
{
    type Response = Response<Answer>;
    type Error = Inner::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        let navigation = Navigation::of(&head);
        let answer = self.inner.call(Request::from_parts(head, body));
        let Some(navigation) = navigation else { return Box::pin(answer) };
        let pages = self.pages.clone();
        Box::pin(async move {
            let response = answer.await?;
            // Another status is the answer of somebody inside who has dealt with it: a page of his own, or one that is
            // hidden behind 404.
            let refusal = response.extensions().get::<Refusal>();
            let refusal = refusal.filter(|refusal| refusal.status() == response.status());
            let location = refusal.and_then(|refusal| pages.location(refusal, &navigation));
            Ok(match location {
                Some(location) => sent_to(location, response),
                None => response,
            })
        })
    }
}

/// The same answer as a way to a page: its cookies, and whatever layers inside have added, go along.
fn sent_to<B: Default>(location: HeaderValue, response: Response<B>) -> Response<B> {
    let mut response = response.map(|_| B::default());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    for of_the_body in [CONTENT_TYPE, CONTENT_LENGTH, WWW_AUTHENTICATE] {
        headers.remove(of_the_body);
    }
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
