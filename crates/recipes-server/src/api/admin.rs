//! What administrators do, one file a resource.

pub mod audit;
pub mod clients;
pub mod invitations;
pub mod recipes;
pub mod users;
pub mod webhooks;
