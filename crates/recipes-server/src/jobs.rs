//! Background tasks: backups, mail, the search index and upkeep.

pub mod backups;
pub(crate) mod logouts;
pub mod mail;
pub mod search_index;
pub mod upkeep;
