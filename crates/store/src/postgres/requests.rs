//! Requests that wait, and proofs that were used, in PostgreSQL's dialect.
//!
//! Proofs and new requests are `READ COMMITTED`: a constraint decides, and requests at the same time may exceed the maximum by a
//! few.

use accounts::TokenDigest;
use accounts::audit::Event;
use ids::UserId;
use jiff::Timestamp;

use super::columns::text_in;
use super::connection::{Db, Isolation};
use super::failure::Failure;
use super::{Postgres, at, audit, grants};
use crate::{
    Context, DeviceCodeKey, MAX_WAITING_REQUESTS, NewDeviceCode, NewGrant, NewPushedRequest, Outcome,
    StoreError,
};

/// Deletes a few expired rows, so that they do not pile up and no request deletes thousands.
macro_rules! delete_expired {
    ($db:expr, $table:literal, $now:expr) => {
        $db.execute(
            concat!(
                "DELETE FROM ",
                $table,
                " WHERE digest IN (SELECT digest FROM ",
                $table,
                " WHERE expires_at <= $1 ORDER BY expires_at LIMIT 8 FOR UPDATE SKIP LOCKED)"
            ),
            &[&at($now)],
        )
    };
}

impl Postgres {
    pub async fn use_proof(
        &self,
        digest: TokenDigest,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.write_at(Isolation::ReadCommitted, move |db| async move {
            delete_expired!(db, "used_proofs", now).await?;
            let sql = "INSERT INTO used_proofs (digest, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            let rows = db.execute(sql, &[&digest.as_bytes().as_slice(), &at(expires_at)]).await?;
            Ok(if rows == 1 { Outcome::First } else { Outcome::Replayed })
        })
        .await
    }

    pub async fn create_pushed_request(
        &self,
        new: NewPushedRequest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let new = &new;
        self.write_at(Isolation::ReadCommitted, move |db| async move {
            delete_expired!(db, "pushed_requests", now).await?;
            let NewPushedRequest { digest, client, record, expires_at } = new;
            let sql = "INSERT INTO pushed_requests (digest, client_id, record, expires_at)
                       SELECT $1, $2::text, $3, $4
                       WHERE EXISTS (SELECT FROM clients WHERE id = $2::text)
                             AND (SELECT count(*) FROM pushed_requests WHERE client_id = $2::text) < $5";
            let (key, end) = (digest.as_bytes().as_slice(), at(*expires_at));
            let most = i64::from(MAX_WAITING_REQUESTS);
            Ok(db.execute(sql, &[&key, client, record, &end, &most]).await? == 1)
        })
        .await
    }

    pub async fn pushed_request(&self, digest: TokenDigest) -> Result<Option<String>, StoreError> {
        self.read(move |db| async move {
            let sql = "SELECT record FROM pushed_requests WHERE digest = $1";
            db.find(sql, &[&digest.as_bytes().as_slice()], text_in).await
        })
        .await
    }

    pub async fn create_device_code(
        &self,
        new: NewDeviceCode,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let new = &new;
        self.write_at(Isolation::ReadCommitted, move |db| async move {
            delete_expired!(db, "device_codes", now).await?;
            let NewDeviceCode { digest, user_code, client, record, expires_at } = new;
            let (key, typed) = (digest.as_bytes().as_slice(), user_code.as_bytes().as_slice());
            let sql = "INSERT INTO device_codes (digest, user_code, client_id, record, expires_at)
                       SELECT $1, $2, $3::text, $4, $5
                       WHERE EXISTS (SELECT FROM clients WHERE id = $3::text)
                             AND (SELECT count(*) FROM device_codes WHERE client_id = $3::text) < $6
                       ON CONFLICT (user_code) DO NOTHING";
            let (end, most) = (at(*expires_at), i64::from(MAX_WAITING_REQUESTS));
            if db.execute(sql, &[&key, &typed, client, record, &end, &most]).await? == 1 {
                return Ok(Outcome::First);
            }
            let exists = db.exists("SELECT 1 FROM device_codes WHERE user_code = $1", &[&typed]).await?;
            Ok(if exists { Outcome::Replayed } else { Outcome::Gone })
        })
        .await
    }

    pub async fn device_code(&self, key: DeviceCodeKey) -> Result<Option<String>, StoreError> {
        self.read(move |db| async move {
            let (sql, digest) = match key {
                DeviceCodeKey::Device(digest) => {
                    ("SELECT record FROM device_codes WHERE digest = $1", digest)
                }
                DeviceCodeKey::User(digest) => {
                    ("SELECT record FROM device_codes WHERE user_code = $1", digest)
                }
            };
            db.find(sql, &[&digest.as_bytes().as_slice()], text_in).await
        })
        .await
    }

    pub async fn replace_device_code(
        &self,
        device: TokenDigest,
        found: &str,
        record: &str,
    ) -> Result<bool, StoreError> {
        self.write_recipes(move |db| async move { replace(&db, device, (found, record), None).await }).await
    }

    pub async fn approve_device_code(
        &self,
        device: TokenDigest,
        (found, record): (&str, &str),
        user: UserId,
        context: Context,
    ) -> Result<bool, StoreError> {
        let context = &context;
        self.write_recipes_for(context, move |db, _| async move {
            let is_done = replace(&db, device, (found, record), Some(user)).await?;
            if is_done {
                audit::record(&db, Event::DeviceApproved, Some(user), context).await?;
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
        let grant = &grant;
        self.write_recipes(move |db| async move {
            let key = device.as_bytes().as_slice();
            if !db.exists("SELECT 1 FROM device_codes WHERE digest = $1", &[&key]).await? {
                return Ok(Outcome::Replayed);
            }
            let inserted = grants::insert(&db, grant).await?;
            if inserted != Outcome::Taken {
                db.execute("DELETE FROM device_codes WHERE digest = $1", &[&key]).await?;
            }
            Ok(inserted)
        })
        .await
    }
}

async fn replace(
    db: &Db,
    device: TokenDigest,
    (found, record): (&str, &str),
    user: Option<UserId>,
) -> Result<bool, Failure> {
    let sql = "UPDATE device_codes SET record = $3, user_id = coalesce($4, user_id) WHERE digest = $1 AND record = $2";
    let key = device.as_bytes().as_slice();
    Ok(db.execute(sql, &[&key, &found, &record, &user.map(UserId::get)]).await? == 1)
}
