//! The right to write recipes.

use ids::UserId;
use store::Editor;

/// Proves that a user may write recipes. Only [`Recipes::writer`](super::Recipes::writer) makes one.
#[derive(Clone, Copy, Debug)]
pub struct Writer {
    pub(super) user: UserId,
    pub(super) editor: Editor,
    pub(super) has_quota: bool,
}
