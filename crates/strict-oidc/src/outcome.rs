//! What came of a write.

/// What came of a write.
///
/// ```
/// fn outcome(rows_changed: usize) -> strict_oidc::Outcome {
///     if rows_changed == 1 { strict_oidc::Outcome::First } else { strict_oidc::Outcome::Replayed }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The row was as it had been found, and the write is stored.
    First,
    /// Another request used the row first.
    Replayed,
    /// The row no longer exists.
    Gone,
}
