//! Logging in: an e-mail and its password.

use recipes::{Clock, Email, PasswordHash, User, store::Store};
use secrecy::SecretString;
use tower_passport::{Local, LocalCredentials, VerifyPassword};

use super::{Accounts, LoggedIn, Origin};
use crate::{
    error::{ApiError, Cause},
    passwords::{Passwords, Verdict},
};

/// Who may have a session: whoever knows the e-mail and the password of an account.
pub type LogIn = Local<CheckPassword>;

/// The door of the log-in route, for bodies that say `email` and `password`.
pub fn log_in(store: Store, passwords: Passwords, clock: Clock) -> LogIn {
    Local::new(CheckPassword { store, passwords, clock }).username_field("email").password_field("password")
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
    /// [`ApiError::WrongPassword`].
    pub async fn confirm(
        &self,
        user: &User,
        password: SecretString,
    ) -> Result<Option<PasswordHash>, ApiError> {
        let stored = self.store.user_by_email(&user.email).await?;
        let stored = stored.filter(|(found, _)| found.id == user.id).and_then(|(_, hash)| hash);
        match self.passwords.verify(password, stored.clone()).await? {
            Verdict::Right | Verdict::RightButOutdated => Ok(stored),
            Verdict::Wrong => Err(ApiError::WrongPassword),
        }
    }
}

/// A user whose password was right when it was checked against this hash.
pub struct Verified {
    pub user: User,
    pub password_hash: Option<PasswordHash>,
}

/// Checks an e-mail and a password with the same work and the same answer whether the account exists or not.
pub struct CheckPassword {
    store: Store,
    passwords: Passwords,
    clock: Clock,
}

impl VerifyPassword for CheckPassword {
    type User = Verified;
    type Error = Cause;

    async fn verify(&self, credentials: LocalCredentials) -> Result<Option<Verified>, Cause> {
        let LocalCredentials { username, password, .. } = credentials;
        let (user, stored) = match Email::parse(&username) {
            Ok(email) => self.store.user_by_email(&email).await?.unzip(),
            // No account can have this name; only the time it takes must not say so.
            Err(_) => (None, None),
        };
        let stored = stored.flatten();
        let verdict = self.passwords.verify(password.clone(), stored.clone()).await?;
        let user = user.filter(|user| verdict != Verdict::Wrong && !user.disabled);
        let Some(user) = user else {
            tracing::info!("A log-in failed");
            return Ok(None);
        };
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
    /// Replaces a hash of an older scheme or weaker parameters: now is the only time the password is at hand. Answers
    /// with the hash that is stored then.
    async fn upgraded(&self, user: &User, old: PasswordHash, password: SecretString) -> PasswordHash {
        // bcrypt reads 72 bytes, and imported hashes were made from no more; a longer password must still log in
        // after the scheme has changed to one that would refuse it.
        let new = match self.passwords.hash(password).await {
            Ok(new) => new,
            Err(error) => {
                tracing::warn!(user.id = %user.id, %error, "An outdated password hash was kept");
                return old;
            }
        };
        match self.store.replace_password_hash(user.id, &old, new.clone(), self.clock.now()).await {
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
