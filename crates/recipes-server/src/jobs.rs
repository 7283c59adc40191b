//! Tasks beside the requests: mail and upkeep.

pub mod mail;
pub mod upkeep;
