//! Logging in: an e-mail and its password.

use crate::clock::Clock;
use accounts::{Email, PasswordHash, SessionLimits, User, audit::Actor, audit::Event};
use http::request::Parts;
use jiff::Timestamp;
use secrecy::SecretString;
use store::{Context, Store, StoreError};
use tower_passport::{Error, Local, LocalCredentials, Outcome, Strategy, VerifyPassword};

use super::{
    Accounts,
    error::AccountError,
    sessions::{ClientInfo, LoggedIn},
};
use crate::auth::rate_limit::{Attempt, LimitReached, RateLimits};
use crate::http::client_address::ClientAddress;
use crate::http::error::Cause;
use crate::passwords::{HashError, Passwords, Verdict};

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

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<Verified>, Error> {
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
    /// [`AccountError::UnableToLogIn`] if the password was changed or the user disabled since.
    pub async fn log_in(&self, verified: Verified, client: ClientInfo) -> Result<LoggedIn, AccountError> {
        let Verified { user, password_hash, password } = verified;
        let id = user.id;
        let mut begun = self.begin_session(user.clone(), password_hash.as_ref(), client.clone()).await?;
        if begun.is_none()
            && let Some((user, renewed)) =
                self.stored(&user).await?.filter(|(_, hash)| *hash != password_hash)
            && self.passwords.verify(password, renewed.clone()).await? != Verdict::Wrong
        {
            // Another log-in has replaced an outdated hash of the same password.
            begun = self.begin_session(user, renewed.as_ref(), client).await?;
        }
        let begun = begun.ok_or(AccountError::UnableToLogIn)?;
        tracing::info!(user.id = %id, "User {id} logged in");
        Ok(begun)
    }

    /// Asks a user who is signed in for the password once more, then does what wants it. `act` gets the hash that it was
    /// checked against, and answers `None` if that is not the stored one any more.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`]; [`AccountError::RateLimited`], as it can be guessed here like at a log-in.
    pub(super) async fn with_password<T, F>(
        &self,
        user: &User,
        password: SecretString,
        actor: Actor,
        act: impl Fn(Option<PasswordHash>) -> F,
    ) -> Result<T, AccountError>
    where
        F: Future<Output = Result<Option<T>, AccountError>>,
    {
        // Twice: a log-in may have replaced an outdated hash of the same password meanwhile.
        for _ in 0..2 {
            let hash = self.confirm(user, password.clone(), actor).await?;
            if let Some(done) = act(hash).await? {
                return Ok(done);
            }
        }
        Err(AccountError::WrongPassword)
    }

    async fn confirm(
        &self,
        user: &User,
        password: SecretString,
        actor: Actor,
    ) -> Result<Option<PasswordHash>, AccountError> {
        let (account, now) = (user.email.key(), self.clock.now());
        let attempt = self.limits.log_in(&account, actor.address)?;
        let refused = refused(&attempt, &account, actor, &self.store, self.settings.sessions, now);
        if let Some(reached) = refused.await? {
            return Err(reached.into());
        }
        let stored = self.stored(user).await?.and_then(|(_, hash)| hash);
        match looked_at(&self.passwords, password, stored.clone(), attempt).await? {
            (Verdict::Right | Verdict::RightButOutdated, attempt) => {
                attempt.succeeded();
                Ok(stored)
            }
            (Verdict::Wrong, _) => {
                self.store.audit(Event::LogInFailed, Some(user.id), Context { actor, now }).await?;
                Err(AccountError::WrongPassword)
            }
        }
    }

    /// The user as he is now, if he still has this e-mail.
    async fn stored(&self, user: &User) -> Result<Option<(User, Option<PasswordHash>)>, StoreError> {
        let stored = self.store.user_by_email(&user.email).await?;
        Ok(stored.filter(|(found, _)| found.id == user.id))
    }
}

/// A user whose password was right when it was checked against this hash.
pub struct Verified {
    pub user: User,
    pub password_hash: Option<PasswordHash>,
    /// The hash may be replaced before there is a session.
    password: SecretString,
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
        let LogIn { store, passwords, limits, sessions, clock } = &self.log_in;
        let email = Email::parse(&username);
        // What is no address has no account, and is counted all the same.
        let account = email.as_ref().map_or_else(|_| username.to_lowercase(), Email::key);
        let attempt = limits.log_in(&account, self.actor.address).map_err(not_yet)?;
        // Before the account is looked for: whether there is one must not be seen by how long a refusal takes.
        if let Some(reached) = refused(&attempt, &account, self.actor, store, *sessions, clock.now()).await? {
            return Err(not_yet(reached).into());
        }
        let (user, stored) = match email {
            Ok(email) => store.user_by_email(&email).await?.unzip(),
            // No account can have this name; only the time it takes must not say so.
            Err(_) => (None, None),
        };
        let stored = stored.flatten();
        let id = user.as_ref().map(|user| user.id);
        let (verdict, attempt) = looked_at(passwords, password.clone(), stored.clone(), attempt).await?;
        let user = user.filter(|user| verdict != Verdict::Wrong && !user.disabled);
        let Some(user) = user else {
            let context = Context { actor: self.actor, now: clock.now() };
            store.audit(Event::LogInFailed, id, context).await?;
            tracing::info!("A log-in failed");
            return Ok(None);
        };
        attempt.succeeded();
        let password_hash = match stored {
            Some(stored) if verdict == Verdict::RightButOutdated => {
                Some(self.upgraded(&user, stored, password.clone()).await)
            }
            stored => stored,
        };
        Ok(Some(Verified { user, password_hash, password }))
    }
}

fn not_yet(reached: LimitReached) -> Error {
    Error::not_yet(reached, reached.retry_after)
}

/// The limit that holds, unless the account is in use at the place that this comes from. Who is there knows already that
/// it exists.
async fn refused(
    attempt: &Attempt<'_>,
    account: &str,
    actor: Actor,
    store: &Store,
    sessions: SessionLimits,
    now: Timestamp,
) -> Result<Option<LimitReached>, StoreError> {
    let Some(reached) = attempt.refused_unless_known else { return Ok(None) };
    let is_in_use_here = match actor.address {
        Some(address) => store.has_session_from(account, address, sessions, now).await?,
        None => false,
    };
    Ok((!is_in_use_here).then_some(reached))
}

/// What is to be said of the password. The attempt comes back if it was one.
async fn looked_at<'a>(
    passwords: &Passwords,
    password: SecretString,
    stored: Option<PasswordHash>,
    attempt: Attempt<'a>,
) -> Result<(Verdict, Attempt<'a>), HashError> {
    match passwords.verify(password, stored).await {
        Ok(verdict) => Ok((verdict, attempt)),
        Err(error) => {
            attempt.not_made();
            Err(error)
        }
    }
}

impl CheckPassword {
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
            // Changed meanwhile, as the store will find when there is to be a session; maybe by a log-in like this one.
            Ok(false) => old,
            // The log-in itself is good; the next one tries again.
            Err(error) => {
                tracing::warn!(user.id = %user.id, %error, "An outdated password hash was kept");
                old
            }
        }
    }
}
