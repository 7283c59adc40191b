//! Background tasks: backups, mail, the search index, upkeep and webhooks.

pub mod backups;
pub(crate) mod logouts;
pub mod mail;
pub mod search_index;
pub mod upkeep;
pub mod webhooks;
