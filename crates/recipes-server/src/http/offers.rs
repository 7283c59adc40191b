//! A layer that states which representations a route sends.
//!
//! A request that accepts none of them gets a 406 before its body is read and before its handler runs, so nothing changes
//! for a client that cannot read the response.

use std::task::{Context, Poll};

use axum::{
    extract::Request,
    response::{IntoResponse as _, Response},
};
use futures_util::future::{Either, Ready, ok};
use tower_layer::Layer;
use tower_service::Service;

use crate::http::error::RequestError;
use crate::http::negotiation::{JSON, Representation, choose};

/// The representations that a route sends; the first one is the default.
#[derive(Clone, Copy)]
pub struct Offers(&'static [&'static Representation]);

impl Offers {
    pub const JSON: Self = Self(&[&JSON]);
}

impl<S> Layer<S> for Offers {
    type Service = RequireAcceptable<S>;

    fn layer(&self, inner: S) -> RequireAcceptable<S> {
        RequireAcceptable { inner, offers: *self }
    }
}

/// Responds with 406 to requests that accept none of the offers.
#[derive(Clone)]
pub struct RequireAcceptable<S> {
    inner: S,
    offers: Offers,
}

impl<S: Service<Request, Response = Response>> Service<Request> for RequireAcceptable<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Either<Ready<Result<Response, S::Error>>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Offers(offered) = self.offers;
        if choose(request.headers(), offered).is_some() {
            return Either::Right(self.inner.call(request));
        }
        let media_types: Vec<_> = offered.iter().map(|offer| offer.media_type.to_string()).collect();
        Either::Left(ok(RequestError::NotAcceptable { offered: media_types.join(", ") }.into_response()))
    }
}
