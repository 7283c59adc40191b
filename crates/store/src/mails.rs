//! The queue of mails, whatever the database.

use jiff::Timestamp;

use crate::{Context, Store, StoreError};
use accounts::{Email, LanguageTag, MailPurpose, NewMail, TokenDigest};
use ids::UserId;

/// The request to take the next mail that is due.
#[derive(Clone, Copy, Debug)]
pub struct TakeMail {
    /// Mails that are due by this time.
    pub due_by: Timestamp,
    /// No other worker takes the mail before this time. It must be later than the end of the try, and by more than the
    /// clocks of the servers differ.
    pub until: Timestamp,
    /// Of the secret that only this mail will have.
    pub digest: TokenDigest,
    /// When a link ends to be good. An invitation has a time of its own.
    pub link_expires_at: Timestamp,
    pub now: Timestamp,
}

/// The answer to [`TakeMail`].
#[derive(Debug, PartialEq, Eq)]
pub enum TakenMail {
    /// No mail is due.
    Nothing,
    /// A mail that has no recipient: no account has the address, or it is disabled, or its address is verified already, or
    /// the invitation has ended. It has left the queue.
    Unwanted,
    Mail(DueMail),
}

/// A mail to be sent now, and only by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueMail {
    pub id: i64,
    /// The number of this try, from 1.
    pub tries: u16,
    pub content: MailContent,
    /// The language that the user has chosen, else that of the request. `None`: queued by a version that noted none.
    pub language: Option<LanguageTag>,
    /// The stored address: what was asked for may be another one that only looks the same.
    pub to: Email,
}

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailContent {
    Link {
        purpose: MailPurpose,
        user: UserId,
        /// `None`: an anonymous client.
        requested_by: Option<UserId>,
    },
    Invitation,
}

/// The queue of mails. A mail leaves it when it was sent or given up. All servers on one database share it.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Queues a mail in the language of the request. The address of a link is not looked up here, so neither the answer nor its time can tell whether it has
    /// an account. `false`: [`MAX_NEW_MAILS`](accounts::MAX_NEW_MAILS) wait already.
    pub async fn queue_mail(
        &self,
        mail: NewMail,
        language: LanguageTag,
        due_at: Timestamp,
        context: Context,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.queue_mail(mail, language, due_at, context).await,
            Self::Postgres(db) => db.queue_mail(mail, language, due_at, context).await,
        }
    }

    /// When the next mail is due.
    pub async fn next_mail_at(&self) -> Result<Option<Timestamp>, StoreError> {
        match self {
            Self::Sqlite(db) => db.next_mail_at(),
            Self::Postgres(db) => db.next_mail_at().await,
        }
    }

    /// Takes a mail that is due, and stores the token of its link. Records a request for a password reset at the first try,
    /// also if there is no account.
    pub async fn take_mail(&self, take: TakeMail) -> Result<TakenMail, StoreError> {
        match self {
            Self::Sqlite(db) => db.take_mail(take).await,
            Self::Postgres(db) => db.take_mail(take).await,
        }
    }

    /// Leaves a mail that could not be sent for another try at this time. `false`:
    /// [`MAX_RETRIED_MAILS`](accounts::MAX_RETRIED_MAILS) wait for one already, and the mail has left the queue.
    pub async fn retry_mail(&self, mail: &DueMail, at: Timestamp) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.retry_mail(mail, at).await,
            Self::Postgres(db) => db.retry_mail(mail, at).await,
        }
    }

    /// Removes a mail that was sent or given up. Does nothing if another worker has taken it meanwhile.
    pub async fn remove_mail(&self, mail: &DueMail) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.remove_mail(mail).await,
            Self::Postgres(db) => db.remove_mail(mail).await,
        }
    }
}
