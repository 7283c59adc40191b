//! The mails that the application under test has sent.

/// A mail that was written to the outbox.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Mail {
    pub(crate) fn read(eml: &str) -> Self {
        let (head, text) = eml.split_once("\r\n\r\n").unwrap();
        let of = |name| head.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        Self { to: of("To: "), subject: of("Subject: "), text: text.to_owned() }
    }

    /// The token of the link in the mail.
    #[track_caller]
    pub(crate) fn token(&self) -> &str {
        self.text.lines().find_map(|line| line.split_once('#')).unwrap().1
    }
}
