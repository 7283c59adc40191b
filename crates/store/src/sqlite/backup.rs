//! Reads a whole database for a backup, and fills a new file from one.

use std::path::Path;

use accounts::Email;
use jiff::Timestamp;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql, params, params_from_iter};
use tokio::sync::mpsc;

use super::replace::{self, Former};
use super::{Sqlite, cached, execute, file, migrate};
use crate::backup::{Column, Kind, SEQUENCES, TABLES, Table, Value};
use crate::{Record, Restore, RestoreBatch, RestoreError, Restored, StoreError};

/// Records of a batch at most, and their bytes unless a single one has more.
const BATCH: usize = 1_000;
const BATCH_BYTES: usize = 256 << 10;

impl Sqlite {
    /// Sends all records, or those that are received. Blocks.
    pub(crate) fn read_everything(&self, out: &mpsc::Sender<Vec<Record>>) -> Result<(), StoreError> {
        self.0.readers.read_apart(|db, check| {
            // The first read of the transaction fixes what all of them see.
            execute(db, "BEGIN", [])?;
            for table in TABLES {
                let is_wanted = send(table, db, out, check)?;
                if !is_wanted {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// Answers whether the records are still wanted.
fn send(
    table: &'static Table,
    db: &Connection,
    out: &mpsc::Sender<Vec<Record>>,
    check: &dyn Fn() -> Result<(), StoreError>,
) -> Result<bool, StoreError> {
    let mut statement = cached(db, &select(table))?;
    let mut rows = statement.query([])?;
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let record = record_in(table, row)?;
        bytes += record.size();
        batch.push(record);
        if batch.len() >= BATCH || bytes >= BATCH_BYTES {
            check()?;
            bytes = 0;
            if out.blocking_send(std::mem::take(&mut batch)).is_err() {
                return Ok(false);
            }
        }
    }
    Ok(batch.is_empty() || out.blocking_send(batch).is_ok())
}

fn select(table: &Table) -> String {
    if *table == SEQUENCES {
        return "SELECT name, seq FROM sqlite_sequence WHERE name IN ('users', 'recipes', 'audit', 'revisions')
                ORDER BY name"
            .to_owned();
    }
    let (columns, excluded) = (table.column_list(), table.excluded());
    format!("SELECT {columns} FROM {} WHERE NOT ({excluded}) ORDER BY {}", table.name, table.key())
}

fn record_in(table: &'static Table, row: &Row<'_>) -> Result<Record, StoreError> {
    let mut values = Vec::with_capacity(table.columns.len());
    for (index, column) in table.columns.iter().enumerate() {
        values.push(value_in(column, row, index)?);
    }
    Ok(Record { table, values })
}

fn value_in(column: &Column, row: &Row<'_>, index: usize) -> Result<Value, StoreError> {
    if matches!(row.get_ref(index)?, ValueRef::Null) {
        return Ok(Value::Null);
    }
    let corrupt = |why: jiff::Error| StoreError::Corrupt(format!("{}: {why}", column.name));
    Ok(match column.kind {
        Kind::Boolean => Value::Boolean(row.get(index)?),
        Kind::Integer => Value::Integer(row.get(index)?),
        Kind::Text | Kind::Address => Value::Text(row.get(index)?),
        Kind::Time => Value::Time(Timestamp::from_microsecond(row.get(index)?).map_err(corrupt)?),
        Kind::Bytes | Kind::Uuid | Kind::Digest => Value::Bytes(row.get(index)?),
    })
}

/// See [`Store::restore`](crate::Store::restore). Blocks.
pub(crate) fn restore(path: &Path, restore: Restore) -> Result<Restored, RestoreError> {
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let former = Former::examine(path)?;
    if former.has_data() && !restore.replace {
        return Err(RestoreError::NotEmpty);
    }
    let now = restore.now;
    let draft = replace::Draft::beside(path)?;
    fill(draft.path(), restore, former.sequences())?;
    let kept = replace::swap(&draft, path, &former, now)?;
    Ok(Restored { kept })
}

fn fill(draft: &Path, mut restore: Restore, sequences: &[(String, i64)]) -> Result<(), RestoreError> {
    let mut db = file::open(draft).map_err(RestoreError::Impossible)?;
    migrate::run(&mut db, restore.now).map_err(|why| RestoreError::Impossible(why.to_string()))?;
    execute(&db, "BEGIN IMMEDIATE", [])?;
    loop {
        match restore.records.blocking_recv() {
            Some(RestoreBatch::Records(records)) => {
                for record in &records {
                    insert(&db, record).map_err(|why| refusal(record, why))?;
                }
            }
            Some(RestoreBatch::End) => break,
            None => return Err(RestoreError::Incomplete),
        }
    }
    for (name, last) in sequences {
        raise_sequence(&db, name, *last)?;
    }
    let sql = "INSERT INTO usages (user_id, recipes, bytes)
               SELECT owner_id, sum(recipe), sum(bytes) FROM
                   (SELECT owner_id, 1 AS recipe, octet_length(document) AS bytes FROM recipes
                    UNION ALL
                    SELECT owner_id, 0, bytes FROM recipe_images JOIN recipes ON recipes.id = recipe_id
                    UNION ALL
                    SELECT owner_id, 0, bytes FROM binned_images JOIN bin ON bin.id = recipe_id)
               WHERE owner_id IS NOT NULL GROUP BY owner_id";
    execute(&db, sql, [])?;
    execute(&db, "COMMIT", [])?;
    // Moves the log into the file.
    db.close().map_err(|(_, why)| RestoreError::Store(why.into()))
}

fn insert(db: &Connection, record: &Record) -> Result<(), StoreError> {
    let Record { table, values } = record;
    if **table == SEQUENCES {
        let (name, last) = (record.text("name"), record.number("value"));
        return raise_sequence(db, name.unwrap_or_default(), last.unwrap_or_default());
    }
    let places: Vec<_> = (1..=values.len()).map(|number| format!("?{number}")).collect();
    let sql = format!("INSERT INTO {} ({}) VALUES ({})", table.name, table.column_list(), places.join(", "));
    execute(db, &sql, params_from_iter(values))?;
    note_collision(db, record)
}

/// An account whose key is not the one of its address shares the address with another account.
#[expect(clippy::disallowed_methods, reason = "the address was parsed before it was archived")]
fn note_collision(db: &Connection, record: &Record) -> Result<(), StoreError> {
    let (Some(email), Some(key)) = (record.text("email"), record.text("email_key")) else { return Ok(()) };
    if record.table.name != "users" || Email::from_stored(email).key() == key {
        return Ok(());
    }
    let sql = "INSERT INTO address_collisions (user_id) VALUES (?1)";
    execute(db, sql, [record.number("id")]).map(drop)
}

fn raise_sequence(db: &Connection, name: &str, last: i64) -> Result<(), StoreError> {
    let sql = "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1";
    if execute(db, sql, params![name, last])? == 0 {
        execute(db, "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", params![name, last])?;
    }
    Ok(())
}

fn refusal(record: &Record, why: StoreError) -> RestoreError {
    let why = match why {
        StoreError::EmailTaken => "another account has its address".to_owned(),
        StoreError::ActorRevoked => "the user that it belongs to is missing".to_owned(),
        StoreError::Bug(why) => why,
        why => return why.into(),
    };
    RestoreError::Refused { record: record.to_string(), why }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Ok(ToSqlOutput::Borrowed(ValueRef::Null)),
            Self::Boolean(value) => Ok(i64::from(*value).into()),
            Self::Integer(number) => Ok((*number).into()),
            Self::Text(text) => text.to_sql(),
            Self::Time(time) => Ok(time.as_microsecond().into()),
            Self::Bytes(bytes) => bytes.to_sql(),
        }
    }
}
