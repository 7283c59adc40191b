use http::request::Parts;

use super::{Outcome, Strategy};
use crate::Error;

/// A strategy with its user made into another type: see [`Strategy::map`].
#[derive(Clone, Debug)]
pub struct Map<S, F> {
    strategy: S,
    convert: F,
}

impl<S, F> Map<S, F> {
    pub(super) const fn new(strategy: S, convert: F) -> Self {
        Self { strategy, convert }
    }
}

impl<S, F, U> Strategy for Map<S, F>
where
    S: Strategy,
    F: Fn(S::User) -> U + Send + Sync + 'static,
    U: Send + 'static,
{
    type User = U;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<U>, Error> {
        Ok(match self.strategy.authenticate(request).await? {
            Outcome::Accept(user) => Outcome::Accept((self.convert)(user)),
            Outcome::Reject(rejection) => Outcome::Reject(rejection),
            Outcome::Redirect(redirect) => Outcome::Redirect(redirect),
            Outcome::Pass(challenges) => Outcome::Pass(challenges),
        })
    }
}
