//! The decision about a request: asks the strategy, catches its panics, and logs the rejection.

use std::borrow::Cow;

use http::request::Parts;

use crate::catch_panic::CatchPanic;
use crate::{Challenges, Error, Outcome, Rejection, Strategy};

/// The user of a request that needs one.
pub(crate) async fn required<S>(strategy: &S, request: &Parts) -> Result<S::User, Rejection>
where
    S: Strategy + ?Sized,
{
    let rejection = match decide(CatchPanic::new(strategy.authenticate(request)).await) {
        Decision::Accept(user) => return Ok(user),
        Decision::NoCredentials(challenges) => Rejection::no_credentials(challenges),
        Decision::Ended(rejection) | Decision::Reject(rejection) => rejection,
    };
    Err(rejection.logged(|| strategy.name(), Some(request.uri.path())))
}

/// The user of a request that may be a guest's.
pub(crate) async fn optional<S>(strategy: &S, request: &Parts) -> Result<Option<S::User>, Rejection>
where
    S: Strategy + ?Sized,
{
    match decide(CatchPanic::new(strategy.authenticate(request)).await) {
        Decision::Accept(user) => Ok(Some(user)),
        Decision::NoCredentials(_) => Ok(None),
        Decision::Ended(rejection) => {
            let (cause, path) = (rejection.cause(), request.uri.path());
            tracing::debug!(target: crate::LOG_TARGET, cause,
                strategy = &*strategy.name(),
                path,
                "Session ended, continued as guest: {cause}"
            );
            rejection.leave_cookies(request);
            Ok(None)
        }
        Decision::Reject(rejection) => Err(rejection.logged(|| strategy.name(), Some(request.uri.path()))),
    }
}

impl<U> Outcome<U> {
    /// The user, or the rejection to respond with. Logs the rejection. [`Strategy::admit`] also asks the strategy.
    ///
    /// # Errors
    /// [`Rejection`] for every outcome other than [`Outcome::Accept`].
    pub fn admit(self) -> Result<U, Rejection> {
        let rejection = match decide(Ok(self)) {
            Decision::Accept(user) => return Ok(user),
            Decision::NoCredentials(challenges) => Rejection::no_credentials(challenges),
            Decision::Ended(rejection) | Decision::Reject(rejection) => rejection,
        };
        Err(rejection.logged(|| Cow::Borrowed("unknown"), None))
    }
}

enum Decision<U> {
    Accept(U),
    NoCredentials(Challenges),
    /// The session of the request has ended. Where guests are allowed, the client is one.
    Ended(Rejection),
    Reject(Rejection),
}

fn decide<U>(outcome: Result<Outcome<U>, Error>) -> Decision<U> {
    match outcome {
        Ok(Outcome::Accept(user)) => Decision::Accept(user),
        Ok(Outcome::Pass(challenges)) => Decision::NoCredentials(challenges),
        Ok(Outcome::Unrecognized(challenges)) => {
            Decision::Reject(Rejection::invalid_token(challenges).with_cause("unrecognized_token"))
        }
        Ok(Outcome::Reject(rejection)) if rejection.allows_guest() => Decision::Ended(rejection),
        Ok(Outcome::Reject(rejection)) => Decision::Reject(rejection),
        Ok(Outcome::Redirect(redirect)) => Decision::Reject(redirect.into()),
        Err(error) => Decision::Reject(error.into()),
    }
}
