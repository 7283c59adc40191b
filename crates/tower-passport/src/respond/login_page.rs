use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};

use super::Respond;
use super::navigation::{Navigation, path_of, see_other, with_query};
use crate::{InvalidLocation, LocalPath, Redirect, Rejection};

/// Redirects browsers to the log-in page. Other clients get the response of `R`. See
/// [`Authenticate::login_page`](crate::Authenticate::login_page).
///
/// A 401 becomes 303 (See Other) only for a `GET`, `HEAD` or `POST` with `text/html` in `Accept`. If the browser sends
/// `Sec-Fetch-Mode`, it must also be a navigation. A script would follow the redirect and treat the page as its data.
///
/// The query parameter `error` tells the page what happened: `session_ended`, or for a form the code of the
/// [`Reason`](crate::Reason). A visitor who never logged in gets none.
///
/// The query parameter `return_to` is the path of the request. It is a path of this site (a [`LocalPath`]), but it comes back
/// from the log-in page as client input: parse it again before you redirect to it, or the log-in page becomes an open
/// redirect. `OAuth2` and `Oidc` do this themselves. Inside axum's `nest` the path lacks the outer part: put the layer outside.
///
/// The page never redirects to itself, so a layer around the whole site does not loop.
#[derive(Clone, Debug)]
pub struct LoginPage<R> {
    page: Box<str>,
    otherwise: R,
}

impl<R> LoginPage<R> {
    /// A redirect to this page, a path or a URL. Other clients get the response of `otherwise`.
    ///
    /// # Errors
    /// [`InvalidLocation`] if the address is empty or cannot be a header value: percent-encode it.
    pub fn new(page: &str, otherwise: R) -> Result<Self, InvalidLocation> {
        Redirect::to(page)?;
        Ok(Self { page: page.into(), otherwise })
    }

    pub(crate) fn location(&self, rejection: &Rejection, request: &Navigation) -> Option<HeaderValue> {
        if rejection.status() != StatusCode::UNAUTHORIZED || request.uri.path() == path_of(&self.page) {
            return None;
        }
        let error = rejection.page_error();
        let error = (!request.is_visit() || error == "session_ended").then_some(("error", error));
        // The address of a form may be no page.
        let target = request.uri.path_and_query().filter(|_| request.is_visit());
        let return_to = target.and_then(|target| LocalPath::parse(target.as_str()).ok());
        let return_to = return_to.as_ref().map(|path| ("return_to", path.as_str()));
        with_query(&self.page, &error.into_iter().chain(return_to).collect::<Vec<_>>())
    }
}

impl<B: Default, R: Respond<B>> Respond<B> for LoginPage<R> {
    fn respond(&self, rejection: &Rejection, request: &Parts) -> Response<B> {
        match Navigation::of(request).and_then(|navigation| self.location(rejection, &navigation)) {
            Some(location) => see_other(rejection, location),
            None => self.otherwise.respond(rejection, request),
        }
    }
}
