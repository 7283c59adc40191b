//! The integration tests of strict-oidc: a whole server over a `HashMap`, in memory.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests make valid inputs")]

mod authorize;
mod client_authentication;
mod code;
mod conformance;
mod consent;
mod device;
mod dpop;
mod introspection;
mod keys;
mod log_out;
mod metadata;
mod properties;
mod pushed;
mod redirect_uri;
mod refresh;
mod registration;
mod request_object;
mod server;
mod status_list;
mod tokens;
