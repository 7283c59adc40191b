//! The log of what users cooked.

use accounts::audit::Actor;
use ids::{CookedId, RecipeId, UserId};
use jiff::civil::Date;
use jiff::{ToSpan as _, tz::TimeZone};
use recipes::FieldError;
use store::{Context, Cooked, Noted};

use super::{RecipeError, Recipes};
use crate::use_cases::repeats::Once;

/// What a user notes after cooking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookedNow {
    /// Today, if it is not stated.
    pub on: Option<Date>,
    pub note: Option<String>,
}

impl Recipes {
    /// Adds an entry to the log of the actor.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`], [`RecipeError::Invalid`] for a day in the future, [`RecipeError::TooManyCooked`],
    /// [`RecipeError::ActorRevoked`].
    pub async fn add_cooked(
        &self,
        recipe: RecipeId,
        CookedNow { on, note }: CookedNow,
        actor: Actor,
        once: Option<Once<Cooked>>,
    ) -> Result<Cooked, RecipeError> {
        let context = Context { actor, now: self.clock.now() };
        let today = TimeZone::UTC.to_datetime(context.now).date();
        // East of Greenwich it may be tomorrow.
        if on.is_some_and(|on| on > today.saturating_add(1.day())) {
            let message = "must not be in the future".to_owned();
            return Err(RecipeError::Invalid(vec![FieldError { pointer: "/date".to_owned(), message }]));
        }
        let id = CookedId::new(context.now, self.entropy.bytes());
        let new = Cooked { id, recipe, on: on.unwrap_or(today), note };
        let store = {
            let new = new.clone();
            Once::store(once, &self.store, move |noted: &Noted| (*noted == Noted::Done).then(|| new.clone()))
        };
        match store.add_cooked(new.clone(), context).await? {
            Noted::Done => Ok(new),
            Noted::NoSuchRecipe => Err(RecipeError::NotFound),
            Noted::TooMany => Err(RecipeError::TooManyCooked),
        }
    }

    /// Removes an entry of the actor.
    ///
    /// # Errors
    /// [`RecipeError::NoSuchEntry`], [`RecipeError::ActorRevoked`].
    pub async fn remove_cooked(
        &self,
        recipe: RecipeId,
        id: CookedId,
        actor: Actor,
    ) -> Result<(), RecipeError> {
        let context = Context { actor, now: self.clock.now() };
        let removed = self.store.remove_cooked(recipe, id, context).await?;
        if removed { Ok(()) } else { Err(RecipeError::NoSuchEntry) }
    }

    /// The entries of a user, or those for one recipe; the newest day first.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn cooked(&self, user: UserId, recipe: Option<RecipeId>) -> Result<Vec<Cooked>, RecipeError> {
        Ok(self.store.cooked(user, recipe).await?)
    }
}
