//! The queue of mails, in SQLite's dialect.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::columns::{Columns, time_at};
use super::users::language_of;
use super::{Sqlite, audit, execute, find, find_value, mail_tokens};
use crate::{Context, DueMail, MailContent, StoreError, TakeMail, TakenMail};
use accounts::audit::{Actor, Event};
use accounts::{Email, LanguageTag, MAX_NEW_MAILS, MAX_RETRIED_MAILS, MailPurpose, NewMail};
use ids::{InvitationId, SessionId, UserId};

impl Sqlite {
    pub async fn queue_mail(
        &self,
        mail: NewMail,
        language: LanguageTag,
        due_at: Timestamp,
        context: Context,
    ) -> Result<bool, StoreError> {
        let actor = context.actor;
        self.write(move |db| {
            let (purpose, email, invitation) = match &mail {
                NewMail::Link { purpose, to } => (purpose.as_str(), Some(to.as_str()), None),
                NewMail::Invitation(id) => ("invite", None, Some(id.as_bytes())),
            };
            let sql = "INSERT INTO mails (purpose, email, invitation_id, actor_id, session_id, address, due_at, language)
                       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?9 WHERE (SELECT count(*) FROM mails WHERE tries = 0) < ?8";
            let values = params![
                purpose,
                email,
                invitation,
                actor.user.map(UserId::get),
                actor.session.as_ref().map(SessionId::as_bytes),
                actor.address.map(|address| address.to_string()),
                due_at.as_microsecond(),
                MAX_NEW_MAILS,
                language.as_str(),
            ];
            Ok(execute(db, sql, values)? == 1)
        })
        .await
    }

    pub fn next_mail_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|db| {
            let next: Option<Option<i64>> = find_value(db, "SELECT min(due_at) FROM mails", [])?;
            next.flatten().map(time_at).transpose()
        })
    }

    pub async fn take_mail(&self, take: TakeMail) -> Result<TakenMail, StoreError> {
        self.write(move |db| {
            let sql = "UPDATE mails SET tries = tries + 1, due_at = ?2
                       WHERE id = (SELECT id FROM mails WHERE due_at <= ?1 ORDER BY due_at, id LIMIT 1)
                       RETURNING id, tries, purpose, email, invitation_id, actor_id, session_id, address, language";
            let times = params![take.due_by.as_microsecond(), take.until.as_microsecond()];
            let Some(QueuedMail { id, tries, mail, actor, language }) = find(db, sql, times, queued_mail_in)? else {
                return Ok(TakenMail::Nothing);
            };
            let recipient = match mail {
                NewMail::Link { purpose, to } => {
                    let user = mail_tokens::create(db, &to, purpose, &take)?;
                    if purpose == MailPurpose::ResetPassword && tries == 1 {
                        let context = Context { actor, now: take.now };
                        audit::record(
                            db,
                            Event::PasswordResetRequested,
                            user.as_ref().map(|it| it.id),
                            &context,
                        )?;
                    }
                    let requested_by = actor.user;
                    user.map(|user| (user.email, MailContent::Link { purpose, user: user.id, requested_by }))
                }
                NewMail::Invitation(id) => {
                    invited_address(db, id, &take)?.map(|to| (to, MailContent::Invitation))
                }
            };
            let chosen = match recipient {
                Some((_, MailContent::Link { user, .. })) => language_of(db, user)?,
                _ => None,
            };
            let Some((to, content)) = recipient else {
                execute(db, "DELETE FROM mails WHERE id = ?1", [id])?;
                return Ok(TakenMail::Unwanted);
            };
            Ok(TakenMail::Mail(DueMail { id, tries, content, language: chosen.or(language), to }))
        })
        .await
    }

    pub async fn retry_mail(&self, mail: &DueMail, at: Timestamp) -> Result<bool, StoreError> {
        let (id, tries) = (mail.id, mail.tries);
        self.write(move |db| {
            let sql = "UPDATE mails SET due_at = ?3 WHERE id = ?1 AND tries = ?2
                       AND (SELECT count(*) FROM mails WHERE tries > 0) <= ?4";
            let stays = execute(db, sql, params![id, tries, at.as_microsecond(), MAX_RETRIED_MAILS])? == 1;
            if !stays {
                remove(db, id, tries)?;
            }
            Ok(stays)
        })
        .await
    }

    pub async fn remove_mail(&self, mail: &DueMail) -> Result<(), StoreError> {
        let (id, tries) = (mail.id, mail.tries);
        self.write(move |db| remove(db, id, tries)).await
    }
}

/// The number of the try tells whether another worker has taken the mail since.
fn remove(db: &Connection, id: i64, tries: u16) -> Result<(), StoreError> {
    execute(db, "DELETE FROM mails WHERE id = ?1 AND tries = ?2", params![id, tries]).map(drop)
}

/// Stores the digest of the token in this mail. `None`: the invitation is not good any more.
#[expect(clippy::disallowed_methods, reason = "rows hold values that were parsed before")]
fn invited_address(db: &Connection, id: InvitationId, take: &TakeMail) -> Result<Option<Email>, StoreError> {
    let sql = "UPDATE invitations SET mail_digest = ?2 WHERE id = ?1 AND expires_at > ?3 RETURNING email";
    let values = params![id.as_bytes(), take.digest.as_bytes(), take.now.as_microsecond()];
    let email: Option<Option<String>> = find_value(db, sql, values)?;
    Ok(email.flatten().as_deref().map(Email::from_stored))
}

/// A row of `mails`.
struct QueuedMail {
    id: i64,
    tries: u16,
    mail: NewMail,
    actor: Actor,
    language: Option<LanguageTag>,
}

#[expect(clippy::disallowed_methods, reason = "rows hold values that were parsed before")]
fn queued_mail_in(columns: &mut Columns<'_>) -> Result<QueuedMail, StoreError> {
    let (id, tries) = (columns.get()?, columns.get()?);
    let (purpose, email): (String, Option<String>) = (columns.get()?, columns.get()?);
    let invitation: Option<[u8; 16]> = columns.get()?;
    let mail = match (MailPurpose::parse(&purpose), email, invitation) {
        (Some(purpose), Some(to), None) => NewMail::Link { purpose, to: Email::from_stored(&to) },
        (None, None, Some(id)) => NewMail::Invitation(InvitationId::from_bytes(id)),
        _ => return Err(StoreError::Corrupt(format!("the mail {id}"))),
    };
    let actor = Actor {
        user: columns.optional_user_id()?,
        session: columns.get::<Option<[u8; 16]>>()?.map(SessionId::from_bytes),
        api_token: None,
        application: None,
        address: columns.address()?,
    };
    let language: Option<String> = columns.get()?;
    let language = language.as_deref().and_then(LanguageTag::parse);
    Ok(QueuedMail { id, tries, mail, actor, language })
}
