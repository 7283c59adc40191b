//! Verifying an e-mail address: a mail with a link, and the confirmation that the link sends.

use accounts::{LanguageTag, MailPurpose, TokenDigest, User, audit::Actor};

use super::{Accounts, error::AccountError};
use crate::auth::rate_limit::MailKind;

impl Accounts {
    /// Sends the mail again, unless the address is verified already.
    ///
    /// # Errors
    /// [`AccountError::RateLimited`], [`AccountError::MailQueueFull`].
    pub async fn send_verification(
        &self,
        user: &User,
        actor: Actor,
        language: LanguageTag,
    ) -> Result<(), AccountError> {
        self.limits.mail(MailKind::Verification(&user.email.key())).await?;
        Ok(self.mailer.request_link(MailPurpose::VerifyEmail, &user.email, actor, language).await?)
    }

    /// Sends the mail to a new address. A failure is only logged: the address is stored, and the user can request the
    /// mail again.
    pub(super) async fn send_verification_or_log(&self, user: &User, actor: Actor, language: LanguageTag) {
        if let Err(error) = self.send_verification(user, actor, language).await {
            tracing::warn!(user.id = %user.id, ?error, "The verification mail of user {} was not sent", user.id);
        }
    }

    /// Verifies an address with the token of a mail, which cannot be used again.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] for an invalid token.
    pub async fn verify_email(&self, token: TokenDigest, actor: Actor) -> Result<(), AccountError> {
        let verified = self.store.verify_email(token, self.context(actor)).await?;
        let user = verified.ok_or_else(AccountError::invalid_link)?;
        tracing::info!(user.id = %user.id, "User {} has verified the e-mail address", user.id);
        Ok(())
    }
}
