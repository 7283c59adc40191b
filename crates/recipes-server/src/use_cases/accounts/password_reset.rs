//! A new password for a user who forgot the old one and can read the account's mail. The same way an owner gets back into
//! an account that an attacker has locked by guessing or has taken over.

use accounts::{Email, LanguageTag, MailPurpose, TokenDigest, audit::Actor};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Accounts, error::AccountError};
use crate::auth::rate_limit::MailKind;

/// The command to set a new password with the token of a mail.
pub struct ResetPassword {
    pub token: TokenDigest,
    pub password: SecretString,
}

impl Accounts {
    /// Sends a mail to this address, if it has an account. Neither the result nor the time it takes shows whether it has.
    ///
    /// # Errors
    /// [`AccountError::RateLimited`] for this address, with or without an account; [`AccountError::MailQueueFull`].
    pub async fn request_password_reset(
        &self,
        email: &Email,
        actor: Actor,
        language: LanguageTag,
    ) -> Result<(), AccountError> {
        self.limits.mail(MailKind::Reset(&email.key())).await?;
        Ok(self.mailer.request_link(MailPurpose::ResetPassword, email, actor, language).await?)
    }

    /// Sets a new password and ends all sessions, API tokens and links of the account.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] for an invalid link or password.
    pub async fn reset_password(&self, command: ResetPassword, actor: Actor) -> Result<(), AccountError> {
        let ResetPassword { token, password } = command;
        // Checked before hashing, so that only the holder of a link can make the server hash.
        let now = self.clock.now();
        let user = self.store.mail_token_user(token, MailPurpose::ResetPassword, now).await?;
        let user = user.ok_or_else(AccountError::invalid_link)?;
        let (name, email) = (Some(user.name.as_str()), Some(user.email.as_str()));
        let policy = &self.settings.password_policy;
        let checked = policy.check(password.expose_secret(), name, email);
        checked.map_err(|message| AccountError::invalid("password", message))?;
        let hash = self.passwords.hash(password).await?;
        let reset = self.store.reset_password(token, hash, self.context(actor)).await?;
        let user = reset.ok_or_else(AccountError::invalid_link)?;
        self.limits.trust(&user.email.key(), actor.address).await;
        tracing::info!(user.id = %user.id, "User {}: password reset, all sessions ended", user.id);
        Ok(())
    }
}
