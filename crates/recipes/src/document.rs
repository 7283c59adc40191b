//! The stored JSON document of a recipe: how it is put together, and taken apart again.
//!
//! Three threads write one part each: `{"id":1,` + `"name":...` + `,"uid":...,"updatedAt":"..."}`. The request handler
//! writes the author's fields as [`ContentJson`]. The store's only writer appends the [`ServerFields`]; the result is
//! stored. A reader prepends the id with [`write_recipe_json`]. So answering a recipe parses no JSON.

use ids::RecipeId;
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde_json::{Map, Value};
use uuid::fmt::Hyphenated;

use crate::content::Content;
use crate::fields::Fields as _;
use crate::images::RecipeImages;
use crate::instruction::Instruction;
use crate::server_fields::ServerFields;
use crate::time::to_microseconds;

/// The author's fields as JSON text: the members, without the braces around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentJson(String);

impl ContentJson {
    /// Fits most documents.
    const USUAL_BYTES: usize = 2_048;

    /// The most that [`ContentJson::finish`] adds.
    const SERVER_FIELDS_BYTES: usize = 256;

    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "serde_json fails only on keys that are no text, and content has none; JSON is UTF-8"
    )]
    pub fn new(content: &Content) -> Self {
        let mut text = Vec::with_capacity(Self::USUAL_BYTES);
        serde_json::to_writer(&mut text, content).expect("content is writable as JSON");
        let mut text = String::from_utf8(text).expect("JSON is UTF-8");
        text.pop();
        text.remove(0);
        // Allocated here and not in `finish`, because the store has only one writer thread.
        text.reserve_exact(Self::SERVER_FIELDS_BYTES);
        Self(text)
    }

    /// Splits the server's fields off a stored document, so that they can be replaced. `None` if the document does not
    /// end with these fields.
    pub fn from_stored(mut stored: String, fields: &ServerFields) -> Option<Self> {
        let mut end = String::with_capacity(Self::SERVER_FIELDS_BYTES);
        push_server_fields(&mut end, fields);
        stored.truncate(stored.strip_suffix(&end)?.len());
        Some(Self(stored))
    }

    /// With what the document says of the pictures, which comes behind the author's fields.
    #[must_use]
    pub fn with_images(mut self, images: &RecipeImages) -> Self {
        self.0.push_str(&image_members(images));
        self
    }

    /// Without what it says of pictures. `None` if the text is not one of a recipe.
    pub fn without_images(self) -> Option<Self> {
        let mut members = self.members()?;
        let images = RecipeImages::take(&mut members).ok()?;
        if images.is_empty() { Some(self) } else { Content::take(&mut members).ok().map(|it| Self::new(&it)) }
    }

    /// The steps of the preparation. `None` if the text is not one of a recipe.
    pub fn instructions(&self) -> Option<Vec<Instruction>> {
        match self.members()?.remove("instructions") {
            Some(steps) => serde_json::from_value(steps).ok(),
            None => Some(Vec::new()),
        }
    }

    fn members(&self) -> Option<Map<String, Value>> {
        serde_json::from_str(&format!("{{{}}}", self.0)).ok()
    }

    /// The text to store: everything after `{"id":1,`.
    #[must_use]
    pub fn finish(self, fields: &ServerFields) -> String {
        let Self(mut text) = self;
        push_server_fields(&mut text, fields);
        text
    }
}

/// Appends the whole recipe as a JSON object to `out`: the id, then the stored text.
pub fn write_recipe_json(out: &mut Vec<u8>, id: RecipeId, stored: impl AsRef<[u8]>) {
    const START: &[u8] = b"{\"id\":";
    let (stored, mut number) = (stored.as_ref(), itoa::Buffer::new());
    let number = number.format(id.get()).as_bytes();
    out.reserve(START.len() + number.len() + 1 + stored.len());
    out.extend_from_slice(START);
    out.extend_from_slice(number);
    out.push(b',');
    out.extend_from_slice(stored);
}

/// `,"image":{..},"stepImages":[..]`, or nothing.
fn image_members(images: &RecipeImages) -> String {
    if images.is_empty() {
        return String::new();
    }
    let object = serde_json::to_string(images).unwrap_or_default();
    let members = object.strip_prefix('{').and_then(|members| members.strip_suffix('}'));
    format!(",{}", members.unwrap_or_default())
}

/// Written by hand, because the writer thread must not allocate for it.
fn push_server_fields(text: &mut String, fields: &ServerFields) {
    let mut number = itoa::Buffer::new();
    if let Some(owner) = fields.owner {
        text.push_str(",\"ownerId\":");
        text.push_str(number.format(owner.get()));
    }
    text.push_str(",\"uid\":\"");
    text.push_str(fields.uid.encode(&mut [0; Hyphenated::LENGTH]));
    text.push_str("\",\"revision\":");
    text.push_str(number.format(fields.revision));
    text.push_str(",\"createdAt\":\"");
    push_time(text, fields.created_at);
    text.push_str("\",\"updatedAt\":\"");
    push_time(text, fields.updated_at);
    text.push_str("\"}");
}

