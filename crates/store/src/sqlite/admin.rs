//! What administrators see of users and do with them, in SQLite's dialect.

use rusqlite::{Connection, params};

use super::conditions::Conditions;
use super::{Sqlite, cached, users};
use crate::{Access, Administered, Context, Listing, Page, StoreError, UserChange, UserFilter};
use accounts::{Role, User};
use ids::UserId;

impl Sqlite {
    pub async fn users(
        &self,
        filter: UserFilter,
        page: Page<UserId>,
    ) -> Result<Listing<Vec<User>, UserId>, StoreError> {
        let conditions = conditions(filter).and("id > ?", page.after().map(|after| [after.get().into()]));
        self.read_at_length(move |db| {
            let users = users::listed(db, conditions, page.rows_to_read())?;
            Ok(page.listing(users, |user| user.id))
        })
        .await
    }

    pub async fn count_users(&self, filter: UserFilter) -> Result<u64, StoreError> {
        self.read_at_length(move |db| conditions(filter).count(db, "users")).await
    }

    pub async fn administer(
        &self,
        id: UserId,
        UserChange { role, access }: UserChange,
        context: Context,
    ) -> Result<Administered, StoreError> {
        self.write(move |db| {
            users::require_admin(db, &context.actor)?;
            let leaves = role == Some(Role::User) || access == Some(Access::Disabled);
            if leaves && is_last(db, id)? {
                return Ok(Administered::LastAdmin);
            }
            if let Some(role) = role {
                users::give_role(db, id, role, &context)?;
            }
            if let Some(access) = access {
                users::give_access(db, id, access, &context)?;
            }
            let user = users::by_id(db, id)?;
            Ok(user.map_or(Administered::NoSuchUser, |user| Administered::Done(Box::new(user))))
        })
        .await
    }
}

/// Whether this is the one administrator who is enabled.
pub(super) fn is_last(db: &Connection, id: UserId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM users WHERE id = ?2 AND role = ?1 AND disabled = 0
               AND NOT EXISTS (SELECT 1 FROM users WHERE role = ?1 AND disabled = 0 AND id <> ?2)";
    Ok(cached(db, sql)?.exists(params![Role::Admin.as_str(), id.get()])?)
}

fn conditions(UserFilter { text, role, access }: UserFilter) -> Conditions {
    let text = text.map(|text| [text.to_lowercase().into(), containing(&text).into()]);
    Conditions::default()
        .and("role = ?", role.map(|role| [role.as_str().to_owned().into()]))
        .and("disabled = ?", access.map(|access| [(access == Access::Disabled).into()]))
        .and(r"(instr(email_key, ?) > 0 OR name LIKE ? ESCAPE '\')", text)
}

/// The pattern of whatever has this text in it.
fn containing(text: &str) -> String {
    let escaped = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("%{escaped}%")
}
