//! The columns of a row, read one after another.

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use ids::{RecipeId, UserId};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::StoreError;

/// Reads the columns in the order of the `SELECT`, so that no offset is written down.
pub(super) struct Columns<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn of(row: &'a Row) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn get<T: FromSql<'a>>(&mut self) -> Result<T, StoreError> {
        let column = self.next;
        self.next += 1;
        self.row.try_get(column).map_err(|why| StoreError::Corrupt(why.to_string()))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, StoreError> {
        self.get()
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        self.optional_bytes()?.ok_or_else(|| StoreError::Corrupt("a NULL".to_owned()))
    }

    pub(super) fn optional_bytes<const N: usize>(&mut self) -> Result<Option<[u8; N]>, StoreError> {
        let wrong = |_| StoreError::Corrupt(format!("a value that has not {N} bytes"));
        self.get::<Option<&[u8]>>()?.map(|bytes| bytes.try_into().map_err(wrong)).transpose()
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, StoreError> {
        time_at(self.get()?)
    }

    pub(super) fn optional_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.get::<Option<SystemTime>>()?.map(time_at).transpose()
    }

    pub(super) fn user_id(&mut self) -> Result<UserId, StoreError> {
        user_id(self.get()?)
    }

    pub(super) fn optional_user_id(&mut self) -> Result<Option<UserId>, StoreError> {
        self.get::<Option<i64>>()?.map(user_id).transpose()
    }

    pub(super) fn recipe_id(&mut self) -> Result<RecipeId, StoreError> {
        let number: i64 = self.get()?;
        RecipeId::from_i64(number).ok_or_else(|| StoreError::Corrupt(format!("the recipe id {number}")))
    }

    pub(super) fn address(&mut self) -> Result<Option<IpAddr>, StoreError> {
        let corrupt = |why| StoreError::Corrupt(format!("an address: {why}"));
        self.get::<Option<&str>>()?.map(|text| text.parse().map_err(corrupt)).transpose()
    }
}

/// The only column of a row. Functions, because a path to a method fixes the lifetime of the row.
pub(super) fn user_id_in(columns: &mut Columns<'_>) -> Result<UserId, StoreError> {
    columns.user_id()
}

pub(super) fn digest_in(columns: &mut Columns<'_>) -> Result<[u8; 32], StoreError> {
    columns.bytes()
}

pub(super) fn number_in(columns: &mut Columns<'_>) -> Result<Option<i64>, StoreError> {
    columns.get()
}

pub(super) fn bytes_in(columns: &mut Columns<'_>) -> Result<Vec<u8>, StoreError> {
    columns.get()
}

pub(super) fn optional_time_in(columns: &mut Columns<'_>) -> Result<Option<Timestamp>, StoreError> {
    columns.optional_time()
}

pub(super) fn text_in(columns: &mut Columns<'_>) -> Result<String, StoreError> {
    columns.get()
}

fn time_at(at: SystemTime) -> Result<Timestamp, StoreError> {
    let corrupt = || StoreError::Corrupt("a time".to_owned());
    let microseconds = match at.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).ok(),
        Err(before) => i64::try_from(before.duration().as_micros()).ok().and_then(i64::checked_neg),
    };
    microseconds.and_then(|it| Timestamp::from_microsecond(it).ok()).ok_or_else(corrupt)
}

fn user_id(number: i64) -> Result<UserId, StoreError> {
    UserId::from_i64(number).ok_or_else(|| StoreError::Corrupt(format!("the user id {number}")))
}
