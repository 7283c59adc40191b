//! What people do with their accounts, free of HTTP: sign up, log in, stay logged in, leave.

mod admin;
mod api_tokens;
mod invitations;
mod log_in;
mod password_reset;
mod profile;
mod sessions;
mod sign_up;
mod verification;

pub use self::{
    admin::ChangeUser,
    api_tokens::DescribeApiToken,
    invitations::{Invite, Invited},
    log_in::{CheckError, CheckedUser, LogIn, PasswordCheck},
    password_reset::{Forgotten, ResetPassword},
    profile::{ChangePassword, ConfirmDeletion, UpdateProfile},
    sessions::{LoggedIn, Origin},
    sign_up::SignUp,
    verification::Link,
};

use std::time::Duration;

use crate::clock::Clock;
use crate::entropy::Entropy;
use accounts::SessionLimits;
use clap::ValueEnum;
use ids::{SessionId, UserId};
use serde::{Deserialize, Serialize};
use store::Store;
use strict_jose::{Key, Rules};

use crate::auth::rate_limit::RateLimits;
use crate::jobs::mail::Mailer;
use crate::passwords::{Passwords, policy::Policy};

/// What an access token is for, so that no other kind of token passes as one (RFC 8725 section 3.11).
const ACCESS_TOKEN: &str = "at+jwt";

/// The claims of an access token. `id` is the original API's name for the user; nothing personal is in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessClaims {
    pub id: UserId,
    /// The session, whose end is the token's end.
    pub sid: SessionId,
    pub iat: i64,
    pub exp: i64,
}

/// What every access token must satisfy. It is made and read by this server only, with a key that nobody else
/// has, so there is no other issuer or audience to tell it from.
pub fn access_rules() -> Rules {
    Rules::typ(ACCESS_TOKEN).any_issuer().any_audience()
}

/// What the operator decides about accounts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For how long an access token is good, if its session lasts.
    pub token_lifetime: Duration,
    pub sessions: SessionLimits,
    pub sign_up: SignUpMode,
    /// Whether writing recipes takes an address that mail has reached.
    pub require_verified_email: bool,
    pub password_policy: Policy,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SignUpMode {
    Open,
    /// Whoever is invited.
    Invite,
    /// Only the operator makes accounts.
    Closed,
}

/// Makes accounts, their sessions and the tokens for them.
pub struct Accounts {
    pub store: Store,
    pub passwords: Passwords,
    pub key: Key,
    pub settings: Settings,
    pub limits: RateLimits,
    pub mailer: Mailer,
    pub clock: Clock,
    pub entropy: Entropy,
}
