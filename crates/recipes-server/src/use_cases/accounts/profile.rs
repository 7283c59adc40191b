//! What users change about their own accounts.

use accounts::{Email, LanguageTag, Name, PasswordHash, User, audit::Actor};
use secrecy::{ExposeSecret as _, SecretString};
use store::{ApiTokens, EmailChange};

use super::{Accounts, error::AccountError};
use crate::auth::rate_limit::Limit;
use crate::passwords::HashError;

/// The command to change name or e-mail address.
pub struct UpdateProfile {
    pub name: Option<Name>,
    pub email: Option<NewEmail>,
}

/// A new address, confirmed with the current password.
pub struct NewEmail {
    pub email: Email,
    pub password: SecretString,
}

/// The command to change the password.
pub struct ChangePassword {
    pub current: SecretString,
    pub new: SecretString,
    pub api_tokens: ApiTokens,
}

impl Accounts {
    /// Changes name and e-mail address. A new address requires the password: an attacker with an open session must not be
    /// able to redirect password resets.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`], [`AccountError::EmailTaken`], [`AccountError::RateLimited`].
    pub async fn update_profile(
        &self,
        user: &User,
        UpdateProfile { name, email }: UpdateProfile,
        actor: Actor,
        language: LanguageTag,
    ) -> Result<User, AccountError> {
        let (store, context) = (&self.store, self.context(actor));
        let Some(NewEmail { email, password }) = email else {
            let update = store::UpdateProfile { user: user.id, name, email: None };
            let updated = store.update_profile(update, context).await?;
            return updated.ok_or(AccountError::ActorRevoked);
        };
        self.limits.by_user(Limit::AccountChange, user.id).await?;
        // Like a sign-up, this reveals whether an address has an account, so it shares the limit of sign-ups.
        self.limits.by_address(Limit::SignUp, actor.address).await?;
        let update = |hash: Option<PasswordHash>| {
            let email = Some(EmailChange { email: email.clone(), password_hash: hash });
            let update = store::UpdateProfile { user: user.id, name: name.clone(), email };
            async move { Ok(store.update_profile(update, context).await?) }
        };
        let updated = self.with_password(user, password, actor, update).await?;
        if updated.email != user.email && !updated.email_verified {
            self.send_verification_or_log(&updated, actor, language).await;
        }
        Ok(updated)
    }

    /// Stores the language that the user has chosen, for mails.
    ///
    /// # Errors
    /// [`AccountError::ActorRevoked`].
    pub async fn choose_language(&self, language: LanguageTag, actor: Actor) -> Result<(), AccountError> {
        Ok(self.store.choose_language(language, self.context(actor)).await?)
    }

    /// Changes the password and ends all other sessions of the user, and the API tokens if the command says so.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`], [`AccountError::Invalid`] for a new password that the policy refuses,
    /// [`AccountError::RateLimited`].
    pub async fn change_password(
        &self,
        user: &User,
        ChangePassword { current, new, api_tokens }: ChangePassword,
        actor: Actor,
    ) -> Result<(), AccountError> {
        let invalid = |message: String| AccountError::invalid("newPassword", message);
        let (name, email) = (Some(user.name.as_str()), Some(user.email.as_str()));
        self.settings.password_policy.check(new.expose_secret(), name, email).map_err(invalid)?;
        self.limits.by_user(Limit::AccountChange, user.id).await?;
        let change = |old: Option<PasswordHash>| {
            let new = new.clone();
            async move {
                let new = self.passwords.hash(new).await.map_err(|error| match error {
                    HashError::TooLong { .. } | HashError::Nul => invalid(error.to_string()),
                    error => error.into(),
                })?;
                let change =
                    store::ChangePassword { user: user.id, old, new, keep: actor.session, api_tokens };
                let changed = self.store.change_password(change, self.context(actor)).await?;
                Ok(changed.then_some(()))
            }
        };
        self.with_password(user, current, actor, change).await?;
        tracing::info!(user.id = %user.id, "User {}: password changed, other sessions ended", user.id);
        Ok(())
    }

    /// Deletes the account with its sessions, API tokens and private recipes. `false`: the account has ended, but its
    /// recipes are so many that deleting them goes on in the background.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`], [`AccountError::LastAdmin`], [`AccountError::RateLimited`].
    pub async fn delete(
        &self,
        user: &User,
        password: SecretString,
        actor: Actor,
    ) -> Result<bool, AccountError> {
        let delete = |hash: Option<PasswordHash>| async move {
            let deleted = self.store.delete_user(user.id, hash.as_ref(), self.context(actor)).await?;
            Ok(deleted.then_some(()))
        };
        self.with_password(user, password, actor, delete).await?;
        tracing::info!(user.id = %user.id, "User {} was deleted by its owner", user.id);
        Ok(self.finish_deletion().await)
    }
}
