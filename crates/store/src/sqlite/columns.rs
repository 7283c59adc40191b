//! The columns of a row, read one after another.

use std::net::IpAddr;

use ids::{RecipeId, UserId};
use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::FromSql;

use crate::StoreError;

/// Reads the columns in the order of the `SELECT`, so that no offset is written down.
pub(super) struct Columns<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn of(row: &'a Row<'a>) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn get<T: FromSql>(&mut self) -> Result<T, StoreError> {
        let column = self.advance();
        Ok(self.row.get(column)?)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, StoreError> {
        let column = self.advance();
        Ok(self.row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
    }

    /// A text whose UTF-8 is not checked again.
    pub(super) fn bytes_of_text(&mut self) -> Result<&'a [u8], StoreError> {
        let column = self.advance();
        Ok(self.row.get_ref(column)?.as_bytes().map_err(rusqlite::Error::from)?)
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, StoreError> {
        time_at(self.get()?)
    }

    pub(super) fn optional_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.get::<Option<i64>>()?.map(time_at).transpose()
    }

    pub(super) fn user_id(&mut self) -> Result<UserId, StoreError> {
        user_id(self.get()?)
    }

    pub(super) fn optional_user_id(&mut self) -> Result<Option<UserId>, StoreError> {
        self.get::<Option<i64>>()?.map(user_id).transpose()
    }

    pub(super) fn recipe_id(&mut self) -> Result<RecipeId, StoreError> {
        recipe_id(self.get()?)
    }

    pub(super) fn address(&mut self) -> Result<Option<IpAddr>, StoreError> {
        let text: Option<String> = self.get()?;
        let corrupt = |why| StoreError::Corrupt(format!("an address: {why}"));
        text.map(|text| text.parse().map_err(corrupt)).transpose()
    }

    fn advance(&mut self) -> usize {
        let column = self.next;
        self.next += 1;
        column
    }
}

pub(super) fn user_id(number: i64) -> Result<UserId, StoreError> {
    UserId::from_i64(number).ok_or_else(|| StoreError::Corrupt(format!("the user id {number}")))
}

pub(super) fn recipe_id(number: i64) -> Result<RecipeId, StoreError> {
    RecipeId::from_i64(number).ok_or_else(|| StoreError::Corrupt(format!("the recipe id {number}")))
}

pub(super) fn time_at(microseconds: i64) -> Result<Timestamp, StoreError> {
    let corrupt = |why: jiff::Error| StoreError::Corrupt(why.to_string());
    Timestamp::from_microsecond(microseconds).map_err(corrupt)
}
