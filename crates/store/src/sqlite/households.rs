//! Households, in SQLite's dialect.

use accounts::TokenDigest;
use accounts::audit::Event;
use ids::{HouseholdId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::favourites::user;
use super::{Sqlite, audit, columns, execute, find, find_value, list};
use crate::{
    Context, Household, HouseholdInvitation, HouseholdMember, Joined, MAX_HOUSEHOLD_MEMBERS, PlanFeed,
    StoreError,
};
use ::recipes::time::to_microseconds;

impl Sqlite {
    pub async fn household(&self, user: UserId, now: Timestamp) -> Result<Household, StoreError> {
        self.read_at_length(move |db| {
            let Some(id) = of(db, user)? else { return Ok(Household::default()) };
            let sql =
                "SELECT user_id, name, joined_at FROM household_members JOIN users ON users.id = user_id
                       WHERE household_id = ?1 ORDER BY joined_at, user_id";
            let members = list(db, sql, [id.as_bytes()], |columns| {
                let (user, name) = (columns.user_id()?, columns.get()?);
                Ok(HouseholdMember { user, name, joined_at: columns.time()? })
            })?;
            let sql =
                "SELECT invitation_expires_at FROM households WHERE id = ?1 AND invitation_expires_at > ?2";
            let row = params![id.as_bytes(), now.as_microsecond()];
            let invitation_expires_at = find(db, sql, row, expiry_in)?;
            let sql = "SELECT feed IS NOT NULL FROM household_members WHERE user_id = ?1";
            let has_feed = find_value(db, sql, [user.get()])?.unwrap_or(false);
            Ok(Household { members, invitation_expires_at, has_feed })
        })
        .await
    }

    pub async fn invite_to_household(
        &self,
        invitation: HouseholdInvitation,
        context: Context,
    ) -> Result<(), StoreError> {
        self.write_for(context, move |db, authority| {
            let HouseholdInvitation { digest, expires_at, new } = invitation;
            let user = user(authority)?;
            let id = of_or_new(db, user, new, &context)?;
            audit::record(db, Event::HouseholdInvitationCreated, Some(user), &context)?;
            let sql = "UPDATE households SET invitation = ?2, invitation_expires_at = ?3 WHERE id = ?1";
            let expires_at = to_microseconds(expires_at).as_microsecond();
            execute(db, sql, params![id.as_bytes(), digest.as_bytes(), expires_at]).map(drop)
        })
        .await
    }

    pub async fn join_household(&self, digest: TokenDigest, context: Context) -> Result<Joined, StoreError> {
        let now = to_microseconds(context.now);
        self.write_for(context, move |db, authority| {
            let user = user(authority)?;
            let sql = "SELECT id FROM households WHERE invitation = ?1 AND invitation_expires_at > ?2";
            let found = find_value(db, sql, params![digest.as_bytes(), now.as_microsecond()])?;
            let Some(id) = found.map(HouseholdId::from_bytes) else { return Ok(Joined::NoSuchInvitation) };
            let former = of(db, user)?;
            if former == Some(id) {
                return Ok(Joined::Done);
            }
            if members(db, id)? >= MAX_HOUSEHOLD_MEMBERS {
                return Ok(Joined::Full);
            }
            let sql = "INSERT INTO household_members (user_id, household_id, joined_at) VALUES (?1, ?2, ?3)
                       ON CONFLICT (user_id) DO UPDATE SET household_id = excluded.household_id, joined_at = excluded.joined_at";
            execute(db, sql, params![user.get(), id.as_bytes(), now.as_microsecond()])?;
            if let Some(former) = former
                && members(db, former)? == 0
            {
                for sql in [
                    "UPDATE plan_entries SET household_id = ?2 WHERE household_id = ?1",
                    "UPDATE shopping_items SET household_id = ?2 WHERE household_id = ?1",
                ] {
                    execute(db, sql, params![former.as_bytes(), id.as_bytes()])?;
                }
                execute(db, "DELETE FROM households WHERE id = ?1", [former.as_bytes()])?;
            }
            let sql = "UPDATE households SET invitation = NULL, invitation_expires_at = NULL WHERE id = ?1";
            execute(db, sql, [id.as_bytes()])?;
            audit::record(db, Event::HouseholdJoined, Some(user), &context)?;
            Ok(Joined::Done)
        })
        .await
    }

    pub async fn leave_household(&self, context: Context) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            let user = user(authority)?;
            let left = execute(db, "DELETE FROM household_members WHERE user_id = ?1", [user.get()])? == 1;
            if left {
                audit::record(db, Event::HouseholdLeft, Some(user), &context)?;
            }
            Ok(left)
        })
        .await
    }

    pub async fn set_plan_feed(&self, feed: PlanFeed, context: Context) -> Result<(), StoreError> {
        self.write_for(context, move |db, authority| {
            let user = user(authority)?;
            of_or_new(db, user, feed.new, &context)?;
            let sql = "UPDATE household_members SET feed = ?2 WHERE user_id = ?1";
            execute(db, sql, params![user.get(), feed.digest.as_bytes()]).map(drop)
        })
        .await
    }

    pub async fn revoke_plan_feed(&self, context: Context) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            let sql = "UPDATE household_members SET feed = NULL WHERE user_id = ?1 AND feed IS NOT NULL";
            Ok(execute(db, sql, [user(authority)?.get()])? == 1)
        })
        .await
    }

    pub fn user_of_plan_feed(&self, digest: TokenDigest) -> Result<Option<UserId>, StoreError> {
        self.read(move |db| {
            let sql = "SELECT user_id FROM household_members JOIN users ON users.id = user_id
                       WHERE feed = ?1 AND disabled = 0";
            find_value(db, sql, [digest.as_bytes()])?.map(columns::user_id).transpose()
        })
    }
}

/// The household of a user.
pub(super) fn of(db: &Connection, user: UserId) -> Result<Option<HouseholdId>, StoreError> {
    let sql = "SELECT household_id FROM household_members WHERE user_id = ?1";
    Ok(find_value(db, sql, [user.get()])?.map(HouseholdId::from_bytes))
}

/// The household of a user, who gets a new one if they have none.
pub(super) fn of_or_new(
    db: &Connection,
    user: UserId,
    new: HouseholdId,
    context: &Context,
) -> Result<HouseholdId, StoreError> {
    if let Some(id) = of(db, user)? {
        return Ok(id);
    }
    let now = to_microseconds(context.now);
    let sql = "INSERT INTO households (id, created_at) VALUES (?1, ?2)";
    execute(db, sql, params![new.as_bytes(), now.as_microsecond()])?;
    let sql = "INSERT INTO household_members (user_id, household_id, joined_at) VALUES (?1, ?2, ?3)";
    execute(db, sql, params![user.get(), new.as_bytes(), now.as_microsecond()])?;
    audit::record(db, Event::HouseholdCreated, Some(user), context)?;
    Ok(new)
}

fn members(db: &Connection, id: HouseholdId) -> Result<u32, StoreError> {
    let sql = "SELECT count(*) FROM household_members WHERE household_id = ?1";
    Ok(find_value(db, sql, [id.as_bytes()])?.unwrap_or(0))
}

/// From `invitation_expires_at`.
fn expiry_in(columns: &mut columns::Columns<'_>) -> Result<Timestamp, StoreError> {
    columns.time()
}
