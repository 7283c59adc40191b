//! What administrators do with the accounts of others.

use accounts::{MailPurpose, Role, User, audit::Actor};
use ids::UserId;
use recipes::{FieldError, Scalars};
use serde_json::{Map, Value};
use store::{Access, Administered, Context, UserChange};

use super::Accounts;
use crate::auth::rate_limit::MailKind;
use crate::http::body::{
    Parse,
    fields::{self, Fields},
};
use crate::http::error::ApiError;

impl Accounts {
    /// Changes what an administrator may change of a user.
    ///
    /// # Errors
    /// [`ApiError::UserNotFound`], [`ApiError::LastAdmin`].
    pub async fn administer(&self, id: UserId, change: ChangeUser, actor: Actor) -> Result<User, ApiError> {
        match self.store.administer(id, change.0, Context { actor, now: self.clock.now() }).await? {
            Administered::Done(user) => {
                tracing::info!(user.id = %id, "User {id} was changed by an administrator");
                Ok(*user)
            }
            Administered::NoSuchUser => Err(ApiError::UserNotFound),
            Administered::LastAdmin => Err(ApiError::LastAdmin),
        }
    }

    /// Sends the user a mail to choose a new password. Nobody else gets to know the link or chooses one.
    ///
    /// # Errors
    /// [`ApiError::UserNotFound`], [`ApiError::UserDisabled`], and as whoever has forgotten a password may hear.
    pub async fn send_password_reset(&self, id: UserId, actor: Actor) -> Result<(), ApiError> {
        let user = self.store.user(id).await?.ok_or(ApiError::UserNotFound)?;
        if user.disabled {
            return Err(ApiError::UserDisabled);
        }
        self.limits.mail(MailKind::ResetByAdmin(user.id))?;
        Ok(self.mailer.request_link(MailPurpose::ResetPassword, &user.email, actor)?)
    }

    /// Ends all sessions of a user, and all API tokens.
    ///
    /// # Errors
    /// [`ApiError::UserNotFound`].
    pub async fn log_out_user(&self, id: UserId, actor: Actor) -> Result<(), ApiError> {
        let user = self.store.user(id).await?.ok_or(ApiError::UserNotFound)?;
        let ended = self.store.end_sessions(user.id, Context { actor, now: self.clock.now() }).await?;
        tracing::info!(user.id = %id, ended, "All sessions of user {id} were ended by an administrator");
        Ok(())
    }
}

/// A valid change of a user by an administrator.
pub struct ChangeUser(UserChange);

impl Parse for ChangeUser {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        fields::unknown(fields, &["disabled", "role"])
    }

    fn parse(fields: &Map<String, Value>, _: Scalars) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(fields);
        let role = fields.optional("role", |text| Role::parse(text).ok_or("must be user or admin"));
        let disabled = fields.flag("disabled");
        let access = disabled.map(|disabled| if disabled { Access::Disabled } else { Access::Enabled });
        let problems = fields.problems();
        if problems.is_empty() { Ok(Self(UserChange { role, access })) } else { Err(problems) }
    }
}
