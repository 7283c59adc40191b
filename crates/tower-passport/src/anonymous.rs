//! Everybody is welcome.

use http::request::Parts;

use crate::{Error, Outcome, Strategy};

/// Accepts every request, as the guest that the function makes. It belongs at the end of a chain.
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
/// Other than Passport's, this one does not let bad credentials in: the chain ends at a forged token, and whoever
/// sent it hears 401 instead of seeing the site as a guest.
#[derive(Clone, Debug)]
pub struct Anonymous<F> {
    guest: F,
}

impl<F> Anonymous<F> {
    /// A strategy whose user is made by `guest`, anew for each request.
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
