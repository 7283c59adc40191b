//! Connections: settings, time-outs, statements.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{Client, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use futures_util::TryStreamExt as _;
use futures_util::future::join_all;
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Config, Row, Statement};

use super::columns::{Columns, number_in};
use super::failure::{self, Failure};
use super::parameters::{Parameter, Params};
use crate::url::PostgresAddress;
use crate::{StoreError, Unavailable};

/// The time for a connection, and for each statement of a use case. The server's own limits are shorter. This one is for a
/// peer that does not answer at all, which they cannot bound.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// The time for statements that may be long: counts and lists over whole tables.
pub(super) const LONG_PATIENCE: Duration = Duration::from_secs(30);

/// The server plans each statement once, whatever its parameters are. It plans those with arrays each time otherwise, which
/// takes three times as long as running them.
pub(super) const PLANNED_ONCE: &str = "-c plan_cache_mode=force_generic_plan";

/// Connections of one kind.
pub(super) struct Connections {
    pool: Pool,
    patience: Duration,
    has_pooler: bool,
}

impl Connections {
    /// Connects when a connection is first asked for.
    pub(super) fn new(address: &PostgresAddress, count: usize, patience: Duration) -> Result<Self, String> {
        Self::with(config(address, patience), address, count, patience)
    }

    /// With more settings of the server, as `-c name=value`. Not behind a pooler, which knows no settings of connections.
    pub(super) fn with_settings(
        address: &PostgresAddress,
        count: usize,
        patience: Duration,
        settings: &str,
    ) -> Result<Self, String> {
        let mut config = config(address, patience);
        if !address.has_pooler {
            let options = config.get_options().unwrap_or_default();
            let options = format!("{options} {settings}");
            config.options(options);
        }
        Self::with(config, address, count, patience)
    }

    fn with(
        config: Config,
        address: &PostgresAddress,
        count: usize,
        patience: Duration,
    ) -> Result<Self, String> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config, address.tls()?, recycling);
        let pool = Pool::builder(manager)
            .max_size(count)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .recycle_timeout(Some(PATIENCE))
            .build()
            .map_err(|why| why.to_string())?;
        Ok(Self { pool, patience, has_pooler: address.has_pooler })
    }

    pub(super) async fn get(&self) -> Result<Db, PoolError> {
        let client = self.pool.get().await?;
        let (is_usable, has_timed_out) = (AtomicBool::new(true), AtomicBool::new(false));
        let Self { patience, has_pooler, .. } = *self;
        let client = Some(client);
        Ok(Db(Arc::new(Connection { client, is_usable, has_timed_out, patience, has_pooler })))
    }

    pub(super) fn has_pooler(&self) -> bool {
        self.has_pooler
    }

    pub(super) fn status(&self) -> deadpool_postgres::Status {
        self.pool.status()
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// How to connect.
pub(super) fn config(address: &PostgresAddress, patience: Duration) -> Config {
    let mut config = address.config.clone();
    config.connect_timeout(PATIENCE).tcp_user_timeout(PATIENCE).keepalives_idle(Duration::from_secs(2));
    config.keepalives_interval(Duration::from_secs(1)).keepalives_retries(2);
    if !address.has_pooler {
        let statement_timeout = statement_timeout(patience);
        let own = config.get_options().unwrap_or_default().to_owned();
        config.options(format!(
            "-c statement_timeout={statement_timeout} -c lock_timeout=1000 \
             -c idle_in_transaction_session_timeout=5000 {own}"
        ));
    }
    config
}

/// In milliseconds.
fn statement_timeout(patience: Duration) -> u128 {
    patience.saturating_sub(Duration::from_secs(1)).as_millis()
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Closed => Unavailable::Closed.into(),
            PoolError::Timeout(_) => Unavailable::TimedOut.into(),
            error => {
                tracing::warn!(%error, "no connection to PostgreSQL");
                Unavailable::Disconnected.into()
            }
        }
    }
}

/// Whether a transaction must have had its effect as if it had been alone.
#[derive(Clone, Copy)]
pub(super) enum Isolation {
    /// Reads only, all of one moment.
    Snapshot,
    ReadCommitted,
    Serializable,
}

/// A connection; clones are handles of the same one.
#[derive(Clone)]
pub(super) struct Db(Arc<Connection>);

struct Connection {
    /// `None` only while it is dropped.
    client: Option<Client>,
    /// Whether it may be used again: it is in no transaction, and waits for no answer.
    is_usable: AtomicBool,
    /// The peer may never answer again.
    has_timed_out: AtomicBool,
    patience: Duration,
    /// A pooler hands the server's connection to another client after each transaction. Prepared statements and settings are lost
    /// then: no statement is prepared, and time-outs are those of a transaction.
    has_pooler: bool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !*self.is_usable.get_mut()
            && let Some(client) = self.client.take()
        {
            // Closes it instead of handing it back. The server ends its transaction.
            drop(Object::take(client));
        }
    }
}

impl Db {
    pub(super) fn is_usable(&self) -> bool {
        let is_open = self.0.client.as_ref().is_some_and(|client| !client.is_closed());
        is_open && self.0.is_usable.load(Ordering::Acquire)
    }

    /// A transaction whose future is dropped leaves a connection that is not used again.
    pub(super) async fn begin(&self, isolation: Isolation) -> Result<(), Failure> {
        self.0.is_usable.store(false, Ordering::Release);
        let begin = match isolation {
            Isolation::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Isolation::ReadCommitted => "BEGIN ISOLATION LEVEL READ COMMITTED",
            Isolation::Serializable => "BEGIN ISOLATION LEVEL SERIALIZABLE",
        };
        if !self.0.has_pooler {
            return self.batch(begin).await;
        }
        let statement_timeout = statement_timeout(self.0.patience);
        self.batch(&format!(
            "{begin}; SET LOCAL statement_timeout = {statement_timeout}; SET LOCAL lock_timeout = 1000; \
             SET LOCAL idle_in_transaction_session_timeout = 5000"
        ))
        .await
    }

