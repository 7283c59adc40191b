//! Codes, grants and consents of OAuth clients, in SQLite's dialect.

use accounts::TokenDigest;
use accounts::audit::Event;
use ids::{SessionId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::user_row::{self, user_in};
use super::{Sqlite, audit, execute, find, list};
use crate::{
    BrowserSession, CodeRow, ConsentRow, Context, GrantRow, GrantState, NewCode, NewConsent, NewGrant,
    Outcome, StoreError,
};

/// Codes.
impl Sqlite {
    pub async fn create_code(&self, new: NewCode, context: Context) -> Result<Outcome, StoreError> {
        let now = context.now;
        self.write(move |db| {
            // A few, so that they do not pile up and no request deletes thousands.
            let sql = "DELETE FROM codes WHERE digest IN
                       (SELECT digest FROM codes WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 8)";
            execute(db, sql, [now.as_microsecond()])?;
            let NewCode { digest, record, expires_at, user, client, consent, pushed } = &new;
            if let Some(pushed) = pushed
                && execute(db, "DELETE FROM pushed_requests WHERE digest = ?1", [pushed.as_bytes()])? == 0
            {
                return Ok(Outcome::Gone);
            }
            let sql = "INSERT INTO codes (digest, record, expires_at, user_id, client_id)
                       VALUES (?1, ?2, ?3, ?4, ?5)";
            let end = expires_at.as_microsecond();
            execute(db, sql, params![digest.as_bytes(), record, end, user.get(), client])?;
            if let Some(consent) = consent {
                store_consent(db, (*user, client), consent, now)?;
                audit::record_client(db, (Event::ConsentGiven, client), Some(*user), &context)?;
            }
            Ok(Outcome::First)
        })
        .await
    }

    pub fn code(&self, digest: TokenDigest) -> Result<Option<CodeRow>, StoreError> {
        self.read(|db| code(db, digest))
    }

    pub async fn redeem_code(
        &self,
        digest: TokenDigest,
        grant: NewGrant,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.write(move |db| {
            let sql = "DELETE FROM grants WHERE id IN
                       (SELECT id FROM grants WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 8)";
            execute(db, sql, [now.as_microsecond()])?;
            let Some(found) = code(db, digest)? else { return Ok(Outcome::Gone) };
            if let Some(first) = found.grant {
                execute(db, "DELETE FROM grants WHERE id = ?1", [first])?;
                return Ok(Outcome::Replayed);
            }
            let inserted = insert(db, &grant)?;
            if inserted == Outcome::First {
                let sql = "UPDATE codes SET grant_id = ?2 WHERE digest = ?1";
                execute(db, sql, params![digest.as_bytes(), grant.id])?;
            }
            Ok(inserted)
        })
        .await
    }

    pub async fn delete_code(&self, digest: TokenDigest) -> Result<Outcome, StoreError> {
        self.write(move |db| {
            Ok(outcome(execute(db, "DELETE FROM codes WHERE digest = ?1", [digest.as_bytes()])?))
        })
        .await
    }
}

/// Grants and consents.
impl Sqlite {
    pub fn grant(&self, id: [u8; 16]) -> Result<Option<GrantRow>, StoreError> {
        self.read(|db| {
            let sql = "SELECT user_id, client_id, record, expires_at, status_index FROM grants WHERE id = ?1";
            find(db, sql, [id], |columns| {
                Ok(GrantRow {
                    user: columns.user_id()?,
                    client: columns.get()?,
                    record: columns.get()?,
                    expires_at: columns.time()?,
                    status_index: columns.get()?,
                })
            })
        })
    }

    pub async fn rotate_grant(
        &self,
        id: [u8; 16],
        current: TokenDigest,
        state: GrantState,
    ) -> Result<Outcome, StoreError> {
        self.write(move |db| {
            let sql =
                "UPDATE grants SET current = ?3, record = ?4, expires_at = ?5 WHERE id = ?1 AND current = ?2";
            let GrantState { current: next, record, expires_at } = state;
            let next = next.as_ref().map(TokenDigest::as_bytes);
            let end = expires_at.as_microsecond();
            if execute(db, sql, params![id, current.as_bytes(), next, record, end])? == 1 {
                return Ok(Outcome::First);
            }
            let exists = super::cached(db, "SELECT 1 FROM grants WHERE id = ?1")?.exists([id])?;
            Ok(if exists { Outcome::Replayed } else { Outcome::Gone })
        })
        .await
    }

    pub async fn end_grant(&self, id: [u8; 16]) -> Result<Outcome, StoreError> {
        self.write(move |db| Ok(outcome(execute(db, "DELETE FROM grants WHERE id = ?1", [id])?))).await
    }

    pub fn consents(&self, user: UserId, client: &str) -> Result<Vec<ConsentRow>, StoreError> {
        self.read(|db| {
            let sql =
                "SELECT nullif(resource, ''), scopes FROM consents WHERE user_id = ?1 AND client_id = ?2
                       ORDER BY resource, scopes";
            list(db, sql, params![user.get(), client], |columns| {
                Ok(ConsentRow { resource: columns.get()?, scopes: columns.get()? })
            })
        })
    }
}

/// Browsers.
impl Sqlite {
    pub async fn set_session_browser(
        &self,
        session: SessionId,
        browser: TokenDigest,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            let sql = "UPDATE sessions SET browser = ?2 WHERE id = ?1";
            execute(db, sql, params![session.as_bytes(), browser.as_bytes()]).map(drop)
        })
        .await
    }

    pub fn browser_session(&self, browser: TokenDigest) -> Result<Option<BrowserSession>, StoreError> {
        self.read(|db| {
            let sql = user_row::select!(
                ", sessions.id, sessions.created_at, last_used_at
                 FROM sessions CROSS JOIN users ON users.id = sessions.user_id WHERE browser = ?1"
            );
            find(db, sql, [browser.as_bytes()], |columns| {
                Ok(BrowserSession {
                    user: user_in(columns)?,
                    session: SessionId::from_bytes(columns.get()?),
                    created_at: columns.time()?,
                    last_used_at: columns.time()?,
                })
            })
        })
    }
}

