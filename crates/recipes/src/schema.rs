//! JSON Schema of the objects that `fields!` declares.

use serde_json::{Map, Value, json};

/// Which documents a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// Documents that a client sends: with limits; optional fields may be `null`.
    Draft,
    /// Documents that are answered: without limits, because an earlier version may have had other ones; unset fields
    /// are left out.
    Stored,
}

/// Collects the fields of one object. The methods are named like the presences in `fields!`.
pub(crate) struct ObjectSchema {
    view: View,
    properties: Map<String, Value>,
    required: Vec<&'static str>,
}

impl ObjectSchema {
    pub(crate) fn new(view: View) -> Self {
        Self { view, properties: Map::new(), required: Vec::new() }
    }

    pub(crate) fn required(&mut self, name: &'static str, description: &str, schema: Value) {
        self.required.push(name);
        self.insert(name, description, schema);
    }

    pub(crate) fn nullable(&mut self, name: &'static str, description: &str, schema: Value) {
        self.required(name, description, or_null(schema));
    }

    pub(crate) fn optional(&mut self, name: &'static str, description: &str, schema: Value) {
        let schema = if self.view == View::Draft { or_null(schema) } else { schema };
        self.insert(name, description, schema);
    }

    pub(crate) fn defaulted(&mut self, name: &'static str, description: &str, schema: Value) {
        self.optional(name, description, schema);
    }

    pub(crate) fn finish(self) -> Value {
        let mut schema = json!({ "type": "object", "properties": self.properties });
        if !self.required.is_empty() {
            schema["required"] = json!(self.required);
        }
        schema
    }

    fn insert(&mut self, name: &str, description: &str, mut schema: Value) {
        let description = description.trim();
        if !description.is_empty() {
            schema["description"] = description.into();
        }
        self.properties.insert(name.to_owned(), schema);
    }
}

/// A reference to a component of the OpenAPI document.
pub(crate) fn component(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn or_null(mut schema: Value) -> Value {
    let Some(one_type) = schema.get("type").filter(|it| it.is_string()).cloned() else {
        return json!({ "oneOf": [schema, { "type": "null" }] });
    };
    schema["type"] = json!([one_type, "null"]);
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
    schema
}
