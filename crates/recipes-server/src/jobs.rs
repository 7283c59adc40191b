//! Background tasks: backups, mail, the search index and upkeep.

pub mod backups;
pub mod mail;
pub mod search_index;
pub mod upkeep;
