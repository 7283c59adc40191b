use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use axum_core::extract::{FromRef, FromRequestParts};
use http::request::Parts;

use super::{HasScope, has_all_scopes, is_scope, rejected};
use crate::{Auth, Rejection, Strategy};

/// A scope as a type, for use in a handler's signature: see [`Scoped`].
pub trait RequiredScope: 'static {
    /// The required scopes, separated by spaces. All of them are needed.
    const SCOPE: &'static str;
}

/// [`Auth`] with a required scope: the argument is the requirement.
///
/// ```
/// # use tower_passport::{BoxStrategy, HasScope};
/// use tower_passport::{RequiredScope, Scoped};
///
/// # struct Caller { name: String }
/// # impl HasScope for Caller { fn has_scope(&self, _: &str) -> bool { true } }
/// type Guard = BoxStrategy<Caller>;
///
/// struct WriteRecipes;
///
/// impl RequiredScope for WriteRecipes {
///     const SCOPE: &'static str = "recipes:write";
/// }
///
/// async fn create(Scoped(caller, ..): Scoped<Guard, WriteRecipes>) -> String {
///     caller.name
/// }
/// ```
///
/// A scope that a header cannot carry does not compile.
pub struct Scoped<S: Strategy, R>(pub S::User, pub PhantomData<R>);

impl<S: Strategy<User: fmt::Debug>, R> fmt::Debug for Scoped<S, R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Scoped").field(&self.0).finish_non_exhaustive()
    }
}

impl<S, R, State> FromRequestParts<State> for Scoped<S, R>
where
    S: Strategy<User: HasScope>,
    Arc<S>: FromRef<State>,
    R: RequiredScope,
    State: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Rejection> {
        const { assert!(is_scope(R::SCOPE), "a scope is printable ASCII without quotes and backslashes") }
        let Auth(user) = <Auth<S> as FromRequestParts<State>>::from_request_parts(parts, state).await?;
        if has_all_scopes(&user, R::SCOPE) {
            return Ok(Self(user, PhantomData));
        }
        let strategy = Arc::<S>::from_ref(state);
        let rejection = rejected(strategy.recognizes(parts).unwrap_or("Bearer"), R::SCOPE);
        Err(rejection.logged(|| strategy.name(), Some(parts.uri.path())))
    }
}
