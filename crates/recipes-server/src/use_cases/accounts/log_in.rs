//! Logging in with an e-mail address and a password.

use accounts::{Email, PasswordHash, SessionLimits, User, audit::Actor, audit::Event};
use ids::UserId;
use secrecy::SecretString;
use store::{Context, Store, StoreError};

use super::{
    Accounts,
    error::AccountError,
    sessions::{ClientInfo, LoggedIn},
};
use crate::auth::rate_limit::{Attempt, LimitReached, RateLimits};
use crate::clock::Clock;
use crate::passwords::{HashError, Passwords, Verdict};

/// Checks passwords at log-ins.
#[derive(Clone)]
pub struct LogIn {
    pub store: Store,
    pub passwords: Passwords,
    pub limits: RateLimits,
    pub sessions: SessionLimits,
    pub clock: Clock,
}

/// The result of checking a password.
pub enum PasswordCheck {
    Right(CheckedUser),
    /// The account does not exist or is disabled, or the password is wrong.
    Wrong,
    /// Not checked: too many attempts.
    LimitReached(LimitReached),
}

/// A user with a right password, and the hash that it was checked against.
pub struct CheckedUser {
    pub user: User,
    pub password: SecretString,
    pub password_hash: Option<PasswordHash>,
}

/// Why a password could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LogIn {
    /// Checks an e-mail address and a password, with the same work whether the account exists or not. Replaces an
    /// outdated hash.
    ///
    /// # Errors
    /// [`CheckError`] if it could not be checked.
    pub async fn check_password(
        &self,
        email: &str,
        password: SecretString,
        actor: Actor,
    ) -> Result<PasswordCheck, CheckError> {
        let parsed = Email::parse(email);
        // A text that is not an address has no account, and still counts as an attempt.
        let account = parsed.as_ref().map_or_else(|_| email.to_lowercase(), Email::key);
        let mut attempt = self.limits.log_in(&account, actor.address).await;
        // Before the account is looked up, so that the response time does not tell whether it exists. A client at an address
        // where the account is in use knows already that it exists.
        let is_in_use_here = async {
            let Some(address) = actor.address else { return Ok(false) };
            self.store.has_session_from(&account, address, self.sessions, self.clock.now()).await
        };
        if let Some(reached) = attempt.refusal(is_in_use_here).await? {
            return Ok(PasswordCheck::LimitReached(reached));
        }
        let (user, stored) = match parsed {
            Ok(email) => self.store.user_by_email(&email).await?.unzip(),
            // No account has this name. The password is still hashed below, to take the same time.
            Err(_) => (None, None),
        };
        let stored = stored.flatten();
        let id = user.as_ref().map(|user| user.id);
        let (verdict, attempt) = verify(&self.passwords, password.clone(), stored.clone(), attempt).await?;
        let Some(user) = user.filter(|user| verdict != Verdict::Wrong && !user.disabled) else {
            log_failure(id);
            let context = Context { actor, now: self.clock.now() };
            self.store.audit(Event::LogInFailed, id, context).await?;
            return Ok(PasswordCheck::Wrong);
        };
        attempt.succeeded().await;
        let password_hash = match stored {
            Some(outdated) if verdict == Verdict::RightButOutdated => {
                Some(self.upgrade(&user, outdated, password.clone()).await?)
            }
            stored => stored,
        };
        Ok(PasswordCheck::Right(CheckedUser { user, password, password_hash }))
    }

    /// Replaces a hash of an older scheme or with weaker parameters, which requires the password. Returns the hash that
    /// is stored then.
    async fn upgrade(
        &self,
        user: &User,
        outdated: PasswordHash,
        password: SecretString,
    ) -> Result<PasswordHash, CheckError> {
        // bcrypt reads 72 bytes. An imported hash of a longer password must keep working if the new scheme rejects it.
        let new = match self.passwords.hash(password.clone()).await {
            Ok(new) => new,
            Err(error) => {
                tracing::warn!(user.id = %user.id, %error, "An outdated password hash was kept");
                return self.current_hash(user, outdated, password).await;
            }
        };
        match self.store.replace_password_hash(user.id, &outdated, new.clone(), self.clock.now()).await {
            Ok(true) => {
                tracing::info!(user.id = %user.id, "User {}: password hash upgraded", user.id);
                Ok(new)
            }
            Ok(false) => self.current_hash(user, outdated, password).await,
            // The log-in itself succeeds. The next one tries again.
            Err(error) => {
                tracing::warn!(user.id = %user.id, %error, "An outdated password hash was kept");
                Ok(outdated)
            }
        }
    }

    /// The hash that is stored now, if the password is still right. Another log-in may have upgraded the verified one.
    async fn current_hash(
        &self,
        user: &User,
        verified: PasswordHash,
        password: SecretString,
    ) -> Result<PasswordHash, CheckError> {
        match stored_hash(&self.store, user).await? {
            Some(stored) if stored == verified => Ok(verified),
            Some(stored)
                if self.passwords.verify(password, Some(stored.clone())).await? != Verdict::Wrong =>
            {
                Ok(stored)
            }
            _ => Ok(verified),
        }
    }
}

