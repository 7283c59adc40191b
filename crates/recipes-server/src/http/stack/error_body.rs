//! The bodies of errors: JSON in the shape that the client accepts, or a page for browsers.

use std::sync::Arc;

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, Method, Request, header};

use crate::http::error::Report;
use crate::http::negotiation;
use crate::web::error_page;

/// What the body of an error needs of the request, which the router consumes. It is parsed only for an error.
pub(super) struct ErrorFormat {
    accept: Vec<HeaderValue>,
    /// The headers that choose the language of a page. `None`: not at an address of pages.
    page: Option<HeaderMap>,
}

/// An error page loads its style only.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

impl ErrorFormat {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let headers = request.headers();
        let accept = headers.get_all(header::ACCEPT).iter().cloned().collect();
        let page = is_of_people(request.uri().path()).then(|| {
            let mut chosen = HeaderMap::new();
            for name in [header::ACCEPT_LANGUAGE, header::COOKIE] {
                for value in headers.get_all(&name) {
                    chosen.append(&name, value.clone());
                }
            }
            chosen
        });
        Self { accept, page }
    }

    /// The response with its body, if it is an error without one.
    pub(super) fn write(
        &self,
        mut response: Response,
        base: &str,
        (method, request_id): (&Method, &str),
    ) -> Response {
        let Some(report) = response.extensions_mut().remove::<Arc<Report>>() else { return response };
        let page = self.page.as_ref().filter(|_| negotiation::prefers_html(&self.accept));
        let page = page.and_then(|headers| error_page::render(base, headers, &report, request_id));
        let (media_type, body) = match page {
            Some(html) => {
                report.log();
                response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
                ("text/html; charset=utf-8", html.into_bytes())
            }
            None => report.render(negotiation::error_shape(&self.accept), request_id),
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
        headers.insert(header::CONTENT_LENGTH, body.len().into());
        // The response to HEAD has the headers of the response to GET, and no body (RFC 9110 section 9.3.2).
        let body = if *method == Method::HEAD { Body::empty() } else { body.into() };
        response.map(|_| body)
    }
}

/// The API and OAuth always answer programs.
fn is_of_people(path: &str) -> bool {
    let of_programs = ["/api", "/oauth/", "/.well-known/", "/healthz", "/readyz"];
    !of_programs.iter().any(|prefix| path.starts_with(prefix))
}
