//! Codes, grants and consents of OAuth clients, in PostgreSQL's dialect.

use accounts::TokenDigest;
use accounts::audit::Event;
use ids::{SessionId, UserId};
use jiff::Timestamp;

use super::columns::Columns;
use super::connection::Db;
use super::failure::Failure;
use super::user_row::{self, user_in};
use super::{Postgres, at, audit};
use crate::{
    BrowserSession, CodeRow, ConsentRow, Context, GrantRow, GrantState, NewCode, NewConsent, NewGrant,
    Outcome, StoreError,
};

/// Codes.
impl Postgres {
    pub async fn create_code(&self, new: NewCode, context: Context) -> Result<Outcome, StoreError> {
        let (new, context, now) = (&new, &context, context.now);
        self.write_recipes(move |db| async move {
            let NewCode { digest, record, expires_at, user, client, consent, pushed } = new;
            // A few, so that they do not pile up and no request deletes thousands. Rows that another transaction deletes are
            // skipped, so that two of them do not conflict.
            let sql = "DELETE FROM codes WHERE digest IN (SELECT digest FROM codes WHERE expires_at <= $1
                       ORDER BY expires_at LIMIT 8 FOR UPDATE SKIP LOCKED)";
            db.execute(sql, &[&at(now)]).await?;
            if let Some(pushed) = pushed {
                let sql = "DELETE FROM pushed_requests WHERE digest = $1";
                if db.execute(sql, &[&pushed.as_bytes().as_slice()]).await? == 0 {
                    return Ok(Outcome::Gone);
                }
            }
            let sql = "INSERT INTO codes (digest, record, expires_at, user_id, client_id)
                       VALUES ($1, $2, $3, $4, $5)";
            let (key, end) = (digest.as_bytes().as_slice(), at(*expires_at));
            db.execute(sql, &[&key, record, &end, &user.get(), client]).await?;
            if let Some(consent) = consent {
                store_consent(&db, (*user, client), consent, now).await?;
                audit::record_client(&db, (Event::ConsentGiven, client), Some(*user), context).await?;
            }
            Ok(Outcome::First)
        })
        .await
    }

    pub async fn code(&self, digest: TokenDigest) -> Result<Option<CodeRow>, StoreError> {
        self.read(move |db| async move { code(&db, digest).await }).await
    }

    pub async fn redeem_code(
        &self,
        digest: TokenDigest,
        grant: NewGrant,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let grant = &grant;
        self.write_recipes(move |db| async move {
            let sql = "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE expires_at <= $1
                       ORDER BY expires_at LIMIT 8 FOR UPDATE SKIP LOCKED)";
            db.execute(sql, &[&at(now)]).await?;
            let Some(found) = code(&db, digest).await? else { return Ok(Outcome::Gone) };
            if let Some(first) = found.grant {
                db.execute("DELETE FROM grants WHERE id = $1", &[&first.as_slice()]).await?;
                return Ok(Outcome::Replayed);
            }
            let inserted = insert(&db, grant).await?;
            if inserted == Outcome::First {
                let sql = "UPDATE codes SET grant_id = $2 WHERE digest = $1";
                db.execute(sql, &[&digest.as_bytes().as_slice(), &grant.id.as_slice()]).await?;
            }
            Ok(inserted)
        })
        .await
    }

    pub async fn delete_code(&self, digest: TokenDigest) -> Result<Outcome, StoreError> {
        self.write_recipes(move |db| async move {
            let sql = "DELETE FROM codes WHERE digest = $1";
            Ok(outcome(db.execute(sql, &[&digest.as_bytes().as_slice()]).await?))
        })
        .await
    }
}

/// Grants and consents.
impl Postgres {
    pub async fn grant(&self, id: [u8; 16]) -> Result<Option<GrantRow>, StoreError> {
        self.read(move |db| async move {
            let sql = "SELECT user_id, client_id, record, expires_at, status_index FROM grants WHERE id = $1";
            let read = |columns: &mut Columns<'_>| {
                Ok(GrantRow {
                    user: columns.user_id()?,
                    client: columns.get()?,
                    record: columns.get()?,
                    expires_at: columns.time()?,
                    status_index: columns.get::<Option<i64>>()?.and_then(|index| u32::try_from(index).ok()),
                })
            };
            db.find(sql, &[&id.as_slice()], read).await
        })
        .await
    }

    pub async fn rotate_grant(
        &self,
        id: [u8; 16],
        current: TokenDigest,
        state: GrantState,
    ) -> Result<Outcome, StoreError> {
        let state = &state;
        self.write_recipes(move |db| async move {
            let GrantState { current: next, record, expires_at } = state;
            let next = next.as_ref().map(|next| next.as_bytes().as_slice());
            let sql =
                "UPDATE grants SET current = $3, record = $4, expires_at = $5 WHERE id = $1 AND current = $2";
            let (key, old) = (id.as_slice(), current.as_bytes().as_slice());
            if db.execute(sql, &[&key, &old, &next, record, &at(*expires_at)]).await? == 1 {
                return Ok(Outcome::First);
            }
            let exists = db.exists("SELECT 1 FROM grants WHERE id = $1", &[&key]).await?;
            Ok(if exists { Outcome::Replayed } else { Outcome::Gone })
        })
        .await
    }

    pub async fn end_grant(&self, id: [u8; 16]) -> Result<Outcome, StoreError> {
        self.write_recipes(move |db| async move {
            Ok(outcome(db.execute("DELETE FROM grants WHERE id = $1", &[&id.as_slice()]).await?))
        })
        .await
    }

    pub async fn consents(&self, user: UserId, client: &str) -> Result<Vec<ConsentRow>, StoreError> {
        self.read(move |db| async move {
            let sql =
                "SELECT nullif(resource, ''), scopes FROM consents WHERE user_id = $1 AND client_id = $2
                       ORDER BY resource, scopes";
            let read = |columns: &mut Columns<'_>| {
                Ok(ConsentRow { resource: columns.get()?, scopes: columns.get()? })
            };
            db.list(sql, &[&user.get(), &client], read).await
        })
        .await
    }
}

