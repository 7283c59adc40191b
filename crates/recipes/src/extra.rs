//! What a recipe's author wants to keep beside it: free JSON, within reason.

use std::io;

use serde_json::{Map, Value};

use crate::limits;
use crate::reader::Reader;

pub(crate) fn read(r: &mut Reader, value: &Value) -> Option<Map<String, Value>> {
    let extra = r.object(value, "must be an object")?;
    // The depth first: measuring the length recurses as deep as the value is.
    if !is_shallow(value, limits::EXTRA_DEPTH) {
        return r.refuse(format_args!("must be nested at most {} deep", limits::EXTRA_DEPTH));
    }
    let fits = serde_json::to_writer(Room(limits::EXTRA_BYTES), extra).is_ok();
    r.demand(
        fits.then(|| extra.clone()),
        format_args!("must be at most {} bytes of JSON", limits::EXTRA_BYTES),
    )
}

fn is_shallow(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|item| is_shallow(item, depth - 1)),
        Value::Object(members) => depth > 0 && members.values().all(|member| is_shallow(member, depth - 1)),
        _ => true,
    }
}

/// Takes so many bytes and not one more.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::WriteZero)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
