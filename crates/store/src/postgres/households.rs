//! Households, in PostgreSQL's dialect.

use accounts::TokenDigest;
use accounts::audit::Event;
use ids::{HouseholdId, UserId};
use jiff::Timestamp;

use super::columns::{Columns, user_id_in};
use super::connection::Db;
use super::failure::Failure;
use super::favourites::user;
use super::{Postgres, at, audit};
use crate::{
    Context, Household, HouseholdInvitation, HouseholdMember, Joined, MAX_HOUSEHOLD_MEMBERS, PlanFeed,
    StoreError,
};
use ::recipes::time::to_microseconds;

impl Postgres {
    pub async fn household(&self, user: UserId, now: Timestamp) -> Result<Household, StoreError> {
        self.read(move |db| async move {
            let Some(id) = of(&db, user).await? else { return Ok(Household::default()) };
            let id = id.as_bytes().as_slice();
            let sql =
                "SELECT user_id, name, joined_at FROM household_members JOIN users ON users.id = user_id
                       WHERE household_id = $1 ORDER BY joined_at, user_id";
            let read = |columns: &mut Columns<'_>| {
                let (user, name) = (columns.user_id()?, columns.get()?);
                Ok(HouseholdMember { user, name, joined_at: columns.time()? })
            };
            let members = db.list(sql, &[&id], read).await?;
            let sql =
                "SELECT invitation_expires_at FROM households WHERE id = $1 AND invitation_expires_at > $2";
            let invitation_expires_at = db.find(sql, &[&id, &at(now)], expiry_in).await?;
            let sql = "SELECT 1 FROM household_members WHERE user_id = $1 AND feed IS NOT NULL";
            let has_feed = db.exists(sql, &[&user.get()]).await?;
            Ok(Household { members, invitation_expires_at, has_feed })
        })
        .await
    }

    pub async fn invite_to_household(
        &self,
        invitation: HouseholdInvitation,
        context: Context,
    ) -> Result<(), StoreError> {
        let context = &context;
        self.write_recipes_for(context, move |db, authority| async move {
            let HouseholdInvitation { digest, expires_at, new } = invitation;
            let user = user(authority)?;
            let id = of_or_new(&db, user, new, context).await?;
            audit::record(&db, Event::HouseholdInvitationCreated, Some(user), context).await?;
            let sql = "UPDATE households SET invitation = $2, invitation_expires_at = $3 WHERE id = $1";
            let (id, digest) = (id.as_bytes().as_slice(), digest.as_bytes().as_slice());
            db.execute(sql, &[&id, &digest, &at(to_microseconds(expires_at))]).await.map(drop)
        })
        .await
    }

    pub async fn join_household(&self, digest: TokenDigest, context: Context) -> Result<Joined, StoreError> {
        let (now, context) = (to_microseconds(context.now), &context);
        self.write_recipes_for(context, move |db, authority| async move {
            let user = user(authority)?;
            let sql = "SELECT id FROM households WHERE invitation = $1 AND invitation_expires_at > $2";
            let found = db.find(sql, &[&digest.as_bytes().as_slice(), &at(now)], household_in).await?;
            let Some(id) = found else { return Ok(Joined::NoSuchInvitation) };
            let former = of(&db, user).await?;
            if former == Some(id) {
                return Ok(Joined::Done);
            }
            if members(&db, id).await? >= i64::from(MAX_HOUSEHOLD_MEMBERS) {
                return Ok(Joined::Full);
            }
            let key = id.as_bytes().as_slice();
            let sql = "INSERT INTO household_members (user_id, household_id, joined_at) VALUES ($1, $2, $3)
                       ON CONFLICT (user_id) DO UPDATE SET household_id = excluded.household_id, joined_at = excluded.joined_at";
            db.execute(sql, &[&user.get(), &key, &at(now)]).await?;
            if let Some(former) = former
                && members(&db, former).await? == 0
            {
                let former = former.as_bytes().as_slice();
                for sql in [
                    "UPDATE plan_entries SET household_id = $2 WHERE household_id = $1",
                    "UPDATE shopping_items SET household_id = $2 WHERE household_id = $1",
                ] {
                    db.execute(sql, &[&former, &key]).await?;
                }
                db.execute("DELETE FROM households WHERE id = $1", &[&former]).await?;
            }
            let sql = "UPDATE households SET invitation = NULL, invitation_expires_at = NULL WHERE id = $1";
            db.execute(sql, &[&key]).await?;
            audit::record(&db, Event::HouseholdJoined, Some(user), context).await?;
            Ok(Joined::Done)
        })
        .await
    }

    pub async fn leave_household(&self, context: Context) -> Result<bool, StoreError> {
        let context = &context;
        self.write_recipes_for(context, move |db, authority| async move {
            let user = user(authority)?;
            let sql = "DELETE FROM household_members WHERE user_id = $1";
            let left = db.execute(sql, &[&user.get()]).await? == 1;
            if left {
                audit::record(&db, Event::HouseholdLeft, Some(user), context).await?;
            }
            Ok(left)
        })
        .await
    }

    pub async fn set_plan_feed(&self, feed: PlanFeed, context: Context) -> Result<(), StoreError> {
        let context = &context;
        self.write_recipes_for(context, move |db, authority| async move {
            let user = user(authority)?;
            of_or_new(&db, user, feed.new, context).await?;
            let sql = "UPDATE household_members SET feed = $2 WHERE user_id = $1";
            db.execute(sql, &[&user.get(), &feed.digest.as_bytes().as_slice()]).await.map(drop)
        })
        .await
    }

    pub async fn revoke_plan_feed(&self, context: Context) -> Result<bool, StoreError> {
        self.write_recipes_for(&context, move |db, authority| async move {
            let sql = "UPDATE household_members SET feed = NULL WHERE user_id = $1 AND feed IS NOT NULL";
            Ok(db.execute(sql, &[&user(authority)?.get()]).await? == 1)
        })
        .await
    }

    pub async fn user_of_plan_feed(&self, digest: TokenDigest) -> Result<Option<UserId>, StoreError> {
        self.read(move |db| async move {
            let sql = "SELECT user_id FROM household_members JOIN users ON users.id = user_id
                       WHERE feed = $1 AND NOT disabled";
            db.find(sql, &[&digest.as_bytes().as_slice()], user_id_in).await
        })
        .await
    }
}

