//! API tokens, in PostgreSQL's dialect.

use accounts::audit::Event;
use accounts::{
    ApiToken, LAST_USE_PRECISION, MAX_API_TOKENS, NewApiToken, Scopes, TokenDigest, TokenName, User,
};
use ids::{ApiTokenId, UserId};
use jiff::Timestamp;

use super::columns::Columns;
use super::user_row::{self, user_in};
use super::{Postgres, at, audit, authority, before};
use crate::{Context, StoreError};
use ::recipes::time::to_microseconds;

/// The columns that [`token_in`] reads.
macro_rules! columns {
    () => {
        "t.id, t.user_id, t.name, t.scopes, t.created_at, t.expires_at, t.last_used_at"
    };
}

impl Postgres {
    pub async fn create_api_token(
        &self,
        user: UserId,
        new: NewApiToken,
        context: Context,
    ) -> Result<Option<ApiToken>, StoreError> {
        let now = to_microseconds(context.now);
        let (new, context) = (&new, &context);
        // Disabling and logging out everywhere revoke all tokens, and must not miss this one.
        self.write_for(context, move |db, authority| async move {
            authority::require_right_to_change(authority, user)?;
            if user_row::by_id(&db, user).await?.is_none_or(|user| user.disabled) {
                return Err(StoreError::ActorRevoked.into());
            }
            let NewApiToken { id, digest, name, scopes, expires_at } = new.clone();
            let expires_at = expires_at.map(to_microseconds);
            let sql = "INSERT INTO api_tokens (id, user_id, name, digest, scopes, created_at, expires_at)
                       SELECT $1, $2, $3, $4, $5, $6, $7
                       WHERE (SELECT count(*) FROM api_tokens WHERE user_id = $2) < $8";
            let (key, secret) = (id.as_bytes().as_slice(), digest.as_bytes().as_slice());
            let (words, most) = (scopes.to_string(), i64::from(MAX_API_TOKENS));
            let made = db
                .execute(
                    sql,
                    &[
                        &key,
                        &user.get(),
                        &name.as_str(),
                        &secret,
                        &words,
                        &at(now),
                        &expires_at.map(at),
                        &most,
                    ],
                )
                .await?;
            if made == 0 {
                return Ok(None);
            }
            audit::record(&db, Event::ApiTokenCreated, Some(user), context).await?;
            Ok(Some(ApiToken { id, user, name, scopes, created_at: now, expires_at, last_used_at: None }))
        })
        .await
    }

    pub async fn api_token_user(&self, digest: TokenDigest) -> Result<Option<(ApiToken, User)>, StoreError> {
        self.read(move |db| async move {
            let sql = concat!(
                user_row::select!(", "),
                columns!(),
                " FROM api_tokens AS t JOIN users ON users.id = t.user_id WHERE t.digest = $1"
            );
            let read = |columns: &mut Columns<'_>| {
                let user = user_in(columns)?;
                Ok((token_in(columns)?, user))
            };
            db.find(sql, &[&digest.as_bytes().as_slice()], read).await
        })
        .await
    }

    pub fn api_token_used(&self, id: ApiTokenId, now: Timestamp) {
        self.write_later(move |db| async move {
            let sql = "UPDATE api_tokens SET last_used_at = $2
                       WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)";
            db.execute(sql, &[&id.as_bytes().as_slice(), &at(now), &at(before(now, LAST_USE_PRECISION))])
                .await
        });
    }

    pub async fn api_tokens(&self, user: UserId) -> Result<Vec<ApiToken>, StoreError> {
        self.read(move |db| async move {
            let sql =
                concat!("SELECT ", columns!(), " FROM api_tokens AS t WHERE t.user_id = $1 ORDER BY t.id");
            db.list(sql, &[&user.get()], token_in).await
        })
        .await
    }

    pub async fn delete_api_token(
        &self,
        user: UserId,
        id: ApiTokenId,
        context: Context,
    ) -> Result<bool, StoreError> {
        let context = &context;
        self.write_for(context, move |db, authority| async move {
            authority::require_right_to_change(authority, user)?;
            let sql = "DELETE FROM api_tokens WHERE id = $1 AND user_id = $2";
            let deleted = db.execute(sql, &[&id.as_bytes().as_slice(), &user.get()]).await? == 1;
            if deleted {
                audit::record(&db, Event::ApiTokenRevoked, Some(user), context).await?;
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
        id: ApiTokenId::from_bytes(columns.bytes()?),
        user: columns.user_id()?,
        name: TokenName::from_stored(columns.get()?),
        scopes: scopes(columns.text()?)?,
        created_at: columns.time()?,
        expires_at: columns.optional_time()?,
        last_used_at: columns.optional_time()?,
    })
}
