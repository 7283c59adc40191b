//! The queue of mails, in PostgreSQL's dialect.
//!
//! Its transactions are `READ COMMITTED`: `SKIP LOCKED` lets several servers take mails at the same time, and at a higher level
//! each would fail by the others. Every statement names the row that it changes, and a constraint or a condition in it decides.

use jiff::Timestamp;

use super::columns::{Columns, optional_time_in};
use super::connection::{Db, Isolation};
use super::failure::Failure;
use super::users::language_of;
use super::{Postgres, at, audit, mail_tokens};
use crate::{Context, DueMail, MailContent, StoreError, TakeMail, TakenMail};
use accounts::audit::{Actor, Event};
use accounts::{Email, LanguageTag, MAX_NEW_MAILS, MAX_RETRIED_MAILS, MailPurpose, NewMail};
use ids::{InvitationId, SessionId, UserId};

impl Postgres {
    /// The maximum is approximate: requests at the same time do not count each other.
    pub async fn queue_mail(
        &self,
        mail: NewMail,
        language: LanguageTag,
        due_at: Timestamp,
        context: Context,
    ) -> Result<bool, StoreError> {
        let (mail, actor) = (&mail, context.actor);
        self.write_at(Isolation::ReadCommitted, move |db| async move {
            let (purpose, email, invitation) = match mail {
                NewMail::Link { purpose, to } => (purpose.as_str(), Some(to.as_str()), None),
                NewMail::Invitation(id) => ("invite", None, Some(id.as_bytes().as_slice())),
            };
            let sql = "INSERT INTO mails (purpose, email, invitation_id, actor_id, session_id, address, due_at, language)
                       SELECT $1, $2, $3, $4, $5, $6, $7, $9 WHERE (SELECT count(*) FROM mails WHERE tries = 0) < $8";
            let user = actor.user.map(UserId::get);
            let session = actor.session.as_ref().map(|id| SessionId::as_bytes(id).as_slice());
            let (address, most) = (actor.address.map(|it| it.to_string()), i64::from(MAX_NEW_MAILS));
            let (due_at, language) = (at(due_at), language.as_str());
            let queued = db
                .execute(
                    sql,
                    &[&purpose, &email, &invitation, &user, &session, &address, &due_at, &most, &language],
                )
                .await?;
            Ok(queued == 1)
        })
        .await
    }

    pub async fn next_mail_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let next = self.read(move |db| async move {
            db.find("SELECT min(due_at) FROM mails", &[], optional_time_in).await
        });
        Ok(next.await?.flatten())
    }

    pub async fn take_mail(&self, take: TakeMail) -> Result<TakenMail, StoreError> {
        let take = &take;
        self.write_at(Isolation::ReadCommitted, move |db| async move {
            let sql = "UPDATE mails SET tries = tries + 1, due_at = $2
                       WHERE id = (SELECT id FROM mails WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1
                                   FOR UPDATE SKIP LOCKED)
                       RETURNING id, tries, purpose, email, invitation_id, actor_id, session_id, address, language";
            let queued = db.find(sql, &[&at(take.due_by), &at(take.until)], queued_mail_in).await?;
            let Some(QueuedMail { id, tries, mail, actor, language }) = queued else {
                return Ok(TakenMail::Nothing);
            };
            let recipient = match mail {
                NewMail::Link { purpose, to } => {
                    let user = mail_tokens::create(&db, &to, purpose, take).await?;
                    if purpose == MailPurpose::ResetPassword && tries == 1 {
                        let (subject, context) =
                            (user.as_ref().map(|it| it.id), Context { actor, now: take.now });
                        audit::record(&db, Event::PasswordResetRequested, subject, &context).await?;
                    }
                    let requested_by = actor.user;
                    user.map(|user| (user.email, MailContent::Link { purpose, user: user.id, requested_by }))
                }
                NewMail::Invitation(id) => {
                    invited_address(&db, id, take).await?.map(|to| (to, MailContent::Invitation))
                }
            };
            let chosen = match recipient {
                Some((_, MailContent::Link { user, .. })) => language_of(&db, user).await?,
                _ => None,
            };
            let Some((to, content)) = recipient else {
                db.execute("DELETE FROM mails WHERE id = $1", &[&id]).await?;
                return Ok(TakenMail::Unwanted);
            };
            Ok(TakenMail::Mail(DueMail { id, tries, content, language: chosen.or(language), to }))
        })
        .await
    }

    pub async fn retry_mail(&self, mail: &DueMail, next: Timestamp) -> Result<bool, StoreError> {
        self.write_at(Isolation::ReadCommitted, move |db| async move {
            let sql = "UPDATE mails SET due_at = $3 WHERE id = $1 AND tries = $2
                       AND (SELECT count(*) FROM mails WHERE tries > 0) <= $4";
            let (tries, most) = (i32::from(mail.tries), i64::from(MAX_RETRIED_MAILS));
            let stays = db.execute(sql, &[&mail.id, &tries, &at(next), &most]).await? == 1;
            if !stays {
                remove(&db, mail).await?;
            }
            Ok(stays)
        })
        .await
    }

    pub async fn remove_mail(&self, mail: &DueMail) -> Result<(), StoreError> {
        self.write_at(Isolation::ReadCommitted, move |db| async move { remove(&db, mail).await }).await
    }
}

/// The number of the try tells whether another server has taken the mail since.
async fn remove(db: &Db, mail: &DueMail) -> Result<(), Failure> {
    let sql = "DELETE FROM mails WHERE id = $1 AND tries = $2";
    db.execute(sql, &[&mail.id, &i32::from(mail.tries)]).await.map(drop)
}

/// Stores the digest of the token in this mail. `None`: the invitation is not good any more.
async fn invited_address(db: &Db, id: InvitationId, take: &TakeMail) -> Result<Option<Email>, Failure> {
    let sql = "UPDATE invitations SET mail_digest = $2 WHERE id = $1 AND expires_at > $3 RETURNING email";
    let (id, digest) = (id.as_bytes().as_slice(), take.digest.as_bytes().as_slice());
    Ok(db.find(sql, &[&id, &digest, &at(take.now)], email_in).await?.flatten())
}

#[expect(clippy::disallowed_methods, reason = "rows hold values that were parsed before")]
fn email_in(columns: &mut Columns<'_>) -> Result<Option<Email>, StoreError> {
    Ok(columns.get::<Option<&str>>()?.map(Email::from_stored))
}

/// A row of `mails`.
struct QueuedMail {
    id: i64,
    tries: u16,
    mail: NewMail,
    actor: Actor,
    language: Option<LanguageTag>,
}

fn queued_mail_in(columns: &mut Columns<'_>) -> Result<QueuedMail, StoreError> {
    let (id, tries): (i64, i32) = (columns.get()?, columns.get()?);
    let (purpose, email) = (MailPurpose::parse(columns.text()?), email_in(columns)?);
    let invitation = columns.optional_bytes()?.map(InvitationId::from_bytes);
    let mail = match (purpose, email, invitation) {
        (Some(purpose), Some(to), None) => NewMail::Link { purpose, to },
        (None, None, Some(id)) => NewMail::Invitation(id),
        _ => return Err(StoreError::Corrupt(format!("the mail {id}"))),
    };
    let actor = Actor {
        user: columns.optional_user_id()?,
        session: columns.optional_bytes()?.map(SessionId::from_bytes),
        api_token: None,
        application: None,
        address: columns.address()?,
    };
    let language = columns.get::<Option<&str>>()?.and_then(LanguageTag::parse);
    Ok(QueuedMail { id, tries: u16::try_from(tries).unwrap_or(u16::MAX), mail, actor, language })
}
