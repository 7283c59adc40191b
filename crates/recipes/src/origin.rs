//! What an exported recipe says of its past, so that importing it elsewhere does not forget it.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Encoding;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::time::to_microseconds;
use ids::Uid;

/// The server's own part of a recipe as it stands in an export file; all of it may be missing.
///
/// Not the number and not the owner: both name something else in another database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub uid: Option<Uid>,
    pub revision: Option<i64>,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

impl Origin {
    /// Only for import: a request does not say what its recipe's past was.
    ///
    /// # Errors
    /// Every field that is there and wrong.
    pub fn parse(recipe: &Map<String, Value>) -> Result<Self, Vec<Problem>> {
        let mut r = Reader::new(Encoding::Json);
        let origin = Self {
            uid: r.optional(recipe, "uid", uid),
            revision: r.optional(recipe, "revision", revision),
            created_at: r.optional(recipe, "createdAt", time),
            updated_at: r.optional(recipe, "updatedAt", time),
        };
        r.finish(origin)
    }
}

fn uid(r: &mut Reader, value: &Value) -> Option<Uid> {
    let uid = value.as_str().and_then(Uid::parse);
    r.demand(uid, "must be a UUID with hyphens, or null to get a new one")
}

fn revision(r: &mut Reader, value: &Value) -> Option<i64> {
    // What every JSON reader can hold exactly (RFC 8259, section 6).
    const MAX: i64 = (1 << 53) - 1;
    let revision = value.as_i64().filter(|revision| (1..=MAX).contains(revision));
    r.demand(revision, "must be a whole number from 1")
}

fn time(r: &mut Reader, value: &Value) -> Option<Timestamp> {
    let time = value.as_str().and_then(|text| text.parse().ok()).map(to_microseconds);
    r.demand(time, "must be a time as in 2024-05-01T12:00:00Z")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_past_is_read_and_what_is_missing_is_left_open() {
        let recipe = json!({
            "id": 3, "uid": "018f3404-d600-7fff-bfff-ffffffffffff", "revision": 4,
            "createdAt": "2024-05-01T12:00:00Z", "updatedAt": "2024-05-01T14:00:00.123456789+02:00",
        });
        let origin = Origin::parse(recipe.as_object().unwrap()).unwrap();
        assert_eq!(origin.uid, Uid::parse("018f3404-d600-7fff-bfff-ffffffffffff"));
        assert_eq!(origin.revision, Some(4));
        assert_eq!(origin.created_at.unwrap().to_string(), "2024-05-01T12:00:00Z");
        assert_eq!(origin.updated_at.unwrap().to_string(), "2024-05-01T12:00:00.123456Z");
        assert_eq!(Origin::parse(&Map::new()), Ok(Origin::default()));
    }

    #[test]
    fn every_wrong_field_is_named() {
        let recipe = json!({ "uid": "1", "revision": 0, "createdAt": "yesterday", "updatedAt": 1 });
        let problems = Origin::parse(recipe.as_object().unwrap()).unwrap_err();
        let pointers: Vec<_> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(pointers, ["/uid", "/revision", "/createdAt", "/updatedAt"]);
    }
}
