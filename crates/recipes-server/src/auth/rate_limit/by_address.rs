//! A layer for routes that everybody may call, only not as often as they like.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;

use super::{Limit, RateLimits};
use crate::http::client_address::ClientAddress;
use crate::http::error::RequestError;

/// Counts a request before anything else is done for it, and tells every answer to what counts how much is left.
pub async fn by_address(
    State((limits, limit)): State<(RateLimits, Limit)>,
    ClientAddress(client): ClientAddress,
    request: Request,
    next: Next,
) -> Response {
    match limits.by_address(limit, client) {
        Ok(spent) => {
            let mut response = next.run(request).await;
            if was_no_attempt(limit, &response) {
                limits.give_back_by_address(limit, client);
                return response;
            }
            // The answer of another limit, which was reached, is of more use.
            if let Some(spent) = spent.filter(|_| !response.headers().contains_key("ratelimit")) {
                spent.tell(response.headers_mut());
            }
            response
        }
        Err(reached) => RequestError::RateLimited(reached).into_response(),
    }
}

/// Whoever mistypes a sign-up is not kept from the next one: nothing was hashed for it, and it told nothing of anybody.
/// For other routes the same answer is that to a guess.
fn was_no_attempt(limit: Limit, answer: &Response) -> bool {
    limit == Limit::SignUp && answer.status() == StatusCode::UNPROCESSABLE_ENTITY
}
