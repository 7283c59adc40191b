//! What administrators do with the accounts of other users.

use accounts::{LanguageTag, MailPurpose, User, audit::Actor};
use ids::UserId;
use store::{Administered, Listing, Page, UserChange, UserFilter};

use super::{Accounts, error::AccountError};
use crate::auth::rate_limit::MailKind;

impl Accounts {
    /// Users in the order of their ids.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn users(
        &self,
        filter: UserFilter,
        page: Page<UserId>,
    ) -> Result<Listing<Vec<User>, UserId>, AccountError> {
        Ok(self.store.users(filter, page).await?)
    }

    /// How many users [`users`](Self::users) has in all.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn count_users(&self, filter: UserFilter) -> Result<u64, AccountError> {
        Ok(self.store.count_users(filter).await?)
    }

    /// # Errors
    /// [`AccountError::UserNotFound`].
    pub async fn user(&self, id: UserId) -> Result<User, AccountError> {
        self.store.user(id).await?.ok_or(AccountError::UserNotFound)
    }

    /// Changes the role of a user, or disables or enables the user. Disabling ends all sessions and API tokens.
    ///
    /// # Errors
    /// [`AccountError::UserNotFound`], [`AccountError::LastAdmin`].
    pub async fn change_user(
        &self,
        id: UserId,
        change: UserChange,
        actor: Actor,
    ) -> Result<User, AccountError> {
        match self.store.administer(id, change, self.context(actor)).await? {
            Administered::Done(user) => {
                tracing::info!(user.id = %id, "User {id} was changed by an administrator");
                Ok(*user)
            }
            Administered::NoSuchUser => Err(AccountError::UserNotFound),
            Administered::LastAdmin => Err(AccountError::LastAdmin),
        }
    }

    /// Deletes another user with all sessions, API tokens and private recipes. Public recipes stay, without an owner.
    /// `false`: as for [`delete`](Self::delete).
    ///
    /// # Errors
    /// [`AccountError::UserNotFound`]; [`AccountError::OwnAccount`], which only the password deletes.
    pub async fn delete_user(&self, id: UserId, actor: Actor) -> Result<bool, AccountError> {
        if actor.user == Some(id) {
            return Err(AccountError::OwnAccount);
        }
        match self.store.remove_user(id, self.context(actor)).await? {
            Administered::Done(_) => {
                tracing::info!(user.id = %id, "User {id} was deleted by an administrator");
                Ok(self.finish_deletion().await)
            }
            Administered::NoSuchUser => Err(AccountError::UserNotFound),
            Administered::LastAdmin => Err(AccountError::LastAdmin),
        }
    }

    /// Sends the user a mail to choose a new password. The administrator sees neither the link nor the password.
    ///
    /// # Errors
    /// [`AccountError::UserNotFound`], [`AccountError::UserDisabled`], [`AccountError::RateLimited`],
    /// [`AccountError::MailQueueFull`].
    pub async fn send_password_reset(
        &self,
        id: UserId,
        actor: Actor,
        language: LanguageTag,
    ) -> Result<(), AccountError> {
        let user = self.user(id).await?;
        if user.disabled {
            return Err(AccountError::UserDisabled);
        }
        self.limits.mail(MailKind::ResetByAdmin(user.id)).await?;
        Ok(self.mailer.request_link(MailPurpose::ResetPassword, &user.email, actor, language).await?)
    }

    /// Ends all sessions and API tokens of a user.
    ///
    /// # Errors
    /// [`AccountError::UserNotFound`].
    pub async fn end_sessions_of_user(&self, id: UserId, actor: Actor) -> Result<(), AccountError> {
        let user = self.user(id).await?;
        let ended = self.store.end_sessions(user.id, self.context(actor)).await?;
        tracing::info!(user.id = %id, ended, "All sessions of user {id} were ended by an administrator");
        Ok(())
    }
}