/// The household of a user.
pub(super) async fn of(db: &Db, user: UserId) -> Result<Option<HouseholdId>, Failure> {
    let sql = "SELECT household_id FROM household_members WHERE user_id = $1";
    db.find(sql, &[&user.get()], household_in).await
}

/// The household of a user, who gets a new one if they have none.
pub(super) async fn of_or_new(
    db: &Db,
    user: UserId,
    new: HouseholdId,
    context: &Context,
) -> Result<HouseholdId, Failure> {
    if let Some(id) = of(db, user).await? {
        return Ok(id);
    }
    let now = to_microseconds(context.now);
    let key = new.as_bytes().as_slice();
    db.execute("INSERT INTO households (id, created_at) VALUES ($1, $2)", &[&key, &at(now)]).await?;
    let sql = "INSERT INTO household_members (user_id, household_id, joined_at) VALUES ($1, $2, $3)";
    db.execute(sql, &[&user.get(), &key, &at(now)]).await?;
    audit::record(db, Event::HouseholdCreated, Some(user), context).await?;
    Ok(new)
}

fn household_in(columns: &mut Columns<'_>) -> Result<HouseholdId, StoreError> {
    columns.bytes().map(HouseholdId::from_bytes)
}

async fn members(db: &Db, id: HouseholdId) -> Result<i64, Failure> {
    let sql = "SELECT count(*) FROM household_members WHERE household_id = $1";
    db.number(sql, &[&id.as_bytes().as_slice()]).await
}

/// From `invitation_expires_at`.
fn expiry_in(columns: &mut Columns<'_>) -> Result<Timestamp, StoreError> {
    columns.time()
}
