//! A new password for whoever has forgotten the old one and reads the account's mail. Also the way back in for an owner
//! whom somebody's guessing keeps out, and the way to get rid of whoever has got in.

use accounts::{Email, MailPurpose, TokenDigest, audit::Actor};
use recipes::{FieldError, Scalars};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use store::Context;

use super::{
    Accounts,
    profile::secret,
    verification::{not_good, token},
};
use crate::auth::rate_limit::MailKind;
use crate::http::body::{
    Parse,
    fields::{self, Fields},
};
use crate::http::error::ApiError;

impl Accounts {
    /// Sends a mail to whoever has this address, if anybody has. Neither the answer nor the time it takes says so.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`], by the address and whether it is anybody's or not, and [`ApiError::Overloaded`] when
    /// too many mails are waiting.
    pub fn ask_for_password_reset(
        &self,
        Forgotten { email }: &Forgotten,
        actor: Actor,
    ) -> Result<(), ApiError> {
        self.limits.mail(MailKind::Reset(&email.key()))?;
        Ok(self.mailer.request_link(MailPurpose::ResetPassword, email, actor)?)
    }

    /// Sets a new password and ends all that the account was open to.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] if the link is not or no longer good, and for a bad password.
    pub async fn reset_password(&self, reset: ResetPassword, actor: Actor) -> Result<(), ApiError> {
        let ResetPassword { token, password } = reset;
        // First, so that only who has a link makes the server hash.
        let now = self.clock.now();
        let user = self.store.mail_token_user(token, MailPurpose::ResetPassword, now).await?;
        let user = user.ok_or_else(not_good)?;
        let (name, email) = (Some(user.name.as_str()), Some(user.email.as_str()));
        let policy = &self.settings.password_policy;
        let checked = policy.check(password.expose_secret(), name, email);
        checked.map_err(|message| ApiError::invalid("/password", message))?;
        let hash = self.passwords.hash(password).await?;
        let context = Context { actor, now: self.clock.now() };
        let reset = self.store.reset_password(token, hash, context).await?;
        let user = reset.ok_or_else(not_good)?;
        self.limits.trust(&user.email.key(), actor.address);
        tracing::info!(user.id = %user.id, "User {}: password reset, all sessions ended", user.id);
        Ok(())
    }
}

/// Whose password is forgotten.
pub struct Forgotten {
    email: Email,
}

impl Parse for Forgotten {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        fields::unknown(fields, &["email"])
    }

    fn parse(fields: &Map<String, Value>, _: Scalars) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(fields);
        let email = fields.required("email", Email::parse);
        email.map(|email| Self { email }).ok_or_else(|| fields.problems())
    }
}

/// A new password, and what the link carries.
pub struct ResetPassword {
    token: TokenDigest,
    password: SecretString,
}

impl Parse for ResetPassword {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        fields::unknown(fields, &["token", "password"])
    }

    fn parse(fields: &Map<String, Value>, _: Scalars) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(fields);
        let token = fields.required("token", token);
        let password = fields.required("password", secret);
        match (token, password) {
            (Some(token), Some(password)) => Ok(Self { token, password }),
            _ => Err(fields.problems()),
        }
    }
}