/// RFC 3339 in UTC, with up to six decimals, as many as needed.
fn push_time(text: &mut String, time: Timestamp) {
    const PRINTER: DateTimePrinter = DateTimePrinter::new();
    // Writing to a String does not fail.
    let _ = PRINTER.print_timestamp(&to_microseconds(time), text);
}

#[cfg(test)]
mod tests {
    use ids::{Uid, UserId};
    use serde_json::json;

    use super::*;
    use crate::{Draft, Recipe, Scalars, StoredImage};

    fn content(body: &Value) -> ContentJson {
        ContentJson::new(Draft::parse(body.as_object().unwrap(), Scalars::Typed).unwrap().content())
    }

    fn vesuvio() -> Value {
        json!({
            "name": "Chicken Vesuvio", "healthLabels": ["Sugar-Conscious"], "cookTimeMinutes": 60,
            "prepTimeMinutes": null, "ingredients": ["1/2 cup \"olive\" oil", "½ Zwiebel"],
        })
    }

    fn fields() -> ServerFields {
        ServerFields {
            owner: None,
            uid: Uid::parse("018f3404-d600-7fff-bfff-ffffffffffff").unwrap(),
            revision: 1,
            created_at: "2024-05-01T12:00:00Z".parse().unwrap(),
            updated_at: "2024-05-01T12:00:00.123456789Z".parse().unwrap(),
        }
    }

    #[test]
    fn recipe_of_the_original_api_has_its_five_fields_then_the_servers() {
        let stored = content(&vesuvio()).finish(&fields());
        let mut out = b"[".to_vec();
        write_recipe_json(&mut out, RecipeId::from_i64(1).unwrap(), &stored);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            concat!(
                r#"[{"id":1,"name":"Chicken Vesuvio","healthLabels":["Sugar-Conscious"],"cookTimeMinutes":60,"#,
                r#""prepTimeMinutes":null,"ingredients":["1/2 cup \"olive\" oil","½ Zwiebel"],"#,
                r#""uid":"018f3404-d600-7fff-bfff-ffffffffffff","revision":1,"#,
                r#""createdAt":"2024-05-01T12:00:00Z","updatedAt":"2024-05-01T12:00:00.123456Z"}"#,
            )
        );
    }

    #[test]
    fn owner_comes_before_the_uid() {
        let stored = content(&vesuvio()).finish(&ServerFields { owner: UserId::from_i64(7), ..fields() });
        assert!(stored.contains(r#"],"ownerId":7,"uid":"018f"#), "{stored}");
    }

    #[test]
    fn server_fields_are_split_off_a_stored_document() {
        let fields = ServerFields { owner: UserId::from_i64(7), ..fields() };
        let stored = content(&vesuvio()).finish(&fields);
        assert_eq!(ContentJson::from_stored(stored.clone(), &fields), Some(content(&vesuvio())));
        assert_eq!(ContentJson::from_stored(stored, &ServerFields { revision: 2, ..fields }), None);
    }

    #[test]
    fn pictures_come_behind_the_content_and_can_be_taken_off() {
        let stored = StoredImage { step: None, digest: [7; 32], width: 40, height: 30 };
        let images = RecipeImages::of(RecipeId::from_i64(1).unwrap(), &[stored]);
        let text = content(&vesuvio()).with_images(&images).finish(&fields());
        assert!(text.contains("],\"image\":{\"url\":\"/api/v1/recipes/1/image?size=large"), "{text}");
        let mut json = Vec::new();
        write_recipe_json(&mut json, RecipeId::from_i64(1).unwrap(), &text);
        let recipe = Recipe::from_json(&json).unwrap();
        assert_eq!((&recipe.images, recipe.to_json()), (&images, json));
        let split = ContentJson::from_stored(text, &fields()).unwrap().without_images().unwrap();
        assert_eq!(split, content(&vesuvio()));
        assert_eq!(split.clone().without_images().as_ref(), Some(&split), "it has none");
        assert_eq!(split.with_images(&RecipeImages::default()), content(&vesuvio()));
    }

    #[test]
    fn steps_are_read_from_the_text() {
        let mut recipe = vesuvio();
        assert_eq!(content(&recipe).instructions(), Some(Vec::new()));
        recipe["instructions"] = json!(["Chop.", { "text": "Boil.", "minutes": 5 }]);
        let texts: Vec<_> =
            content(&recipe).instructions().unwrap().into_iter().map(|step| step.text).collect();
        assert_eq!(texts, ["Chop.", "Boil."]);
    }

    #[test]
    fn longest_server_fields_fit_into_the_reserved_capacity() {
        let longest = ServerFields {
            owner: UserId::from_i64(i64::MAX),
            revision: i64::MIN,
            created_at: Timestamp::MIN,
            updated_at: Timestamp::MIN + std::time::Duration::from_micros(1),
            ..fields()
        };
        let content = content(&vesuvio());
        let reserved = content.0.capacity();
        assert_eq!(content.finish(&longest).capacity(), reserved, "no allocation in the writer");
    }
}
