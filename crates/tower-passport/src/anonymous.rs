//! `Anonymous`: a strategy that accepts every request.

use http::request::Parts;

use crate::{Error, Outcome, Strategy};

/// Accepts every request as a guest, which a function creates. Use it at the end of a chain.
///
/// ```
/// # #[derive(Debug)] struct Person;
/// use tower_passport::{Anonymous, BoxStrategy, Strategy};
///
/// #[derive(Debug)]
/// enum Caller { Person(Person), Guest }
///
/// # fn example(jwt: BoxStrategy<Person>) {
/// let guard = jwt.map(Caller::Person).or(Anonymous::new(|| Caller::Guest));
/// # }
/// ```
///
/// Unlike Passport's, it does not accept bad credentials: the chain ends at a forged token, and the client gets 401 instead of
/// the page for guests. Only the cookie of a session that has ended counts as no credentials.
#[derive(Clone, Debug)]
pub struct Anonymous<F> {
    guest: F,
}

impl<F> Anonymous<F> {
    /// A strategy with a user that `guest` creates for each request.
    pub const fn new(guest: F) -> Self {
        Self { guest }
    }
}

impl<F, U> Strategy for Anonymous<F>
where
    F: Fn() -> U + Send + Sync + 'static,
    U: Send + 'static,
{
    type User = U;

    async fn authenticate(&self, _request: &Parts) -> Result<Outcome<U>, Error> {
        Ok(Outcome::Accept((self.guest)()))
    }
}
