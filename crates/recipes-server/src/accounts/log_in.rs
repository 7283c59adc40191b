//! Logging in: an e-mail and its password.

use http::request::Parts;
use recipes::{
    Clock, Email, PasswordHash, SessionLimits, User, UserId,
    audit::{Actor, Event},
    store::{Store, StoreError},
};
use secrecy::SecretString;
use tower_passport::{Local, LocalCredentials, Outcome, Strategy, VerifyPassword};

use super::{Accounts, LoggedIn, Origin};
use crate::{
    client_address::ClientAddress,
    error::{ApiError, Cause},
    passwords::{Passwords, Verdict},
    rate_limit::{LimitReached, RateLimits, place},
};

/// Who may have a session: whoever knows the e-mail and the password of an account.
///
/// The door of the log-in route, for bodies that say `email` and `password`.
#[derive(Clone)]
pub struct LogIn {
    pub store: Store,
    pub passwords: Passwords,
    pub limits: RateLimits,
    pub sessions: SessionLimits,
    pub clock: Clock,
}

impl Strategy for LogIn {
    type User = Verified;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<Verified>, tower_passport::Error> {
        // Checking a password knows nothing of requests, and how often it may be tried depends on who tries.
        let actor = Actor::anonymous(ClientAddress::of(request).0);
        let local = Local::new(CheckPassword { log_in: self.clone(), actor });
        local.username_field("email").password_field("password").authenticate(request).await
    }
}

impl Accounts {
    /// Begins a session for whom the door has let in.
    ///
    /// # Errors
    /// [`ApiError::UnableToLogIn`] if the password was changed or the user disabled since.
    pub async fn log_in(&self, verified: Verified, origin: Origin) -> Result<LoggedIn, ApiError> {
        let Verified { user, password_hash } = verified;
        let id = user.id;
        let begun = self.begin_session(user, password_hash.as_ref(), origin).await?;
        let begun = begun.ok_or(ApiError::UnableToLogIn)?;
        tracing::info!(user.id = %id, "User {id} logged in");
        Ok(begun)
    }

    /// Asks a user who is signed in for the password once more, and answers with its hash.
    ///
    /// # Errors
    /// [`ApiError::WrongPassword`]; [`ApiError::RateLimited`], as it can be guessed here like at a log-in.
    pub async fn confirm(
        &self,
        user: &User,
        password: SecretString,
        actor: Actor,
    ) -> Result<Option<PasswordHash>, ApiError> {
        let attempt = self.limits.log_in(&user.email.key(), actor.address)?;
        let stored = self.store.user_by_email(&user.email).await?;
        let stored = stored.filter(|(found, _)| found.id == user.id).and_then(|(_, hash)| hash);
        match self.passwords.verify(password, stored.clone()).await? {
            Verdict::Right | Verdict::RightButOutdated => {
                attempt.succeeded();
                Ok(stored)
            }
            Verdict::Wrong => {
                self.store.audit(Event::LogInFailed, Some(user.id), actor, self.clock.now()).await?;
                Err(ApiError::WrongPassword)
            }
        }
    }
}

/// A user whose password was right when it was checked against this hash.
pub struct Verified {
    pub user: User,
    pub password_hash: Option<PasswordHash>,
}

/// Checks an e-mail and a password with the same work and the same answer whether the account exists or not.
struct CheckPassword {
    log_in: LogIn,
    actor: Actor,
}

impl VerifyPassword for CheckPassword {
    type User = Verified;
    type Error = Cause;

    async fn verify(&self, credentials: LocalCredentials) -> Result<Option<Verified>, Cause> {
        let LocalCredentials { username, password, .. } = credentials;
        let LogIn { store, passwords, limits, clock, .. } = &self.log_in;
        let email = Email::parse(&username);
        // What is no address has no account, and is counted all the same.
        let account = email.as_ref().map_or_else(|_| username.to_lowercase(), Email::key);
        let attempt = limits.log_in(&account, self.actor.address)?;
        let (user, stored) = match email {
            Ok(email) => store.user_by_email(&email).await?.unzip(),
            // No account can have this name; only the time it takes must not say so.
            Err(_) => (None, None),
        };
        if let Some(reached) = attempt.refused_unless_known {
            self.must_be_known(user.as_ref(), reached).await?;
        }
        let stored = stored.flatten();
        let id = user.as_ref().map(|user| user.id);
        let verdict = passwords.verify(password.clone(), stored.clone()).await?;
        let user = user.filter(|user| verdict != Verdict::Wrong && !user.disabled);
        let Some(user) = user else {
            store.audit(Event::LogInFailed, id, self.actor, clock.now()).await?;
            tracing::info!("A log-in failed");
            return Ok(None);
        };
        attempt.succeeded();
        let password_hash = match stored {
            Some(stored) if verdict == Verdict::RightButOutdated => {
                Some(self.upgraded(&user, stored, password).await)
            }
            stored => stored,
        };
        Ok(Some(Verified { user, password_hash }))
    }
}

impl CheckPassword {
    /// Refuses whoever is not at a place from which the account is in use. Who is, knows already that it exists.
    async fn must_be_known(&self, user: Option<&User>, reached: LimitReached) -> Result<(), Cause> {
        let is_known = match user {
            Some(user) => self.is_in_use_here(user.id).await?,
            None => false,
        };
        if is_known { Ok(()) } else { Err(reached.into()) }
    }

    async fn is_in_use_here(&self, user: UserId) -> Result<bool, StoreError> {
        let LogIn { store, sessions, clock, .. } = &self.log_in;
        let here = self.actor.address.map(place);
        let sessions = store.sessions(user, *sessions, clock.now()).await?;
        Ok(sessions.iter().any(|session| here.is_some() && session.address.map(place) == here))
    }

    /// Replaces a hash of an older scheme or weaker parameters: now is the only time the password is at hand. Answers
    /// with the hash that is stored then.
    async fn upgraded(&self, user: &User, old: PasswordHash, password: SecretString) -> PasswordHash {
        // bcrypt reads 72 bytes, and imported hashes were made from no more; a longer password must still log in
        // after the scheme has changed to one that would refuse it.
        let new = match self.log_in.passwords.hash(password).await {
            Ok(new) => new,
            Err(error) => {
                tracing::warn!(user.id = %user.id, %error, "An outdated password hash was kept");
                return old;
            }
        };
        let LogIn { store, clock, .. } = &self.log_in;
        match store.replace_password_hash(user.id, &old, new.clone(), clock.now()).await {
            Ok(true) => {
                tracing::info!(user.id = %user.id, "User {}: password hash upgraded", user.id);
                new
            }
            // Changed meanwhile; then the old one is no reason for a session either, as the store will find.
            Ok(false) => old,
            // The log-in itself is good; the next one tries again.
            Err(error) => {
                tracing::warn!(user.id = %user.id, %error, "An outdated password hash was kept");
                old
            }
        }
    }
}
