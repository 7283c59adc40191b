//! The ids in addresses.

use axum::extract::FromRequestParts;
use http::{Uri, request::Parts};
use ids::{ApiTokenId, InvitationId, RecipeId, SessionId, UserId};

use crate::app::App;
use crate::http::error::ApiError;

/// The id in the path; what is no id is nobody's.
pub struct InPath<Id>(pub Id);

macro_rules! in_path {
    ($($id:ident: $before:literal, else $missing:ident;)*) => {$(
        impl FromRequestParts<App> for InPath<$id> {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
                behind($before, &parts.uri).and_then($id::parse).map(Self).ok_or(ApiError::$missing)
            }
        }
    )*};
}

in_path! {
    RecipeId: "/api/v1/recipes/", else RecipeNotFound;
    SessionId: "/api/v1/users/me/sessions/", else SessionNotFound;
    ApiTokenId: "/api/v1/users/me/api-tokens/", else ApiTokenNotFound;
    UserId: "/api/v1/admin/users/", else UserNotFound;
    InvitationId: "/api/v1/admin/invitations/", else InvitationNotFound;
}

/// The segment behind this, which more may follow. Nobody has to percent-encode an id: what stands there is it, without
/// copies.
fn behind<'a>(before: &str, uri: &'a Uri) -> Option<&'a str> {
    uri.path().strip_prefix(before)?.split('/').next()
}
