//! What a filter asks for, as the `WHERE` of a statement.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::cached;
use crate::StoreError;

/// Conditions that all have to hold. One that is not asked for is left out: `? IS NULL OR ..` would keep every index from
/// being used.
#[derive(Default)]
pub(super) struct Conditions {
    sql: String,
    params: Vec<Value>,
}

impl Conditions {
    /// With a value for each `?`; `None`: it is not asked for.
    pub(super) fn and<const N: usize>(mut self, condition: &str, values: Option<[Value; N]>) -> Self {
        if let Some(values) = values {
            self.sql.push_str(if self.sql.is_empty() { " WHERE " } else { " AND " });
            self.sql.push_str(condition);
            self.params.extend(values);
        }
        self
    }

    /// The first `limit` rows of `select`, in this order, and what its parameters are.
    pub(super) fn first(mut self, limit: u16, select: &str, order: &str) -> (String, Vec<Value>) {
        self.params.push(limit.into());
        (format!("{select}{} ORDER BY {order} LIMIT ?", self.sql), self.params)
    }

    /// How many rows of the table there are.
    pub(super) fn count(self, db: &Connection, table: &str) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {table}{}", self.sql);
        let count: i64 = cached(db, &sql)?.query_row(params_from_iter(self.params), |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}
