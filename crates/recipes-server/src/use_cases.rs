//! What the service does, one use case a file. Free of HTTP, so that the API and pages share the use cases.
//!
//! Handlers call use cases, and only use cases call the [`store`].

pub mod accounts;
pub mod clients;
mod dependencies;
pub mod health;
pub mod planning;
pub mod recipes;
pub mod repeats;
pub mod webhooks;

pub use self::dependencies::Dependencies;
