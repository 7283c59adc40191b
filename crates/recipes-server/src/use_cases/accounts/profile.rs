//! What users change about themselves.

use accounts::{Email, Name, PasswordHash, User, audit::Actor};
use recipes::{FieldError, Scalars};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use store::{ApiTokens, Context, EmailChange};

use super::Accounts;
use crate::auth::rate_limit::Limit;
use crate::http::body::{
    Parse,
    fields::{self, Fields},
};
use crate::http::error::ApiError;
use crate::passwords::HashError;

impl Accounts {
    /// Changes name and e-mail. A new e-mail wants the password: whoever has found an open session must not be able
    /// to have the password reset to his own mailbox.
    ///
    /// # Errors
    /// [`ApiError::WrongPassword`], [`ApiError::EmailTaken`].
    pub async fn update_profile(
        &self,
        user: &User,
        update: UpdateProfile,
        actor: Actor,
    ) -> Result<User, ApiError> {
        let UpdateProfile { name, email } = update;
        let (store, context) = (&self.store, Context { actor, now: self.clock.now() });
        let Some((email, password)) = email else {
            let update = store::UpdateProfile { user: user.id, name, email: None };
            let updated = store.update_profile(update, context).await?;
            return updated.ok_or(ApiError::CallerGone);
        };
        self.limits.by_user(Limit::AccountChange, user.id)?;
        // It tells whether an address has an account, as a sign-up does, and is to tell it no more often.
        self.limits.by_address(Limit::SignUp, actor.address)?;
        let update = |hash: Option<PasswordHash>| {
            let email = Some(EmailChange { email: email.clone(), password_hash: hash });
            let update = store::UpdateProfile { user: user.id, name: name.clone(), email };
            async move { Ok(store.update_profile(update, context).await?) }
        };
        let updated = self.with_password(user, password, actor, update).await?;
        if updated.email != user.email && !updated.email_verified {
            self.send_verification(&updated, actor);
        }
        Ok(updated)
    }

    /// Changes the password and ends all sessions but the caller's own, and the API tokens if that is asked for.
    ///
    /// # Errors
    /// [`ApiError::WrongPassword`], and [`ApiError::Invalid`] for a bad new one.
    pub async fn change_password(
        &self,
        user: &User,
        change: ChangePassword,
        actor: Actor,
    ) -> Result<(), ApiError> {
        let ChangePassword { current, new, api_tokens } = change;
        let invalid = |message| ApiError::invalid("/newPassword", message);
        let (name, email) = (Some(user.name.as_str()), Some(user.email.as_str()));
        self.settings.password_policy.check(new.expose_secret(), name, email).map_err(invalid)?;
        self.limits.by_user(Limit::AccountChange, user.id)?;
        let change = |old: Option<PasswordHash>| {
            let new = new.clone();
            async move {
                let new = self.passwords.hash(new).await.map_err(|error| match error {
                    HashError::TooLong { .. } | HashError::Nul => invalid(error.to_string()),
                    error => error.into(),
                })?;
                let change =
                    store::ChangePassword { user: user.id, old, new, keep: actor.session, api_tokens };
                let context = Context { actor, now: self.clock.now() };
                let changed = self.store.change_password(change, context).await?;
                Ok(changed.then_some(()))
            }
        };
        self.with_password(user, current, actor, change).await?;
        tracing::info!(user.id = %user.id, "User {}: password changed, other sessions ended", user.id);
        Ok(())
    }

    /// Deletes the account and everything that only its owner has seen.
    ///
    /// # Errors
    /// [`ApiError::WrongPassword`].
    pub async fn delete(
        &self,
        user: &User,
        ConfirmDeletion(password): ConfirmDeletion,
        actor: Actor,
    ) -> Result<(), ApiError> {
        let delete = |hash: Option<PasswordHash>| async move {
            let context = Context { actor, now: self.clock.now() };
            let deleted = self.store.delete_user(user.id, hash.as_ref(), context).await?;
            Ok(deleted.then_some(()))
        };
        self.with_password(user, password, actor, delete).await?;
        tracing::info!(user.id = %user.id, "User {} was deleted by its owner", user.id);
        Ok(())
    }
}

/// A valid change of the profile.
pub struct UpdateProfile {
    name: Option<Name>,
    /// With the current password.
    email: Option<(Email, SecretString)>,
}

impl Parse for UpdateProfile {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        fields::unknown(fields, &["name", "email", "password"])
    }

    fn parse(fields: &Map<String, Value>, _: Scalars) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(fields);
        let name = fields.optional("name", Name::parse);
        let email = fields.optional("email", Email::parse);
        let email = email.and_then(|email| {
            let wanted = "is required to change the e-mail: your current password";
            match fields.get("password") {
                None => fields.problem("password", wanted),
                Some(_) => Some((email, fields.required("password", secret)?)),
            }
        });
        let problems = fields.problems();
        if problems.is_empty() { Ok(Self { name, email }) } else { Err(problems) }
    }
}

/// A valid change of the password.
pub struct ChangePassword {
    current: SecretString,
    new: SecretString,
    api_tokens: ApiTokens,
}

impl Parse for ChangePassword {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        fields::unknown(fields, &["currentPassword", "newPassword", "endApiTokens"])
    }

    fn parse(fields: &Map<String, Value>, _: Scalars) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(fields);
        let current = fields.required("currentPassword", secret);
        let new = fields.required("newPassword", secret);
        let api_tokens = match fields.flag("endApiTokens") {
            Some(true) => ApiTokens::Revoked,
            _ => ApiTokens::Kept,
        };
        let problems = fields.problems();
        match (current, new) {
            (Some(current), Some(new)) if problems.is_empty() => Ok(Self { current, new, api_tokens }),
            _ => Err(problems),
        }
    }
}

/// The password, to show that the owner of the session is the owner of the account.
pub struct ConfirmDeletion(SecretString);

impl Parse for ConfirmDeletion {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        fields::unknown(fields, &["password"])
    }

    fn parse(fields: &Map<String, Value>, _: Scalars) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(fields);
        let password = fields.required("password", secret);
        password.map(Self).ok_or_else(|| fields.problems())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "fields are read by parsers, and this one takes every text")]
pub(super) fn secret(text: &str) -> Result<SecretString, String> {
    Ok(text.into())
}
