//! "The decision could not be made", which is never "the credentials are wrong".

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::Extensions;

/// A strategy could not decide: the database is down, the key server did not respond, a queue is full.
///
/// An error says nothing about the client's credentials. So the response is 503 (with `Retry-After` if that is known) and
/// never 401: a client that receives 401 throws a good token away. The source is logged and never sent to the client.
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
    extensions: Extensions,
    strategy: Option<Cow<'static, str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Undecided,
    NotYet,
    Misconfigured,
    Panicked,
}

impl Error {
    /// The decision could not be made this time; another attempt may succeed. The response is 503.
    ///
    /// If the source is an `Error` itself, the result is that error, unchanged.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        match source.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => Self::of_kind(Kind::Undecided, source),
        }
    }

    /// The decision is postponed because clients ask too often. The response is 503 with this `Retry-After`.
    ///
    /// It is logged as information, not as an error: any client can cause it, and could fill the log. If *this* client
    /// has tried too often, use [`Denial::too_many_requests`](crate::Denial::too_many_requests) instead.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use tower_passport::Error;
    ///
    /// let error = Error::not_yet("the queue for password hashes is full", Duration::from_secs(2));
    /// assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
    /// ```
    pub fn not_yet(source: impl Into<Box<dyn StdError + Send + Sync>>, retry_after: Duration) -> Self {
        Self::of_kind(Kind::NotYet, source.into()).with_retry_after(retry_after)
    }

    /// The program is set up incorrectly, for example a layer is missing. The response is 500.
    pub fn misconfigured(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::of_kind(Kind::Misconfigured, source.into())
    }

    /// The code of a strategy or a verification panicked. The response is 500.
    pub(crate) fn panicked(message: String) -> Self {
        Self::of_kind(Kind::Panicked, message.into())
    }

    /// Notes the strategy that it comes from, unless that is known.
    pub(crate) fn note_strategy(&mut self, name: impl FnOnce() -> Cow<'static, str>) {
        self.strategy.get_or_insert_with(name);
    }

    fn of_kind(kind: Kind, source: Box<dyn StdError + Send + Sync>) -> Self {
        Self { kind, source, retry_after: None, extensions: Extensions::new(), strategy: None }
    }

    /// Sets when the client may try again: the `Retry-After` of the response.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..self }
    }

    /// Attaches a value of the application, which [`Rejection::extension`](crate::Rejection::extension) finds again by its
    /// type.
    #[must_use]
    pub fn with_extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.extensions.insert(value);
        self
    }

    /// When the client may try again, if that is known.
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether the program must be changed before a request can succeed.
    pub fn is_misconfigured(&self) -> bool {
        self.kind == Kind::Misconfigured
    }

    /// The source, if it is of this type.
    pub fn downcast_ref<T: StdError + 'static>(&self) -> Option<&T> {
        self.source.downcast_ref()
    }

    /// Whether any client can cause this error.
    pub(crate) fn is_not_yet(&self) -> bool {
        self.kind == Kind::NotYet
    }

    pub(crate) fn is_panicked(&self) -> bool {
        self.kind == Kind::Panicked
    }

    pub(crate) fn take_strategy(&mut self) -> Option<Cow<'static, str>> {
        self.strategy.take()
    }

    pub(crate) fn take_extensions(&mut self) -> Extensions {
        std::mem::take(&mut self.extensions)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.kind {
            Kind::Undecided | Kind::NotYet => "the request could not be authenticated",
            Kind::Misconfigured => "authentication is not set up completely",
            Kind::Panicked => "a strategy or a verification panicked",
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
    fn an_error_as_source_is_kept_unchanged() {
        let inner = Error::new(fmt::Error).with_retry_after(Duration::from_secs(3));
        let outer = Error::new(inner);
        assert_eq!(outer.retry_after(), Some(Duration::from_secs(3)));
        assert!(outer.downcast_ref::<fmt::Error>().is_some());
        assert!(Error::new(Error::misconfigured("no layer")).is_misconfigured());
    }

    #[test]
    fn the_source_is_not_part_of_the_text() {
        let error = Error::new("password of the database: hunter2");
        assert_eq!(error.to_string(), "the request could not be authenticated");
        assert!(error.source().is_some_and(|cause| cause.to_string().contains("hunter2")));
    }
}
