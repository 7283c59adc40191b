//! Microdata (`itemprop`) and RDFa (`property`), read into the objects that JSON-LD would have.

use serde_json::{Map, Value, json};

use super::Tree;
use crate::assemble::Found;
use crate::schema_org::{self, Page};

type Object = Map<String, Value>;

/// The attributes of one of the two notations.
struct Notation {
    kind: &'static str,
    property: &'static str,
}

const NOTATIONS: [Notation; 2] =
    [Notation { kind: "itemtype", property: "itemprop" }, Notation { kind: "typeof", property: "property" }];

/// Properties of one item. A page can have any number.
const MAX_PROPERTIES: usize = 2_000;
const MAX_ITEMS: usize = 100;
/// Bytes of the values of all items: an element inside another one has the same text again.
const MAX_TEXT: usize = 8 << 20;
/// Items in items.
const MAX_DEPTH: usize = 8;

pub(super) fn recipes(tree: &Tree, page: &Page) -> Vec<Found> {
    let mut budget = MAX_TEXT;
    for notation in &NOTATIONS {
        let is_recipe = |node: &usize| type_of(tree, *node, notation).as_deref() == Some("Recipe");
        let objects: Vec<Value> = (0..tree.len())
            .filter(is_recipe)
            .take(MAX_ITEMS)
            .map(|node| Value::Object(object((tree, notation), node, MAX_DEPTH, &mut budget)))
            .collect();
        let found = schema_org::recipes(&objects, page);
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// "Recipe" of `https://schema.org/Recipe`, `schema:Recipe` and `Recipe`.
fn type_of(tree: &Tree, node: usize, notation: &Notation) -> Option<String> {
    let kinds = tree.attribute(node, notation.kind)?;
    let local = |kind: &str| kind.rsplit(['/', ':', '#']).next().unwrap_or_default().to_owned();
    let mut kinds = kinds.split_whitespace().map(local);
    let first = kinds.next()?;
    Some(if kinds.any(|kind| kind == "Recipe") { "Recipe".to_owned() } else { first })
}

fn object((tree, notation): (&Tree, &Notation), item: usize, depth: usize, budget: &mut usize) -> Object {
    let mut object = Map::new();
    if let Some(kind) = type_of(tree, item, notation) {
        object.insert("@type".to_owned(), json!(kind));
    }
    let (mut node, mut found) = (item + 1, 0);
    let end = tree.inside(item).end;
    while node < end && found < MAX_PROPERTIES && *budget > 0 {
        let is_item = tree.attribute(node, notation.kind).is_some();
        if let Some(names) = tree.attribute(node, notation.property) {
            let value = if is_item && depth > 0 {
                Value::Object(self::object((tree, notation), node, depth - 1, budget))
            } else {
                let text = value(tree, node);
                *budget = budget.saturating_sub(text.len() + 64);
                Value::String(text)
            };
            for name in names.split_whitespace().take(8) {
                let name = name.rsplit(['/', ':', '#']).next().unwrap_or_default();
                add(&mut object, name, value.clone());
                found += 1;
            }
        }
        // The properties of an inner item are its own.
        node = if is_item { tree.inside(node).end.max(node + 1) } else { node + 1 };
    }
    object
}

/// The value of a property, as the microdata standard says.
fn value(tree: &Tree, node: usize) -> String {
    let attribute = match tree.name(node) {
        "img" | "audio" | "video" | "source" | "embed" | "iframe" => "src",
        "a" | "area" | "link" => "href",
        "time" => "datetime",
        "data" | "meter" => "value",
        _ => "content",
    };
    match tree.attribute(node, attribute).or(tree.attribute(node, "content")) {
        // Names are often links.
        Some(value) if attribute != "href" || tree.text(node).trim().is_empty() => value.to_owned(),
        Some(_) if is_address(tree, node) => tree.attribute(node, attribute).unwrap_or_default().to_owned(),
        _ => tree.text(node),
    }
}

fn is_address(tree: &Tree, node: usize) -> bool {
    let name = tree.attribute(node, "itemprop").or(tree.attribute(node, "property")).unwrap_or_default();
    ["url", "image", "sameAs", "isBasedOn", "license"].iter().any(|it| name.ends_with(it))
}

fn add(object: &mut Object, name: &str, value: Value) {
    match object.get_mut(name) {
        None => {
            object.insert(name.to_owned(), value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}