fn code(db: &Connection, digest: TokenDigest) -> Result<Option<CodeRow>, StoreError> {
    find(db, "SELECT record, grant_id FROM codes WHERE digest = ?1", [digest.as_bytes()], |columns| {
        Ok(CodeRow { record: columns.get()?, grant: columns.get()? })
    })
}

/// [`Outcome::Gone`]: the user, the client or the session does not exist any more.
pub(super) fn insert(db: &Connection, new: &NewGrant) -> Result<Outcome, StoreError> {
    let NewGrant { id, user, client, session, logout_session, status_index, state } = new;
    let sql = "SELECT 1 FROM grants WHERE status_index = ?1 UNION ALL
               SELECT 1 FROM ended_grants WHERE status_index = ?1";
    if super::cached(db, sql)?.exists([status_index])? {
        return Ok(Outcome::Taken);
    }
    let sql = "INSERT INTO grants (id, user_id, client_id, session_id, current, record, expires_at, logout_session,
                                   status_index)
               SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
               WHERE EXISTS (SELECT 1 FROM users WHERE id = ?2) AND EXISTS (SELECT 1 FROM clients WHERE id = ?3)
                     AND (?4 IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE id = ?4 AND user_id = ?2))";
    let session = session.as_ref().map(SessionId::as_bytes);
    let current = state.current.as_ref().map(TokenDigest::as_bytes);
    let end = state.expires_at.as_microsecond();
    let reported = logout_session.as_ref().map(SessionId::as_bytes);
    let values = params![id, user.get(), client, session, current, state.record, end, reported, status_index];
    Ok(outcome(execute(db, sql, values)?))
}

/// Does nothing if the user or the client was deleted meanwhile.
fn store_consent(
    db: &Connection,
    (user, client): (UserId, &str),
    NewConsent { id, consent }: &NewConsent,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO consents (user_id, client_id, resource, scopes, given_at, id)
               SELECT ?1, ?2, ?3, ?4, ?5, ?6
               WHERE EXISTS (SELECT 1 FROM users WHERE id = ?1) AND EXISTS (SELECT 1 FROM clients WHERE id = ?2)
               ON CONFLICT (user_id, client_id, resource, scopes) DO UPDATE SET given_at = excluded.given_at";
    let resource = consent.resource.as_deref().unwrap_or_default();
    execute(db, sql, params![user.get(), client, resource, consent.scopes, now.as_microsecond(), id])
        .map(drop)
}

pub(super) fn outcome(rows: usize) -> Outcome {
    if rows == 1 { Outcome::First } else { Outcome::Gone }
}
