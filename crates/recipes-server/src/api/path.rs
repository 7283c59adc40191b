//! Ids in paths.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use ids::{
    ApiTokenId, CookedId, InvitationId, PlanEntryId, RecipeId, SessionId, ShareId, ShoppingItemId, UserId,
    WebhookId,
};
use recipes::limits;

use crate::http::error::Report;
use crate::use_cases::accounts::AccountError;
use crate::use_cases::planning::PlanError;
use crate::use_cases::recipes::RecipeError;
use crate::use_cases::webhooks::WebhookError;

/// The id in the path. Text that is no id gets the same 404 as an unknown id.
pub struct PathId<Id>(pub Id);

/// The id of a client in the path. Text that is no id is that of no client.
pub struct PathClient(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathClient {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let text = Path::<String>::from_request_parts(parts, state).await.ok();
        Ok(Self(text.map(|Path(text)| text).unwrap_or_default()))
    }
}

macro_rules! path_ids {
    ($($id:ident or $not_found:expr;)*) => {$(
        impl<S: Send + Sync> FromRequestParts<S> for PathId<$id> {
            type Rejection = Report;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
                let text = Path::<String>::from_request_parts(parts, state).await.ok();
                text.and_then(|Path(text)| $id::parse(&text)).map(Self).ok_or_else(|| $not_found.into())
            }
        }
    )*};
}

path_ids! {
    RecipeId or RecipeError::NotFound;
    SessionId or AccountError::SessionNotFound;
    ApiTokenId or AccountError::ApiTokenNotFound;
    UserId or AccountError::UserNotFound;
    InvitationId or AccountError::InvitationNotFound;
    PlanEntryId or PlanError::NoSuchMeal;
    ShoppingItemId or PlanError::NoSuchItem;
    WebhookId or WebhookError::NotFound;
}

/// A revision of a recipe, by the numbers in the path.
pub struct RevisionPath {
    pub recipe: RecipeId,
    pub revision: i64,
}

impl<S: Send + Sync> FromRequestParts<S> for RevisionPath {
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        let texts = Path::<(String, String)>::from_request_parts(parts, state).await.ok();
        let numbers = texts.and_then(|Path((recipe, revision))| {
            // Of the same form as an id.
            Some(Self { recipe: RecipeId::parse(&recipe)?, revision: RecipeId::parse(&revision)?.get() })
        });
        numbers.ok_or_else(|| RecipeError::NoSuchRevision.into())
    }
}

/// A step of a recipe, by the id and the number in the path.
pub struct StepPath {
    pub recipe: RecipeId,
    /// From 1.
    pub step: u32,
}

impl<S: Send + Sync> FromRequestParts<S> for StepPath {
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        let texts = Path::<(String, String)>::from_request_parts(parts, state).await.ok();
        let ids = texts.and_then(|Path((recipe, step))| {
            // A number of a step has the form of an id.
            let step = RecipeId::parse(&step).and_then(|step| u32::try_from(step.get()).ok());
            Some((RecipeId::parse(&recipe)?, step.filter(|step| *step as usize <= limits::STEPS)))
        });
        match ids {
            Some((recipe, Some(step))) => Ok(Self { recipe, step }),
            Some((_, None)) => Err(RecipeError::NoSuchStep.into()),
            None => Err(RecipeError::NotFound.into()),
        }
    }
}

/// An entry in the log of what the caller cooked, by the ids in the path.
pub struct CookedPath {
    pub recipe: RecipeId,
    pub entry: CookedId,
}

impl<S: Send + Sync> FromRequestParts<S> for CookedPath {
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        let texts = Path::<(String, String)>::from_request_parts(parts, state).await.ok();
        let ids = texts.and_then(|Path((recipe, entry))| {
            Some(Self { recipe: RecipeId::parse(&recipe)?, entry: CookedId::parse(&entry)? })
        });
        ids.ok_or_else(|| RecipeError::NoSuchEntry.into())
    }
}

/// A link to a recipe, by the ids in the path.
pub struct SharePath {
    pub recipe: RecipeId,
    pub share: ShareId,
}

impl<S: Send + Sync> FromRequestParts<S> for SharePath {
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Report> {
        let texts = Path::<(String, String)>::from_request_parts(parts, state).await.ok();
        let ids = texts.and_then(|Path((recipe, share))| {
            Some(Self { recipe: RecipeId::parse(&recipe)?, share: ShareId::parse(&share)? })
        });
        ids.ok_or_else(|| RecipeError::NoSuchShare.into())
    }
}
