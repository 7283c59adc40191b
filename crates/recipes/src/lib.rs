//! The domain of the Recipes API: what a recipe and a user are, and the store that never loses an
//! acknowledged write.
//!
//! Parsing is validation: whoever holds a [`Draft`], an [`Email`] or a [`RecipeId`] holds the proof
//! that it is a good one, because there is no other way to make it. Time and randomness are
//! arguments: ask the [`Clock`] and the [`Entropy`], so that tests can stop the one and seed the other.
//!
//! A recipe on its way in and out:
//!
//! ```
//! use recipes::{Clock, Draft, Encoding, Entropy, RecipeId, Tail, Uid, splice_id};
//!
//! let body = serde_json::json!({
//!     "name": "Chicken Vesuvio",
//!     "healthLabels": ["Sugar-Conscious"],
//!     "cookTimeMinutes": 60,
//!     "prepTimeMinutes": 10,
//!     "ingredients": ["1/2 cup olive oil"],
//! });
//! let draft = Draft::parse(body.as_object().unwrap(), Encoding::Json).unwrap();
//!
//! // The handler makes the text; the store only adds what it alone knows.
//! let now = Clock::system().now();
//! let uid = Uid::new(now, Entropy::system().bytes());
//! let tail = Tail { owner: None, uid, revision: 1, created_at: now, updated_at: now };
//! let stored: String = draft.to_document().finish(&tail);
//!
//! let mut answer = Vec::new();
//! splice_id(&mut answer, RecipeId::parse("1").unwrap(), &stored);
//! assert!(answer.starts_with(br#"{"id":1,"name":"Chicken Vesuvio","healthLabels":["#));
//! ```
//!
//! This crate knows no HTTP. It is one half of what `recipes-server` wires together.

mod api_token;
pub mod audit;
mod clock;
mod digest;
mod entropy;
mod id;
mod invitation;
mod mail_token;
mod page;
mod problem;
mod recipe;
mod scope;
mod session;
pub mod store;
mod user;

pub use api_token::{ApiToken, NewApiToken, TokenName};
pub use clock::Clock;
pub use digest::TokenDigest;
pub use entropy::Entropy;
pub use id::{ApiTokenId, InvitationId, RecipeId, SessionId, Uid, UserId};
pub use invitation::{Invitation, NewInvitation};
pub use mail_token::{LINKS_LAST, MailPurpose, NewMailToken};
pub use page::{Cursor, CursorError, Page, Position};
pub use problem::Problem;
pub use recipe::document::{Document, Tail, splice_id};
pub use recipe::origin::Origin;
pub use recipe::{Draft, Encoding, Visibility, limits};
pub use scope::{Scope, Scopes};
pub use session::{Device, NewSession, RefreshToken, Session, SessionLimits, USED_AFTER, place};
pub use user::{Email, Name, NewUser, PasswordHash, Role, User};
