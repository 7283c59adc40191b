use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use axum_core::extract::{FromRef, FromRequestParts};
use http::request::Parts;

use super::{HasScope, is_scope, require_scope};
use crate::{Auth, Refusal, Strategy};

/// A scope as a type, so that it can stand in a handler's signature: see [`Scoped`].
pub trait RequiredScope: 'static {
    /// What the credentials must allow; words with spaces between them are all needed.
    const SCOPE: &'static str;
}

/// [`Auth`] for those whose credentials allow it: the argument is the requirement.
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
/// A scope that no header can carry does not compile.
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
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        const { assert!(is_scope(R::SCOPE), "a scope is printable ASCII without quotes and backslashes") }
        let Auth(user) = <Auth<S> as FromRequestParts<State>>::from_request_parts(parts, state).await?;
        require_scope(&user, R::SCOPE)?;
        Ok(Self(user, PhantomData))
    }
}
