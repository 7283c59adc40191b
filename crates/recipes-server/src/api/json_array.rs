//! Writes a JSON array item by item, inside a larger document, without building the items in memory first.

use serde::Serialize;

/// A JSON array that is being written.
pub(super) struct JsonArray {
    json: Vec<u8>,
    is_empty: bool,
}

impl JsonArray {
    /// An array behind `before`, which ends where a value is expected: `{"data":`.
    pub(super) fn after(before: impl Into<Vec<u8>>) -> Self {
        let mut json = before.into();
        json.push(b'[');
        Self { json, is_empty: true }
    }

    pub(super) fn push(&mut self, item: &impl Serialize) -> Result<(), serde_json::Error> {
        serde_json::to_writer(self.next_item(), item)
    }

    /// Adds an item that `write` appends as JSON.
    pub(super) fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(self.next_item());
    }

    fn next_item(&mut self) -> &mut Vec<u8> {
        if !self.is_empty {
            self.json.push(b',');
        }
        self.is_empty = false;
        &mut self.json
    }

    /// Takes what was written so far, to send it while the array goes on.
    pub(super) fn take_written(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.json)
    }

    /// Ends the array.
    pub(super) fn close(mut self) -> Vec<u8> {
        self.json.push(b']');
        self.json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_separated_by_commas_also_across_chunks() {
        let mut array = JsonArray::after("{\"data\":");
        array.push(&1).unwrap();
        let first = array.take_written();
        array.push_with(|json| json.extend_from_slice(b"{}"));
        array.push(&"a").unwrap();
        assert_eq!([first, array.close()].concat(), br#"{"data":[1,{},"a"]"#);
    }

    #[test]
    fn an_array_can_be_empty() {
        assert_eq!(JsonArray::after("").close(), b"[]");
    }
}
