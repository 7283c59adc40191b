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
pub mod conditional;
pub mod config;
pub mod cookies;
pub mod error;
pub mod front;
pub mod limits;
pub mod passwords;
pub mod query;
pub mod router;
pub mod sample;
pub mod server;
pub mod state;
pub mod telemetry;

/// The OpenAPI document, as the routes describe themselves.
pub fn openapi_json() -> String {
    // Strings, numbers and maps with string keys: serializing them cannot fail.
    router::router().1.to_pretty_json().unwrap_or_default()
}
