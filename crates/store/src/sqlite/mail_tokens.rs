//! Tokens in mails, in SQLite's dialect.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::user_row::{self, user_in};
use super::{Sqlite, audit, columns, execute, find, find_value};
use crate::{Context, StoreError, TakeMail};
use accounts::audit::Event;
use accounts::{Email, MailPurpose, TokenDigest, User};
use ids::UserId;

impl Sqlite {
    pub fn mail_token_user(
        &self,
        digest: TokenDigest,
        purpose: MailPurpose,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        self.read(|db| {
            let sql = user_row::select!(
                " FROM mail_tokens AS t CROSS JOIN users ON users.id = t.user_id
                 WHERE t.digest = ?1 AND t.purpose = ?2 AND t.expires_at > ?3
                       AND users.email_key = t.email_key AND disabled = 0"
            );
            find(db, sql, params![digest.as_bytes(), purpose.as_str(), now.as_microsecond()], user_in)
        })
    }

    pub async fn verify_email(
        &self,
        digest: TokenDigest,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        self.write(move |db| {
            let Some(user) = consume(db, digest, MailPurpose::VerifyEmail, context.now)? else {
                return Ok(None);
            };
            let sql = "UPDATE users SET email_verified_at = ?2, updated_at = max(updated_at, ?2)
                       WHERE id = ?1 AND email_verified_at IS NULL";
            if execute(db, sql, params![user.get(), context.now.as_microsecond()])? == 1 {
                audit::record(db, Event::EmailVerified, Some(user), &context)?;
            }
            user_row::by_id(db, user)
        })
        .await
    }
}

/// Stores a token for the account of this address. `None`: there is no account, or it is disabled, or the address is
/// verified already.
pub(super) fn create(
    db: &Connection,
    email: &Email,
    purpose: MailPurpose,
    TakeMail { digest, link_expires_at, now, .. }: &TakeMail,
) -> Result<Option<User>, StoreError> {
    let account = user_row::id_of(db, email)?.map(UserId::get);
    execute(db, "DELETE FROM mail_tokens WHERE expires_at <= ?1", [now.as_microsecond()])?;
    let sql = "INSERT INTO mail_tokens (digest, user_id, purpose, email_key, created_at, expires_at)
               SELECT ?1, id, ?2, email_key, ?3, ?4 FROM users
               WHERE id = ?5 AND disabled = 0 AND (email_verified_at IS NULL OR ?2 <> 'verify')
               RETURNING user_id";
    let made = params![
        digest.as_bytes(),
        purpose.as_str(),
        now.as_microsecond(),
        link_expires_at.as_microsecond(),
        account,
    ];
    let user = find_value(db, sql, made)?.map(columns::user_id).transpose()?;
    user.map_or(Ok(None), |user| user_row::by_id(db, user))
}

/// Uses a token up. `None`: it is unknown, used, expired or for another purpose, or the account has another address or
/// is disabled.
pub(super) fn consume(
    db: &Connection,
    digest: TokenDigest,
    purpose: MailPurpose,
    now: Timestamp,
) -> Result<Option<UserId>, StoreError> {
    let sql = "DELETE FROM mail_tokens WHERE digest = ?1 AND purpose = ?2 AND expires_at > ?3
                   AND EXISTS (SELECT 1 FROM users WHERE id = user_id AND users.email_key = mail_tokens.email_key
                                                         AND disabled = 0)
               RETURNING user_id";
    let token = params![digest.as_bytes(), purpose.as_str(), now.as_microsecond()];
    find_value(db, sql, token)?.map(columns::user_id).transpose()
}
