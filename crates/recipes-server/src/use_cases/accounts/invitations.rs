//! Invitations: who may sign up where not everybody may.

use std::time::Duration;

use accounts::{Email, Invitation, NewInvitation, TokenDigest, audit::Actor};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ids::InvitationId;
use recipes::{FieldError, Scalars};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use store::Context;

use super::{Accounts, SignUpMode};
use crate::auth::rate_limit::MailKind;
use crate::http::body::{
    Parse,
    fields::{self, Fields},
};
use crate::http::error::ApiError;

/// How long an invitation is good: who is on holiday comes back to it, who never wanted one does not leave it lying about.
const LASTS: Duration = Duration::from_hours(14 * 24);

impl Accounts {
    /// Makes an invitation, and sends it if it is for an address; else it is known to nobody but the caller from now on.
    ///
    /// # Errors
    /// [`ApiError::InvitationsOfNoUse`], [`ApiError::RateLimited`] by the address, and [`ApiError::TooManyInvitations`].
    pub async fn invite(&self, Invite { email }: Invite, actor: Actor) -> Result<Invited, ApiError> {
        if self.settings.sign_up == SignUpMode::Closed {
            return Err(ApiError::InvitationsOfNoUse);
        }
        if let Some(email) = &email {
            self.limits.mail(MailKind::Invitation(&email.key()))?;
        }
        let now = self.clock.now();
        let token = SecretString::from(URL_SAFE_NO_PAD.encode(self.entropy.bytes::<32>()));
        let new = NewInvitation {
            id: InvitationId::new(now, self.entropy.bytes()),
            digest: TokenDigest::of(token.expose_secret().as_bytes()),
            email,
            expires_at: now + LASTS,
        };
        let made = self.store.create_invitation(new, Context { actor, now }).await?;
        let invitation = made.ok_or(ApiError::TooManyInvitations)?;
        tracing::info!(invitation.id = %invitation.id, "Somebody was invited");
        let sent = invitation.email.as_ref().map(|email| self.mailer.invite(email, &token));
        let mailed = match sent {
            None => false,
            Some(Ok(())) => true,
            // The invitation is good all the same, and whoever made it can send it.
            Some(Err(error)) => {
                tracing::warn!(%error, "An invitation was not mailed");
                false
            }
        };
        Ok(Invited { invitation, link: self.mailer.invitation_link(&token), token, mailed })
    }
}

/// An invitation that was just made.
pub struct Invited {
    pub invitation: Invitation,
    /// What a sign-up says.
    pub token: SecretString,
    /// The page that says it.
    pub link: String,
    /// Whether a mail is on its way.
    pub mailed: bool,
}

/// Whom to invite.
pub struct Invite {
    /// `None`: whoever has the invitation.
    email: Option<Email>,
}

impl Parse for Invite {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        fields::unknown(fields, &["email"])
    }

    fn parse(fields: &Map<String, Value>, _: Scalars) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(fields);
        let email = fields.optional("email", Email::parse);
        let problems = fields.problems();
        if problems.is_empty() { Ok(Self { email }) } else { Err(problems) }
    }
}