    pub(super) async fn commit(&self) -> Result<(), Failure> {
        self.batch("COMMIT").await?;
        self.0.is_usable.store(true, Ordering::Release);
        Ok(())
    }

    pub(super) async fn roll_back(&self) {
        if self.0.has_timed_out.load(Ordering::Acquire) {
            return;
        }
        if self.batch("ROLLBACK").await.is_ok() {
            self.0.is_usable.store(true, Ordering::Release);
        }
    }

    pub(super) async fn batch(&self, sql: &str) -> Result<(), Failure> {
        self.patiently(self.client()?.batch_execute(sql)).await
    }

    /// Lets the server plan a statement that is to be sent without a wait for the statements before it.
    pub(super) async fn prepare(&self, sql: &str) -> Result<(), Failure> {
        if self.0.has_pooler {
            return Ok(());
        }
        self.patiently(self.prepared(self.client()?, sql)).await.map(drop)
    }

    /// Runs a statement for its effect; says how many rows it changed.
    pub(super) async fn execute(&self, sql: &str, params: Params<'_>) -> Result<u64, Failure> {
        let client = self.client()?;
        if self.0.has_pooler {
            return self.patiently(client.execute_typed(sql, &typed(params))).await;
        }
        let values = params.iter().map(|value| value.as_sql());
        self.patiently(async { client.execute_raw(&self.prepared(client, sql).await?, values).await }).await
    }

    /// Runs a statement for each row of parameters, without waiting for one before the next. One that fails makes those behind
    /// it fail, too, in a transaction.
    pub(super) async fn execute_each<'a, P: Parameter + 'a>(
        &self,
        sql: &str,
        rows: impl Iterator<Item = &'a [P]>,
    ) -> Vec<Result<u64, Failure>> {
        if self.0.has_pooler {
            let rows =
                rows.map(|row| row.iter().map(|value| -> &dyn Parameter { value }).collect::<Vec<_>>());
            return join_all(rows.map(|row| async move { self.execute(sql, &row).await })).await;
        }
        let statement = async {
            let client = self.client()?;
            Ok::<_, Failure>((client, self.patiently(self.prepared(client, sql)).await?))
        };
        let (client, statement) = match statement.await {
            Ok(prepared) => prepared,
            Err(why) => return vec![Err(why)],
        };
        let statement = &statement;
        let values = |row: &'a [P]| row.iter().map(Parameter::as_sql);
        join_all(rows.map(|row| self.patiently(client.execute_raw(statement, values(row))))).await
    }

    pub(super) async fn rows(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        let client = self.client()?;
        if self.0.has_pooler {
            return self.patiently(client.query_typed(sql, &typed(params))).await;
        }
        let values = params.iter().map(|value| value.as_sql());
        self.patiently(async {
            client.query_raw(&self.prepared(client, sql).await?, values).await?.try_collect().await
        })
        .await
    }

    /// All rows.
    pub(super) async fn list<T>(
        &self,
        sql: &str,
        params: Params<'_>,
        read: impl Fn(&mut Columns<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, Failure> {
        let rows = self.rows(sql, params).await?;
        Ok(rows.iter().map(|row| read(&mut Columns::of(row))).collect::<Result<_, _>>()?)
    }

    /// The row that there is at most one of.
    pub(super) async fn find<T>(
        &self,
        sql: &str,
        params: Params<'_>,
        read: impl FnOnce(&mut Columns<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, Failure> {
        let rows = self.rows(sql, params).await?;
        Ok(rows.first().map(|row| read(&mut Columns::of(row))).transpose()?)
    }

    pub(super) async fn exists(&self, sql: &str, params: Params<'_>) -> Result<bool, Failure> {
        Ok(!self.rows(sql, params).await?.is_empty())
    }

    /// The number in the only column of the row that there is at most one of.
    pub(super) async fn number(&self, sql: &str, params: Params<'_>) -> Result<i64, Failure> {
        Ok(self.find(sql, params, number_in).await?.flatten().unwrap_or(0))
    }

    fn client(&self) -> Result<&Client, Failure> {
        self.0.client.as_ref().ok_or_else(|| Unavailable::Closed.into())
    }

    async fn prepared(&self, client: &Client, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        client.prepare_cached(sql).await
    }

    async fn patiently<T>(
        &self,
        query: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        if let Ok(answer) = timeout(self.0.patience, query).await {
            if answer.as_ref().is_err_and(failure::is_outdated_plan) {
                self.client()?.statement_cache.clear();
            }
            let answer = answer.map_err(Failure::from);
            if matches!(answer, Err(Failure::Store(StoreError::Unavailable(Unavailable::Disconnected)))) {
                // It is closed, or will be in a moment: the next statement must not find it in the pool.
                self.0.is_usable.store(false, Ordering::Release);
            }
            return answer;
        }
        self.0.has_timed_out.store(true, Ordering::Release);
        self.0.is_usable.store(false, Ordering::Release);
        tracing::warn!("PostgreSQL did not answer in time");
        Err(Unavailable::TimedOut.into())
    }
}

/// With the types that a prepared statement would tell.
fn typed(params: Params<'_>) -> Vec<(&(dyn ToSql + Sync), Type)> {
    params.iter().map(|value| (value.as_sql(), value.kind())).collect()
}
