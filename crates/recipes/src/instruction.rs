//! One step of the preparation.

use serde_json::{Map, Value, json};

use crate::fields::{Fields, fields};
use crate::limits;
use crate::reader::{FieldReader, Reported, Rule, is_blank, trim};
use crate::rules::{LINE, Lines, MINUTES, Text, is_line_end, stated_lines};
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
            _ => r.error("must be text, or an object with text and, if you like, section and minutes"),
        }
    }

    /// One step for each line. The minutes are those of all lines together, and stay with the first.
    fn read_items(
        &self,
        r: &mut FieldReader,
        value: &Value,
        steps: &mut Vec<Instruction>,
    ) -> Result<(), Reported> {
        if let Value::String(text) = value {
            return TEXT.read_lines(r, text, |text| {
                steps.push(Instruction { section: None, text, minutes: None, unknown: Map::new() });
            });
        }
        let Some(lines) = value["text"].as_str().filter(|text| trim(text).contains(is_line_end)) else {
            steps.push(self.read(r, value)?);
            return Ok(());
        };
        let mut step = value.clone();
        // One more than allowed is enough for the error.
        for line in stated_lines(lines).take(limits::STEPS + 1) {
            step["text"] = line.into();
            steps.push(self.read(r, &step)?);
            step["minutes"] = Value::Null;
        }
        Ok(())
    }

    fn is_blank(&self, value: &Value) -> bool {
        // A step with other members, such as an image, lacks its text.
        value.as_object().map_or_else(|| is_blank(value), |step| step.values().all(is_blank))
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
