//! A layer for routes that everybody may call, only not as often as they like.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{Limit, RateLimits};
use crate::{client_address::ClientAddress, error::ApiError};

/// Counts a request before anything else is done for it, and tells every answer what is left.
pub async fn by_address(
    State((limits, limit)): State<(RateLimits, Limit)>,
    ClientAddress(client): ClientAddress,
    request: Request,
    next: Next,
) -> Response {
    match limits.by_address(limit, client) {
        Ok(spent) => {
            let mut response = next.run(request).await;
            // The answer of another limit, which was reached, is of more use.
            if let Some(spent) = spent.filter(|_| !response.headers().contains_key("ratelimit")) {
                spent.tell(response.headers_mut());
            }
            response
        }
        Err(reached) => ApiError::RateLimited(reached).into_response(),
    }
}
