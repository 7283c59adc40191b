//! Reads a whole database for a backup, and fills one from it.

use std::error::Error;

use tokio::sync::mpsc;
use tokio_postgres::Row;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::columns::Columns;
use super::connection::{Connections, Db, Isolation, LONG_PATIENCE};
use super::failure::Failure;
use super::parameters::Parameter;
use super::{Postgres, at, connect, migrate};
use crate::backup::{Column, Kind, SEQUENCES, TABLES, Table, Value};
use crate::url::PostgresAddress;
use crate::{Record, Restore, RestoreBatch, RestoreError, Restored, StoreError, Unavailable};

/// Records of a batch. A recipe may have some 300 KiB.
const BATCH: usize = 200;

/// The peer of the transaction may be a slow disk.
const SETTINGS: &str =
    "SET LOCAL idle_in_transaction_session_timeout = '10min'; SET LOCAL lock_timeout = '5s'";

impl Postgres {
    /// Sends all records, or those that are received.
    pub(crate) async fn read_everything(&self, out: mpsc::Sender<Vec<Record>>) -> Result<(), StoreError> {
        Ok(self.send_everything(out).await?)
    }

    async fn send_everything(&self, out: mpsc::Sender<Vec<Record>>) -> Result<(), Failure> {
        let db = self.0.apart.get().await?;
        db.begin(Isolation::Snapshot).await?;
        db.batch(SETTINGS).await?;
        for table in TABLES {
            if !send(table, &db, &out).await? {
                break;
            }
        }
        db.commit().await
    }
}

/// Answers whether the records are still wanted.
async fn send(table: &'static Table, db: &Db, out: &mpsc::Sender<Vec<Record>>) -> Result<bool, Failure> {
    if *table == SEQUENCES {
        return Ok(out.send(sequences(db).await?).await.is_ok());
    }
    let (first, next) = (select(table, false), select(table, true));
    let mut rows = db.rows(&first, &[]).await?;
    loop {
        let batch = rows.iter().map(|row| record_in(table, row)).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = batch.last().and_then(|record| record.values.first()).cloned() else {
            return Ok(true);
        };
        let is_last = batch.len() < table.batch(BATCH);
        if out.send(batch).await.is_err() {
            return Ok(false);
        }
        if is_last {
            return Ok(true);
        }
        rows = db.rows(&next, &[&last]).await?;
    }
}

/// A page of the table: its keys are in the order of their bytes, as SQLite has them.
fn select(table: &Table, has_before: bool) -> String {
    let columns: Vec<_> = table.columns.iter().map(|it| format!("{}::{}", it.name, type_of(it))).collect();
    let key = match table.columns.first() {
        Some(Column { name, kind: Kind::Text, .. }) => format!("{name} COLLATE \"C\""),
        _ => table.key().to_owned(),
    };
    let behind = match table.columns.first() {
        Some(first) if has_before => format!("AND {key} > $1::{}", type_of(first)),
        _ => String::new(),
    };
    let (columns, excluded) = (columns.join(", "), table.excluded());
    let (name, batch) = (table.name, table.batch(BATCH));
    format!("SELECT {columns} FROM {name} WHERE NOT ({excluded}) {behind} ORDER BY {key} LIMIT {batch}")
}

/// Every parameter and every column has one of these types, whatever narrower one the table has.
fn type_of(column: &Column) -> &'static str {
    match column.kind {
        Kind::Boolean => "boolean",
        Kind::Integer => "bigint",
        Kind::Text | Kind::Address => "text",
        Kind::Time => "timestamptz",
        Kind::Bytes | Kind::Uuid | Kind::Digest => "bytea",
    }
}

fn record_in(table: &'static Table, row: &Row) -> Result<Record, StoreError> {
    let mut columns = Columns::of(row);
    let values = table.columns.iter().map(|column| value_in(column.kind, &mut columns));
    Ok(Record { table, values: values.collect::<Result<_, _>>()? })
}

fn value_in(kind: Kind, columns: &mut Columns<'_>) -> Result<Value, StoreError> {
    let value = match kind {
        Kind::Boolean => columns.get::<Option<bool>>()?.map(Value::Boolean),
        Kind::Integer => columns.get::<Option<i64>>()?.map(Value::Integer),
        Kind::Text | Kind::Address => columns.get::<Option<String>>()?.map(Value::Text),
        Kind::Time => columns.optional_time()?.map(Value::Time),
        Kind::Bytes | Kind::Uuid | Kind::Digest => columns.get::<Option<Vec<u8>>>()?.map(Value::Bytes),
    };
    Ok(value.unwrap_or(Value::Null))
}

/// A sequence is in no snapshot: it may have given out ids since. They are not given out again either.
async fn sequences(db: &Db) -> Result<Vec<Record>, Failure> {
    let mut records = Vec::new();
    let mut tables: Vec<_> = TABLES.into_iter().filter(|table| table.has_sequence).collect();
    tables.sort_unstable_by_key(|table| table.name);
    for table in tables {
        let last = db.number(LAST_ID, &[&table.name]).await?;
        let values = vec![Value::Text(table.name.to_owned()), Value::Integer(last)];
        records.push(Record { table: &SEQUENCES, values });
    }
    Ok(records)
}

const LAST_ID: &str = "SELECT pg_sequence_last_value(pg_get_serial_sequence($1::text, 'id')::regclass)";

