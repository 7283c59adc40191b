use http::request::Parts;

use super::{Outcome, Strategy};
use crate::Error;

/// Two strategies, the second asked only if the first passes: see [`Strategy::or`].
#[derive(Clone, Debug)]
pub struct Or<A, B> {
    first: A,
    second: B,
}

impl<A, B> Or<A, B> {
    pub(super) const fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A: Strategy, B: Strategy<User = A::User>> Strategy for Or<A, B> {
    type User = A::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<A::User>, Error> {
        let passed = match self.first.authenticate(request).await? {
            Outcome::Pass(challenges) => challenges,
            concluded => return Ok(concluded),
        };
        Ok(match self.second.authenticate(request).await? {
            Outcome::Pass(challenges) => Outcome::Pass(passed.and(challenges)),
            concluded => concluded,
        })
    }
}
