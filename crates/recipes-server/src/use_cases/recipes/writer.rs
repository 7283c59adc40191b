//! The right to write recipes.

use accounts::audit::Actor;
use ids::UserId;

/// Proves that a user may write recipes. Only [`Recipes::writer`](super::Recipes::writer) makes one.
#[derive(Clone, Copy, Debug)]
pub struct Writer {
    pub(super) user: UserId,
    pub(super) actor: Actor,
    /// Whether the caller may also read the user's recipes: not with an API token for writing only.
    pub(super) may_read: bool,
}

impl Writer {
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// Whether the caller may also read the user's recipes.
    pub fn may_read(&self) -> bool {
        self.may_read
    }
}
