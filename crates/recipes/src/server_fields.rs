//! The fields of a recipe that the server sets, besides its id.

use ids::{Uid, UserId};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fields::fields;
use crate::reader::{FieldReader, Reported, Rule};
use crate::schema::{View, component};
use crate::time::{parse_time, to_microseconds};

fields! {
    /// The fields of a recipe that the server sets, besides its id.
    #[derive(Copy, Eq)]
    pub struct ServerFields {
        /// The user who owns the recipe. Left out if it is communal: then every user may change it.
        owner: Option<UserId> = optional("ownerId", OwnerRule);
        /// Identifies the recipe in every database that it is copied to.
        uid: Uid = required("uid", UidRule);
        /// Counts the changes, from 1.
        revision: i64 = required("revision", RevisionRule);
        /// When the recipe was created.
        created_at: Timestamp = required("createdAt", TimeRule);
        /// When the recipe was last changed.
        updated_at: Timestamp = required("updatedAt", TimeRule);
    }
}

struct OwnerRule;

impl Rule for OwnerRule {
    type Value = UserId;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<UserId, Reported> {
        r.expect(value.as_i64().and_then(UserId::from_i64), "must be a whole number from 1")
    }

    fn schema(&self, _: View) -> Value {
        component("Id")
    }
}

pub(crate) struct UidRule;

impl Rule for UidRule {
    type Value = Uid;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<Uid, Reported> {
        let uid = value.as_str().and_then(Uid::parse_imported);
        r.expect(uid, "must be a UUID with hyphens, or null to get a new one")
    }

    fn schema(&self, _: View) -> Value {
        json!({ "type": "string", "format": "uuid" })
    }
}

pub(crate) struct RevisionRule;

impl Rule for RevisionRule {
    type Value = i64;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<i64, Reported> {
        // Every JSON parser can represent numbers up to here exactly (RFC 8259, section 6).
        const MAX: i64 = (1 << 53) - 1;
        let revision = value.as_i64().filter(|revision| (1..=MAX).contains(revision));
        r.expect(revision, "must be a whole number from 1")
    }

    fn schema(&self, _: View) -> Value {
        json!({ "type": "integer", "format": "int64", "minimum": 1 })
    }
}

pub(crate) struct TimeRule;

impl Rule for TimeRule {
    type Value = Timestamp;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<Timestamp, Reported> {
        match parse_time(value.as_str().unwrap_or_default()) {
            Ok(time) => Ok(to_microseconds(time)),
            Err(expected) => r.error(expected),
        }
    }

    fn schema(&self, _: View) -> Value {
        json!({ "type": "string", "format": "date-time" })
    }
}
