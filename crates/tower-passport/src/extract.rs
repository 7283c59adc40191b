//! `Auth`: authentication as an argument of an axum handler.

use std::fmt;
use std::sync::Arc;

use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use crate::strategy::{Decision, decide};
use crate::{CurrentUser, Error, Rejection, Strategy};

/// The user that the strategy `S` authenticated, as a handler argument: the argument is the requirement.
///
/// The signature of a handler shows which clients may call it, and a forgotten layer cannot leave a route open. The strategy
/// comes from the router's state. Two kinds of user are two types: `Auth<Customers>`, `Auth<Staff>`.
///
/// ```
/// use std::sync::Arc;
///
/// use axum::Router;
/// use axum::extract::FromRef;
/// use axum::routing::get;
/// use tower_passport::{Auth, BoxStrategy};
///
/// type Guard = BoxStrategy<String>; // or a chain, or `Jwt<Key, Claims, FindUser>`
///
/// #[derive(Clone, FromRef)]
/// struct App {
///     guard: Arc<Guard>,
/// }
///
/// async fn whoami(Auth(user): Auth<Guard>) -> String {
///     user
/// }
///
/// async fn greet(user: Option<Auth<Guard>>) -> String {
///     user.map_or("Who are you?".into(), |Auth(user)| format!("Hello, {user}"))
/// }
///
/// # fn router(app: App) -> Router {
/// Router::new().route("/me", get(whoami)).route("/", get(greet)).with_state(app)
/// # }
/// ```
///
/// `Option<Auth<S>>` accepts a request without credentials. It still rejects *bad* credentials, so that an expired session
/// is noticed and not treated as a guest.
pub struct Auth<S: Strategy>(pub S::User);

// Not derived: a derive would require `Clone` of the strategy instead of its user.
impl<S: Strategy<User: Clone>> Clone for Auth<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Strategy<User: fmt::Debug>> fmt::Debug for Auth<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Auth").field(&self.0).finish()
    }
}

impl<S, State> FromRequestParts<State> for Auth<S>
where
    S: Strategy,
    Arc<S>: FromRef<State>,
    State: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Rejection> {
        Arc::<S>::from_ref(state).admit(parts).await.map(Self)
    }
}

impl<S, State> OptionalFromRequestParts<State> for Auth<S>
where
    S: Strategy,
    Arc<S>: FromRef<State>,
    State: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Option<Self>, Rejection> {
        Ok(match decide(Arc::<S>::from_ref(state).authenticate(parts).await)? {
            Decision::Authenticated(user) => Some(Self(user)),
            Decision::Anonymous(_) => None,
        })
    }
}

impl<U, State> FromRequestParts<State> for CurrentUser<U>
where
    U: Clone + Send + Sync + 'static,
    State: Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &State) -> Result<Self, Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            let missing = "no user in this request: is the `Authenticate` layer missing, or optional?";
            Rejection::from(Error::misconfigured(missing)).logged()
        })
    }
}

impl<U, State> OptionalFromRequestParts<State> for CurrentUser<U>
where
    U: Clone + Send + Sync + 'static,
    State: Sync,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &State) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
