//! What a body says that nobody will read: asked for by `Prefer: handling=strict`.

use serde_json::{Map, Value};

use super::Draft;
use super::credit::Credit;
use super::instruction::Instruction;
use super::nutrition::Nutrition;
use crate::problem::push_token;

/// The members of a recipe. The server's own are known too, and ignored: a client may send back what
/// it was answered.
const KNOWN: [&str; 29] = [
    "name",
    "healthLabels",
    "cookTimeMinutes",
    "prepTimeMinutes",
    "ingredients",
    "totalTimeMinutes",
    "restTimeMinutes",
    "description",
    "servings",
    "yield",
    "instructions",
    "category",
    "cuisine",
    "keywords",
    "tools",
    "nutrition",
    "author",
    "source",
    "license",
    "language",
    "difficulty",
    "visibility",
    "extra",
    "id",
    "uid",
    "ownerId",
    "revision",
    "createdAt",
    "updatedAt",
];

impl Draft {
    /// JSON pointers (RFC 6901) to every member that [`Draft::parse`] leaves aside.
    pub fn unknown_fields(body: &Map<String, Value>) -> Vec<String> {
        let mut unknown = Vec::new();
        note(&mut unknown, "", body, &KNOWN);
        for (key, known) in
            [("author", &Credit::KEYS[..]), ("source", &Credit::KEYS), ("nutrition", &Nutrition::KEYS)]
        {
            if let Some(Value::Object(object)) = body.get(key) {
                note(&mut unknown, &format!("/{key}"), object, known);
            }
        }
        if let Some(Value::Array(steps)) = body.get("instructions") {
            for (i, step) in steps.iter().enumerate() {
                if let Value::Object(step) = step {
                    note(&mut unknown, &format!("/instructions/{i}"), step, &Instruction::KEYS);
                }
            }
        }
        unknown
    }
}

fn note(unknown: &mut Vec<String>, place: &str, object: &Map<String, Value>, known: &[&str]) {
    for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
        let mut pointer = place.to_owned();
        push_token(&mut pointer, key);
        unknown.push(pointer);
    }
}
