//! The service's own JSON: recipes as the API answers them and as `recipes export` writes them.

use ids::Uid;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::draft::Draft;
use crate::field_error::FieldError;
use crate::fields::{Fields, fields};
use crate::reader::{FieldReader, Scalars};
use crate::server_fields::{RevisionRule, ServerFields, TimeRule, UidRule};
use crate::time::to_microseconds;

/// A recipe from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedRecipe {
    pub draft: Draft,
    pub history: ImportedHistory,
}

impl ImportedRecipe {
    /// Parses one recipe of a file, with the same rules as a request body.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn parse(recipe: &Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        match (Draft::parse(recipe, Scalars::Typed), ImportedHistory::parse(recipe)) {
            (Ok(draft), Ok(history)) => Ok(Self { draft, history }),
            (draft, history) => Err([draft.err(), history.err()].into_iter().flatten().flatten().collect()),
        }
    }
}

fields! {
    /// The server's fields of a recipe in a file, so that an import keeps the recipe's history. All of them may be
    /// missing.
    ///
    /// The id and the owner are not among them: in another database the same numbers mean other recipes and users.
    #[derive(Copy, Default, Eq)]
    pub struct ImportedHistory {
        uid: Option<Uid> = optional("uid", UidRule);
        revision: Option<i64> = optional("revision", RevisionRule);
        created_at: Option<Timestamp> = optional("createdAt", TimeRule);
        updated_at: Option<Timestamp> = optional("updatedAt", TimeRule);
    }
}

impl ImportedHistory {
    /// The server's fields of a recipe with this history and no owner. `other_uid` takes the place of its uid, `new_uid`
    /// is for a recipe without one. What the history does not say begins now.
    pub fn server_fields(&self, other_uid: Option<Uid>, new_uid: Uid, now: Timestamp) -> ServerFields {
        let created_at = to_microseconds(self.created_at.unwrap_or(now));
        ServerFields {
            owner: None,
            uid: other_uid.or(self.uid).unwrap_or(new_uid),
            revision: self.revision.unwrap_or(1),
            created_at,
            updated_at: self.updated_at.map_or(created_at, |at| to_microseconds(at).max(created_at)),
        }
    }

    /// Parses the history of one recipe of a file. Requests cannot set these fields.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn parse(recipe: &Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut reader = FieldReader::new(Scalars::Typed);
        let history = Self::read(&mut reader, recipe);
        reader.finish(history)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn history_is_read_and_missing_fields_stay_unset() {
        let recipe = json!({
            "id": 3, "uid": "018f3404-d600-7fff-bfff-ffffffffffff", "revision": 4,
            "createdAt": "2024-05-01T12:00:00Z", "updatedAt": "2024-05-01T14:00:00.123456789+02:00",
        });
        let history = ImportedHistory::parse(recipe.as_object().unwrap()).unwrap();
        assert_eq!(history.uid, Uid::parse("018f3404-d600-7fff-bfff-ffffffffffff"));
        assert_eq!(history.revision, Some(4));
        assert_eq!(history.created_at.unwrap().to_string(), "2024-05-01T12:00:00Z");
        assert_eq!(history.updated_at.unwrap().to_string(), "2024-05-01T12:00:00.123456Z");
        assert_eq!(ImportedHistory::parse(&Map::new()), Ok(ImportedHistory::default()));
    }

    #[test]
    fn every_wrong_field_is_reported() {
        let recipe = json!({ "uid": "1", "revision": 0, "createdAt": "yesterday", "updatedAt": 1 });
        let errors = ImportedHistory::parse(recipe.as_object().unwrap()).unwrap_err();
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/uid", "/revision", "/createdAt", "/updatedAt"]);
    }

    #[test]
    fn times_in_other_forms_than_rfc_3339_are_refused() {
        for time in
            ["2024-05-01", "2024-05-01T12:00:00", "2024-05-01T12:00:00Z[UTC]", "-000001-05-01T12:00:00Z"]
        {
            let recipe = json!({ "createdAt": time });
            let errors = ImportedHistory::parse(recipe.as_object().unwrap()).unwrap_err();
            assert!(errors[0].message.contains("RFC 3339"), "{time}: {errors:?}");
        }
    }
}
