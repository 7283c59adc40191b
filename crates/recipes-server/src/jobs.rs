//! Background tasks: backups, mail and upkeep.

pub mod backups;
pub mod mail;
pub mod upkeep;
