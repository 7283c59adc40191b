//! Rate limits that servers share: one statement a request, on the shared connections. Each is atomic by itself.

use jiff::Timestamp;

use super::Postgres;
use super::columns::number_in;
use super::connection::Db;
use super::parameters::Params;
use crate::StoreError;
use crate::shared_limits::{LimitKey, SharedQuota, TakenQuota};

/// Rows that are deleted at a time.
const BATCH: i64 = 5_000;

impl Postgres {
    pub(crate) async fn take_quota(
        &self,
        key: LimitKey,
        SharedQuota { window, step }: SharedQuota,
        now: Timestamp,
    ) -> Result<TakenQuota, StoreError> {
        let now = now.as_microsecond();
        let key = key.as_slice();
        self.read(move |db| async move {
            // A time more than a window ahead is possible only if a clock was set back.
            let sql = "INSERT INTO rate_limits AS l (key, used_until) SELECT $1, $2::bigint + $3 WHERE $3::bigint <= $4::bigint
                       ON CONFLICT (key) DO UPDATE SET used_until = least(greatest(l.used_until, $2), $2 + $4) + $3
                       WHERE least(greatest(l.used_until, $2), $2 + $4) + $3 <= $2 + $4
                       RETURNING used_until";
            if let Some(used_until) = db.find(sql, &[&key, &now, &step, &window], number_in).await?.flatten() {
                return Ok(TakenQuota { is_within: true, used_until });
            }
            let sql = "SELECT used_until FROM rate_limits WHERE key = $1";
            let used_until = db.find(sql, &[&key], number_in).await?.flatten().unwrap_or(now);
            Ok(TakenQuota { is_within: false, used_until: used_until.clamp(now, now.saturating_add(window)) })
        })
        .await
    }

    pub(crate) async fn give_back_quota(&self, key: LimitKey, step: i64) -> Result<(), StoreError> {
        let sql = "UPDATE rate_limits SET used_until = used_until - $2 WHERE key = $1";
        self.change_quota(sql, &[&key.as_slice(), &step]).await
    }

    pub(crate) async fn forget_quota(&self, key: LimitKey) -> Result<(), StoreError> {
        self.change_quota("DELETE FROM rate_limits WHERE key = $1", &[&key.as_slice()]).await
    }

    pub(crate) async fn exhaust_quota(&self, key: LimitKey, until: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO rate_limits (key, used_until) VALUES ($1, $2)
                   ON CONFLICT (key) DO UPDATE SET used_until = excluded.used_until";
        self.change_quota(sql, &[&key.as_slice(), &until.as_microsecond()]).await
    }

    pub(crate) async fn is_quota_used(&self, key: LimitKey, now: Timestamp) -> Result<bool, StoreError> {
        let (key, now) = (key.as_slice(), now.as_microsecond());
        let sql = "SELECT 1 FROM rate_limits WHERE key = $1 AND used_until > $2";
        self.read(move |db| async move { db.exists(sql, &[&key, &now]).await }).await
    }

    pub(crate) async fn trim_rate_limits(&self, now: Timestamp) -> Result<usize, StoreError> {
        let now = now.as_microsecond();
        let sql = "DELETE FROM rate_limits WHERE key IN (SELECT key FROM rate_limits WHERE used_until <= $1 LIMIT $2)
                       AND used_until <= $1";
        let gone = self.read_at_length(move |db| async move { db.execute(sql, &[&now, &BATCH]).await });
        Ok(usize::try_from(gone.await?).unwrap_or(usize::MAX))
    }

    async fn change_quota(&self, sql: &str, params: Params<'_>) -> Result<(), StoreError> {
        let change = move |db: Db| async move { db.execute(sql, params).await };
        self.read(change).await.map(drop)
    }
}
