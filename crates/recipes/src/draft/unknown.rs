//! What a body says that nobody will read: asked for by `Prefer: handling=strict`.

use serde_json::{Map, Value};

use super::Draft;
use crate::credit::Credit;
use crate::instruction::Instruction;
use crate::nutrition::Nutrition;
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Encoding;

    #[test]
    fn what_nobody_reads_is_listed_with_its_place() {
        let body = json!({
            "name": "Soup", "id": 1, "uid": "", "flavour": 1, "a/b": 1, "author": { "name": "Ada", "email": "" },
            "nutrition": { "calories": 1, "@type": "" }, "extra": { "anything": 1 },
            "instructions": ["stir", { "text": "eat", "image": "" }],
        });
        assert_eq!(
            Draft::unknown_fields(body.as_object().unwrap()),
            ["/a~1b", "/flavour", "/author/email", "/nutrition/@type", "/instructions/1/image"]
        );
    }

    #[test]
    fn what_a_draft_says_is_known() {
        let body = json!({
            "name": "Soup", "healthLabels": [], "cookTimeMinutes": 1, "prepTimeMinutes": 1, "ingredients": [],
            "totalTimeMinutes": 1, "restTimeMinutes": 1, "description": "x", "servings": 1, "yield": "x",
            "instructions": [{ "section": "x", "text": "x", "minutes": 1 }], "category": [], "cuisine": [], "keywords": [],
            "tools": [], "nutrition": {}, "author": { "name": "x", "url": "http://x" }, "source": { "name": "x" },
            "license": "x", "language": "en", "difficulty": 1, "visibility": "private", "extra": {},
        });
        let draft = Draft::parse(body.as_object().unwrap(), Encoding::Json).unwrap();
        let said = serde_json::to_value(&draft).unwrap();
        assert_eq!(said, body, "the list above leaves nothing out");
        assert_eq!(said.as_object().unwrap().len() + 6, KNOWN.len(), "six are the server's own");
        assert_eq!(Draft::unknown_fields(said.as_object().unwrap()), [""; 0]);
    }
}
