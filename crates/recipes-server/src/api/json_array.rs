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

    /// The array at the end of `json`, which is not closed yet.
    pub(super) fn open_in(json: Vec<u8>) -> Self {
        Self { is_empty: json.ends_with(b"["), json }
    }

    pub(super) fn push(&mut self, item: &impl Serialize) -> Result<(), serde_json::Error> {
        serde_json::to_writer(self.next_item(), item)
    }

    /// Adds an item that is JSON already.
    pub(super) fn push_json(&mut self, item: &[u8]) {
        self.next_item().extend_from_slice(item);
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
        array.push_json(b"{}");
        array.push(&"a").unwrap();
        assert_eq!([first, array.close()].concat(), br#"{"data":[1,{},"a"]"#);
    }

    #[test]
    fn an_open_array_goes_on() {
        for (open, whole) in [("[", "[2]"), ("[1", "[1,2]")] {
            let mut array = JsonArray::open_in(open.into());
            array.push_json(b"2");
            assert_eq!(array.close(), whole.as_bytes());
        }
    }

    #[test]
    fn an_array_can_be_empty() {
        assert_eq!(JsonArray::after("").close(), b"[]");
    }
}
