//! `recipes users invite`.

use accounts::Email;
use anyhow::{anyhow, bail};
use secrecy::ExposeSecret as _;
use store::Context;

use super::Run;
use crate::entropy::Entropy;
use crate::jobs::mail::invitation_link;
use crate::use_cases::accounts::{AccountError, SignUpMode, new_invitation};

impl Run<'_> {
    pub(super) async fn invite(&self, email: Option<Email>) -> anyhow::Result<()> {
        if self.config.accounts().sign_up == SignUpMode::Closed {
            bail!(AccountError::InvitationsUnusable);
        }
        let now = self.clock.now();
        let (new, token) = new_invitation(email, now, &Entropy::system());
        let site = self.config.mail_template(self.config.address()?)?.site;
        let invitation = self.store.create_invitation(new, Context::operator(now)).await?;
        let invitation = invitation.ok_or_else(|| anyhow!(AccountError::TooManyInvitations))?;
        self.output.invitation(&invitation, &invitation_link(&site, token.expose_secret()))
    }
}
