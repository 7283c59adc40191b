//! Passwords, in PostgreSQL's dialect.

use jiff::Timestamp;

use super::{Postgres, at, audit, authority, ending, mail_tokens, user_row};
use crate::{ChangePassword, Context, StoreError};
use accounts::audit::Event;
use accounts::{Ending, MailPurpose, PasswordHash, TokenDigest, User};
use ids::UserId;

impl Postgres {
    pub async fn replace_password_hash(
        &self,
        id: UserId,
        old: &PasswordHash,
        new: PasswordHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let new = &new;
        self.write(move |db| async move {
            let sql = "UPDATE users SET password_hash = $3, updated_at = greatest(updated_at, $4)
                       WHERE id = $1 AND password_hash = $2";
            Ok(db.execute(sql, &[&id.get(), &old.as_str(), &new.as_str(), &at(now)]).await? == 1)
        })
        .await
    }

    pub async fn change_password(
        &self,
        command: ChangePassword,
        context: Context,
    ) -> Result<bool, StoreError> {
        let (command, context) = (&command, &context);
        self.write_for(context, move |db, authority| async move {
            let ChangePassword { user, old, new, keep, api_tokens } = command;
            authority::require_right_to_change(authority, *user)?;
            let sql = "UPDATE users SET password_hash = $3, updated_at = greatest(updated_at, $4)
                       WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $2";
            let old = old.as_ref().map(PasswordHash::as_str);
            let changed = db.execute(sql, &[&user.get(), &old, &new.as_str(), &at(context.now)]).await? == 1;
            if changed {
                audit::record(&db, Event::PasswordChanged, Some(*user), context).await?;
                ending::end(&db, *user, Ending::password_change(*keep, *api_tokens), context).await?;
            }
            Ok(changed)
        })
        .await
    }

    pub async fn set_password(
        &self,
        user: UserId,
        new: PasswordHash,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let new = &new;
        self.write(move |db| async move {
            let sql = "UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1";
            if db.execute(sql, &[&user.get(), &new.as_str(), &at(now)]).await? == 1 {
                let context = Context::operator(now);
                audit::record(&db, Event::PasswordChanged, Some(user), &context).await?;
                ending::end(&db, user, Ending::PASSWORD_RESET, &context).await?;
            }
            user_row::by_id(&db, user).await
        })
        .await
    }

    pub async fn reset_password(
        &self,
        digest: TokenDigest,
        new: PasswordHash,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        let (new, context) = (&new, &context);
        self.write(move |db| async move {
            let purpose = MailPurpose::ResetPassword;
            let Some(user) = mail_tokens::consume(&db, digest, purpose, context.now).await? else {
                return Ok(None);
            };
            let sql = "UPDATE users SET password_hash = $2, updated_at = greatest(updated_at, $3),
                                        email_verified_at = coalesce(email_verified_at, $3)
                       WHERE id = $1";
            db.execute(sql, &[&user.get(), &new.as_str(), &at(context.now)]).await?;
            audit::record(&db, Event::PasswordReset, Some(user), context).await?;
            ending::end(&db, user, Ending::PASSWORD_RESET, context).await?;
            user_row::by_id(&db, user).await
        })
        .await
    }
}
