//! The credentials of `Local` and `Basic`.

use std::fmt;

use secrecy::SecretString;

/// A user name and a password, from a log-in form or from `Authorization: Basic`.
///
/// `Debug` shows neither of them: the user name is often an e-mail address.
///
/// An application that parses the body itself inserts them into the extensions of the request. `Local` then uses them
/// instead of reading the body.
#[derive(Clone)]
#[non_exhaustive]
pub struct LocalCredentials {
    /// The user name as it was sent: not empty, not trimmed, its case unchanged.
    pub username: String,
    /// The password as it was sent: not empty, not trimmed. It is wiped from memory when dropped.
    pub password: SecretString,
}

impl LocalCredentials {
    /// The credentials that the application read from a request itself.
    ///
    /// ```
    /// # use tower_passport::LocalCredentials;
    /// # fn example(head: &mut http::request::Parts) {
    /// head.extensions.insert(LocalCredentials::new("ali@example.com", "open sesame"));
    /// # }
    /// ```
    pub fn new(username: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self { username: username.into(), password: password.into() }
    }
}

impl fmt::Debug for LocalCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LocalCredentials(..)")
    }
}
