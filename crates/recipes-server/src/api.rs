//! The JSON handlers, one file a resource. A handler parses the request, calls one use case and writes the response; its
//! attributes describe it in the OpenAPI document.

#![expect(clippy::missing_errors_doc, reason = "the documented responses of each operation list its errors")]

pub mod accounts;
pub mod admin;
pub mod api_tokens;
pub mod applications;
pub mod docs;
mod documented_errors;
pub mod export;
pub mod front_end;
pub mod health;
pub mod household;
mod json_array;
pub mod label_hints;
pub mod links;
mod list;
pub mod me;
pub(crate) mod nested;
pub mod oauth;
mod once;
mod parameters;
pub mod password_reset;
pub mod path;
pub mod plan;
pub mod recipes;
mod responses;
pub mod sessions;
pub mod shopping_list;
pub mod verification;
pub(crate) mod views;
