//! Writes the mails; `web/languages` has their texts. They are plain text and contain nothing that a user wrote: otherwise an attacker could send
//! advertisements to any address, in a name of 200 characters.

use accounts::{Email, INVITATION_LIFETIME, LINK_LIFETIME, MailPurpose};
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
use crate::web::languages::Language;

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

/// A mail to be written.
pub(super) struct Letter<'a> {
    pub(super) mail_type: MailType,
    pub(super) language: Language,
    pub(super) to: &'a Email,
    /// The secret of the link.
    pub(super) token: &'a str,
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
    pub(super) fn write(&self, letter: &Letter<'_>, id: [u8; 16], now: Timestamp) -> Result<Message, String> {
        // RFC 5322 allows quoted local parts and the like, which no mail server accepts.
        let to = letter.to.as_str().parse().map_err(|_| "mails cannot be sent to the address")?;
        let (subject, text) = self.text(letter);
        // Keeps automatic responders from answering (RFC 3834 section 5).
        let automatic =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        // As it is: quoted-printable would break the link in two in the raw text of the mail, and base64 would hide it from the
        // operator who reads the outbox. The lines are short. All mail servers in use accept 8 bits (RFC 6152).
        let encoding = if text.is_ascii() {
            ContentTransferEncoding::SevenBit
        } else {
            ContentTransferEncoding::EightBit
        };
        let text = Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into(), encoding);
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .date(system_time(now))
            .message_id(Some(format!("<{:032x}@{}>", u128::from_be_bytes(id), self.from.email.domain())))
            .raw_header(automatic)
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Content-Language"),
                letter.language.tag().to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| error.to_string())
    }

    fn text(&self, letter: &Letter<'_>) -> (&'static str, String) {
        let (site, mails) = (&self.site, letter.language.text().mails());
        let link = match letter.mail_type {
            MailType::VerifyEmail => format!("{site}/account/verify-email#{}", letter.token),
            MailType::ResetPassword | MailType::ResetByAdmin => {
                format!("{site}/account/reset-password#{}", letter.token)
            }
            MailType::Invitation => invitation_link(site, letter.token),
        };
        let minutes = LINK_LIFETIME.as_secs() / 60;
        let time = match letter.mail_type {
            MailType::Invitation => {
                mails.days.replace("{}", &(INVITATION_LIFETIME.as_secs() / 86_400).to_string())
            }
            _ => mails.minutes.replace("{}", &minutes.to_string()),
        };
        let (subject, text) = match letter.mail_type {
            MailType::VerifyEmail => (mails.verify_subject, mails.verify),
            MailType::ResetPassword => (mails.reset_subject, mails.reset),
            MailType::ResetByAdmin => (mails.reset_subject, mails.reset_by_admin),
            MailType::Invitation => (mails.invitation_subject, mails.invitation),
        };
        // The link last: nothing inside it is replaced.
        let text =
            text.replace("{time}", &time).replace("{site}", &site.to_string()).replace("{link}", &link);
        (subject, text)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn each_mail_is_written_in_each_language() {
        let template = MailTemplate {
            from: "Recipes <recipes@example.com>".parse().unwrap(),
            site: "https://example.com/food".parse().unwrap(),
        };
        let to = Email::parse("ada@example.org").unwrap();
        let mut all = String::new();
        for language in Language::ALL {
            for mail_type in
                [MailType::VerifyEmail, MailType::ResetPassword, MailType::ResetByAdmin, MailType::Invitation]
            {
                let letter = Letter { mail_type, language: *language, to: &to, token: "TOKEN" };
                let (subject, text) = template.text(&letter);
                assert!(text.lines().any(|line| line.ends_with("#TOKEN") && line.starts_with("https://")));
                assert!(!text.contains(['{', '}']) && text.is_ascii() == (*language == Language::English));
                let message = template.write(&letter, [1; 16], Timestamp::UNIX_EPOCH).unwrap().formatted();
                let message = String::from_utf8(message).unwrap();
                assert!(
                    message.contains(&format!("\r\nContent-Language: {}\r\n", language.tag())),
                    "{message}"
                );
                // RFC 5322 section 2.1.1.
                assert!(message.lines().all(|line| line.len() <= 998), "{message}");
                writeln!(all, "--- {} {mail_type:?}: {subject}", language.tag()).unwrap();
                all += &text;
            }
        }
        insta::assert_snapshot!(all);
    }
}
