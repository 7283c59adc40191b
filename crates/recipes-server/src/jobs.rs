//! Background tasks: backups, mail and upkeep.

pub mod backups;
pub(crate) mod logouts;
pub mod mail;
pub mod upkeep;
