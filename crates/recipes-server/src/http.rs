//! HTTP: what every request passes, and how requests are read.

pub mod body;
pub mod client_address;
mod client_info;
pub mod conditional;
pub mod cookies;
pub mod cursor;
pub mod error;
pub mod idempotency_key;
pub mod json_api;
pub mod memory_budget;
pub mod negotiation;
pub mod origin;
pub mod query;
pub mod repeatable;
pub mod site;
pub mod stack;
pub mod static_body;
pub mod turn;
