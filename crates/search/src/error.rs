//! Why the index cannot answer.

use std::{fmt, io};

use tantivy::TantivyError;

/// The index cannot be read or written. The database is not affected: the index can be built anew from it.
#[derive(Debug)]
pub struct SearchError(TantivyError);

impl fmt::Display for SearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the search index cannot be used: {}", self.0)
    }
}

impl std::error::Error for SearchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl From<TantivyError> for SearchError {
    fn from(error: TantivyError) -> Self {
        Self(error)
    }
}

impl From<io::Error> for SearchError {
    fn from(error: io::Error) -> Self {
        Self(error.into())
    }
}
