//! Users, sessions, API tokens, invitations and the audit log: their types and rules.
//!
//! A type with private fields proves that its value was checked: an [`Email`] is a valid address, a [`Name`] is one
//! trimmed line. The rules are pure functions over these types; the store calls them inside its transactions, whatever
//! the database. This crate contains no SQL and no HTTP, and knows no recipe.

mod api_token;
pub mod audit;
mod digest;
mod invitation;
mod mail_token;
mod scope;
mod session;
mod user;

pub use api_token::{ApiToken, NewApiToken, TokenName};
pub use digest::TokenDigest;
pub use invitation::{Invitation, NewInvitation};
pub use mail_token::{LINKS_LAST, MailPurpose, NewMailToken};
pub use scope::{Scope, Scopes};
pub use session::{Device, NewSession, RefreshToken, Session, SessionLimits, USED_AFTER, place};
pub use user::{Email, Name, NewUser, PasswordHash, Role, User};
