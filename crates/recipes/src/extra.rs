//! Free JSON that a client keeps with a recipe, limited in size and depth.

use std::io;

use serde_json::{Map, Value, json};

use crate::limits;
use crate::reader::{FieldReader, Reported, Rule};
use crate::schema::View;

pub(crate) struct ExtraRule;

impl Rule for ExtraRule {
    type Value = Map<String, Value>;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<Map<String, Value>, Reported> {
        let extra = r.expect(value.as_object(), "must be an object")?;
        // The depth first: measuring the length recurses as deep as the value is.
        if !is_shallow(value, limits::EXTRA_DEPTH) {
            return r.error(format_args!("must be nested at most {} deep", limits::EXTRA_DEPTH));
        }
        let fits = serde_json::to_writer(ByteLimit(limits::EXTRA_BYTES), extra).is_ok();
        r.expect(
            fits.then(|| extra.clone()),
            format_args!("must be at most {} bytes of JSON", limits::EXTRA_BYTES),
        )
    }

    fn schema(&self, _: View) -> Value {
        json!({ "type": "object", "additionalProperties": true })
    }
}

fn is_shallow(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|item| is_shallow(item, depth - 1)),
        Value::Object(members) => depth > 0 && members.values().all(|member| is_shallow(member, depth - 1)),
        _ => true,
    }
}

/// Accepts this many bytes, and fails on the next one.
struct ByteLimit(usize);

impl io::Write for ByteLimit {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::WriteZero)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
