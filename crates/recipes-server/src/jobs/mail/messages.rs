//! What the mails say. Plain text, and nothing that a stranger has written: a name of 200 characters, sent from here to
//! an address that somebody made up, would be somebody else's advertisement.

use accounts::{Email, MailPurpose};
use jiff::Timestamp;
use lettre::{
    Message,
    message::{
        Body, Mailbox,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

use crate::config::PublicUrl;
use crate::http::conditional::system_time;

/// What a mail is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Letter {
    VerifyEmail,
    ResetPassword,
    Invitation,
}

impl From<MailPurpose> for Letter {
    fn from(purpose: MailPurpose) -> Self {
        match purpose {
            MailPurpose::VerifyEmail => Self::VerifyEmail,
            MailPurpose::ResetPassword => Self::ResetPassword,
        }
    }
}

pub(super) fn invitation_link(site: &PublicUrl, token: &str) -> String {
    format!("{site}/account/sign-up#{token}")
}

/// Who writes, and where the links lead.
#[derive(Clone, Debug)]
pub struct Letterhead {
    pub from: Mailbox,
    pub site: PublicUrl,
}

impl Letterhead {
    pub(super) fn write(
        &self,
        letter: Letter,
        to: &Email,
        token: &str,
        id: [u8; 16],
        now: Timestamp,
    ) -> Result<Message, String> {
        // Quoted local parts and the like: RFC 5322 has them, and no mailbox.
        let to = to.as_str().parse().map_err(|_| "the address is not one to send to")?;
        let (subject, text) = self.text(letter, token);
        // The one header of RFC 3834 section 5: nobody's holiday notice is to answer.
        let automatic =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        // As it is: quoted-printable would break the link in two for whoever looks at the raw mail. All of it is ASCII
        // and in short lines, as addresses of web sites are.
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

    fn text(&self, letter: Letter, token: &str) -> (&'static str, String) {
        let site = &self.site;
        match letter {
            Letter::VerifyEmail => (
                "Confirm your e-mail address",
                format!(
                    "Somebody, probably you, has given this address for an account at\n{site}\n\n\
                     To confirm that it is yours, open this link within 30 minutes:\n\n\
                     {site}/account/verify-email#{token}\n\n\
                     If it was not you, do nothing: the address stays unconfirmed.\n"
                ),
            ),
            Letter::ResetPassword => (
                "Choose a new password",
                format!(
                    "Somebody, probably you, has asked for a new password for your account at\n{site}\n\n\
                     To choose one, open this link within 30 minutes:\n\n\
                     {site}/account/reset-password#{token}\n\n\
                     It works once. Everybody who is logged in to your account will be logged out, and\n\
                     its API tokens will be deleted.\n\n\
                     If it was not you, do nothing: your password stays as it is.\n"
                ),
            ),
            Letter::Invitation => (
                "You are invited",
                format!(
                    "Whoever looks after the recipes at\n{site}\n\ninvites you to have an account there.\n\n\
                     To make one for this address, open this link within 14 days:\n\n\
                     {link}\n\n\
                     It works once. If you do not want to, do nothing.\n",
                    link = invitation_link(site, token),
                ),
            ),
        }
    }
}
