//! The Recipes API: what answers requests, and what the `recipes` command does besides.
//!
//! A request comes through [`server`] (connections) and [`front`] (what every request passes) to the [`router`],
//! the table of contents, which leads to a handler in [`api`]. Handlers parse ([`body`], [`query`],
//! [`conditional`]), let [`accounts`] and the store do the work, and answer; what goes wrong becomes an
//! [`error::ApiError`]. `tower-passport` decides who sends a request ([`caller`]), as it would in any other project.

pub mod accept;
pub mod accounts;
pub mod api;
pub mod body;
pub mod caller;
pub mod cli;
pub mod client_address;
pub mod conditional;
pub mod config;
pub mod cookies;
pub mod error;
pub mod front;
pub mod limits;
pub mod mail;
pub mod passwords;
pub mod query;
pub mod rate_limit;
pub mod router;
pub mod sample;
pub mod server;
pub mod state;
pub mod telemetry;
mod upkeep;

/// The OpenAPI document, as the routes describe themselves.
pub fn openapi_json() -> String {
    let limits = rate_limit::RateLimits::new(rate_limit::Quotas::OFF, recipes::Clock::system());
    // Strings, numbers and maps with string keys: serializing them cannot fail.
    router::router(&limits).1.to_pretty_json().unwrap_or_default()
}
