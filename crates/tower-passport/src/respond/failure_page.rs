use http::request::Parts;
use http::{HeaderValue, Response};

use super::Respond;
use super::navigation::{Navigation, path_of, see_other, with_query};
use crate::fields::{Field, in_form};
use crate::{InvalidPath, LocalPath, Rejection};

/// Redirects browsers to a page that explains the failure. Other clients get the response of `R`. See
/// [`Authenticate::failure_page`](crate::Authenticate::failure_page).
///
/// Every rejection becomes 303 (See Other) for a `GET`, `HEAD` or `POST` that is a navigation, as
/// [`LoginPage`](crate::LoginPage) describes it: a form with a wrong password, the callback of a cancelled log-in, or a
/// provider that does not respond.
///
/// The query parameter `error` is the code of the [`Reason`](crate::Reason), for example `wrong_credentials`, or
/// `session_ended`. The page makes a sentence of it. A `return_to` in the query of the rejected request is kept if it is a [`LocalPath`], so that the
/// second attempt ends where the first one would have. The page never redirects to itself, except after its own form.
#[derive(Clone, Debug)]
pub struct FailurePage<R> {
    page: LocalPath,
    otherwise: R,
}

impl<R> FailurePage<R> {
    /// A redirect to this page. Other clients get the response of `otherwise`.
    ///
    /// # Errors
    /// [`InvalidPath`] if it is not a path of this site.
    pub fn new(page: &str, otherwise: R) -> Result<Self, InvalidPath> {
        Ok(Self { page: LocalPath::parse(page)?, otherwise })
    }

    pub(crate) fn location(&self, rejection: &Rejection, request: &Navigation) -> Option<HeaderValue> {
        let is_failure_page = request.is_visit() && request.uri.path() == path_of(self.page.as_str());
        if rejection.location().is_some() || is_failure_page {
            return None;
        }
        let mut parameters = vec![("error", rejection.page_error())];
        let query = request.uri.query().unwrap_or_default().as_bytes();
        let return_to = match in_form(query, [&Field::new("return_to")]) {
            Ok([Some(path)]) => LocalPath::parse(&path).ok(),
            _ => None,
        };
        parameters.extend(return_to.as_ref().map(|path| ("return_to", path.as_str())));
        with_query(self.page.as_str(), &parameters)
    }
}

impl<B: Default, R: Respond<B>> Respond<B> for FailurePage<R> {
    fn respond(&self, rejection: &Rejection, request: &Parts) -> Response<B> {
        match Navigation::of(request).and_then(|navigation| self.location(rejection, &navigation)) {
            Some(location) => see_other(rejection, location),
            None => self.otherwise.respond(rejection, request),
        }
    }
}
