//! The right to write recipes.

use accounts::audit::Actor;
use ids::UserId;

/// Proves that a user may write recipes. Only [`Recipes::writer`](super::Recipes::writer) makes one.
#[derive(Clone, Copy, Debug)]
pub struct Writer {
    pub(super) user: UserId,
    pub(super) actor: Actor,
}
