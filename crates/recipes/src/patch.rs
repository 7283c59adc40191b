//! Changes to some fields of a recipe: a JSON merge patch (RFC 7396).

use serde_json::{Map, Value};

use crate::content::Content;
use crate::draft::Draft;
use crate::field_error::FieldError;
use crate::fields::Fields as _;
use crate::images::RecipeImages;
use crate::rating::Rating;
use crate::reader::Scalars;
use crate::server_fields::ServerFields;

/// The members to change. An object is merged into the former one, `null` removes, anything else replaces.
#[derive(Clone, Debug, PartialEq)]
pub struct RecipePatch {
    members: Map<String, Value>,
    scalars: Scalars,
}

/// Why a patch does not fit a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatchError {
    /// The recipe that it would make is not valid: every error at once.
    Invalid(Vec<FieldError>),
    /// The stored document is not a JSON object.
    Corrupt,
}

impl RecipePatch {
    /// The fields of the original API, which every recipe has.
    const REQUIRED: [&str; 5] = ["name", "healthLabels", "cookTimeMinutes", "prepTimeMinutes", "ingredients"];

    /// Reads a patch. Its values are checked when it is [applied](Self::apply).
    ///
    /// # Errors
    /// One for each required field that it would remove.
    pub fn parse(body: &Map<String, Value>, scalars: Scalars) -> Result<Self, Vec<FieldError>> {
        let removed = Self::REQUIRED.into_iter().filter(|name| body.get(*name) == Some(&Value::Null));
        let errors: Vec<_> = removed
            .map(|name| FieldError {
                pointer: format!("/{name}"),
                message: "is required and cannot be removed".to_owned(),
            })
            .collect();
        if errors.is_empty() { Ok(Self { members: body.clone(), scalars }) } else { Err(errors) }
    }

    /// See [`Draft::unknown_fields`].
    pub fn unknown_fields(body: &Map<String, Value>) -> Vec<FieldError> {
        Draft::unknown_fields(body)
    }

    /// The health labels that the recipe will have, if the patch changes them.
    pub fn health_labels(&self) -> impl Iterator<Item = &str> {
        let labels = match self.members.get("healthLabels") {
            Some(Value::Array(labels)) => labels.as_slice(),
            Some(label) => std::slice::from_ref(label),
            None => &[],
        };
        labels.iter().filter_map(Value::as_str)
    }

    /// The recipe with these changes. `recipe` is the JSON text of the whole recipe, of which the server's fields are ignored.
    /// Members that another version of the program has written are kept.
    ///
    /// # Errors
    /// [`PatchError`].
    pub fn apply(&self, recipe: &[u8]) -> Result<Draft, PatchError> {
        let mut object: Map<String, Value> =
            serde_json::from_slice(recipe).map_err(|_| PatchError::Corrupt)?;
        let is_known = |name: &str| {
            let is_of_server = name == "id" || name == Rating::NAME;
            is_of_server
                || [Content::NAMES, RecipeImages::NAMES, ServerFields::NAMES].concat().contains(&name)
        };
        let unknown: Map<_, _> = object
            .iter()
            .filter(|(name, _)| !is_known(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        merge_members(&mut object, &self.members);
        let draft = Draft::parse(&object, self.scalars).map_err(PatchError::Invalid)?;
        Ok(draft.with_unknown(unknown))
    }
}

/// The algorithm of RFC 7396, section 2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(object) = target {
        merge_members(object, members);
    }
}

