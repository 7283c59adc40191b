//! The Recipes API: what answers requests, and what the `recipes` command does besides.
//!
//! A request comes through [`server`] (connections) and [`http::stack`] (what every request passes) to the [`router`],
//! the table of contents, which leads to a handler in [`api`]. Handlers parse ([`http`]), let [`use_cases`] and the store do the work, and answer; what goes wrong becomes an
//! [`http::error::ApiError`]. `tower-passport` decides who sends a request ([`auth::caller`]), as it would in any other project.

pub mod api;
pub mod app;
pub mod auth;
pub mod cli;
mod clock;
pub mod config;
mod entropy;
pub mod http;
pub mod jobs;
pub mod limits;
pub mod passwords;
pub mod router;
pub mod sample;
pub mod server;
pub mod telemetry;
pub mod use_cases;

pub use clock::Clock;
pub use entropy::Entropy;

/// The OpenAPI document, as the routes describe themselves.
pub fn openapi_json() -> String {
    let limits = auth::rate_limit::RateLimits::new(auth::rate_limit::Quotas::OFF, Clock::system());
    // Strings, numbers and maps with string keys: serializing them cannot fail.
    router::router(&limits).1.to_pretty_json().unwrap_or_default()
}
