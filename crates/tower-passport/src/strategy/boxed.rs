use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;

use super::{Outcome, Strategy};
use crate::Error;

/// Any strategy whose user is `U`: see [`Strategy::boxed`]. A clone is the same strategy, not a second one.
///
/// ```
/// use tower_passport::{Anonymous, BoxStrategy, Strategy};
///
/// fn from_configuration(strategies: Vec<BoxStrategy<String>>) -> Option<BoxStrategy<String>> {
///     strategies.into_iter().reduce(|chain, next| chain.or(next).boxed())
/// }
///
/// let guest = || Anonymous::new(|| "guest".to_owned()).boxed();
/// assert!(from_configuration(vec![guest(), guest()]).is_some());
/// assert!(from_configuration(vec![]).is_none());
/// ```
pub struct BoxStrategy<U>(Arc<dyn Erased<U>>);

impl<U: Send + 'static> BoxStrategy<U> {
    pub(super) fn new(strategy: impl Strategy<User = U>) -> Self {
        Self(Arc::new(strategy))
    }
}

impl<U: Send + 'static> Strategy for BoxStrategy<U> {
    type User = U;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<U>, Error> {
        self.0.authenticate(request).await
    }

    fn boxed(self) -> Self {
        self
    }
}

impl<U> Clone for BoxStrategy<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U> fmt::Debug for BoxStrategy<U> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BoxStrategy(..)")
    }
}

type Conclusion<'a, U> = Pin<Box<dyn Future<Output = Result<Outcome<U>, Error>> + Send + 'a>>;

/// [`Strategy`] returns a future of unknown type, which a trait object cannot: here it is boxed.
trait Erased<U>: Send + Sync + 'static {
    fn authenticate<'a>(&'a self, request: &'a Parts) -> Conclusion<'a, U>;
}

impl<S: Strategy> Erased<S::User> for S {
    fn authenticate<'a>(&'a self, request: &'a Parts) -> Conclusion<'a, S::User> {
        Box::pin(Strategy::authenticate(self, request))
    }
}