fn merge_members(object: &mut Map<String, Value>, members: &Map<String, Value>) {
    for (name, value) in members {
        if value.is_null() {
            object.remove(name);
        } else {
            merge(object.entry(name.as_str()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ContentJson;

    fn members(value: &Value) -> &Map<String, Value> {
        value.as_object().unwrap()
    }

    fn patched(recipe: &Value, patch: &Value) -> Result<Value, Vec<FieldError>> {
        let patch = RecipePatch::parse(members(patch), Scalars::Typed)?;
        match patch.apply(recipe.to_string().as_bytes()) {
            Ok(draft) => Ok(serde_json::to_value(draft.content()).unwrap()),
            Err(PatchError::Invalid(errors)) => Err(errors),
            Err(PatchError::Corrupt) => panic!("corrupt"),
        }
    }

    fn soup() -> Value {
        json!({
            "id": 1, "name": "Soup", "healthLabels": ["Vegan"], "cookTimeMinutes": 20, "prepTimeMinutes": null,
            "ingredients": ["water", "salt"], "nutrition": {"calories": 10, "fatContent": "1 g"},
            "author": {"name": "Ada"}, "visibility": "private", "uid": "x", "revision": 3, "ofTheFuture": {"a": 1},
            "rating": {"average": 4.5, "count": 2},
        })
    }

    #[test]
    fn examples_of_the_standard() {
        // RFC 7396, appendix A.
        for (target, patch, want) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut merged = target.clone();
            merge(&mut merged, &patch);
            assert_eq!(merged, want, "{target} with {patch}");
        }
    }

    #[test]
    fn other_fields_stay_as_they_are() {
        let changed = patched(&soup(), &json!({"name": "Broth", "nutrition": {"calories": 12}})).unwrap();
        assert_eq!((&changed["name"], &changed["visibility"]), (&json!("Broth"), &json!("private")));
        assert_eq!(changed["nutrition"], json!({"calories": 12, "fatContent": "1 g"}));
        assert_eq!(changed["ofTheFuture"], json!({"a": 1}), "of another version");
        assert_eq!(
            (changed.get("revision"), changed.get("rating")),
            (None, None),
            "they are not the author's"
        );
    }

    #[test]
    fn null_removes_optional_fields_only() {
        let changed = patched(&soup(), &json!({"author": null, "visibility": null})).unwrap();
        assert_eq!((changed.get("author"), changed.get("visibility")), (None, None));
        let errors = patched(&soup(), &json!({"name": null, "cookTimeMinutes": null})).unwrap_err();
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/name", "/cookTimeMinutes"]);
    }

    #[test]
    fn result_is_validated_and_unknown_members_of_the_patch_are_not_stored() {
        let errors = patched(&soup(), &json!({"ingredients": ["ok", 7], "difficulty": 9})).unwrap_err();
        assert_eq!((errors[0].pointer.as_str(), errors.len()), ("/ingredients/1", 2));
        let changed = patched(&soup(), &json!({"colour": "red", "ofTheFuture": null, "id": 9})).unwrap();
        assert_eq!((changed.get("colour"), changed.get("id")), (None, None));
        assert_eq!(changed["ofTheFuture"], json!({"a": 1}));
    }

    #[test]
    fn health_labels_of_a_patch_are_those_that_it_changes() {
        for (patch, want) in [
            (json!({"name": "Broth"}), &[][..]),
            (json!({"healthLabels": ["Vegan", 7, "Paleo"]}), &["Vegan", "Paleo"]),
            (json!({"healthLabels": "Vegan"}), &["Vegan"]),
        ] {
            let parsed = RecipePatch::parse(members(&patch), Scalars::Typed).unwrap();
            assert_eq!(parsed.health_labels().collect::<Vec<_>>(), want, "{patch}");
        }
    }

    #[test]
    fn form_changes_some_fields() {
        let form = json!({"cookTimeMinutes": "", "servings": "4", "ingredients": ["rice"]});
        let patch = RecipePatch::parse(members(&form), Scalars::Text).unwrap();
        let draft = patch.apply(soup().to_string().as_bytes()).unwrap();
        let text = ContentJson::new(draft.content());
        assert!(format!("{text:?}").contains("servings"));
        assert_eq!(draft.content().cook_time_minutes, None);
        assert_eq!((&*draft.content().name, draft.content().health_labels.len()), ("Soup", 1));
        assert_eq!(draft.content().ingredients, ["rice"]);
    }
}
