//! What a route requires of its caller, as handler arguments. A signature that names one of these types shows which
//! callers the handler serves, and a route cannot be left open by a forgotten check.

use std::sync::Arc;

use accounts::{Role, Scope, User, audit::Actor};
use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::{HeaderMap, header, request::Parts};
use ids::UserId;
use store::Viewer;
use tower_passport::{Auth, HasScope as _, Reason, Rejection, require_scope};

use super::caller::Caller;
use super::guard::Guard;
use crate::http::client_address::ClientAddress;
use crate::http::error::Report;
use crate::use_cases::accounts::AccountError;
use crate::use_cases::recipes::{RecipeError, Recipes, Writer};

/// The owner of an account, with a session or with an API token that has the scope `account`.
pub struct AccountOwner {
    pub user: User,
    /// The owner, for the store and the audit log.
    pub actor: Actor,
}

impl<S> FromRequestParts<S> for AccountOwner
where
    S: Send + Sync,
    Arc<Guard>: FromRef<S>,
{
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        let caller = caller_with(Scope::Account, parts, state).await?;
        Ok(Self { actor: actor(&caller, parts), user: caller.user })
    }
}

/// An administrator with a session. API tokens never have the rights of an administrator.
///
/// Other callers get 403 and not 404, because the public documentation lists what administrators can do.
pub struct Admin(pub Actor);

impl<S> FromRequestParts<S> for Admin
where
    S: Send + Sync,
    Arc<Guard>: FromRef<S>,
{
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        let caller = caller(parts, state).await?;
        if caller.acts_as_admin() {
            return Ok(Self(actor(&caller, parts)));
        }
        let log_in_first = caller.user.role == Role::Admin;
        Err(if log_in_first { AccountError::SessionRequired } else { AccountError::AdminRequired }.into())
    }
}

/// The recipes that a request may read. Requests without credentials read the public ones, unless only members read. So do
/// browsers after the end of their session, because they cannot drop the cookie. An API token needs the scope `recipes:read`.
pub struct RecipeReader {
    pub viewer: Viewer,
    /// Also of an administrator, who may read all of them.
    pub user: Option<UserId>,
}

impl<S> FromRequestParts<S> for RecipeReader
where
    S: Send + Sync,
    Arc<Guard>: FromRef<S>,
    Arc<Recipes>: FromRef<S>,
{
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        if !Arc::<Recipes>::from_ref(state).are_public() {
            let MemberReader { viewer, user } = MemberReader::from_request_parts(parts, state).await?;
            return Ok(Self { viewer, user: Some(user) });
        }
        let caller =
            match <Auth<Guard> as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await {
                Err(rejection) if is_of_cookie(&rejection, parts) => None,
                decided => decided?,
            };
        let Some(Auth(caller)) = caller else {
            return Ok(Self { viewer: Viewer::Anyone, user: None });
        };
        require_scope(&caller, Scope::RecipesRead.as_str())?;
        Ok(Self { viewer: viewer_of(&caller), user: Some(caller.user.id) })
    }
}

/// The recipes in the bin that a user may restore. An API token needs the scope `recipes:read`. Who writes no recipes has no bin.
pub struct BinReader(pub Viewer);

impl<S> FromRequestParts<S> for BinReader
where
    S: Send + Sync,
    Arc<Guard>: FromRef<S>,
{
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        let caller = caller_with(Scope::RecipesRead, parts, state).await?;
        if !caller.user.may_write() {
            return Err(RecipeError::ReadOnlyAccount.into());
        }
        Ok(Self(viewer_of(&caller)))
    }
}

/// A user who has logged in, and the recipes that this user may read. An API token needs the scope `recipes:read`.
pub struct MemberReader {
    pub viewer: Viewer,
    /// Also of an administrator, who may read all of them.
    pub user: UserId,
}

impl<S> FromRequestParts<S> for MemberReader
where
    S: Send + Sync,
    Arc<Guard>: FromRef<S>,
{
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        let caller = caller_with(Scope::RecipesRead, parts, state).await?;
        Ok(Self { viewer: viewer_of(&caller), user: caller.user.id })
    }
}

