//! One step of the work.

use serde::Serialize;
use serde_json::Value;

use crate::limits;
use crate::reader::{Lines, Reader};
use crate::reader::{line, minutes};

/// Written as a plain text or as an object, answered always as an object, so that readers have one
/// shape to read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Instruction {
    /// The heading that this step stands under: "For the sauce".
    #[serde(skip_serializing_if = "Option::is_none")]
    section: Option<String>,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<u32>,
}

impl Instruction {
    pub(crate) const KEYS: [&str; 3] = ["section", "text", "minutes"];

    pub(crate) fn read(r: &mut Reader, value: &Value) -> Option<Self> {
        match value {
            Value::Object(step) => Some(Self {
                section: r.optional(step, "section", line),
                text: r.required(step, "text", text),
                minutes: r.optional(step, "minutes", minutes),
            }),
            Value::String(_) => text(r, value).map(|text| Self { text, ..Self::default() }),
            _ => r.refuse("must be text, or an object with text and, if you like, section and minutes"),
        }
    }
}

fn text(r: &mut Reader, value: &Value) -> Option<String> {
    r.text(value, Lines::Many, limits::STEP)
}
