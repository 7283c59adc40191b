//! The handlers, one file a resource, and what they say of themselves in the OpenAPI document.

#![expect(clippy::missing_errors_doc, reason = "the answers of each operation list its errors")]

pub mod accounts;
pub mod admin;
mod answers;
pub mod api_tokens;
pub mod docs;
pub mod export;
pub mod health;
pub mod links;
pub mod me;
mod pages;
mod parameters;
pub mod password_reset;
pub mod path;
mod personal;
pub mod recipes;
pub mod sessions;
pub mod verification;
