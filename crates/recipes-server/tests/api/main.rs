//! The API without a socket: one request, one line.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap fails the test")]

mod access_tokens;
mod accounts;
mod admin;
mod api_tokens;
mod app;
mod bin;
mod bulk;
mod bulk_and_single;
mod changes;
mod client;
mod cooked;
mod cookies;
mod database;
mod edits;
mod errors;
mod every_request;
mod formats;
mod idempotency;
mod images;
mod imports;
mod mail;
mod me;
mod oauth;
mod openapi;
mod outbox;
mod pages;
mod permissions;
mod planning;
mod properties;
mod rate_limits;
mod ratings;
mod reading;
mod recipes;
mod repeats;
mod revisions;
mod revocations;
mod search;
mod seed_contract;
mod seed_faults;
mod sessions;
mod shares;
mod transfer;
mod webhooks;
