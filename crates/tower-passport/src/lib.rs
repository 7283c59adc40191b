#![cfg_attr(all(feature = "axum", feature = "jwt", feature = "local"), doc = include_str!("../README.md"))]
//! # Where things are
//!
//! - The trait to learn: [`Strategy`], its [`Outcome`], and how it ends badly: [`Rejection`], [`Error`].
//! - The doors: [`Auth`], [`Authenticate`] (with [`CurrentUser`]), and what they say to the refused: [`Refusal`].
//! - The strategies: [`Jwt`], [`Local`] (with [`BufferBody`]), [`Anonymous`]; chains: [`Or`], [`Map`], [`BoxStrategy`].
//! - For writing your own: [`Challenge`] (`WWW-Authenticate` out), [`Credentials`] (`Authorization` in).
#![deny(missing_docs)]

mod anonymous;
mod body;
mod challenge;
mod credentials;
mod error;
#[cfg(feature = "axum")]
mod extract;
#[cfg(feature = "jwt")]
mod jwt;
mod layer;
#[cfg(feature = "local")]
mod local;
mod refusal;
mod rejection;
mod strategy;

pub use self::anonymous::Anonymous;
pub use self::body::{BufferBody, BufferBodyService, BufferedBody};
pub use self::challenge::{Challenge, Challenges, InvalidChallenge};
pub use self::credentials::{Credentials, Malformed};
pub use self::error::Error;
#[cfg(feature = "axum")]
pub use self::extract::Auth;
#[cfg(feature = "jwt")]
pub use self::jwt::{
    BearerHeader, ByFunction, ByType, IntoVerifyClaims, Jwt, ProvideKeys, TokenSource, VerifyClaims, VerifyFn,
};
pub use self::layer::{Authenticate, AuthenticateService, CurrentUser};
#[cfg(feature = "local")]
pub use self::local::{Local, LocalCredentials, VerifyPassword};
pub use self::refusal::{AsItIs, Refusal, Respond};
pub use self::rejection::{InvalidLocation, Reason, Redirect, Rejection};
pub use self::strategy::{BoxStrategy, Map, Or, Outcome, Strategy};
