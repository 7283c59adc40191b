// The README links to files, for GitHub. These link to the guides; of two definitions of a link, the first one wins.
#![cfg_attr(
    all(doc, feature = "full"),
    doc = "[Coming from Passport]: guide::coming_from_passport",
    doc = "[Passport's own test cases]: guide::passport_cases",
    doc = "[coming from axum-login]: guide::coming_from_axum_login",
    doc = "[write your own strategy]: guide::write_your_own"
)]
#![cfg_attr(all(feature = "axum", feature = "jwt", feature = "local"), doc = include_str!("../README.md"))]
//! # Overview of the items
//!
//! - The central trait: [`Strategy`] with its [`Outcome`], [`Rejection`] and [`Error`].
//! - The application's decision about credentials: [`Verify`] with its [`Verification`] and [`Denial`].
//! - Protection of routes: `Auth` (an extractor) and [`Authenticate`] (a layer, with [`CurrentUser`]).
//! - Responses to rejected requests: [`Respond`], [`ProblemJson`], [`GrpcStatus`], [`LoginPage`], [`FailurePage`], and
//!   [`RejectionPages`] for extractors and layers.
//! - Strategies: `Jwt` (with `ByIssuer`, [`TokenSource`], `ProvideKeys`, `RemoteKeys`, `StatusLists`, `TokenCache`), `Bearer`, `ApiKey`,
//!   `Basic`, `Local` (with [`BufferBody`]), `Session` (with `Sessions`), `OAuth2`, `Oidc`, [`Anonymous`].
//! - Protection against requests that other sites cause: [`CrossOriginProtection`].
//! - Chains: [`Or`], [`Map`], [`BoxStrategy`]. Scopes: [`HasScope`], [`RequireScope`], `Scoped`.
//! - The crates of types in signatures: `strict_jose`, `secrecy`.
//! - For strategies of your own: [`Challenge`] (writes `WWW-Authenticate`), [`Credentials`] (reads `Authorization`).
//! - Names without a link need a feature. The guides need all features: `cargo doc --all-features --open`.
#![deny(missing_docs)]

/// Guides: how to move from other libraries, and how to write a strategy.
#[cfg(all(doc, feature = "full"))]
pub mod guide {
    #[doc = include_str!("../docs/links.md")]
    #[doc = include_str!("../docs/coming-from-axum-login.md")]
    pub mod coming_from_axum_login {}
    #[doc = include_str!("../docs/links.md")]
    #[doc = include_str!("../docs/coming-from-passport.md")]
    pub mod coming_from_passport {}
    #[doc = include_str!("../docs/passport-cases.md")]
    pub mod passport_cases {}
    #[doc = include_str!("../docs/links.md")]
    #[doc = include_str!("../docs/write-your-own.md")]
    pub mod write_your_own {}
}

/// The target of the log events about requests, whatever the modules are called.
pub(crate) const LOG_TARGET: &str = "tower_passport";

mod anonymous;
#[cfg(feature = "api-key")]
mod api_key;
#[cfg(feature = "basic")]
mod basic;
#[cfg(feature = "bearer")]
mod bearer;
mod body;
#[cfg(any(feature = "remote-keys", feature = "status-list"))]
mod cached_document;
mod catch_panic;
mod challenge;
#[cfg(any(feature = "jwt", feature = "oauth2", feature = "session"))]
mod clock;
mod credentials;
mod cross_origin;
#[cfg(any(feature = "api-key", feature = "bearer"))]
mod digest;
#[cfg(feature = "remote-keys")]
mod discovery;
mod error;
#[cfg(feature = "axum")]
mod extract;
mod fields;
#[cfg(feature = "http-client")]
mod http_client;
#[cfg(feature = "jwt")]
mod jwt;
mod layer;
#[cfg(feature = "local")]
mod local;
#[cfg(any(feature = "basic", feature = "local"))]
mod local_credentials;
mod local_path;
#[cfg(feature = "oauth2")]
mod oauth2;
#[cfg(feature = "oidc")]
mod oidc;
#[cfg(feature = "providers")]
pub mod providers;
mod redirect;
mod rejection;
mod rejection_pages;
#[cfg(feature = "remote-keys")]
mod remote_keys;
mod respond;
mod response_cookies;
mod scope;
#[cfg(feature = "session")]
mod session;
mod strategy;
#[cfg(any(feature = "api-key", feature = "bearer", feature = "jwt"))]
mod token_challenges;
mod token_source;
mod verify;