/// See [`Store::restore`](crate::Store::restore).
pub(crate) async fn restore(address: &PostgresAddress, restore: Restore) -> Result<Restored, RestoreError> {
    let connections = Connections::new(address, 1, LONG_PATIENCE).map_err(RestoreError::Impossible)?;
    let db = connect(&connections).await.map_err(RestoreError::Impossible)?;
    migrate::run(&db, restore.now).await.map_err(RestoreError::Impossible)?;
    db.begin(Isolation::ReadCommitted).await?;
    match fill(&db, restore).await {
        Ok(()) => db.commit().await?,
        Err(why) => {
            db.roll_back().await;
            return Err(why);
        }
    }
    Ok(Restored::default())
}

/// Tables of rows that are good for a day at most, or that refer to rows of others.
const SHORT_LIVED: &str =
    "device_codes, pushed_requests, ended_grants, logout_deliveries, idempotency_keys, webhook_deliveries";

async fn fill(db: &Db, mut restore: Restore) -> Result<(), RestoreError> {
    db.batch(SETTINGS).await?;
    let names: Vec<_> = TABLES.iter().filter(|table| ***table != SEQUENCES).map(|table| table.name).collect();
    let names = names.join(", ");
    let names = format!("{names}, usages, mails, codes, {SHORT_LIVED}");
    db.batch(&format!("LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")).await?;
    let any = "SELECT 1 FROM users UNION ALL SELECT 1 FROM recipes LIMIT 1";
    if !restore.replace && db.exists(any, &[]).await? {
        return Err(RestoreError::NotEmpty);
    }
    // Sequences stay: ids of what was there are not given out again.
    db.batch(&format!("TRUNCATE {names}")).await?;
    // Truncating fires no trigger. Other servers must not go on with cached sessions.
    db.batch("INSERT INTO access_changes DEFAULT VALUES; NOTIFY access_changes").await?;
    // Programs that follow the recipes must read all of them again.
    db.batch("TRUNCATE recipe_deletions, recipe_departures; UPDATE recipe_history SET name = gen_random_uuid()::text").await?;
    let mut sequences = Vec::new();
    loop {
        match restore.records.recv().await {
            Some(RestoreBatch::Records(mut records)) => {
                sequences.extend(records.extract_if(.., |record| *record.table == SEQUENCES));
                insert(db, &records).await?;
            }
            Some(RestoreBatch::End) => break,
            None => return Err(RestoreError::Incomplete),
        }
    }
    // The last step: no failure undoes it.
    for record in sequences {
        let (name, last) = (record.text("name"), record.number("value"));
        raise_sequence(db, name.unwrap_or_default(), last.unwrap_or_default()).await?;
    }
    for table in TABLES.into_iter().filter(|table| table.has_sequence) {
        let sql = format!("SELECT max(id) FROM {}", table.name);
        let highest = db.number(&sql, &[]).await?;
        raise_sequence(db, table.name, highest).await?;
    }
    Ok(())
}

async fn insert(db: &Db, records: &[Record]) -> Result<(), RestoreError> {
    for records in records.chunk_by(|one, other| one.table == other.table) {
        let Some(Record { table, .. }) = records.first() else { continue };
        let places = table.columns.iter().enumerate();
        let places: Vec<_> = places.map(|(n, column)| format!("${}::{}", n + 1, type_of(column))).collect();
        let sql = format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})",
            table.name,
            table.column_list(),
            places.join(", ")
        );
        let inserted = db.execute_each(&sql, records.iter().map(|record| record.values.as_slice())).await;
        for (record, inserted) in records.iter().zip(inserted) {
            inserted.map_err(|why| refusal(record, why))?;
        }
    }
    Ok(())
}

async fn raise_sequence(db: &Db, table: &str, last: i64) -> Result<(), Failure> {
    if last > db.number(LAST_ID, &[&table]).await? {
        let sql = "SELECT setval(pg_get_serial_sequence($1::text, 'id')::regclass, $2)";
        db.execute(sql, &[&table, &last]).await?;
    }
    Ok(())
}

impl From<Failure> for RestoreError {
    fn from(failure: Failure) -> Self {
        match StoreError::from(failure) {
            StoreError::Unavailable(Unavailable::Locked) => Self::InUse,
            why => why.into(),
        }
    }
}

fn refusal(record: &Record, why: Failure) -> RestoreError {
    let why = match StoreError::from(why) {
        StoreError::EmailTaken => "another account has its address".to_owned(),
        StoreError::ActorRevoked => "the user that it belongs to is missing".to_owned(),
        StoreError::Bug(why) => why,
        why => return why.into(),
    };
    RestoreError::Refused { record: record.to_string(), why }
}

impl Parameter for Value {
    fn kind(&self) -> Type {
        match self {
            // The statement names the type of each place.
            Self::Null => Type::UNKNOWN,
            Self::Boolean(_) => Type::BOOL,
            Self::Integer(_) => Type::INT8,
            Self::Text(_) => Type::TEXT,
            Self::Time(_) => Type::TIMESTAMPTZ,
            Self::Bytes(_) => Type::BYTEA,
        }
    }

    fn as_sql(&self) -> &(dyn ToSql + Sync) {
        self
    }
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Boolean(value) => value.to_sql(ty, out),
            Self::Integer(number) => number.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Time(time) => at(*time).to_sql(ty, out),
            Self::Bytes(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::UNKNOWN, Type::BOOL, Type::INT8, Type::TEXT, Type::TIMESTAMPTZ, Type::BYTEA].contains(ty)
    }

    to_sql_checked!();
}
