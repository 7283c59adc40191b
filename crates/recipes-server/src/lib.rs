//! The Recipes API: the server, and the other commands of the `recipes` program.
//!
//! A request passes [`server`] (connections), [`http::stack`] (what all requests share) and the [`router`], and reaches a
//! handler in [`api`]. The handler parses the request ([`http`]), calls one use case ([`use_cases`]) and writes the response.
//! Errors become an [`http::error::Report`]. `tower-passport` authenticates the caller ([`auth::caller`]).

pub mod api;
pub mod app;
pub mod auth;
pub mod backup;
pub mod cli;
mod clock;
mod collection;
pub mod config;
mod entropy;
pub mod http;
mod idle_memory;
pub mod images;
pub mod jobs;
pub mod limits;
pub mod mode;
mod output_file;
pub mod page_fetcher;
pub mod passwords;
pub mod program;
pub mod provider;
pub mod public_url;
pub mod router;
pub mod sample;
mod sealing;
mod secret_file;
pub mod server;
mod signing_key;
pub mod telemetry;
pub mod use_cases;
pub mod web;
pub mod webhook_event;
pub mod webhook_sender;
mod worker_pool;

pub use clock::Clock;
pub use entropy::Entropy;

/// The OpenAPI document, as the routes describe themselves.
pub fn openapi_json() -> String {
    let limits = auth::rate_limit::RateLimits::new(auth::rate_limit::Quotas::OFF, Clock::system(), None);
    // Strings, numbers and maps with string keys: serializing them cannot fail.
    router::document(&limits, "", mode::Mode::AllInOne).to_pretty_json().unwrap_or_default()
}
