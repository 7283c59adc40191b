//! Users, sessions, API tokens, invitations and the audit log: their types and rules.
//!
//! A type with private fields proves that its value was checked: an [`Email`] is a valid address, a [`Name`] is one
//! trimmed line. The rules are pure functions over these types; the store calls them inside its transactions, whatever
//! the database. This crate contains no SQL and no HTTP, and knows no recipe.

mod administration;
mod api_token;
pub mod audit;
mod authority;
mod digest;
mod ending;
mod invitation;
mod language;
mod mail;
mod mail_token;
mod scope;
mod session;
mod user;

pub use administration::{Access, UserChange, is_last_admin, may_change};
pub use api_token::{ApiToken, MAX_API_TOKENS, NewApiToken, TokenName};
pub use authority::{ActorState, Authority};
pub use digest::TokenDigest;
pub use ending::{ApiTokens, EndedSessions, Ending};
pub use invitation::{INVITATION_LIFETIME, Invitation, MAX_INVITATIONS, NewInvitation};
pub use language::LanguageTag;
pub use mail::{MAX_NEW_MAILS, MAX_RETRIED_MAILS, NewMail};
pub use mail_token::{LINK_LIFETIME, MailPurpose};
pub use scope::{Scope, Scopes};
pub use session::{
    Device, LAST_USE_PRECISION, MAX_SESSIONS, NewSession, REPEATABLE, RefreshDecision, RefreshState,
    RefreshToken, Session, SessionExpiry, SessionLimits, network,
};
pub use user::{Email, Name, NewUser, PasswordHash, Role, User};
