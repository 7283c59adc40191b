//! The verification of [`Local`](crate::Local) and [`Basic`](crate::Basic): one for both.

use std::fmt;

use secrecy::SecretString;

/// What somebody typed into a log-in form, or a browser's or program's `Authorization: Basic`. Neither field prints, not even the name: it is often an e-mail address.
#[derive(Clone)]
#[non_exhaustive]
pub struct LocalCredentials {
    /// As it came: not empty, not trimmed, not changed in case.
    pub username: String,
    /// As it came: not empty, nothing cut off. Wiped from memory when dropped.
    pub password: SecretString,
}

impl fmt::Debug for LocalCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LocalCredentials(..)")
    }
}

/// Decides whether a user name and a password belong together, and to whom. A function of [`LocalCredentials`] is one.
///
/// Do the same work for a name that nobody has as for one that somebody has (verify against a made-up hash), or the
/// time of the answer tells which names exist.
pub trait VerifyPassword: Send + Sync + 'static {
    /// Who it turns out to be.
    type User: Send + 'static;
    /// Why it cannot be found out now; any error, also [`tower_passport::Error`](crate::Error) with a `Retry-After`.
    type Error: Into<Box<dyn std::error::Error + Send + Sync>>;

    /// Finds the user. Write it as `async fn`.
    ///
    /// # Errors
    /// If it could not decide: the answer is 503. A wrong password, an unknown name and a locked account are no
    /// errors but `Ok(None)`, and the answer 401.
    fn verify(
        &self,
        credentials: LocalCredentials,
    ) -> impl Future<Output = Result<Option<Self::User>, Self::Error>> + Send;
}

impl<F, Answer, U, E> VerifyPassword for F
where
    F: Fn(LocalCredentials) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Option<U>, E>> + Send,
    U: Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type User = U;
    type Error = E;

    fn verify(&self, credentials: LocalCredentials) -> impl Future<Output = Result<Option<U>, E>> + Send {
        self(credentials)
    }
}
