//! "I could not decide", which is never "no".

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// A strategy could not decide: the store is down, the key server did not answer, the queue is full.
///
/// This is no word about the client's credentials, so it becomes 503 (with `Retry-After` if that is known) and never
/// 401: a client that hears 401 throws a good token away. The cause is logged and never shown to the client.
///
/// ```
/// use std::time::Duration;
/// use tower_passport::Error;
///
/// let error = Error::new("the queue is full").with_retry_after(Duration::from_secs(2));
/// assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
/// ```
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    source: Box<dyn StdError + Send + Sync>,
    retry_after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Undecided,
    NotYet,
    Misconfigured,
}

impl Error {
    /// Could not decide this time; another time may go well. Becomes 503.
    ///
    /// An `Error` given as the source is taken over as it is, so a verification may return one, with its
    /// [`with_retry_after`](Self::with_retry_after), where it may return any error.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        match source.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => Self { kind: Kind::Undecided, source, retry_after: None },
        }
    }

    /// Could not decide, which nobody here has to mend: a client asks too often, or for what cannot be looked up again so
    /// soon. Becomes 503 with this `Retry-After`, and no error in the log, or whoever likes could fill it with them.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use tower_passport::Error;
    ///
    /// let error = Error::not_yet("too many log-ins for this account", Duration::from_secs(90));
    /// assert_eq!(error.retry_after(), Some(Duration::from_secs(90)));
    /// ```
    pub fn not_yet(source: impl Into<Box<dyn StdError + Send + Sync>>, after: Duration) -> Self {
        Self { kind: Kind::NotYet, source: source.into(), retry_after: Some(after) }
    }

    /// Whether this is no trouble of the server, and every client can bring it about.
    pub(crate) fn is_not_yet(&self) -> bool {
        self.kind == Kind::NotYet
    }

    /// Can never decide, because the program is put together wrongly: a layer is missing. Becomes 500.
    pub fn misconfigured(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind: Kind::Misconfigured, source: source.into(), retry_after: None }
    }

    /// When the client may try again: the `Retry-After` of the answer.
    #[must_use]
    pub fn with_retry_after(self, after: Duration) -> Self {
        Self { retry_after: Some(after), ..self }
    }

    /// When the client may try again, if that is known.
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether the program must be changed before this can go well.
    pub fn is_misconfigured(&self) -> bool {
        self.kind == Kind::Misconfigured
    }

    /// The cause, if it is of this type.
    pub fn downcast_ref<T: StdError + 'static>(&self) -> Option<&T> {
        self.source.downcast_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.kind {
            Kind::Undecided | Kind::NotYet => "could not decide who sent the request",
            Kind::Misconfigured => "authentication is not set up completely",
        })
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_an_error_keeps_what_it_said() {
        let inner = Error::new(fmt::Error).with_retry_after(Duration::from_secs(3));
        let outer = Error::new(inner);
        assert_eq!(outer.retry_after(), Some(Duration::from_secs(3)));
        assert!(outer.downcast_ref::<fmt::Error>().is_some());
        assert!(Error::new(Error::misconfigured("no layer")).is_misconfigured());
    }

    #[test]
    fn the_cause_is_the_source_and_not_the_text() {
        let error = Error::new("password of the database: hunter2");
        assert_eq!(error.to_string(), "could not decide who sent the request");
        assert!(error.source().is_some_and(|cause| cause.to_string().contains("hunter2")));
    }
}
