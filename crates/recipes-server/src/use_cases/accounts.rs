//! Accounts: sign up, log in, stay logged in, change, administer, delete.

mod admin;
mod api_tokens;
mod audit;
mod error;
mod export;
mod invitations;
mod log_in;
mod password_reset;
mod profile;
mod sessions;
mod settings;
mod sign_up;
mod verification;

pub use self::{
    api_tokens::{CreateApiToken, CreatedApiToken},
    error::AccountError,
    export::Export,
    invitations::{CreatedInvitation, InviteUser},
    log_in::{CheckError, CheckedUser, LogIn, PasswordCheck},
    password_reset::ResetPassword,
    profile::{ChangePassword, NewEmail, UpdateProfile},
    sessions::{ClientInfo, LoggedIn},
    settings::{Settings, SignUpMode},
    sign_up::SignUp,
};

pub use store::{Access, ApiTokens, UserChange, UserFilter};

use ::accounts::audit::Actor;
use ids::{SessionId, UserId};
use serde::{Deserialize, Serialize};
use store::{Context, Store};
use strict_jose::{Key, Rules};

use super::Dependencies;
use crate::auth::rate_limit::RateLimits;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::jobs::mail::Mailer;
use crate::passwords::Passwords;

/// The type of access tokens, so that no other kind of token passes as one (RFC 8725 section 3.11).
const ACCESS_TOKEN: &str = "at+jwt";

/// The claims of an access token. `id` is the original API's name for the user. The claims contain no personal data.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessClaims {
    pub id: UserId,
    /// The session. The token ends with it.
    pub sid: SessionId,
    pub iat: i64,
    pub exp: i64,
}

/// What every access token must satisfy. Only this server makes and reads access tokens, with a key of its own, so there
/// is no other issuer or audience.
pub fn access_rules() -> Rules {
    Rules::typ(ACCESS_TOKEN).any_issuer().any_audience()
}

/// The use cases of accounts.
pub struct Accounts {
    store: Store,
    passwords: Passwords,
    key: Key,
    settings: Settings,
    limits: RateLimits,
    mailer: Mailer,
    clock: Clock,
    entropy: Entropy,
}

impl Accounts {
    pub fn new(with: Dependencies) -> Self {
        let Dependencies { store, passwords, key, settings, limits, mailer, clock, entropy } = with;
        Self { store, passwords, key, settings, limits, mailer, clock, entropy }
    }

    fn context(&self, actor: Actor) -> Context {
        Context { actor, now: self.clock.now() }
    }
}
