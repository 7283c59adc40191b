//! The API without a socket: one request, one line.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap fails the test")]

mod access_tokens;
mod accounts;
mod admin;
mod api_tokens;
mod app;
mod bulk;
mod client;
mod cookies;
mod database;
mod errors;
mod every_request;
mod mail;
mod me;
mod oauth;
mod openapi;
mod outbox;
mod permissions;
mod properties;
mod rate_limits;
mod recipes;
mod revocations;
mod search;
mod seed_contract;
mod seed_faults;
mod sessions;
