//! What changed between two revisions of a recipe: the names of the fields, and a JSON Patch (RFC 6902).

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::content::Content;
use crate::fields::Fields as _;
use crate::images::RecipeImages;

/// The fields that differ, in the order of the recipe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FieldChanges {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub changed: Vec<String>,
}

impl FieldChanges {
    pub fn between(before: &Content, after: &Content) -> Self {
        let [before, after] = [before, after].map(|content| {
            let mut members = members(content);
            // It is left out of the document if it is the default, which is no field less.
            members.entry("visibility").or_insert_with(|| "public".into());
            members
        });
        let unknown = before.keys().chain(after.keys()).map(String::as_str);
        let unknown = unknown.filter(|name| !Content::NAMES.contains(name));
        let mut names: Vec<&str> = Content::NAMES.iter().copied().chain(unknown).collect();
        names.dedup();
        let mut changes = Self::default();
        for name in names {
            let list = match (before.get(name), after.get(name)) {
                (None, Some(_)) => &mut changes.added,
                (Some(_), None) => &mut changes.removed,
                (one, other) if one != other => &mut changes.changed,
                _ => continue,
            };
            if !list.iter().any(|known| known == name) {
                list.push(name.to_owned());
            }
        }
        changes
    }

    /// With the pictures that differ.
    #[must_use]
    pub fn with_images(mut self, before: &RecipeImages, after: &RecipeImages) -> Self {
        let [before, after] = [before, after].map(|images| serde_json::to_value(images).unwrap_or_default());
        for name in RecipeImages::NAMES {
            let list = match (before.get(name), after.get(name)) {
                (None, Some(_)) => &mut self.added,
                (Some(_), None) => &mut self.removed,
                (one, other) if one != other => &mut self.changed,
                _ => continue,
            };
            list.push((*name).to_owned());
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// In a sentence, as in `Changed name and ingredients; added description`.
    pub fn summary(&self) -> String {
        let parts = [("changed", &self.changed), ("added", &self.added), ("removed", &self.removed)];
        let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
        let parts: Vec<_> = parts.map(|(verb, names)| format!("{verb} {}", enumerated(names))).collect();
        let text = if parts.is_empty() { "changed nothing".to_owned() } else { parts.join("; ") };
        let mut letters = text.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
    }
}

fn enumerated(names: &[String]) -> String {
    match names {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        names => names.concat(),
    }
}

fn members(content: &Content) -> Map<String, Value> {
    match serde_json::to_value(content) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// The operations that make the fields of the author of `after` out of those of `before`. Of lists only the items that differ are
/// named.
pub fn json_patch(before: &Content, after: &Content) -> Vec<Value> {
    let mut patch = Patch { path: String::new(), operations: Vec::new() };
    patch.objects(&members(before), &members(after));
    patch.operations
}

struct Patch {
    /// A JSON Pointer (RFC 6901).
    path: String,
    operations: Vec<Value>,
}

impl Patch {
    /// Lists are compared item by item where that takes no more comparisons than for the longest ones of a recipe.
    const COMPARISONS: usize = 200 * 200;

    fn at(&mut self, token: &str, work: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push('/');
        self.path.push_str(&token.replace('~', "~0").replace('/', "~1"));
        work(self);
        self.path.truncate(length);
    }

    fn add(&mut self, value: &Value) {
        self.operations.push(json!({ "op": "add", "path": self.path, "value": value }));
    }

    fn remove(&mut self) {
        self.operations.push(json!({ "op": "remove", "path": self.path }));
    }

    fn values(&mut self, before: &Value, after: &Value) {
        match (before, after) {
            (before, after) if before == after => {}
            (Value::Object(before), Value::Object(after)) => self.objects(before, after),
            (Value::Array(before), Value::Array(after)) => self.lists(before, after),
            (_, after) => {
                self.operations.push(json!({ "op": "replace", "path": self.path, "value": after }));
            }
        }
    }

    fn objects(&mut self, before: &Map<String, Value>, after: &Map<String, Value>) {
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            self.at(name, Self::remove);
        }
        for (name, value) in after {
            self.at(name, |patch| match before.get(name) {
                Some(former) => patch.values(former, value),
                None => patch.add(value),
            });
        }
    }

    fn lists(&mut self, before: &[Value], after: &[Value]) {
        let start = before.iter().zip(after).take_while(|(one, other)| one == other).count();
        let (before, after) =
            (before.get(start..).unwrap_or_default(), after.get(start..).unwrap_or_default());
        let end = before.iter().rev().zip(after.iter().rev()).take_while(|(one, other)| one == other).count();
        let before = before.get(..before.len().saturating_sub(end)).unwrap_or_default();
        let after = after.get(..after.len().saturating_sub(end)).unwrap_or_default();
        let common = if before.len().saturating_mul(after.len()) <= Self::COMPARISONS {
            Common::of(before, after)
        } else {
            Common::default()
        };
        let (mut place, mut old, mut new) = (start, 0, 0);
        loop {
            let token = place.to_string();
            match (before.get(old), after.get(new)) {
                (Some(one), Some(other)) if one == other => (old, new, place) = (old + 1, new + 1, place + 1),
                (Some(one), Some(other)) if common.from(old + 1, new + 1) == common.from(old, new) => {
                    self.at(&token, |patch| patch.values(one, other));
                    (old, new, place) = (old + 1, new + 1, place + 1);
                }
                (Some(_), other)
                    if other.is_none() || common.from(old + 1, new) >= common.from(old, new + 1) =>
                {
                    self.at(&token, Self::remove);
                    old += 1;
                }
                (_, Some(other)) => {
                    self.at(&token, |patch| patch.add(other));
                    (new, place) = (new + 1, place + 1);
                }
                (_, None) => return,
            }
        }
    }
}

/// The lengths of the longest common subsequences of the ends of two lists.
#[derive(Default)]
struct Common {
    lengths: Vec<u16>,
    width: usize,
}

impl Common {
    fn of(before: &[Value], after: &[Value]) -> Self {
        let width = after.len() + 1;
        let mut common = Self { lengths: vec![0; width * (before.len() + 1)], width };
        for (old, one) in before.iter().enumerate().rev() {
            for (new, other) in after.iter().enumerate().rev() {
                let length = if one == other {
                    common.from(old + 1, new + 1).saturating_add(1)
                } else {
                    common.from(old + 1, new).max(common.from(old, new + 1))
                };
                if let Some(place) = common.lengths.get_mut(old * width + new) {
                    *place = length;
                }
            }
        }
        common
    }

    fn from(&self, old: usize, new: usize) -> u16 {
        self.lengths.get(old * self.width + new).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use ids::RecipeId;
    use proptest::prelude::*;

    use super::*;
    use crate::{Draft, Scalars, StoredImage};

    fn content(changes: &Value) -> Content {
        let mut recipe = json!({
            "name": "Soup", "healthLabels": [], "cookTimeMinutes": 60, "prepTimeMinutes": null,
            "ingredients": ["water", "salt", "carrots"],
        });
        for (name, value) in changes.as_object().unwrap() {
            recipe[name] = value.clone();
        }
        Draft::parse(recipe.as_object().unwrap(), Scalars::Typed).unwrap().content().clone()
    }

    #[test]
    fn changes_are_named_in_the_order_of_the_recipe() {
        let before = content(&json!({"description": "Good", "servings": 4}));
        let after = content(&json!({
            "name": "Stew", "ingredients": ["water"], "servings": 4, "visibility": "private", "tools": ["pot"],
            "keywords": ["hot"],
        }));
        let changes = FieldChanges::between(&before, &after);
        assert_eq!(changes.changed, ["name", "ingredients", "visibility"]);
        assert_eq!(changes.added, ["keywords", "tools"]);
        assert_eq!(changes.removed, ["description"]);
        let summary =
            "Changed name, ingredients and visibility; added keywords and tools; removed description";
        assert_eq!(changes.summary(), summary);
        let none = FieldChanges::between(&after, &after);
        assert!(none.is_empty());
        assert_eq!(none.summary(), "Changed nothing");
        let added = FieldChanges { added: vec!["tools".to_owned()], ..FieldChanges::default() };
        assert_eq!(added.summary(), "Added tools");
        let removed = FieldChanges { removed: vec!["tools".to_owned()], ..FieldChanges::default() };
        assert_eq!(removed.summary(), "Removed tools");
    }

    #[test]
    fn pictures_that_differ_are_named_behind_the_fields() {
        let recipe = RecipeId::from_i64(1).unwrap();
        let stored = |step, letter| StoredImage { step, digest: [letter; 32], width: 40, height: 30 };
        let images = |stored: &[StoredImage]| RecipeImages::of(recipe, stored);
        let content = content(&json!({}));
        let (none, dish, steps) =
            (images(&[]), images(&[stored(None, 1)]), images(&[stored(None, 2), stored(Some(1), 1)]));
        let changes = |before, after| FieldChanges::between(&content, &content).with_images(before, after);
        assert_eq!(changes(&none, &dish).summary(), "Added image");
        assert_eq!(changes(&dish, &steps).summary(), "Changed image; added stepImages");
        assert_eq!(changes(&steps, &none).summary(), "Removed image and stepImages");
        assert!(changes(&steps, &steps).is_empty());
    }

    #[test]
    fn patch_names_only_the_items_that_differ() {
        let before = content(&json!({"ingredients": ["water", "salt", "carrots", "leek"]}));
        let after =
            content(&json!({"ingredients": ["oil", "water", "sea salt", "leek"], "extra": {"a/b": 1}}));
        assert_eq!(
            Value::from(json_patch(&before, &after)),
            json!([
                {"op": "add", "path": "/extra", "value": {"a/b": 1}},
                {"op": "add", "path": "/ingredients/0", "value": "oil"},
                {"op": "replace", "path": "/ingredients/2", "value": "sea salt"},
                {"op": "remove", "path": "/ingredients/3"},
            ])
        );
        assert_eq!(json_patch(&after, &after), [Value::Null; 0]);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..4_u8).prop_map(Value::from),
            "[a/~]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a/~]{0,2}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// With another implementation of RFC 6902.
        #[test]
        fn patch_makes_the_one_of_the_other(before in any_json(), after in any_json()) {
            let (before, after) = (json!({"it": before}), json!({"it": after}));
            let mut patch = Patch { path: String::new(), operations: Vec::new() };
            patch.objects(before.as_object().unwrap(), after.as_object().unwrap());
            let operations: json_patch::Patch = serde_json::from_value(patch.operations.into()).unwrap();
            let mut patched = before;
            json_patch::patch(&mut patched, &operations).unwrap();
            prop_assert_eq!(patched, after);
        }
    }

    #[test]
    fn very_long_lists_are_compared_place_by_place() {
        let list = |from: u32| Value::from((from..from + 5_000).collect::<Vec<_>>());
        let mut patch = Patch { path: String::new(), operations: Vec::new() };
        patch.values(&list(0), &list(1));
        assert_eq!(patch.operations.len(), 5_000);
    }
}
