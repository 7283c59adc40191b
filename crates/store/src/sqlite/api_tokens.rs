//! API tokens, in SQLite's dialect.

use accounts::audit::Event;
use accounts::{
    ApiToken, LAST_USE_PRECISION, MAX_API_TOKENS, NewApiToken, Scopes, TokenDigest, TokenName, User,
};
use ids::{ApiTokenId, UserId};
use jiff::Timestamp;
use rusqlite::params;

use super::columns::Columns;
use super::user_row::{self, user_in};
use super::{Sqlite, audit, authority, execute, find, list, microseconds_before};
use crate::{Context, StoreError};
use ::recipes::time::to_microseconds;

/// The columns that [`token_in`] reads.
macro_rules! columns {
    () => {
        "t.id, t.user_id, t.name, t.scopes, t.created_at, t.expires_at, t.last_used_at"
    };
}

impl Sqlite {
    pub async fn create_api_token(
        &self,
        user: UserId,
        new: NewApiToken,
        context: Context,
    ) -> Result<Option<ApiToken>, StoreError> {
        let now = to_microseconds(context.now);
        // Disabling and logging out everywhere revoke all tokens, and must not miss this one.
        self.write_for(context, move |db, authority| {
            authority::require_right_to_change(authority, user)?;
            if user_row::by_id(db, user)?.is_none_or(|user| user.disabled) {
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
            if made == 0 {
                return Ok(None);
            }
            audit::record(db, Event::ApiTokenCreated, Some(user), &context)?;
            Ok(Some(ApiToken { id, user, name, scopes, created_at: now, expires_at, last_used_at: None }))
        })
        .await
    }

    pub fn api_token_user(&self, digest: TokenDigest) -> Result<Option<(ApiToken, User)>, StoreError> {
        self.read(|db| {
            let sql = concat!(
                user_row::select!(", "),
                columns!(),
                " FROM api_tokens AS t CROSS JOIN users ON users.id = t.user_id WHERE t.digest = ?1"
            );
            find(db, sql, [digest.as_bytes()], |columns| {
                let user = user_in(columns)?;
                Ok((token_in(columns)?, user))
            })
        })
    }

    pub fn api_token_used(&self, id: ApiTokenId, now: Timestamp) {
        self.write_later(move |db| {
            let sql = "UPDATE api_tokens SET last_used_at = ?2
                       WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at <= ?3)";
            let stale = microseconds_before(now, LAST_USE_PRECISION);
            execute(db, sql, params![id.as_bytes(), now.as_microsecond(), stale])
        });
    }

    pub fn api_tokens(&self, user: UserId) -> Result<Vec<ApiToken>, StoreError> {
        self.read(|db| {
            let sql =
                concat!("SELECT ", columns!(), " FROM api_tokens AS t WHERE t.user_id = ?1 ORDER BY t.id");
            list(db, sql, [user.get()], token_in)
        })
    }

    pub async fn delete_api_token(
        &self,
        user: UserId,
        id: ApiTokenId,
        context: Context,
    ) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            authority::require_right_to_change(authority, user)?;
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

#[expect(clippy::disallowed_methods, reason = "rows hold values that were parsed before")]
fn token_in(columns: &mut Columns<'_>) -> Result<ApiToken, StoreError> {
    let scopes =
        |text: &str| Scopes::parse(text).ok_or_else(|| StoreError::Corrupt(format!("the scopes {text}")));
    Ok(ApiToken {
        id: ApiTokenId::from_bytes(columns.get()?),
        user: columns.user_id()?,
        name: TokenName::from_stored(columns.get()?),
        scopes: scopes(columns.text()?)?,
        created_at: columns.time()?,
        expires_at: columns.optional_time()?,
        last_used_at: columns.optional_time()?,
    })
}
