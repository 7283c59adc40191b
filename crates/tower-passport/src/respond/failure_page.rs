use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};

use super::Respond;
use super::navigation::{Navigation, path_of, see_other, with_query};
use crate::fields::{Field, in_form};
use crate::{InvalidPath, LocalPath, Refusal};

/// Sends whoever is looking at pages to one that says what went wrong, and answers everybody else as `R` does: see
/// [`Authenticate::failure_page`](crate::Authenticate::failure_page).
///
/// 400, 401 and 403 become 303 (See Other) for a `GET`, `HEAD` or `POST` that is a navigation, as
/// [`LoginPage`](crate::LoginPage) tells it: the form with the wrong password, the way back from an identity provider where
/// somebody said no. What is the server's fault (500, 503) stays what it is.
///
/// The parameter `error` is the machine's word for the [`Reason`](crate::Reason), `wrong_credentials` for example, from
/// which the page makes a sentence. A `return_to` in the refused request's query goes along, if it is a [`LocalPath`]: so
/// the second try ends where the first would have. The page is never sent to itself, but by a form on it.
#[derive(Clone, Debug)]
pub struct FailurePage<R> {
    page: LocalPath,
    otherwise: R,
}

impl<R> FailurePage<R> {
    /// The way to this page; other clients are answered by `otherwise`.
    ///
    /// # Errors
    /// [`InvalidPath`] if it is no path of this site.
    pub fn new(page: &str, otherwise: R) -> Result<Self, InvalidPath> {
        Ok(Self { page: LocalPath::parse(page)?, otherwise })
    }

    pub(crate) fn location(&self, refusal: &Refusal, request: &Navigation) -> Option<HeaderValue> {
        let is_clients = matches!(
            refusal.status(),
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
        );
        if !is_clients || request.is_visit() && request.uri.path() == path_of(self.page.as_str()) {
            return None;
        }
        let mut parameters = vec![("error", refusal.reason().as_str())];
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
    fn respond(&self, refusal: &Refusal, request: &Parts) -> Response<B> {
        match Navigation::of(request).and_then(|navigation| self.location(refusal, &navigation)) {
            Some(location) => see_other(refusal, location),
            None => self.otherwise.respond(refusal, request),
        }
    }
}
