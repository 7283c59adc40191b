//! Integration tests: a request goes in, a response comes out.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

mod allocations;
mod answer;
mod api_key;
mod auth;
mod basic;
mod bearer;
mod browser;
mod buffer_body;
mod by_issuer;
mod chain;
mod cross_origin;
mod events;
mod examples;
mod guides;
mod http_client;
mod identity_provider;
mod jwt;
mod layer;
mod local;
mod oauth2;
mod oidc;
mod passport_cases;
mod provide_keys;
mod providers;
mod rejections;
mod remote_keys;
mod respond;
mod says;
mod scope;
mod session;
mod session_store;
mod status_lists;
mod token_cache;
mod token_source;
mod verification;
