//! The handlers, one file a resource, and what they say of themselves in the OpenAPI document.

pub mod accounts;
mod answers;
pub mod docs;
pub mod health;
mod parameters;
pub mod recipes;