impl Accounts {
    /// Begins a session for a user with a right password.
    ///
    /// # Errors
    /// [`AccountError::UnableToLogIn`] if the password was changed or the user was disabled in the meantime.
    pub async fn log_in(&self, checked: CheckedUser, client: ClientInfo) -> Result<LoggedIn, AccountError> {
        let CheckedUser { user, password, mut password_hash } = checked;
        let id = user.id;
        // Twice: another log-in may have replaced an outdated hash of the same password in the meantime.
        for _ in 0..2 {
            let session = self.begin_session(user.clone(), password_hash.as_ref(), client.clone()).await?;
            if let Some(session) = session {
                tracing::info!(user.id = %id, "User {id} logged in");
                return Ok(session);
            }
            let stored = stored_hash(&self.store, &user).await?;
            if stored == password_hash
                || self.passwords.verify(password.clone(), stored.clone()).await? == Verdict::Wrong
            {
                break;
            }
            password_hash = stored;
        }
        Err(AccountError::UnableToLogIn)
    }

    /// Checks the password of a logged-in user again, then runs `act` with the hash that it was checked against.
    /// `act` returns `None` if that hash is no longer the stored one.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`]; [`AccountError::RateLimited`], because a thief of the session can guess passwords
    /// here. The count is the session's own: guesses at the log-in lock no user out of a session.
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
        // Twice: a log-in may have replaced an outdated hash of the same password in the meantime.
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
        // A session that has ended must not even learn whether a password is right.
        self.store.check_authority(self.context(actor)).await?;
        let attempt = self.limits.confirmation(&user.email.key(), &actor).await?;
        let stored = stored_hash(&self.store, user).await?;
        match verify(&self.passwords, password, stored.clone(), attempt).await? {
            (Verdict::Right | Verdict::RightButOutdated, attempt) => {
                attempt.succeeded().await;
                Ok(stored)
            }
            (Verdict::Wrong, _) => {
                log_failure(Some(user.id));
                self.store.audit(Event::LogInFailed, Some(user.id), self.context(actor)).await?;
                Err(AccountError::WrongPassword)
            }
        }
    }
}

/// For programs that watch the log, as fail2ban: message and fields are stable. The request adds its id and the address of
/// the client. The account is a number: the text that the client sent may be a password in the wrong field.
fn log_failure(account: Option<UserId>) {
    tracing::info!(user.id = account.map(tracing::field::display), "A log-in failed");
}

/// The stored hash of a user, if the user still has this e-mail address.
async fn stored_hash(store: &Store, user: &User) -> Result<Option<PasswordHash>, StoreError> {
    let stored = store.user_by_email(&user.email).await?;
    Ok(stored.filter(|(found, _)| found.id == user.id).and_then(|(_, hash)| hash))
}

/// Verifies a password. If that fails, the attempt does not count.
async fn verify<'a>(
    passwords: &Passwords,
    password: SecretString,
    stored: Option<PasswordHash>,
    attempt: Attempt<'a>,
) -> Result<(Verdict, Attempt<'a>), HashError> {
    match passwords.verify(password, stored).await {
        Ok(verdict) => Ok((verdict, attempt)),
        Err(error) => {
            attempt.cancel().await;
            Err(error)
        }
    }
}
