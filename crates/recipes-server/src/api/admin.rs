//! What administrators do, one file a resource.

pub mod audit;
pub mod invitations;
pub mod users;
