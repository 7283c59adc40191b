//! Whether mail reaches a user: asked by a mail, answered by the link in it.

use accounts::{MailPurpose, TokenDigest, User, audit::Actor};
use recipes::{FieldError, Scalars};
use serde_json::{Map, Value};
use store::Context;

use super::Accounts;
use crate::auth::rate_limit::MailKind;
use crate::http::body::{
    Parse,
    fields::{self, Fields},
};
use crate::http::error::ApiError;

impl Accounts {
    /// Sends the mail once more, if it is still of use.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`], and [`ApiError::Overloaded`] when too many mails are waiting.
    pub fn ask_for_verification(&self, user: &User, actor: Actor) -> Result<(), ApiError> {
        self.limits.mail(MailKind::Verification(&user.email.key()))?;
        Ok(self.mailer.request_link(MailPurpose::VerifyEmail, &user.email, actor)?)
    }

    /// Sends the mail to a new address. What has led here is done, and stays so whatever becomes of the mail: its owner
    /// can ask for another.
    pub(super) fn send_verification(&self, user: &User, actor: Actor) {
        if let Err(error) = self.ask_for_verification(user, actor) {
            tracing::warn!(user.id = %user.id, ?error, "User {} gets no mail to verify the address now", user.id);
        }
    }

    /// Uses up what was in the link.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] if it is not or no longer good.
    pub async fn verify_email(&self, Link { token }: Link, actor: Actor) -> Result<(), ApiError> {
        let verified = self.store.verify_email(token, Context { actor, now: self.clock.now() }).await?;
        let user = verified.ok_or_else(not_good)?;
        tracing::info!(user.id = %user.id, "User {} has verified the e-mail address", user.id);
        Ok(())
    }

    /// Whether a user may write recipes.
    ///
    /// # Errors
    /// [`ApiError::EmailNotVerified`] if that takes a verified address.
    pub fn may_write(&self, user: &User) -> Result<(), ApiError> {
        let may = user.email_verified || !self.settings.require_verified_email;
        if may { Ok(()) } else { Err(ApiError::EmailNotVerified) }
    }
}

pub(super) fn not_good() -> ApiError {
    ApiError::invalid("/token", "is not or no longer good; ask for a new mail")
}

/// What a link in a mail carries.
pub struct Link {
    token: TokenDigest,
}

impl Parse for Link {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        fields::unknown(fields, &["token"])
    }

    fn parse(fields: &Map<String, Value>, _: Scalars) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(fields);
        let token = fields.required("token", token);
        token.map(|token| Self { token }).ok_or_else(|| fields.problems())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "fields are read by parsers, and this one takes every text")]
pub(super) fn token(text: &str) -> Result<TokenDigest, String> {
    Ok(TokenDigest::of(text.as_bytes()))
}
