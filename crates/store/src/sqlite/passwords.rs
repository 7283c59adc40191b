//! Passwords, in SQLite's dialect.

use jiff::Timestamp;
use rusqlite::params;

use super::{Sqlite, audit, authority, ending, execute, mail_tokens, user_row};
use crate::{ChangePassword, Context, StoreError};
use accounts::audit::Event;
use accounts::{Ending, MailPurpose, PasswordHash, TokenDigest, User};
use ids::UserId;

impl Sqlite {
    pub async fn replace_password_hash(
        &self,
        id: UserId,
        old: PasswordHash,
        new: PasswordHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let changed = execute(
                db,
                "UPDATE users SET password_hash = ?3, updated_at = max(updated_at, ?4) WHERE id = ?1 AND password_hash = ?2",
                params![id.get(), old.as_str(), new.as_str(), now.as_microsecond()],
            )?;
            Ok(changed == 1)
        })
        .await
    }

    pub async fn change_password(
        &self,
        command: ChangePassword,
        context: Context,
    ) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            let ChangePassword { user, old, new, keep, api_tokens } = command;
            authority::require_right_to_change(authority, user)?;
            let changed = execute(
                db,
                "UPDATE users SET password_hash = ?3, updated_at = max(updated_at, ?4) WHERE id = ?1 AND password_hash IS ?2",
                params![
                    user.get(),
                    old.as_ref().map(PasswordHash::as_str),
                    new.as_str(),
                    context.now.as_microsecond()
                ],
            )?;
            if changed == 1 {
                audit::record(db, Event::PasswordChanged, Some(user), &context)?;
                ending::end(db, user, Ending::password_change(keep, api_tokens), &context)?;
            }
            Ok(changed == 1)
        })
        .await
    }

    pub async fn set_password(
        &self,
        user: UserId,
        new: PasswordHash,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        self.write(move |db| {
            let sql = "UPDATE users SET password_hash = ?2, updated_at = ?3 WHERE id = ?1";
            if execute(db, sql, params![user.get(), new.as_str(), now.as_microsecond()])? == 1 {
                let context = Context::operator(now);
                audit::record(db, Event::PasswordChanged, Some(user), &context)?;
                ending::end(db, user, Ending::PASSWORD_RESET, &context)?;
            }
            user_row::by_id(db, user)
        })
        .await
    }

    pub async fn reset_password(
        &self,
        digest: TokenDigest,
        new: PasswordHash,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        self.write(move |db| {
            let Some(user) = mail_tokens::consume(db, digest, MailPurpose::ResetPassword, context.now)? else {
                return Ok(None);
            };
            execute(
                db,
                "UPDATE users SET password_hash = ?2, updated_at = max(updated_at, ?3), email_verified_at = coalesce(email_verified_at, ?3)
                 WHERE id = ?1",
                params![user.get(), new.as_str(), context.now.as_microsecond()],
            )?;
            audit::record(db, Event::PasswordReset, Some(user), &context)?;
            ending::end(db, user, Ending::PASSWORD_RESET, &context)?;
            user_row::by_id(db, user)
        })
        .await
    }
}
