//! API tokens, in SQLite's dialect.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::users::{self, user_in};
use super::{Sqlite, audit, cached, execute, find, time_at};
use crate::api_tokens::MAX_API_TOKENS;
use crate::{Context, StoreError};
use ::recipes::time::to_microseconds;
use accounts::Scopes;
use accounts::TokenDigest;
use accounts::USED_AFTER;
use accounts::User;
use accounts::audit::Event;
use accounts::{ApiToken, NewApiToken, TokenName};
use ids::{ApiTokenId, SessionId, UserId};

impl Sqlite {
    pub async fn create_api_token(
        &self,
        user: UserId,
        new: NewApiToken,
        context: Context,
    ) -> Result<Option<ApiToken>, StoreError> {
        let now = to_microseconds(context.now);
        self.write(move |db| {
            // Disabling and logging out everywhere revoke all tokens, and must not miss this one.
            let may = "SELECT 1 FROM users WHERE id = ?1 AND disabled = 0
                       AND (?2 IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE id = ?2))";
            let session = context.actor.session.as_ref().map(SessionId::as_bytes);
            if !cached(db, may)?.exists(params![user.get(), session])? {
                return Err(StoreError::ActorRevoked);
            }
            let NewApiToken { id, digest, name, scopes, expires_at } = new;
            let expires_at = expires_at.map(to_microseconds);
            let made = execute(
                db,
                "INSERT INTO api_tokens (id, user_id, name, digest, scopes, created_at, expires_at)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
                 WHERE (SELECT count(*) FROM api_tokens WHERE user_id = ?2) < ?8",
                params![
                    id.as_bytes(),
                    user.get(),
                    name.as_str(),
                    digest.as_bytes(),
                    scopes.to_string(),
                    now.as_microsecond(),
                    expires_at.map(Timestamp::as_microsecond),
                    MAX_API_TOKENS,
                ],
            )?;
            if made == 1 {
                audit::record(db, Event::ApiTokenCreated, Some(user), &context)?;
            }
            let token = ApiToken { id, user, name, scopes, created_at: now, expires_at, last_used_at: None };
            Ok((made == 1).then_some(token))
        })
        .await
    }

    pub fn api_token_user(&self, digest: TokenDigest) -> Result<Option<(ApiToken, User)>, StoreError> {
        self.read(|db| {
            let sql = users::select!(
                ", t.id, user_id, t.name, scopes, t.created_at, expires_at, last_used_at
                 FROM api_tokens AS t CROSS JOIN users ON users.id = t.user_id WHERE t.digest = ?1"
            );
            find(db, sql, [digest.as_bytes()], |row| Ok((token_in(row, 8)?, user_in(row)?)))
        })
    }

    pub fn api_token_used(&self, id: ApiTokenId, now: Timestamp) {
        let noted = now.as_microsecond().saturating_sub(i64::try_from(USED_AFTER.as_micros()).unwrap_or(0));
        self.write_later(move |db| {
            let sql = "UPDATE api_tokens SET last_used_at = ?2
                       WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at <= ?3)";
            execute(db, sql, params![id.as_bytes(), now.as_microsecond(), noted])
        });
    }

    pub fn api_tokens(&self, user: UserId) -> Result<Vec<ApiToken>, StoreError> {
        self.read(|db| {
            let sql = "SELECT id, user_id, name, scopes, created_at, expires_at, last_used_at
                       FROM api_tokens WHERE user_id = ?1 ORDER BY id";
            let mut statement = cached(db, sql)?;
            let mut rows = statement.query([user.get()])?;
            let mut tokens = Vec::new();
            while let Some(row) = rows.next()? {
                tokens.push(token_in(row, 0)?);
            }
            Ok(tokens)
        })
    }

    pub async fn delete_api_token(
        &self,
        user: UserId,
        id: ApiTokenId,
        context: Context,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let sql = "DELETE FROM api_tokens WHERE id = ?1 AND user_id = ?2";
            let deleted = execute(db, sql, params![id.as_bytes(), user.get()])? == 1;
            if deleted {
                audit::record(db, Event::ApiTokenRevoked, Some(user), &context)?;
            }
            Ok(deleted)
        })
        .await
    }
}

pub(super) fn revoke_all(db: &Connection, user: UserId, context: &Context) -> Result<(), StoreError> {
    if execute(db, "DELETE FROM api_tokens WHERE user_id = ?1", [user.get()])? > 0 {
        audit::record(db, Event::ApiTokensRevoked, Some(user), context)?;
    }
    Ok(())
}

/// From `id, user_id, name, scopes, created_at, expires_at, last_used_at`, which begin at this column.
fn token_in(row: &Row<'_>, first: usize) -> Result<ApiToken, StoreError> {
    let scopes: String = row.get(first + 3)?;
    let time = |column| row.get::<_, Option<i64>>(column)?.map(time_at).transpose();
    Ok(ApiToken {
        id: ApiTokenId::from_bytes(row.get(first)?),
        user: users::id_in(row.get(first + 1)?)?,
        name: TokenName::stored(row.get(first + 2)?),
        scopes: Scopes::parse(&scopes).ok_or_else(|| StoreError::Corrupt(format!("the scopes {scopes}")))?,
        created_at: time_at(row.get(first + 4)?)?,
        expires_at: time(first + 5)?,
        last_used_at: time(first + 6)?,
    })
}
