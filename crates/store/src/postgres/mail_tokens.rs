//! Tokens in mails, in PostgreSQL's dialect.

use jiff::Timestamp;

use super::columns::user_id_in;
use super::connection::Db;
use super::failure::Failure;
use super::user_row::{self, user_in};
use super::{Postgres, at, audit};
use crate::{Context, StoreError, TakeMail};
use accounts::audit::Event;
use accounts::{Email, MailPurpose, TokenDigest, User};
use ids::UserId;

impl Postgres {
    pub async fn mail_token_user(
        &self,
        digest: TokenDigest,
        purpose: MailPurpose,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        self.read(move |db| async move {
            let sql = user_row::select!(
                " FROM mail_tokens AS t JOIN users ON users.id = t.user_id
                 WHERE t.digest = $1 AND t.purpose = $2 AND t.expires_at > $3
                       AND users.email_key = t.email_key AND NOT disabled"
            );
            db.find(sql, &[&digest.as_bytes().as_slice(), &purpose.as_str(), &at(now)], user_in).await
        })
        .await
    }

    pub async fn verify_email(
        &self,
        digest: TokenDigest,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        let context = &context;
        self.write(move |db| async move {
            let Some(user) = consume(&db, digest, MailPurpose::VerifyEmail, context.now).await? else {
                return Ok(None);
            };
            let sql = "UPDATE users SET email_verified_at = $2, updated_at = greatest(updated_at, $2)
                       WHERE id = $1 AND email_verified_at IS NULL";
            if db.execute(sql, &[&user.get(), &at(context.now)]).await? == 1 {
                audit::record(&db, Event::EmailVerified, Some(user), context).await?;
            }
            user_row::by_id(&db, user).await
        })
        .await
    }
}

/// Stores a token for the account of this address. `None`: there is no account, or it is disabled, or the address is
/// verified already.
pub(super) async fn create(
    db: &Db,
    email: &Email,
    purpose: MailPurpose,
    TakeMail { digest, link_expires_at, now, .. }: &TakeMail,
) -> Result<Option<User>, Failure> {
    let account = user_row::id_of(db, email).await?.map(UserId::get);
    db.execute("DELETE FROM mail_tokens WHERE expires_at <= $1", &[&at(*now)]).await?;
    let sql = "INSERT INTO mail_tokens (digest, user_id, purpose, email_key, created_at, expires_at)
               SELECT $1, id, $2::text, email_key, $3, $4 FROM users
               WHERE id = $5 AND NOT disabled AND (email_verified_at IS NULL OR $2::text <> 'verify')
               RETURNING user_id";
    let secret = digest.as_bytes().as_slice();
    let expires_at = at(*link_expires_at);
    let user =
        db.find(sql, &[&secret, &purpose.as_str(), &at(*now), &expires_at, &account], user_id_in).await?;
    match user {
        Some(user) => user_row::by_id(db, user).await,
        None => Ok(None),
    }
}

/// Uses a token up. `None`: it is unknown, used, expired or for another purpose, or the account has another address or
/// is disabled.
pub(super) async fn consume(
    db: &Db,
    digest: TokenDigest,
    purpose: MailPurpose,
    now: Timestamp,
) -> Result<Option<UserId>, Failure> {
    let sql = "DELETE FROM mail_tokens WHERE digest = $1 AND purpose = $2 AND expires_at > $3
                   AND EXISTS (SELECT FROM users WHERE id = user_id AND users.email_key = mail_tokens.email_key
                                                       AND NOT disabled)
               RETURNING user_id";
    db.find(sql, &[&digest.as_bytes().as_slice(), &purpose.as_str(), &at(now)], user_id_in).await
}
