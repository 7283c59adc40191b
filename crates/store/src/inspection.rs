//! What a database is, without opening it for use.

/// The state of a database that could be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspection {
    /// [`Store::open`](crate::Store::open) would create it, or its tables.
    Missing,
    /// `schema` is the version of its tables. [`Store::open`](crate::Store::open) would migrate it to `newest`.
    Found { schema: usize, newest: usize },
}
