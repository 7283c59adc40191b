//! The texts of the mails. They are plain text and contain nothing that a user wrote: otherwise an attacker could send
//! advertisements to any address, in a name of 200 characters.

use accounts::{Email, MailPurpose};
use ids::UserId;
use jiff::Timestamp;
use lettre::{
    Message,
    message::{
        Body, Mailbox,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

use crate::http::conditional::system_time;
use crate::public_url::PublicUrl;

/// The mails that this service sends.
#[derive(Clone, Copy, Debug)]
pub(super) enum MailType {
    VerifyEmail,
    ResetPassword,
    /// An administrator requested it. Users request it without being logged in.
    ResetByAdmin,
    Invitation,
}

impl MailType {
    pub(super) fn of_link(purpose: MailPurpose, requested_by: Option<UserId>) -> Self {
        match purpose {
            MailPurpose::VerifyEmail => Self::VerifyEmail,
            MailPurpose::ResetPassword if requested_by.is_some() => Self::ResetByAdmin,
            MailPurpose::ResetPassword => Self::ResetPassword,
        }
    }
}

/// The link that accepts an invitation.
pub fn invitation_link(site: &PublicUrl, token: &str) -> String {
    format!("{site}/account/sign-up#{token}")
}

/// The sender of the mails, and the address in their links.
#[derive(Clone, Debug)]
pub struct MailTemplate {
    pub from: Mailbox,
    pub site: PublicUrl,
}

impl MailTemplate {
    pub(super) fn write(
        &self,
        mail_type: MailType,
        to: &Email,
        token: &str,
        id: [u8; 16],
        now: Timestamp,
    ) -> Result<Message, String> {
        // RFC 5322 allows quoted local parts and the like, which no mail server accepts.
        let to = to.as_str().parse().map_err(|_| "mails cannot be sent to the address")?;
        let (subject, text) = self.text(mail_type, token);
        // Keeps automatic responders from answering (RFC 3834 section 5).
        let automatic =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        // Without an encoding: quoted-printable would break the link in two in the raw text of the mail. The text is ASCII
        // and has short lines.
        let text =
            Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into(), ContentTransferEncoding::SevenBit);
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .date(system_time(now))
            .message_id(Some(format!("<{:032x}@{}>", u128::from_be_bytes(id), self.from.email.domain())))
            .raw_header(automatic)
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| error.to_string())
    }

    fn text(&self, mail_type: MailType, token: &str) -> (&'static str, String) {
        let site = &self.site;
        match mail_type {
            MailType::VerifyEmail => (
                "Confirm your e-mail address",
                format!(
                    "This address was given for an account at\n{site}\n\n\
                     To confirm that it is yours, open this link within 30 minutes:\n\n\
                     {site}/account/verify-email#{token}\n\n\
                     If you did not give this address, do nothing: it stays unconfirmed.\n"
                ),
            ),
            MailType::ResetPassword => (
                "Choose a new password",
                format!(
                    "A new password was requested for your account at\n{site}\n\n\
                     To choose one, open this link within 30 minutes:\n\n\
                     {site}/account/reset-password#{token}\n\n\
                     The link works once. It ends all sessions of your account and deletes its API tokens.\n\n\
                     If you did not request this, do nothing: your password stays the same.\n"
                ),
            ),
            MailType::ResetByAdmin => (
                "Choose a new password",
                format!(
                    "An administrator of\n{site}\nsends you a link to choose a new password for your account.\n\n\
                     Open it within 30 minutes:\n\n\
                     {site}/account/reset-password#{token}\n\n\
                     The link works once. It ends all sessions of your account and deletes its API tokens.\n\n\
                     If you do not open it, your password stays the same.\n"
                ),
            ),
            MailType::Invitation => (
                "You are invited",
                format!(
                    "An administrator invites you to create an account at\n{site}\n\n\
                     To create one for this address, open this link within 14 days:\n\n\
                     {link}\n\n\
                     The link works once. If you do not want an account, do nothing.\n",
                    link = invitation_link(site, token),
                ),
            ),
        }
    }
}
