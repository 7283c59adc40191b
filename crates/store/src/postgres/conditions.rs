//! What a filter asks for, as the `WHERE` of a statement.

use super::connection::Db;
use super::failure::Failure;
use super::parameters::{Parameter, Params};

type Value = Box<dyn Parameter + Send>;

/// Conditions that all have to hold. One that is not asked for is left out.
#[derive(Default)]
pub(super) struct Conditions {
    sql: String,
    params: Vec<Value>,
}

impl Conditions {
    /// `?` stands for the value. `None`: it is not asked for.
    pub(super) fn and(mut self, condition: &str, value: Option<impl Parameter + Send + 'static>) -> Self {
        if let Some(value) = value {
            self.params.push(Box::new(value));
            self.sql.push_str(if self.sql.is_empty() { " WHERE " } else { " AND " });
            self.sql.push_str(&condition.replace('?', &format!("${}", self.params.len())));
        }
        self
    }

    /// The first `limit` rows of `select`, in this order.
    pub(super) fn first(&self, limit: u16, select: &str, order: &str) -> String {
        format!("{select}{} ORDER BY {order} LIMIT {limit}", self.sql)
    }

    pub(super) fn params(&self) -> Vec<&dyn Parameter> {
        self.params.iter().map(|value| -> &dyn Parameter { value.as_ref() }).collect()
    }

    /// How many rows of the table there are.
    pub(super) async fn count(&self, db: &Db, table: &str) -> Result<u64, Failure> {
        let sql = format!("SELECT count(*) FROM {table}{}", self.sql);
        let params: Params<'_> = &self.params();
        Ok(db.number(&sql, params).await?.unsigned_abs())
    }
}
