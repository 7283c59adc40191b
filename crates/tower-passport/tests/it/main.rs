//! The strategies and the doors, from outside: a request goes in, an answer comes out.

#[cfg(test)]
mod allocations;
#[cfg(test)]
mod answer;
#[cfg(test)]
mod api_key;
#[cfg(test)]
mod auth;
#[cfg(test)]
mod basic;
#[cfg(test)]
mod bearer;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod buffer_body;
#[cfg(test)]
mod by_issuer;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod cross_origin;
#[cfg(test)]
mod events;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod guides;
#[cfg(test)]
mod http_client;
#[cfg(test)]
mod identity_provider;
#[cfg(test)]
mod jwt;
#[cfg(test)]
mod layer;
#[cfg(test)]
mod local;
#[cfg(test)]
mod oauth2;
#[cfg(test)]
mod oidc;
#[cfg(test)]
mod provide_keys;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod remote_keys;
#[cfg(test)]
mod respond;
#[cfg(test)]
mod says;
#[cfg(test)]
mod scope;
#[cfg(test)]
mod session;
#[cfg(test)]
mod session_store;
#[cfg(test)]
mod token_cache;
#[cfg(test)]
mod token_source;
