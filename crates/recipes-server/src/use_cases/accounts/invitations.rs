//! Invitations, for services where only invited users can sign up.

use accounts::{
    Email, INVITATION_LIFETIME, Invitation, LanguageTag, NewInvitation, TokenDigest, audit::Actor,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ids::InvitationId;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use store::{Listing, Page};

use super::{Accounts, error::AccountError, settings::SignUpMode};
use crate::auth::rate_limit::MailKind;
use crate::entropy::Entropy;
use crate::use_cases::repeats::Once;

/// The command to create an invitation.
pub struct InviteUser {
    /// The address that gets the invitation and can use it; without one, the holder of the link can use it.
    pub email: Option<Email>,
}

/// A new invitation. Its token is shown once and not stored.
pub struct CreatedInvitation {
    pub invitation: Invitation,
    /// The token that the sign-up sends. The mail has another one, which is good for the same sign-up.
    pub token: SecretString,
    /// The page that signs up with the token.
    pub link: String,
    /// Whether a mail was queued.
    pub mailed: bool,
}

/// An invitation to be stored, and its token.
pub fn new_invitation(
    email: Option<Email>,
    now: Timestamp,
    entropy: &Entropy,
) -> (NewInvitation, SecretString) {
    let token = SecretString::from(URL_SAFE_NO_PAD.encode(entropy.bytes::<32>()));
    let id = InvitationId::new(now, entropy.bytes());
    let digest = TokenDigest::of(token.expose_secret().as_bytes());
    (NewInvitation { id, digest, email, expires_at: now + INVITATION_LIFETIME }, token)
}

impl Accounts {
    /// Creates an invitation, and mails it in this language if it has an address.
    ///
    /// # Errors
    /// [`AccountError::InvitationsUnusable`], [`AccountError::TooManyInvitations`], [`AccountError::RateLimited`] for
    /// this address.
    pub async fn invite(
        &self,
        InviteUser { email }: InviteUser,
        actor: Actor,
        language: LanguageTag,
        once: Option<Once<CreatedInvitation>>,
    ) -> Result<CreatedInvitation, AccountError> {
        if self.settings.sign_up == SignUpMode::Closed {
            return Err(AccountError::InvitationsUnusable);
        }
        if let Some(email) = &email {
            self.limits.mail(MailKind::Invitation(&email.key())).await?;
        }
        let now = self.clock.now();
        let (new, token) = new_invitation(email, now, &self.entropy);
        let (link, has_server) = (self.mailer.invitation_link(&token), self.mailer.has_server());
        let store = {
            let (token, link) = (token.clone(), link.clone());
            Once::store(once, &self.store, move |invitation: &Option<Invitation>| {
                let invitation = invitation.clone()?;
                // The mail is queued after the invitation. A repeated request does not send another one.
                let mailed = invitation.email.is_some() && has_server;
                Some(CreatedInvitation { invitation, token: token.clone(), link: link.clone(), mailed })
            })
        };
        let invitation = store.create_invitation(new, self.context(actor)).await?;
        let invitation = invitation.ok_or(AccountError::TooManyInvitations)?;
        tracing::info!(invitation.id = %invitation.id, "An invitation was created");
        let mailed = invitation.email.is_some() && self.is_mailed(invitation.id, actor, language).await;
        Ok(CreatedInvitation { invitation, token, link, mailed })
    }

    /// If not, the invitation is valid, and the administrator can send the link.
    async fn is_mailed(&self, invitation: InvitationId, actor: Actor, language: LanguageTag) -> bool {
        match self.mailer.invite(invitation, actor, language).await {
            Ok(()) => self.mailer.has_server(),
            Err(error) => {
                tracing::warn!(%error, "An invitation was not mailed");
                false
            }
        }
    }

    /// Open invitations in the order of their creation.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn invitations(
        &self,
        page: Page<InvitationId>,
    ) -> Result<Listing<Vec<Invitation>, InvitationId>, AccountError> {
        Ok(self.store.invitations(page, self.clock.now()).await?)
    }

    /// How many invitations [`invitations`](Self::invitations) has in all.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn count_invitations(&self) -> Result<u64, AccountError> {
        Ok(self.store.count_invitations(self.clock.now()).await?)
    }

    /// # Errors
    /// [`AccountError::InvitationNotFound`].
    pub async fn revoke_invitation(&self, id: InvitationId, actor: Actor) -> Result<(), AccountError> {
        let revoked = self.store.revoke_invitation(id, self.context(actor)).await?;
        if revoked { Ok(()) } else { Err(AccountError::InvitationNotFound) }
    }
}
