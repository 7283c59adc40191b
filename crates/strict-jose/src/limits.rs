//! The default length limit of a token.

/// The longest token that is read unless [`Rules::max_len`](crate::Rules::max_len) says otherwise: 8 KiB, the size that most
/// servers accept for one HTTP header.
///
/// ```
/// use strict_jose::{DEFAULT_MAX_LEN, Error, Malformed, inspect};
///
/// let long = "a".repeat(DEFAULT_MAX_LEN + 1);
/// assert!(matches!(inspect(&long), Err(Error::Malformed(Malformed::TooLong))));
/// ```
pub const DEFAULT_MAX_LEN: usize = 8 * 1024;
