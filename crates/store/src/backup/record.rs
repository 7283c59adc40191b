//! A row, and its form as a line of JSON: `{"users":{"id":1,"name":"Ada",..}}`.

use std::fmt;
use std::net::IpAddr;

use accounts::{PasswordHash, Role, Scopes};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ids::RecipeId;
use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value as Json;

use super::columns::{Column, Kind, Table};
use crate::images::content_digest;
use crate::recipe_commands::visibility_columns;
use ::recipes::{ImageSize, Recipe, write_recipe_json};

/// The largest id and the largest revision: every parser of JSON represents numbers up to here exactly (RFC 8259, section 6).
const MAX_NUMBER: i64 = (1 << 53) - 1;

/// The most steps of a recipe. An older version may have had another limit.
const MAX_STEP: i64 = 10_000;

/// A row of a table. It may hold the hash of a password, so `Debug` shows only its name.
#[derive(Clone, PartialEq)]
pub struct Record {
    pub(crate) table: &'static Table,
    /// As many as the table has columns.
    pub(crate) values: Vec<Value>,
}

#[derive(Clone, PartialEq, PartialOrd)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Text(String),
    Time(Timestamp),
    Bytes(Vec<u8>),
}

impl Record {
    /// The name of the table.
    pub fn table(&self) -> &'static str {
        self.table.name
    }

    /// Whether the record may be behind `other` in an archive: the tables have an order, and the records of each one have
    /// ascending keys, so no key occurs twice.
    pub fn follows(&self, other: &Self) -> bool {
        (self.table.position(), self.values.first()) > (other.table.position(), other.values.first())
    }

    /// Appends the record as JSON, without a line break.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn write_json(&self, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        serde_json::to_writer(out, self)
    }

    /// Reads what [`write_json`](Self::write_json) writes, and checks every value as far as the record alone allows.
    ///
    /// # Errors
    /// The reason, without the values.
    pub fn from_json(text: &[u8]) -> Result<Self, String> {
        let Ok(Json::Object(line)) = serde_json::from_slice(text) else {
            return Err("it is no JSON object".to_owned());
        };
        let mut tables = line.into_iter();
        let (Some((name, Json::Object(mut row))), None) = (tables.next(), tables.next()) else {
            return Err("it must be an object in an object".to_owned());
        };
        let table = Table::named(&name).ok_or("its kind is unknown")?;
        let mut values = Vec::with_capacity(table.columns.len());
        for column in table.columns {
            // An archive of an older format lacks the columns that came later, all of which are optional.
            let absent = || column.is_optional.then_some(Json::Null);
            let json = row.remove(column.name).or_else(absent);
            let json = json.ok_or_else(|| format!("{} is missing", column.name))?;
            values.push(column.read(json).ok_or_else(|| format!("{} is invalid", column.name))?);
        }
        if !row.is_empty() {
            return Err("it has an unknown column".to_owned());
        }
        let record = Self { table, values };
        record.check()?;
        Ok(record)
    }

    fn check(&self) -> Result<(), String> {
        let require = |column: &str, is_valid: bool| {
            if is_valid { Ok(()) } else { Err(format!("{column} is invalid")) }
        };
        if let Some(Value::Integer(id)) = self.values.first() {
            require(self.table.key(), (1..=MAX_NUMBER).contains(id))?;
        }
        match self.table.name {
            "users" => {
                require("role", self.text("role").and_then(Role::parse).is_some())?;
                let hash = self.text("password_hash");
                require("password_hash", hash.is_none_or(|hash| PasswordHash::parse(hash).is_some()))
            }
            "recipes" | "bin" => self.check_recipe("id"),
            "revisions" => self.check_recipe("recipe_id"),
            "images" => self.check_image(),
            "recipe_images" | "binned_images" => {
                require("step", self.number("step").is_some_and(|step| (0..=MAX_STEP).contains(&step)))
            }
            "api_tokens" => require("scopes", self.text("scopes").and_then(Scopes::parse).is_some()),
            "mail_tokens" => {
                require("purpose", self.text("purpose").is_some_and(|it| ["verify", "reset"].contains(&it)))
            }
            "ratings" => require("stars", (1..=5).contains(&self.number("stars").unwrap_or(0))),
            "meta" => require("name", self.text("name").is_some_and(|name| name.len() <= 100)),
            "audit" => require("class", (0..=3).contains(&self.number("class").unwrap_or(-1))),
            "sequences" => {
                let table = self.text("name").and_then(Table::named);
                require("name", table.is_some_and(|table| table.has_sequence))?;
                require("value", (0..=MAX_NUMBER).contains(&self.number("value").unwrap_or(-1)))
            }
            _ => Ok(()),
        }
    }

    /// The document is sent to clients as it is, so it must be a recipe, and the one of the other columns.
    fn check_recipe(&self, id: &str) -> Result<(), String> {
        let (id, document) = (self.number(id).and_then(RecipeId::from_i64), self.text("document"));
        let (Some(id), Some(document)) = (id, document) else { return Err("id is invalid".to_owned()) };
        let mut json = Vec::new();
        write_recipe_json(&mut json, id, document);
        let Recipe { server, content, .. } = Recipe::from_json(&json).map_err(|why| why.to_string())?;
        let (private, members) = visibility_columns(content.visibility);
        let is_the_same = Some(server.revision) == self.number("revision")
            && server.owner.map(ids::UserId::get) == self.number("owner_id")
            && self.text("uid").is_none_or(|uid| uid == server.uid.to_string())
            && self.value("private") == Some(&Value::Boolean(private))
            && self.value("members") == Some(&members.map_or(Value::Null, Value::Boolean));
        if is_the_same { Ok(()) } else { Err("the document and the columns differ".to_owned()) }
    }

    /// Its sizes are sent to clients as JPEG, and the digest of the largest one names it.
    fn check_image(&self) -> Result<(), String> {
        for size in ImageSize::ALL.map(ImageSize::name) {
            let is_jpeg = |bytes: &Vec<u8>| bytes.starts_with(&[0xff, 0xd8, 0xff]);
            if !self.bytes(size).is_some_and(is_jpeg) {
                return Err(format!("{size} is no JPEG"));
            }
        }
        for side in ["width", "height"] {
            if !(1..=i64::from(ImageSize::Large.longest_side())).contains(&self.number(side).unwrap_or(0)) {
                return Err(format!("{side} is invalid"));
            }
        }
        let digest = self.bytes("large").map(|large| content_digest(large).to_vec());
        if digest.as_ref() == self.bytes("digest") { Ok(()) } else { Err("digest is invalid".to_owned()) }
    }

    pub(crate) fn value(&self, column: &str) -> Option<&Value> {
        let index = self.table.columns.iter().position(|known| known.name == column)?;
        self.values.get(index)
    }

    pub(crate) fn text(&self, column: &str) -> Option<&str> {
        if let Some(Value::Text(text)) = self.value(column) { Some(text) } else { None }
    }

    fn bytes(&self, column: &str) -> Option<&Vec<u8>> {
        if let Some(Value::Bytes(bytes)) = self.value(column) { Some(bytes) } else { None }
    }

    pub(crate) fn number(&self, column: &str) -> Option<i64> {
        if let Some(Value::Integer(number)) = self.value(column) { Some(*number) } else { None }
    }

    /// Roughly its bytes in memory.
    pub(crate) fn size(&self) -> usize {
        let size = |value: &Value| match value {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        self.values.iter().map(|value| size(value) + size_of::<Value>()).sum()
    }
}

