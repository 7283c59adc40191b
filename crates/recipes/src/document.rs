//! The finished JSON text of a recipe, and how its three parts come together.
//!
//! The handler writes the author's part, on its own thread. The writer, of which there is only one,
//! appends the [`Tail`]. A reader puts the number in front. So nobody parses JSON to answer JSON, and
//! what is stored is what is sent: `{"id":1,` + `"name":...` + `,"uid":...,"updatedAt":"..."}`.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use uuid::fmt::Hyphenated;

use crate::draft::Draft;
use crate::time::to_microseconds;
use ids::{RecipeId, Uid, UserId};

/// The author's part, as text: a draft on its way to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document(String);

/// What only the store knows of a recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// `None`: communal, any signed-in user may change it.
    pub owner: Option<UserId>,
    pub uid: Uid,
    /// Counts from 1.
    pub revision: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Document {
    /// Of most recipes, with their tail.
    const USUAL_BYTES: usize = 2_048;

    #[expect(
        clippy::expect_used,
        reason = "serde_json fails only on keys that are no text, and a draft has none; JSON is UTF-8"
    )]
    pub(crate) fn new(draft: &Draft) -> Self {
        let mut text = Vec::with_capacity(Self::USUAL_BYTES);
        serde_json::to_writer(&mut text, draft).expect("a draft is writable as JSON");
        let mut text = String::from_utf8(text).expect("JSON is UTF-8");
        text.pop();
        text.remove(0);
        // Here and not in the writer, for whom everybody waits.
        text.reserve_exact(Tail::MAX_BYTES);
        Self(text)
    }

    /// Takes a stored text apart again, for whoever has to give it another tail.
    pub fn of_stored(mut text: String, tail: &Tail) -> Option<Self> {
        let mut end = String::with_capacity(Tail::MAX_BYTES);
        tail.push_to(&mut end);
        text.truncate(text.strip_suffix(&end)?.len());
        Some(Self(text))
    }

    /// The text to store: everything behind `{"id":1,`, to the closing brace.
    #[must_use]
    pub fn finish(self, tail: &Tail) -> String {
        let Self(mut text) = self;
        tail.push_to(&mut text);
        text
    }
}

impl Tail {
    const MAX_BYTES: usize = 256;

    fn push_to(&self, text: &mut String) {
        let mut number = itoa::Buffer::new();
        if let Some(owner) = self.owner {
            text.push_str(",\"ownerId\":");
            text.push_str(number.format(owner.get()));
        }
        text.push_str(",\"uid\":\"");
        text.push_str(self.uid.encode(&mut [0; Hyphenated::LENGTH]));
        text.push_str("\",\"revision\":");
        text.push_str(number.format(self.revision));
        text.push_str(",\"createdAt\":\"");
        push_time(text, self.created_at);
        text.push_str("\",\"updatedAt\":\"");
        push_time(text, self.updated_at);
        text.push_str("\"}");
    }
}

/// Completes a stored text with the number in front, behind whatever `out` already holds.
pub fn splice_id(out: &mut Vec<u8>, id: RecipeId, stored: impl AsRef<[u8]>) {
    const HEAD: &[u8] = b"{\"id\":";
    let (stored, mut number) = (stored.as_ref(), itoa::Buffer::new());
    let number = number.format(id.get()).as_bytes();
    out.reserve(HEAD.len() + number.len() + 1 + stored.len());
    out.extend_from_slice(HEAD);
    out.extend_from_slice(number);
    out.push(b',');
    out.extend_from_slice(stored);
}

/// RFC 3339 in UTC, with as many decimals as there are, at most six.
fn push_time(text: &mut String, time: Timestamp) {
    const PRINTER: DateTimePrinter = DateTimePrinter::new();
    // Writing to a String does not fail.
    let _ = PRINTER.print_timestamp(&to_microseconds(time), text);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Encoding;

    fn document(body: &Value) -> Document {
        Draft::parse(body.as_object().unwrap(), Encoding::Json).unwrap().to_document()
    }

    fn vesuvio() -> Value {
        json!({
            "name": "Chicken Vesuvio", "healthLabels": ["Sugar-Conscious"], "cookTimeMinutes": 60,
            "prepTimeMinutes": null, "ingredients": ["1/2 cup \"olive\" oil", "½ Zwiebel"],
        })
    }

    fn tail() -> Tail {
        Tail {
            owner: None,
            uid: Uid::parse("018f3404-d600-7fff-bfff-ffffffffffff").unwrap(),
            revision: 1,
            created_at: "2024-05-01T12:00:00Z".parse().unwrap(),
            updated_at: "2024-05-01T12:00:00.123456789Z".parse().unwrap(),
        }
    }

    #[test]
    fn the_seeds_recipe_is_the_seeds_five_fields_and_the_tail() {
        let stored = document(&vesuvio()).finish(&tail());
        let mut out = b"[".to_vec();
        splice_id(&mut out, RecipeId::from_i64(1).unwrap(), &stored);
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
    fn an_owner_comes_before_the_uid() {
        let stored = document(&vesuvio()).finish(&Tail { owner: UserId::from_i64(7), ..tail() });
        assert!(stored.contains(r#"],"ownerId":7,"uid":"018f"#), "{stored}");
    }

    #[test]
    fn a_stored_text_comes_apart_where_it_was_put_together() {
        let tail = Tail { owner: UserId::from_i64(7), ..tail() };
        let stored = document(&vesuvio()).finish(&tail);
        assert_eq!(Document::of_stored(stored.clone(), &tail), Some(document(&vesuvio())));
        assert_eq!(Document::of_stored(stored, &Tail { revision: 2, ..tail }), None);
    }

    #[test]
    fn the_longest_tail_fits_into_the_room_made_for_it() {
        let longest = Tail {
            owner: UserId::from_i64(i64::MAX),
            revision: i64::MIN,
            created_at: Timestamp::MIN,
            updated_at: Timestamp::MIN + std::time::Duration::from_micros(1),
            ..tail()
        };
        let document = document(&vesuvio());
        let room = document.0.capacity();
        assert_eq!(document.finish(&longest).capacity(), room, "no allocation in the writer");
    }
}