#[cfg(any(
    feature = "api-key",
    feature = "basic",
    feature = "bearer",
    feature = "local",
    feature = "oauth2"
))]
pub use secrecy;
#[cfg(any(feature = "jwt", feature = "oauth2"))]
pub use strict_jose;

pub use self::anonymous::Anonymous;
#[cfg(feature = "api-key")]
pub use self::api_key::{ApiKey, ApiKeyFormat, InvalidPrefix, NotAnApiKey};
#[cfg(feature = "basic")]
pub use self::basic::Basic;
#[cfg(feature = "bearer")]
pub use self::bearer::{Bearer, BearerToken};
pub use self::body::{BufferBody, BufferBodyService, BufferedBody};
pub use self::challenge::{Challenge, Challenges, InvalidChallenge};
pub use self::credentials::{Credentials, Malformed};
pub use self::cross_origin::{
    CrossOriginProtection, CrossOriginProtectionFuture, CrossOriginProtectionService, InvalidOrigin,
};
#[cfg(any(feature = "api-key", feature = "bearer"))]
pub use self::digest::TokenDigest;
pub use self::error::Error;
#[cfg(feature = "axum")]
pub use self::extract::Auth;
#[cfg(feature = "http-client")]
pub use self::http_client::{HttpClient, HttpError, Network};
#[cfg(feature = "status-list")]
pub use self::jwt::StatusLists;
#[cfg(feature = "token-cache")]
pub use self::jwt::TokenCache;
#[cfg(feature = "jwt")]
pub use self::jwt::{ByIssuer, FromVerified, Jwt, ProvideKeys, UnverifiedHeader, WithHeader};
pub use self::layer::{Authenticate, AuthenticateService, CurrentUser};
#[cfg(feature = "local")]
pub use self::local::Local;
#[cfg(any(feature = "basic", feature = "local"))]
pub use self::local_credentials::LocalCredentials;
pub use self::local_path::{InvalidPath, LocalPath};
#[cfg(feature = "oauth2")]
pub use self::oauth2::{
    AccessTokenIn, Client, ClientAuthentication, EmailList, FlowCookies, InvalidSetup, LoggedIn, Login,
    OAuth2, Profile, ProfilePointers, Provider, ProviderError, ResponseMode, Tokens, Userinfo,
};
#[cfg(feature = "oidc")]
pub use self::oidc::{Issuer, Logout, Oidc, OidcProvider, UserinfoUse};
pub use self::redirect::{InvalidLocation, Redirect};
pub use self::rejection::{Reason, Rejection};
pub use self::rejection_pages::{RejectionPages, RejectionPagesFuture, RejectionPagesService};
#[cfg(feature = "remote-keys")]
pub use self::remote_keys::RemoteKeys;
pub use self::respond::{DefaultResponse, FailurePage, GrpcStatus, LoginPage, ProblemJson, Respond};
pub use self::scope::{HasScope, require_scope, scope_list_has};
#[cfg(feature = "axum")]
pub use self::scope::{RequiredScope, Scoped};
#[cfg(feature = "tower-sessions")]
pub use self::session::TowerSessions;
#[cfg(feature = "session")]
pub use self::session::{
    InvalidCookieName, MemoryStore, SameSite, Session, SessionKey, SessionRecord, SessionStore, SessionUser,
    Sessions, SetCookie,
};
pub use self::strategy::{BoxStrategy, Map, Or, Outcome, RequireScope, Strategy};
pub use self::token_source::{
    BearerHeader, BodyField, CookieValue, NamedHeader, QueryParameter, SchemeHeader, TokenError, TokenSource,
    token_from,
};
pub use self::verify::{
    Denial, IntoVerification, Verification, Verify, WithRequest, WithState, with_request, with_state,
};
