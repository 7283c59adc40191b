//! Cursors of paginated lists.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::{InvitationId, RecipeId, UserId};
use jiff::Timestamp;
use store::BinKey;

/// A key that orders a list, and that a [`Cursor`] contains.
pub trait CursorKey: Sized {
    fn into_bytes(self) -> Vec<u8>;

    /// `None` if these bytes are not a key of this kind.
    fn try_from_bytes(bytes: &[u8]) -> Option<Self>;
}

impl CursorKey for i64 {
    fn into_bytes(self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn try_from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

impl CursorKey for RecipeId {
    fn into_bytes(self) -> Vec<u8> {
        self.get().into_bytes()
    }

    fn try_from_bytes(bytes: &[u8]) -> Option<Self> {
        i64::try_from_bytes(bytes).and_then(Self::from_i64)
    }
}

impl CursorKey for UserId {
    fn into_bytes(self) -> Vec<u8> {
        self.get().into_bytes()
    }

    fn try_from_bytes(bytes: &[u8]) -> Option<Self> {
        i64::try_from_bytes(bytes).and_then(Self::from_i64)
    }
}

impl CursorKey for InvitationId {
    fn into_bytes(self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn try_from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_bytes)
    }
}

impl CursorKey for BinKey {
    fn into_bytes(self) -> Vec<u8> {
        [self.deleted_at.as_microsecond().into_bytes(), self.id.into_bytes()].concat()
    }

    fn try_from_bytes(bytes: &[u8]) -> Option<Self> {
        let (at, id) = bytes.split_at_checked(8)?;
        let deleted_at = Timestamp::from_microsecond(i64::try_from_bytes(at)?).ok()?;
        Some(Self { deleted_at, id: RecipeId::try_from_bytes(id)? })
    }
}

impl CursorKey for search::Cursor {
    fn into_bytes(self) -> Vec<u8> {
        serde_json::to_vec(&self).unwrap_or_default()
    }

    fn try_from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// The position after a key in one list: the key, and a fingerprint of the list's filters.
///
/// Opaque to clients, so that later versions can use other orders. It is neither a secret nor a permission: every page
/// checks again what the caller may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor<Id> {
    after: Id,
    filters: [u8; 4],
}

/// Why a cursor is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    #[error(
        "cursor is not one of this server; send the nextCursor of the previous page unchanged, or none to start over"
    )]
    Malformed,
    #[error(
        "cursor belongs to a list with other filters; repeat the filters of the previous page, or send none to start over"
    )]
    OtherFilters,
}

const VERSION: u8 = 1;

/// Of the text. The longest keys are those of a search, with the frequencies of its words.
const MAX_LENGTH: usize = 16 << 10;

impl<Id: CursorKey> Cursor<Id> {
    /// `filters` is the canonical text of all parameters that select and order the rows.
    pub fn new(after: Id, filters: &str) -> Self {
        Self { after, filters: fingerprint(filters) }
    }

    pub fn encode(self) -> String {
        let [a, b, c, d] = self.filters;
        let mut bytes = vec![VERSION, a, b, c, d];
        bytes.append(&mut self.after.into_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Parses a cursor and returns the key that the page starts after.
    ///
    /// # Errors
    /// [`CursorError`], with a text that tells the client what to do.
    pub fn decode(text: &str, filters: &str) -> Result<Id, CursorError> {
        let is_short = text.len() <= MAX_LENGTH;
        let bytes = if is_short { URL_SAFE_NO_PAD.decode(text).unwrap_or_default() } else { Vec::new() };
        let [VERSION, a, b, c, d, after @ ..] = &bytes[..] else { return Err(CursorError::Malformed) };
        // Before the key: the key of another list may be malformed here.
        if [*a, *b, *c, *d] != fingerprint(filters) {
            return Err(CursorError::OtherFilters);
        }
        Id::try_from_bytes(after).ok_or(CursorError::Malformed)
    }
}

/// FNV-1a: the standard library's hasher may change with any release, and a cursor must survive an upgrade of the server. It
/// detects mistakes, not attacks.
fn fingerprint(filters: &str) -> [u8; 4] {
    filters
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
        .to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: i64) -> RecipeId {
        RecipeId::from_i64(number).unwrap()
    }

    fn decode(text: &str, filters: &str) -> Result<RecipeId, CursorError> {
        Cursor::decode(text, filters)
    }

    #[test]
    fn cursor_round_trips_also_from_an_older_release() {
        for number in [1, 100, i64::MAX] {
            let text = Cursor::new(id(number), "sort=id").encode();
            assert_eq!(decode(&text, "sort=id"), Ok(id(number)));
        }
        assert_eq!(Cursor::new(id(100), "").encode(), "AYEcncUAAAAAAAAAZA");
    }

    #[test]
    fn uuid_cursor_round_trips_and_is_not_a_cursor_of_numbers() {
        let invitation = InvitationId::parse("01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d").unwrap();
        let text = Cursor::new(invitation, "").encode();
        assert_eq!(Cursor::decode(&text, ""), Ok(invitation));
        assert_eq!(decode(&text, ""), Err(CursorError::Malformed));
        assert_eq!(decode(&text, "label=vegan"), Err(CursorError::OtherFilters));
        let number = Cursor::new(id(100), "").encode();
        assert_eq!(Cursor::<InvitationId>::decode(&number, ""), Err(CursorError::Malformed));
    }

    #[test]
    fn cursor_of_another_list_is_rejected() {
        let text = Cursor::new(id(100), "label=vegan").encode();
        assert_eq!(decode(&text, "label=kosher"), Err(CursorError::OtherFilters));
        assert_eq!(decode(&text, ""), Err(CursorError::OtherFilters));
    }

    #[test]
    fn malformed_cursor_is_rejected() {
        let good = Cursor::new(id(100), "").encode();
        let other_version = URL_SAFE_NO_PAD.encode([2, 0x81, 0x1c, 0x9d, 0xc5, 0, 0, 0, 0, 0, 0, 0, 1]);
        let id_zero = URL_SAFE_NO_PAD.encode([1, 0x81, 0x1c, 0x9d, 0xc5, 0, 0, 0, 0, 0, 0, 0, 0]);
        let below_zero = URL_SAFE_NO_PAD.encode([1, 0x81, 0x1c, 0x9d, 0xc5, 255, 0, 0, 0, 0, 0, 0, 0]);
        for bad in
            ["", "1", "100", "é", &good[1..], &format!("{good}A"), &format!("{good}=="), &"A".repeat(9000)]
        {
            assert_eq!(decode(bad, ""), Err(CursorError::Malformed), "{bad}");
        }
        for bad in [&good[..17], &other_version, &id_zero, &below_zero] {
            assert_eq!(decode(bad, ""), Err(CursorError::Malformed), "{bad}");
        }
    }
}
