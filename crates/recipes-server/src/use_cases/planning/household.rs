//! Who shares a plan and a list, and the calendar feeds of the members.

use std::time::Duration;

use accounts::{TokenDigest, audit::Actor};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ids::UserId;
use jiff::{Timestamp, ToSpan as _};
use secrecy::{ExposeSecret as _, SecretString};
use store::{Household, HouseholdInvitation, Joined, PlanFeed, Viewer};

use super::{Days, Meal, PLANNED_DAYS, PlanError, Planning};
use crate::use_cases::repeats::Once;

/// How long an invitation is valid.
const LIFETIME: Duration = Duration::from_hours(7 * 24);

/// A calendar has the meals of this many days before today.
const FEED_PAST: i32 = 31;

/// A new invitation. Its code is shown once and not stored.
#[derive(Clone)]
pub struct CreatedInvitation {
    pub code: SecretString,
    pub expires_at: Timestamp,
}

/// A new calendar feed. Its key is shown once and not stored.
#[derive(Clone)]
pub struct CreatedFeed {
    pub key: SecretString,
}

impl Planning {
    /// # Errors
    /// When the store is unavailable.
    pub async fn household(&self, user: UserId) -> Result<Household, PlanError> {
        Ok(self.store.household(user, self.now()).await?)
    }

    /// Replaces the invitation of the actor's household. One user can join with it.
    ///
    /// # Errors
    /// [`PlanError::ActorRevoked`].
    pub async fn invite(
        &self,
        actor: Actor,
        once: Option<Once<CreatedInvitation>>,
    ) -> Result<CreatedInvitation, PlanError> {
        let code = self.secret();
        let (digest, expires_at) = (digest(&code), self.now() + LIFETIME);
        let invitation = HouseholdInvitation { digest, expires_at, new: self.new_household() };
        let created = CreatedInvitation { code, expires_at };
        let store = {
            let created = created.clone();
            Once::store(once, &self.store, move |(): &()| Some(created.clone()))
        };
        store.invite_to_household(invitation, self.context(actor)).await?;
        Ok(created)
    }

    /// # Errors
    /// [`PlanError::NoSuchInvitation`], [`PlanError::HouseholdFull`], [`PlanError::ActorRevoked`].
    pub async fn join(
        &self,
        code: TokenDigest,
        actor: Actor,
        once: Option<Once<()>>,
    ) -> Result<(), PlanError> {
        let store = Once::store(once, &self.store, |joined: &Joined| (*joined == Joined::Done).then_some(()));
        match store.join_household(code, self.context(actor)).await? {
            Joined::Done => Ok(()),
            Joined::NoSuchInvitation => Err(PlanError::NoSuchInvitation),
            Joined::Full => Err(PlanError::HouseholdFull),
        }
    }

    /// # Errors
    /// [`PlanError::NoHousehold`], [`PlanError::ActorRevoked`].
    pub async fn leave(&self, actor: Actor) -> Result<(), PlanError> {
        let left = self.store.leave_household(self.context(actor)).await?;
        if left { Ok(()) } else { Err(PlanError::NoHousehold) }
    }

    /// Replaces the calendar feed of the actor: the former address is good for nothing any more.
    ///
    /// # Errors
    /// [`PlanError::ActorRevoked`].
    pub async fn create_feed(
        &self,
        actor: Actor,
        once: Option<Once<CreatedFeed>>,
    ) -> Result<CreatedFeed, PlanError> {
        let key = self.secret();
        let feed = PlanFeed { digest: digest(&key), new: self.new_household() };
        let created = CreatedFeed { key };
        let store = {
            let created = created.clone();
            Once::store(once, &self.store, move |(): &()| Some(created.clone()))
        };
        store.set_plan_feed(feed, self.context(actor)).await?;
        Ok(created)
    }

    /// # Errors
    /// [`PlanError::NoSuchFeed`], [`PlanError::ActorRevoked`].
    pub async fn revoke_feed(&self, actor: Actor) -> Result<(), PlanError> {
        let revoked = self.store.revoke_plan_feed(self.context(actor)).await?;
        if revoked { Ok(()) } else { Err(PlanError::NoSuchFeed) }
    }

    /// The meals of a calendar feed, as its user may read them, and the time at which they are so.
    ///
    /// # Errors
    /// [`PlanError::NoSuchFeed`].
    pub async fn feed(&self, key: TokenDigest) -> Result<(Vec<Meal>, Timestamp), PlanError> {
        let user = self.store.user_of_plan_feed(key).await?.ok_or(PlanError::NoSuchFeed)?;
        let today = self.today();
        let days = Days {
            first: today.saturating_sub(FEED_PAST.days()),
            last: today.saturating_add(PLANNED_DAYS.days()),
        };
        Ok((self.plan(user, Viewer::User(user), days).await?, self.now()))
    }

    fn secret(&self) -> SecretString {
        SecretString::from(URL_SAFE_NO_PAD.encode(self.entropy.bytes::<32>()))
    }
}

fn digest(secret: &SecretString) -> TokenDigest {
    TokenDigest::of(secret.expose_secret().as_bytes())
}
