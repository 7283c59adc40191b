//! Requests that wait, and proofs that were used, in SQLite's dialect.

use accounts::TokenDigest;
use accounts::audit::Event;
use ids::UserId;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{Sqlite, audit, execute, find_value, grants};
use crate::{
    Context, DeviceCodeKey, MAX_WAITING_REQUESTS, NewDeviceCode, NewGrant, NewPushedRequest, Outcome,
    StoreError,
};

/// Deletes a few expired rows, so that they do not pile up and no request deletes thousands.
macro_rules! delete_expired {
    ($db:expr, $table:literal, $now:expr) => {
        execute(
            $db,
            concat!(
                "DELETE FROM ",
                $table,
                " WHERE digest IN (SELECT digest FROM ",
                $table,
                " WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 8)"
            ),
            [$now.as_microsecond()],
        )
    };
}

impl Sqlite {
    pub async fn use_proof(
        &self,
        digest: TokenDigest,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.write(move |db| {
            delete_expired!(db, "used_proofs", now)?;
            let sql = "INSERT INTO used_proofs (digest, expires_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            let rows = execute(db, sql, params![digest.as_bytes(), expires_at.as_microsecond()])?;
            Ok(if rows == 1 { Outcome::First } else { Outcome::Replayed })
        })
        .await
    }

    pub async fn create_pushed_request(
        &self,
        new: NewPushedRequest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            delete_expired!(db, "pushed_requests", now)?;
            let NewPushedRequest { digest, client, record, expires_at } = &new;
            let sql = "INSERT INTO pushed_requests (digest, client_id, record, expires_at)
                       SELECT ?1, ?2, ?3, ?4
                       WHERE EXISTS (SELECT 1 FROM clients WHERE id = ?2)
                             AND (SELECT count(*) FROM pushed_requests WHERE client_id = ?2) < ?5";
            let end = expires_at.as_microsecond();
            let values = params![digest.as_bytes(), client, record, end, MAX_WAITING_REQUESTS];
            Ok(execute(db, sql, values)? == 1)
        })
        .await
    }

    pub fn pushed_request(&self, digest: TokenDigest) -> Result<Option<String>, StoreError> {
        let sql = "SELECT record FROM pushed_requests WHERE digest = ?1";
        self.read(|db| find_value(db, sql, [digest.as_bytes()]))
    }

    pub async fn create_device_code(
        &self,
        new: NewDeviceCode,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.write(move |db| {
            delete_expired!(db, "device_codes", now)?;
            let NewDeviceCode { digest, user_code, client, record, expires_at } = &new;
            let sql = "SELECT 1 FROM device_codes WHERE user_code = ?1";
            if super::cached(db, sql)?.exists([user_code.as_bytes()])? {
                return Ok(Outcome::Replayed);
            }
            let sql = "INSERT INTO device_codes (digest, user_code, client_id, record, expires_at)
                       SELECT ?1, ?2, ?3, ?4, ?5
                       WHERE EXISTS (SELECT 1 FROM clients WHERE id = ?3)
                             AND (SELECT count(*) FROM device_codes WHERE client_id = ?3) < ?6";
            let (end, most) = (expires_at.as_microsecond(), MAX_WAITING_REQUESTS);
            let values = params![digest.as_bytes(), user_code.as_bytes(), client, record, end, most];
            Ok(grants::outcome(execute(db, sql, values)?))
        })
        .await
    }

    pub fn device_code(&self, key: DeviceCodeKey) -> Result<Option<String>, StoreError> {
        let (sql, digest) = match key {
            DeviceCodeKey::Device(digest) => ("SELECT record FROM device_codes WHERE digest = ?1", digest),
            DeviceCodeKey::User(digest) => ("SELECT record FROM device_codes WHERE user_code = ?1", digest),
        };
        self.read(|db| find_value(db, sql, [digest.as_bytes()]))
    }

    pub async fn replace_device_code(
        &self,
        device: TokenDigest,
        found: &str,
        record: &str,
    ) -> Result<bool, StoreError> {
        let (found, record) = (found.to_owned(), record.to_owned());
        self.write(move |db| replace(db, device, (&found, &record), None)).await
    }

    pub async fn approve_device_code(
        &self,
        device: TokenDigest,
        (found, record): (&str, &str),
        user: UserId,
        context: Context,
    ) -> Result<bool, StoreError> {
        let (found, record) = (found.to_owned(), record.to_owned());
        self.write_for(context, move |db, _| {
            let is_done = replace(db, device, (&found, &record), Some(user))?;
            if is_done {
                audit::record(db, Event::DeviceApproved, Some(user), &context)?;
            }
            Ok(is_done)
        })
        .await
    }

    pub async fn redeem_device_code(
        &self,
        device: TokenDigest,
        grant: NewGrant,
    ) -> Result<Outcome, StoreError> {
        self.write(move |db| {
            let sql = "SELECT 1 FROM device_codes WHERE digest = ?1";
            if !super::cached(db, sql)?.exists([device.as_bytes()])? {
                return Ok(Outcome::Replayed);
            }
            let inserted = grants::insert(db, &grant)?;
            if inserted != Outcome::Taken {
                execute(db, "DELETE FROM device_codes WHERE digest = ?1", [device.as_bytes()])?;
            }
            Ok(inserted)
        })
        .await
    }
}

fn replace(
    db: &Connection,
    device: TokenDigest,
    (found, record): (&str, &str),
    user: Option<UserId>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE device_codes SET record = ?3, user_id = coalesce(?4, user_id) WHERE digest = ?1 AND record = ?2";
    let values = params![device.as_bytes(), found, record, user.map(UserId::get)];
    Ok(execute(db, sql, values)? == 1)
}
