// The README leads to files, where GitHub shows it; here, to the guides: of two definitions of a link, the first counts.
#![cfg_attr(
    all(
        doc,
        feature = "axum",
        feature = "api-key",
        feature = "basic",
        feature = "bearer",
        feature = "local",
        feature = "oidc",
        feature = "tower-sessions"
    ),
    doc = "[Coming from Passport]: guide::coming_from_passport",
    doc = "[coming from axum-login]: guide::coming_from_axum_login",
    doc = "[write your own strategy]: guide::write_your_own"
)]
#![cfg_attr(all(feature = "axum", feature = "jwt", feature = "local"), doc = include_str!("../README.md"))]
//! # Where things are
//!
//! - The trait to learn: [`Strategy`], its [`Outcome`], and how it ends badly: [`Rejection`], [`Error`].
//! - The doors: `Auth`, [`Authenticate`] (with [`CurrentUser`]), and what they say to the refused: [`Refusal`],
//!   [`Respond`] ([`ProblemJson`], [`GrpcStatus`], [`LoginPage`], [`FailurePage`], and [`RefusalPages`] for both doors).
//! - The strategies: `Jwt` (with `ByIssuer`, [`TokenSource`], `ProvideKeys`, `RemoteKeys`, `TokenCache`), `Bearer`, `ApiKey`, `Basic`,
//!   `Local` (with [`BufferBody`]), `Session` (with `Sessions`), `OAuth2`, `Oidc`, [`Anonymous`].
//! - Against requests that other sites cause: [`CrossOriginProtection`].
//! - Chains: [`Or`], [`Map`], [`BoxStrategy`]; scopes: [`HasScope`], [`RequireScope`], `Scoped`.
//! - For writing your own: [`Challenge`] (`WWW-Authenticate` out), [`Credentials`] (`Authorization` in).
//! - The names without a link are behind features. The guides, too, need them all:
//!   `cargo doc --all-features --open`.
#![deny(missing_docs)]

/// Longer texts: where things of other libraries are here, and how to write a strategy.
#[cfg(all(
    doc,
    feature = "axum",
    feature = "api-key",
    feature = "basic",
    feature = "bearer",
    feature = "local",
    feature = "oidc",
    feature = "tower-sessions"
))]
pub mod guide {
    #[doc = include_str!("../docs/links.md")]
    #[doc = include_str!("../docs/coming-from-axum-login.md")]
    pub mod coming_from_axum_login {}
    #[doc = include_str!("../docs/links.md")]
    #[doc = include_str!("../docs/coming-from-passport.md")]
    pub mod coming_from_passport {}
    #[doc = include_str!("../docs/links.md")]
    #[doc = include_str!("../docs/write-your-own.md")]
    pub mod write_your_own {}
}

mod anonymous;
#[cfg(feature = "api-key")]
mod api_key;
#[cfg(feature = "basic")]
mod basic;
#[cfg(feature = "bearer")]
mod bearer;
mod body;
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
#[cfg(feature = "remote-keys")]
mod fetched;
mod fields;
#[cfg(feature = "http-client")]
mod http_client;
#[cfg(feature = "jwt")]
mod jwt;
mod layer;
#[cfg(feature = "local")]
mod local;
mod local_path;
#[cfg(feature = "oauth2")]
mod oauth2;
#[cfg(feature = "oidc")]
mod oidc;
#[cfg(feature = "providers")]
pub mod providers;
mod refusal;
mod refusal_pages;
mod rejection;
#[cfg(feature = "remote-keys")]
mod remote_keys;
mod respond;
mod scope;
#[cfg(feature = "session")]
mod session;
mod strategy;
#[cfg(any(feature = "api-key", feature = "bearer", feature = "jwt"))]
mod token_challenges;
mod token_source;
#[cfg(any(feature = "basic", feature = "local"))]
mod verify_password;

pub use self::anonymous::Anonymous;
#[cfg(feature = "api-key")]
pub use self::api_key::{ApiKey, ApiKeyFormat, InvalidPrefix, NotAnApiKey, VerifyApiKey};
#[cfg(feature = "basic")]
pub use self::basic::Basic;
#[cfg(feature = "bearer")]
pub use self::bearer::{Bearer, BearerToken, VerifyToken};
pub use self::body::{BufferBody, BufferBodyService, BufferedBody};
pub use self::challenge::{Challenge, Challenges, InvalidChallenge};
pub use self::credentials::{Credentials, Malformed};
pub use self::cross_origin::{CrossOriginProtection, CrossOriginProtectionService};
#[cfg(any(feature = "api-key", feature = "bearer"))]
pub use self::digest::TokenDigest;
pub use self::error::Error;
#[cfg(feature = "axum")]
pub use self::extract::Auth;
#[cfg(feature = "http-client")]
pub use self::http_client::{HttpClient, HttpError, Network};
#[cfg(feature = "token-cache")]
pub use self::jwt::TokenCache;
#[cfg(feature = "jwt")]
pub use self::jwt::{
    ByFunction, ByIssuer, ByType, CacheTokens, IntoVerifyClaims, Jwt, NoCache, ProvideKeys, VerifyClaims,
    VerifyFn,
};
pub use self::layer::{Authenticate, AuthenticateService, CurrentUser};
#[cfg(feature = "local")]
pub use self::local::Local;
pub use self::local_path::{InvalidPath, LocalPath};
#[cfg(feature = "oauth2")]
pub use self::oauth2::{
    AccessTokenIn, Client, ClientAuthentication, EmailList, Failure, Flows, InvalidSetup, Login, OAuth2,
    Profile, ProfilePointers, Provider, ResponseMode, SignedIn, Tokens, Userinfo, VerifyLogin,
};
#[cfg(feature = "oidc")]
pub use self::oidc::{Issuer, Logout, Oidc, OidcProvider, UserinfoUse};
pub use self::refusal::Refusal;
pub use self::refusal_pages::{RefusalPages, RefusalPagesService};
pub use self::rejection::{InvalidLocation, Reason, Redirect, Rejection};
#[cfg(feature = "remote-keys")]
pub use self::remote_keys::RemoteKeys;
pub use self::respond::{AsItIs, FailurePage, GrpcStatus, LoginPage, ProblemJson, Respond};
pub use self::scope::{HasScope, RequireScope, require_scope, scope_list_has};
#[cfg(feature = "axum")]
pub use self::scope::{RequiredScope, Scoped};
#[cfg(feature = "tower-sessions")]
pub use self::session::TowerSessions;
#[cfg(feature = "session")]
pub use self::session::{
    InvalidCookieName, LoadUser, MemoryStore, SameSite, Session, SessionKey, SessionRecord, SessionStore,
    SessionUser, Sessions, SetCookie,
};
pub use self::strategy::{BoxStrategy, Map, Or, Outcome, Strategy};
pub use self::token_source::{
    BearerHeader, BodyField, CookieValue, NamedHeader, QueryParameter, SchemeHeader, TokenError, TokenSource,
};
#[cfg(any(feature = "basic", feature = "local"))]
pub use self::verify_password::{LocalCredentials, VerifyPassword};
