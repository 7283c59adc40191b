//! `Auth`: authentication as an argument of an axum handler.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use crate::layer::UserTypes;
use crate::strategy::decide;
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
/// `Option<Auth<S>>` accepts a request without credentials. It still rejects *bad* credentials, so that a forged or expired
/// token is noticed. The cookie of a session that has ended makes a guest; the layer
/// [`RejectionPages`](crate::RejectionPages) removes it.
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
        Ok(decide::optional(&*Arc::<S>::from_ref(state), parts).await?.map(Self))
    }
}

impl<U, State> FromRequestParts<State> for CurrentUser<U>
where
    U: Clone + Send + Sync + 'static,
    State: Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &State) -> Result<Self, Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| no_user::<U>(parts))
    }
}

impl<U, State> OptionalFromRequestParts<State> for CurrentUser<U>
where
    U: Clone + Send + Sync + 'static,
    State: Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &State) -> Result<Option<Self>, Rejection> {
        let user = parts.extensions.get::<Self>().cloned();
        let types = parts.extensions.get::<UserTypes>();
        if user.is_none() && !types.is_some_and(UserTypes::contains::<U>) {
            return Err(no_user::<U>(parts));
        }
        Ok(user)
    }
}

/// The rejection of a request to a handler that asks for a user whom no layer provides.
fn no_user<U: 'static>(request: &Parts) -> Rejection {
    let wanted = type_name::<U>();
    let mistake = match request.extensions.get::<UserTypes>() {
        None => format!("`CurrentUser<{wanted}>` needs the layer `Authenticate` around its handler"),
        Some(types) if types.contains::<U>() => {
            format!(
                "`CurrentUser<{wanted}>` behind an optional layer must be `Option<CurrentUser<{wanted}>>`"
            )
        }
        Some(types) => {
            let found = types.names();
            format!(
                "the handler asks for `CurrentUser<{wanted}>`, but `Authenticate` has a user of type {found}"
            )
        }
    };
    let path = Some(request.uri.path());
    Rejection::from(Error::misconfigured(mistake)).logged(|| "CurrentUser".into(), path)
}