impl Column {
    fn read(&self, json: Json) -> Option<Value> {
        let bytes = |text: &str| BASE64.decode(text).ok();
        let value = match (self.kind, json) {
            (_, Json::Null) => return self.is_optional.then_some(Value::Null),
            (Kind::Boolean, Json::Bool(value)) => Value::Boolean(value),
            (Kind::Integer, Json::Number(number)) => Value::Integer(number.as_i64()?),
            (Kind::Time, Json::String(text)) => Value::Time(text.parse().ok()?),
            (Kind::Bytes, Json::String(text)) => Value::Bytes(bytes(&text)?),
            (Kind::Uuid, Json::String(text)) => Value::Bytes(bytes(&text).filter(|it| it.len() == 16)?),
            (Kind::Digest, Json::String(text)) => Value::Bytes(bytes(&text).filter(|it| it.len() == 32)?),
            (Kind::Address, Json::String(text)) => {
                text.parse::<IpAddr>().ok()?;
                Value::Text(text)
            }
            // PostgreSQL has no texts with NUL.
            (Kind::Text, Json::String(text)) if !text.contains('\0') => Value::Text(text),
            _ => return None,
        };
        Some(value)
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(Some(1))?;
        line.serialize_entry(self.table.name, &Row(self))?;
        line.end()
    }
}

struct Row<'a>(&'a Record);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Record { table, values } = self.0;
        serializer.collect_map(table.columns.iter().map(|column| column.name).zip(values))
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Time(time) => serializer.collect_str(time),
            Self::Bytes(bytes) => serializer.serialize_str(&BASE64.encode(bytes)),
        }
    }
}

/// Names the record without its content, as in `users 7`.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.values.first() {
            Some(Value::Integer(id)) => write!(f, "{} {id}", self.table.name),
            Some(Value::Bytes(id)) if id.len() == 16 => {
                write!(f, "{} {}", self.table.name, BASE64.encode(id))
            }
            Some(Value::Text(name)) => write!(f, "{} {name:?}", self.table.name),
            _ => f.write_str(self.table.name),
        }
    }
}

/// A value may be a secret.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(..)")
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({self})")
    }
}

#[cfg(test)]
mod tests;
