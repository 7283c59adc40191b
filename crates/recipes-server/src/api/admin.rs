//! What administrators do, a file for each kind of thing.

pub mod audit;
pub mod invitations;
pub mod users;
