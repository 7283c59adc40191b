use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};

use super::Respond;
use super::navigation::{Navigation, path_of, see_other, with_query};
use crate::{InvalidLocation, LocalPath, Redirect, Refusal};

/// Sends whoever is looking at pages to the one where he logs in, and answers everybody else as `R` does: see
/// [`Authenticate::login_page`](crate::Authenticate::login_page).
///
/// A 401 becomes 303 (See Other) only for a `GET` or `HEAD` whose `Accept` names `text/html` and which, if the browser
/// says so (`Sec-Fetch-Mode`), is a navigation. A script would follow the redirect and take the page for its data.
///
/// The parameter `return_to` says where he was going. It is always a path of this site (a [`LocalPath`]), but the request
/// that comes back from the page is the client's: parse it as one there, too, before you redirect to it, or the page can
/// be used to send people elsewhere. `OAuth2` does that by itself. Inside of axum's
/// `nest` the path is without the outer part: put the layer outside.
///
/// The page itself is never sent to itself, so that a layer around the whole site does not make a loop.
#[derive(Clone, Debug)]
pub struct LoginPage<R> {
    page: Box<str>,
    otherwise: R,
}

impl<R> LoginPage<R> {
    /// The way to this page (a path or a URL); other clients are answered by `otherwise`.
    ///
    /// # Errors
    /// [`InvalidLocation`] if the address is empty or cannot be a header value: percent-encode it.
    pub fn new(page: &str, otherwise: R) -> Result<Self, InvalidLocation> {
        Redirect::to(page)?;
        Ok(Self { page: page.into(), otherwise })
    }

    pub(crate) fn location(&self, refusal: &Refusal, request: &Navigation) -> Option<HeaderValue> {
        let logs_in = refusal.status() == StatusCode::UNAUTHORIZED && request.is_visit();
        if !logs_in || request.uri.path() == path_of(&self.page) {
            return None;
        }
        let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
        let return_to = LocalPath::parse(target).ok();
        let parameters = return_to.as_ref().map(|path| ("return_to", path.as_str()));
        with_query(&self.page, parameters.as_slice())
    }
}

impl<B: Default, R: Respond<B>> Respond<B> for LoginPage<R> {
    fn respond(&self, refusal: &Refusal, request: &Parts) -> Response<B> {
        match Navigation::of(request).and_then(|navigation| self.location(refusal, &navigation)) {
            Some(location) => see_other(refusal, location),
            None => self.otherwise.respond(refusal, request),
        }
    }
}
