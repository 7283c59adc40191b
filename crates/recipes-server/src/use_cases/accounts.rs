//! Accounts: sign up, log in, stay logged in, change, administer, delete.

mod admin;
mod api_tokens;
mod applications;
mod audit;
mod deletion;
mod error;
mod export;
mod first_admin;
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
    applications::UserApplication,
    error::AccountError,
    export::Export,
    invitations::{CreatedInvitation, InviteUser, new_invitation},
    log_in::{CheckError, CheckedUser, LogIn, PasswordCheck},
    password_reset::ResetPassword,
    profile::{ChangePassword, NewEmail, UpdateProfile},
    sessions::{ClientInfo, LoggedIn},
    settings::{Reading, Settings, SignUpMode},
    sign_up::SignUp,
};

pub use store::{Access, ApiTokens, UserChange, UserFilter};

use ::accounts::audit::Actor;
use store::{Context, Store};

use super::Dependencies;
use crate::auth::access_tokens::TokenIssuer;
use crate::auth::rate_limit::RateLimits;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::jobs::mail::Mailer;
use crate::passwords::Passwords;

/// The use cases of accounts.
pub struct Accounts {
    store: Store,
    passwords: Passwords,
    issuer: TokenIssuer,
    settings: Settings,
    limits: RateLimits,
    mailer: Mailer,
    clock: Clock,
    entropy: Entropy,
}

impl Accounts {
    pub fn new(with: Dependencies) -> Self {
        let Dependencies { store, passwords, issuer, settings, limits, mailer, clock, entropy, .. } = with;
        Self { store, passwords, issuer, settings, limits, mailer, clock, entropy }
    }

    /// Without a mail server, mails are files for the operator.
    pub fn has_mail_server(&self) -> bool {
        self.mailer.has_server()
    }

    /// Who may create an account.
    pub fn sign_up_mode(&self) -> SignUpMode {
        self.settings.sign_up
    }

    /// The time of the service.
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    fn context(&self, actor: Actor) -> Context {
        Context { actor, now: self.clock.now() }
    }
}
