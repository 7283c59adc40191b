//! The two ways to send a mail.

use std::{fmt, path::PathBuf};

use lettre::Message;

use super::{outbox::Outbox, send_error::SendError, smtp::Smtp, template::TextForm};

#[derive(Debug)]
pub enum Transport {
    Smtp(Smtp),
    Outbox(Outbox),
}

/// The destination of a mail, for the log.
pub(super) enum SentTo {
    Server,
    File(PathBuf),
}

impl Transport {
    pub(super) fn text_form(&self) -> TextForm {
        match self {
            Self::Smtp(_) => TextForm::SevenBit,
            Self::Outbox(_) => TextForm::Readable,
        }
    }

    pub(super) async fn send(&self, message: &Message) -> Result<SentTo, SendError> {
        match self {
            Self::Smtp(smtp) => smtp.send(message).await.map(|()| SentTo::Server),
            Self::Outbox(outbox) => outbox.put(message).await.map(SentTo::File),
        }
    }
}

impl fmt::Display for SentTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => f.write_str("sent"),
            Self::File(file) => write!(f, "written to {}", file.display()),
        }
    }
}

/// A line for the log, without a password.
impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp(smtp) => write!(f, "Mails are sent through {smtp}"),
            Self::Outbox(outbox) => {
                write!(f, "SMTP_URL is not set: mails are not sent but written to {outbox}")
            }
        }
    }
}
