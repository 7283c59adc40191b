//! The credentials of `Local` and `Basic`.

use std::fmt;

use secrecy::SecretString;

/// A user name and a password, from a log-in form or from `Authorization: Basic`.
///
/// `Debug` shows neither of them: the user name is often an e-mail address.
#[derive(Clone)]
#[non_exhaustive]
pub struct LocalCredentials {
    /// The user name as it was sent: not empty, not trimmed, its case unchanged.
    pub username: String,
    /// The password as it was sent: not empty, not trimmed. It is wiped from memory when dropped.
    pub password: SecretString,
}

impl fmt::Debug for LocalCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LocalCredentials(..)")
    }
}
