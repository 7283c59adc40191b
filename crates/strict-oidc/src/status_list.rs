//! The place of a token in a status list
//! ([Token Status List](https://datatracker.ietf.org/doc/draft-ietf-oauth-status-list/)).

use serde::{Deserialize, Serialize};

/// The place of a grant in a status list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReference {
    /// The index of the bit.
    pub idx: u64,
    /// The URL of the list.
    pub uri: String,
}
