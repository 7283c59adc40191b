//! The protocol of an OAuth 2.1 and OpenID Connect server, as pure functions: no storage, no HTTP framework, no clock, no `async`.
//!
//! You load records, call a function, store what it says, and send its answer. Every refusal of the specifications is in the
//! functions. Time and random bytes are arguments.
//!
//! # Endpoints
//!
//! | endpoint | read | decide | then |
//! | --- | --- | --- | --- |
//! | `GET /oauth/authorize` | [`Parameters::parse`] | [`authorize`](fn@authorize) → [`Next`] | show, redirect, or [`Approved::issue`] |
//! | the form of the consent page | [`ConsentForm::read`] | [`consent`](fn@consent) → [`Next`] | the same |
//! | `POST /oauth/par` | [`PresentedClient::read`] | [`push`] → [`Pushed`] | store, answer 201 |
//! | `POST /oauth/token` | [`PresentedClient::read`], [`TokenRequest::read`] | [`TokenRequest::decide`] → [`TokenDecision`] | apply the [`Change`], [`TokenDecision::answer`] |
//! | `GET` or `POST /oauth/userinfo` | [`BearerToken::read`] | [`AccessTokenVerifier::verify`], [`userinfo`](fn@userinfo) | answer, or [`sign_userinfo`] |
//! | `POST /oauth/introspect` | [`TokenQuery::read`] | [`introspect`] | answer |
//! | `POST /oauth/revoke` | [`TokenQuery::read`] | [`revoke`] | end the grant, answer 200 |
//! | `GET /oauth/logout` | [`LogOutRequest::read`] | [`LogOutRequest::decide`] → [`LogOutNext`] | ask, or end the session |
//! | `POST /oauth/device` | [`PresentedClient::read`] | [`authorize_device`] | store, answer |
//! | the page for user codes | [`UserCode::parse`] | [`DeviceRecord::page`], [`DeviceRecord::decide`] | store the [`DeviceState`] |
//! | `GET /oauth/jwks.json` | | [`SigningKeys::jwks`] | answer |
//! | `GET /.well-known/…` | | [`metadata`](fn@metadata), [`resource_metadata`] | answer |
//!
//! An API that accepts the access tokens uses [`AccessTokenVerifier`], and [`DpopRules::guard`] for tokens that are bound to a
//! key.
//!
//! # Records
//!
//! Your storage keeps these. All but [`Client`] and [`Consent`] are temporary, and all with `serde` can be a JSON column.
//!
//! | record | key | written | deleted |
//! | --- | --- | --- | --- |
//! | [`Client`] | `id` | by the administrator | by the administrator |
//! | [`Consent`] | user, client, `resource` | with the code: [`Approved::new_consent`] | by the user |
//! | [`CodeRecord`], and the grant that it became | [`Digest`] | [`Approved::issue`] | with the grant: a second use must find it |
//! | [`Grant`] | [`GrantId`] | [`Change::RedeemCode`], [`Change::RedeemDevice`] | at its end |
//! | [`PushedRequest`] | [`Digest`] | [`push`] | with the code, or when it expires |
//! | [`DeviceRecord`] | [`Digest`], and the one of the user code | [`authorize_device`] | [`Change::RedeemDevice`], or when it expires |
//! | [`UsedAssertion`], [`DpopProof`] | [`Digest`] | [`VerifiedClient::assertion`], [`DpopRules::verify`] | when it expires |
//! | [`KeyRecord`] and the private key | `kid` | [`key_schedule`] | [`key_schedule`] |
//!
//! # Errors and where they go
//!
//! - [`ErrorPage`]: shown to the user. The client or its redirect URI is not known to be right.
//! - [`AuthorizationResponse`] with an error: returned to the client through the browser.
//! - [`OAuthError`]: the JSON answer of an endpoint, with its status and its header `WWW-Authenticate`.
#![doc = include_str!("../docs/attacks.md")]
#![deny(missing_docs)]

mod access_token;
mod authorize;
mod claims;
mod client;
mod client_authentication;
mod code;
mod consent;
mod device;
mod digest;
mod dpop;
mod error;
mod grant;
mod id_token;
mod introspection;
mod keys;
mod logout;
mod metadata;
mod outcome;
mod pairwise;
mod parameters;
mod pkce;
mod provider;
mod pushed;
mod random;
mod refresh_token;
mod registration;
mod request_object;
mod resource;
mod response;
mod scopes;
mod session;
mod status_list;
mod ticket;
mod time;
mod token;
mod userinfo;

pub use access_token::{AccessClaims, AccessTokenVerifier, Audience, Confirmation, Status};
pub use authorize::{
    Approved, ConsentPage, ErrorPage, LogIn, LogInReason, Next, Pushed, PushedResponse, SecondFactor, Visit,
    authorize, push,
};
pub use claims::{ClaimsRequest, UserClaims};
pub use client::{
    AssertionAudience, Client, ClientFlag, ClientKind, ClientSecret, Credentials, GrantType,
    InvalidRedirectUri, RedirectUri, SecretRecord,
};
pub use client_authentication::{AuthenticatedClient, PresentedClient, UsedAssertion, VerifiedClient};
pub use code::{CodeRecord, Issued};
pub use consent::{ConsentForm, Decision, consent};
pub use device::{
    DeviceAuthorization, DevicePage, DeviceRecord, DeviceResponse, DeviceState, UserCode, authorize_device,
};
pub use digest::Digest;
pub use dpop::{DpopNonces, DpopProof, DpopRequest, DpopRules};
pub use error::{ErrorCode, OAuthError};
pub use grant::{Grant, GrantId, RefreshState};
pub use introspection::{TokenQuery, introspect, revoke};
pub use keys::{KeyPolicy, KeyRecord, KeyState, KeyStep, SigningKeys, key_schedule, replace_keys};
pub use logout::{LogOutNext, LogOutRequest, LoggedOut, confirm_log_out, logout_token};
pub use metadata::{metadata, resource_metadata};
pub use outcome::Outcome;
pub use parameters::Parameters;
pub use pkce::CodeChallenge;
pub use provider::{Endpoints, InvalidIssuer, Lifetimes, Provider, Resource, ScopeText};
pub use pushed::PushedRequest;
pub use random::Random;
pub use refresh_token::RefreshToken;
pub use registration::RegistrationError;
pub use response::{AuthorizationResponse, ResponseMode};
pub use scopes::{InvalidScope, Scopes};
pub use session::{Consent, Session};
pub use status_list::{StatusList, StatusReference};
pub use ticket::TicketKey;
pub use time::UnixTime;
pub use token::{
    Change, EndReason, Found, FoundCode, FoundDevice, FoundGrant, Needs, TokenCall, TokenDecision,
    TokenRequest, TokenResponse,
};
pub use userinfo::{BearerToken, sign_userinfo, userinfo};

/// Compiles and runs the examples in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
