//! Writes the mails; `web/languages` has their texts. They are plain text and contain nothing that a user wrote: otherwise an attacker could send
//! advertisements to any address, in a name of 200 characters.

use accounts::{Email, INVITATION_LIFETIME, LINK_LIFETIME, MailPurpose};
use ids::UserId;
use jiff::Timestamp;
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Body, Mailbox,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0},
    },
};

use super::headers::{self, with_ascii_domain};
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

/// How the text of a mail is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextForm {
    /// In 7 bits, because a mail server need not pass others on (RFC 6152).
    SevenBit,
    /// As it is, for a file that the operator reads: quoted-printable would break the link in two, and base64 would hide it.
    Readable,
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
        letter: &Letter<'_>,
        form: TextForm,
        id: [u8; 16],
        now: Timestamp,
    ) -> Result<Message, String> {
        // RFC 5322 allows quoted local parts and the like, which no mail server accepts.
        let to = letter.to.as_str().parse().ok().and_then(|to: Address| with_ascii_domain(&to));
        let to = to.ok_or("mails cannot be sent to the address")?;
        let sender = with_ascii_domain(&self.from.email).ok_or("mails cannot be sent from MAIL_FROM")?;
        let (subject, text) = self.text(letter);
        // Keeps automatic responders from answering (RFC 3834 section 5).
        let automatic =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        // The lines are short.
        let as_it_is = |encoding| Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into(), encoding);
        let body = match form {
            _ if text.is_ascii() => as_it_is(ContentTransferEncoding::SevenBit),
            TextForm::Readable => as_it_is(ContentTransferEncoding::EightBit),
            TextForm::SevenBit => Body::new(text),
        };
        let envelope = Envelope::new(Some(sender.clone()), vec![to.clone()]);
        let id = format!("<{:032x}@{}>", u128::from_be_bytes(id), sender.domain());
        Message::builder()
            .envelope(envelope.map_err(|error| error.to_string())?)
            .raw_header(headers::from(&Mailbox::new(self.from.name.clone(), sender)))
            .raw_header(headers::to(&to))
            .subject(subject)
            .date(system_time(now))
            .raw_header(headers::message_id(&id))
            .raw_header(automatic)
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Content-Language"),
                letter.language.tag().to_owned(),
            ))
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .body(body)
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

    use base64::{Engine as _, engine::general_purpose::STANDARD};

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
                let form = TextForm::Readable;
                let message = template.write(&letter, form, [1; 16], Timestamp::UNIX_EPOCH).unwrap();
                let message = String::from_utf8(message.formatted()).unwrap();
                assert!(message.contains(&text.replace('\n', "\r\n")), "{message}");
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

    /// The bytes of a text in quoted-printable.
    fn of_quoted_printable(text: &str) -> Vec<u8> {
        let text = text.replace("=\r\n", "");
        let mut parts = text.split('=');
        let mut bytes = parts.next().unwrap().as_bytes().to_vec();
        for part in parts {
            let (code, rest) = part.split_at(2);
            bytes.push(u8::from_str_radix(code, 16).unwrap());
            bytes.extend_from_slice(rest.as_bytes());
        }
        bytes
    }

    #[test]
    fn mail_for_a_mail_server_has_7_bits_and_short_lines() {
        let (long, word) = ("美味的家常菜谱".repeat(40), "x".repeat(2_000));
        let names = ["Recipes", "Küche & Keller", "a \"quoted\", name", &long, &word];
        let long_address = format!("{}@{}.example", "l".repeat(64), "d".repeat(60));
        let recipients = ["Ada@example.org", "ada@例子.测试", "用户@例子.测试", &long_address];
        let token = "T".repeat(43);
        let site = format!("https://{}.example.com/{}", "d".repeat(60), "path".repeat(20));
        for (name, to) in names.iter().flat_map(|name| recipients.iter().map(move |to| (name, to))) {
            let from = Mailbox::new(Some((*name).to_owned()), "recipes@菜谱.example".parse().unwrap());
            let template = MailTemplate { from, site: site.parse().unwrap() };
            let to = Email::parse(to).unwrap();
            for language in Language::ALL {
                let mail_type = MailType::ResetPassword;
                let letter = Letter { mail_type, language: *language, to: &to, token: &token };
                let form = TextForm::SevenBit;
                let message = template.write(&letter, form, [1; 16], Timestamp::UNIX_EPOCH).unwrap();
                let domain = message.envelope().to()[0].domain().to_owned();
                assert!(domain.is_ascii() && message.envelope().from().unwrap().to_string().is_ascii());
                let mail = String::from_utf8(message.formatted()).unwrap();
                assert!(mail.is_ascii(), "{mail}");
                let (head, body) = mail.split_once("\r\n\r\n").unwrap();
                for line in head.split("\r\n") {
                    let has_one_token = line.trim().split(' ').count() == 1;
                    assert!(line.len() <= 78 || has_one_token && line.len() <= 998, "{line}");
                }
                assert!(body.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
                let has = |line: &str| head.split("\r\n").any(|it| it == line);
                assert!(has("MIME-Version: 1.0"), "{head}");
                let text = if has("Content-Transfer-Encoding: 7bit") {
                    body.as_bytes().to_vec()
                } else if has("Content-Transfer-Encoding: quoted-printable") {
                    of_quoted_printable(body)
                } else {
                    assert!(has("Content-Transfer-Encoding: base64"), "{head}");
                    STANDARD.decode(body.replace("\r\n", "")).unwrap()
                };
                assert_eq!(String::from_utf8(text).unwrap(), template.text(&letter).1.replace('\n', "\r\n"));
            }
        }
    }
}
