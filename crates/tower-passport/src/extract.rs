//! The first door: an argument of an axum handler.

use std::fmt;
use std::sync::Arc;

use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use crate::refusal::{Admission, admit, logged};
use crate::{CurrentUser, Error, Refusal, Strategy};

/// Who sent the request, according to the strategy `S`: the argument is the requirement.
///
/// Whoever reads a handler's signature knows who may call it, and a route cannot be left open by a forgotten layer.
/// The strategy comes from the router's state. Two kinds of user are two types: `Auth<Customers>`, `Auth<Staff>`.
///
/// ```
/// use std::sync::Arc;
///
/// use axum::Router;
/// use axum::extract::FromRef;
/// use axum::routing::get;
/// use tower_passport::{Auth, BoxStrategy};
///
/// type Guard = BoxStrategy<String>; // or a chain, or `Jwt<Key, FindUser>`
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
/// With `Option<Auth<S>>` a request without credentials is welcome; one with *bad* credentials is refused all the
/// same, so that an expired session is seen and not taken for a guest.
pub struct Auth<S: Strategy>(pub S::User);

// By hand, because a derive would ask them of the strategy and not of its user.
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
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        Arc::<S>::from_ref(state).admit(parts).await.map(Self)
    }
}

impl<S, State> OptionalFromRequestParts<State> for Auth<S>
where
    S: Strategy,
    Arc<S>: FromRef<State>,
    State: Send + Sync,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Option<Self>, Refusal> {
        Ok(match admit(Arc::<S>::from_ref(state).authenticate(parts).await)? {
            Admission::Known(user) => Some(Self(user)),
            Admission::Nobody(_) => None,
        })
    }
}

impl<U, State> FromRequestParts<State> for CurrentUser<U>
where
    U: Clone + Send + Sync + 'static,
    State: Sync,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &State) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            let missing = "no user in this request: is the `Authenticate` layer missing, or optional?";
            logged(Error::misconfigured(missing).into())
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