/// A user with a session, or with an API token that has the scope `recipes:write`: for what they keep for themselves.
pub struct Member(pub Actor);

impl<S> FromRequestParts<S> for Member
where
    S: Send + Sync,
    Arc<Guard>: FromRef<S>,
{
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        let caller = caller_with(Scope::RecipesWrite, parts, state).await?;
        Ok(Self(caller.actor(None)))
    }
}

/// A session, or an API token with the scope `recipes:write`, of a user that may write recipes.
impl<S> FromRequestParts<S> for Writer
where
    S: Send + Sync,
    Arc<Guard>: FromRef<S>,
    Arc<Recipes>: FromRef<S>,
{
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        let caller = caller_with(Scope::RecipesWrite, parts, state).await?;
        writer_of(&caller, state)
    }
}

/// A [`Writer`] that may also read recipes, for changes whose response has what the request did not contain. An API token needs
/// both scopes.
pub struct RecipeEditor(pub Writer);

impl<S> FromRequestParts<S> for RecipeEditor
where
    S: Send + Sync,
    Arc<Guard>: FromRef<S>,
    Arc<Recipes>: FromRef<S>,
{
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        let caller = caller_with(Scope::RecipesWrite, parts, state).await?;
        require_scope(&caller, Scope::RecipesRead.as_str())?;
        writer_of(&caller, state).map(Self)
    }
}

fn writer_of<S>(caller: &Caller, state: &S) -> Result<Writer, Report>
where
    Arc<Recipes>: FromRef<S>,
{
    let may_read = caller.has_scope(Scope::RecipesRead.as_str());
    Ok(Arc::<Recipes>::from_ref(state).writer(&caller.user, caller.actor(None), may_read)?)
}

fn viewer_of(caller: &Caller) -> Viewer {
    if caller.acts_as_admin() { Viewer::Admin } else { Viewer::User(caller.user.id) }
}

async fn caller<S>(parts: &mut Parts, state: &S) -> Result<Caller, Report>
where
    S: Send + Sync,
    Arc<Guard>: FromRef<S>,
{
    match <Auth<Guard> as FromRequestParts<S>>::from_request_parts(parts, state).await {
        Ok(Auth(caller)) => Ok(caller),
        Err(rejection) if rejection.reason() == Reason::NoCredentials && has_other_scheme(&parts.headers) => {
            Err(Report::from(rejection).with_message(BEGIN_WITH_BEARER))
        }
        // 401 also for a malformed cookie, with which the browser is told to delete it.
        Err(rejection) if is_of_cookie(&rejection, parts) => Err(AccountError::ActorRevoked.into()),
        Err(rejection) => Err(rejection.into()),
    }
}

const BEGIN_WITH_BEARER: &str =
    "Unauthorized: the Authorization header must begin with Bearer, as in Bearer TOKEN";

/// `Authorization: TOKEN` or `JWT TOKEN`, as other services read it.
fn has_other_scheme(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION)
}

/// Whether a token in a cookie was refused. The browser sends it without the page's doing, and no script can delete it.
fn is_of_cookie(rejection: &Rejection, parts: &Parts) -> bool {
    let is_bad = matches!(rejection.reason(), Reason::InvalidToken | Reason::InvalidRequest);
    is_bad && !parts.headers.contains_key(header::AUTHORIZATION) && parts.headers.contains_key(header::COOKIE)
}

async fn caller_with<S>(scope: Scope, parts: &mut Parts, state: &S) -> Result<Caller, Report>
where
    S: Send + Sync,
    Arc<Guard>: FromRef<S>,
{
    let caller = caller(parts, state).await?;
    require_scope(&caller, scope.as_str())?;
    Ok(caller)
}

/// Requests with safe methods are not logged, and the client address is not determined for them.
fn actor(caller: &Caller, parts: &Parts) -> Actor {
    let ClientAddress(address) =
        if parts.method.is_safe() { ClientAddress(None) } else { ClientAddress::of(parts) };
    caller.actor(address)
}
