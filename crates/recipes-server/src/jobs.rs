//! Background tasks: mail and upkeep.

pub mod mail;
pub mod upkeep;
