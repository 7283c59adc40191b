//! A page of a list.

/// Rows in the order of the list, and the key after which the next page begins.
pub struct Listing<Row, Key> {
    pub rows: Vec<Row>,
    pub next: Option<Key>,
}

impl<Row, Key> Listing<Row, Key> {
    /// `rows` has one row more than `limit` if there is a next page.
    pub(super) fn of(mut rows: Vec<Row>, limit: u16, key: impl Fn(&Row) -> Key) -> Self {
        let has_next = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        Self { next: rows.last().filter(|_| has_next).map(key), rows }
    }
}
