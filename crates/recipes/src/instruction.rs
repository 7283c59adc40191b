//! One step of the preparation.

use serde_json::{Map, Value, json};

use crate::fields::{Fields, fields};
use crate::limits;
use crate::reader::{FieldReader, Reported, Rule};
use crate::rules::{LINE, Lines, MINUTES, Text};
use crate::schema::{View, component};

const TEXT: Text = Text { lines: Lines::Many, max: limits::STEP };

fields! {
    /// One step of the preparation.
    pub struct Instruction {
        /// The heading that this step belongs to, as in "For the sauce".
        section: Option<String> = optional("section", LINE);
        /// What to do.
        text: String = required("text", TEXT);
        /// How long the step takes.
        minutes: Option<u32> = optional("minutes", MINUTES);
        ..unknown
    }
}

/// Accepts a plain text or an object. Only objects are stored, so that readers find one shape.
pub(crate) struct InstructionRule;

impl Rule for InstructionRule {
    type Value = Instruction;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<Instruction, Reported> {
        match value {
            Value::Object(step) => Instruction::read(r, step),
            Value::String(_) => {
                let text = TEXT.read(r, value)?;
                Ok(Instruction { section: None, text, minutes: None, unknown: Map::new() })
            }
            _ => r.error("must be text, or an object with text and, if you like, section and minutes"),
        }
    }

    fn schema(&self, view: View) -> Value {
        match view {
            View::Draft => json!({ "oneOf": [TEXT.schema(view), component("InstructionDraft")] }),
            View::Stored => component("Instruction"),
        }
    }

    fn report_unknown(&self, r: &mut FieldReader, value: &Value) {
        if let Value::Object(step) = value {
            Instruction::report_unknown(r, step, &[]);
        }
    }
}
