//! Invitations: who may sign up where not everybody may.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use recipes::{Email, Encoding, Invitation, InvitationId, NewInvitation, Problem, TokenDigest, audit::Actor};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::Accounts;
use crate::{
    body::{
        Parse,
        fields::{self, Fields},
    },
    error::ApiError,
};

/// How long an invitation is good: who is on holiday comes back to it, who never wanted one does not leave it lying about.
const LASTS: Duration = Duration::from_hours(14 * 24);

impl Accounts {
    /// Makes an invitation, which is known to nobody but the caller from now on.
    ///
    /// # Errors
    /// [`ApiError::TooManyInvitations`].
    pub async fn invite(
        &self,
        Invite { email }: Invite,
        actor: Actor,
    ) -> Result<(Invitation, SecretString), ApiError> {
        let now = self.clock.now();
        let token = URL_SAFE_NO_PAD.encode(self.entropy.bytes::<32>());
        let new = NewInvitation {
            id: InvitationId::new(now, self.entropy.bytes()),
            digest: TokenDigest::of(token.as_bytes()),
            email,
            expires_at: now + LASTS,
        };
        let made = self.store.create_invitation(new, actor, now).await?;
        let made = made.ok_or(ApiError::TooManyInvitations)?;
        tracing::info!(invitation.id = %made.id, "Somebody was invited");
        Ok((made, token.into()))
    }
}

/// Whom to invite.
pub struct Invite {
    /// `None`: whoever has the invitation.
    email: Option<Email>,
}

impl Parse for Invite {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<String> {
        fields::unknown(fields, &["email"])
    }

    fn parse(fields: &Map<String, Value>, _: Encoding) -> Result<Self, Vec<Problem>> {
        let mut fields = Fields::of(fields);
        let email = fields.optional("email", Email::parse);
        let problems = fields.problems();
        if problems.is_empty() { Ok(Self { email }) } else { Err(problems) }
    }
}
