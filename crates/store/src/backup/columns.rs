//! How a table of a backup is described.

/// A table, whose first column is the key by which its records are ordered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [Column],
    /// Whether its ids come from a sequence and are never given out again.
    pub(crate) has_sequence: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) is_optional: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Integer,
    Text,
    /// The text of an IP address.
    Address,
    Time,
    Bytes,
    /// 16 bytes.
    Uuid,
    /// 32 bytes.
    Digest,
}

pub(crate) const fn required(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, is_optional: false }
}

pub(crate) const fn optional(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, is_optional: true }
}

impl Table {
    /// How many records of it are read at once, of at most so many of a table of short rows. A picture may have megabytes.
    pub(crate) fn batch(&self, most: usize) -> usize {
        if self.name == "images" { 4 } else { most }
    }

    /// The rows that are no data: the writer's trial, and when the next backup is due.
    pub(crate) fn excluded(&self) -> &'static str {
        if self.name == "meta" { "name = 'probe' OR name LIKE 'backup:%'" } else { "false" }
    }

    pub(crate) fn key(&self) -> &'static str {
        self.columns.first().map_or("", |column| column.name)
    }

    /// The names of the columns, with commas between.
    pub(crate) fn column_list(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|column| column.name).collect();
        names.join(", ")
    }
}