/// Browsers.
impl Postgres {
    pub async fn set_session_browser(
        &self,
        session: SessionId,
        browser: TokenDigest,
    ) -> Result<(), StoreError> {
        self.write_recipes(move |db| async move {
            let sql = "UPDATE sessions SET browser = $2 WHERE id = $1";
            let (key, digest) = (session.as_bytes().as_slice(), browser.as_bytes().as_slice());
            db.execute(sql, &[&key, &digest]).await?;
            Ok(())
        })
        .await
    }

    pub async fn browser_session(&self, browser: TokenDigest) -> Result<Option<BrowserSession>, StoreError> {
        self.read(move |db| async move {
            let sql = user_row::select!(
                ", sessions.id, sessions.created_at, last_used_at
                 FROM sessions JOIN users ON users.id = sessions.user_id WHERE browser = $1"
            );
            let read = |columns: &mut Columns<'_>| {
                Ok(BrowserSession {
                    user: user_in(columns)?,
                    session: SessionId::from_bytes(columns.bytes()?),
                    created_at: columns.time()?,
                    last_used_at: columns.time()?,
                })
            };
            db.find(sql, &[&browser.as_bytes().as_slice()], read).await
        })
        .await
    }
}

async fn code(db: &Db, digest: TokenDigest) -> Result<Option<CodeRow>, Failure> {
    let sql = "SELECT record, grant_id FROM codes WHERE digest = $1";
    let read =
        |columns: &mut Columns<'_>| Ok(CodeRow { record: columns.get()?, grant: columns.optional_bytes()? });
    db.find(sql, &[&digest.as_bytes().as_slice()], read).await
}

/// [`Outcome::Gone`]: the user, the client or the session does not exist any more.
pub(super) async fn insert(db: &Db, new: &NewGrant) -> Result<Outcome, Failure> {
    let NewGrant { id, user, client, session, logout_session, status_index, state } = new;
    let status_index = status_index.map(i64::from);
    let sql = "SELECT 1 FROM grants WHERE status_index = $1 UNION ALL
               SELECT 1 FROM ended_grants WHERE status_index = $1";
    if db.exists(sql, &[&status_index]).await? {
        return Ok(Outcome::Taken);
    }
    let sql = "INSERT INTO grants (id, user_id, client_id, session_id, current, record, expires_at, logout_session,
                                   status_index)
               SELECT $1, $2::bigint, $3::text, $4::bytea, $5, $6, $7, $8, $9
               WHERE EXISTS (SELECT FROM users WHERE id = $2::bigint) AND EXISTS (SELECT FROM clients WHERE id = $3::text)
                     AND ($4::bytea IS NULL
                          OR EXISTS (SELECT FROM sessions WHERE id = $4::bytea AND user_id = $2::bigint))";
    let session = session.as_ref().map(|session| session.as_bytes().as_slice());
    let current = state.current.as_ref().map(|current| current.as_bytes().as_slice());
    let reported = logout_session.as_ref().map(|session| session.as_bytes().as_slice());
    let (key, end, user) = (id.as_slice(), at(state.expires_at), user.get());
    let made = db
        .execute(
            sql,
            &[&key, &user, client, &session, &current, &state.record, &end, &reported, &status_index],
        )
        .await?;
    Ok(outcome(made))
}

/// Does nothing if the user or the client was deleted meanwhile.
async fn store_consent(
    db: &Db,
    (user, client): (UserId, &str),
    NewConsent { id, consent }: &NewConsent,
    now: Timestamp,
) -> Result<(), Failure> {
    let sql = "INSERT INTO consents (user_id, client_id, resource, scopes, given_at, id)
               SELECT $1::bigint, $2::text, $3, $4, $5, $6
               WHERE EXISTS (SELECT FROM users WHERE id = $1::bigint) AND EXISTS (SELECT FROM clients WHERE id = $2::text)
               ON CONFLICT (user_id, client_id, resource, scopes) DO UPDATE SET given_at = excluded.given_at";
    let resource = consent.resource.as_deref().unwrap_or_default();
    db.execute(sql, &[&user.get(), &client, &resource, &consent.scopes, &at(now), &id.as_slice()]).await?;
    Ok(())
}

pub(super) fn outcome(rows: u64) -> Outcome {
    if rows == 1 { Outcome::First } else { Outcome::Gone }
}
