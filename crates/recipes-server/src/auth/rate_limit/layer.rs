//! A layer that limits the requests of each client address on routes without authentication.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;

use super::{Limit, RateLimits};
use crate::http::client_address::ClientAddress;
use crate::http::error::RequestError;

/// Counts a request before anything else happens. Responses to requests that count have the headers of the limit.
pub async fn limit_by_address(
    State((limits, limit)): State<(RateLimits, Limit)>,
    ClientAddress(client): ClientAddress,
    request: Request,
    next: Next,
) -> Response {
    match limits.by_address(limit, client).await {
        Ok(usage) => {
            let mut response = next.run(request).await;
            if does_not_count(limit, &response) {
                limits.give_back_by_address(limit, client).await;
                return response;
            }
            // If the handler refused by another limit, its headers are more useful.
            if let Some(usage) = usage.filter(|_| !response.headers().contains_key("ratelimit")) {
                usage.write_headers(response.headers_mut());
            }
            response
        }
        Err(reached) => RequestError::RateLimited(reached).into_response(),
    }
}

/// A sign-up with invalid fields does not count: nothing was hashed, and the response says nothing about any account. On
/// other routes the same status can be the response to a guess.
fn does_not_count(limit: Limit, response: &Response) -> bool {
    limit == Limit::SignUp && response.status() == StatusCode::UNPROCESSABLE_ENTITY
}
