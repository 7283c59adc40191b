//! What administrators see of users and do with them, in SQLite's dialect.

use jiff::Timestamp;
use rusqlite::{Connection, ToSql, params};

use super::{Sqlite, cached, users};
use crate::audit::Actor;
use crate::id::UserId;
use crate::store::{Access, Administered, StoreError, UserChange, UserFilter};
use crate::user::{Role, User};

impl Sqlite {
    pub async fn users(
        &self,
        filter: UserFilter,
        after: Option<UserId>,
        limit: u16,
    ) -> Result<Vec<User>, StoreError> {
        self.read_at_length(move |db| {
            let UserFilter { text, role, access } = filter;
            let after = after.map_or(0, UserId::get);
            let mut conditions = "id > :after".to_owned();
            let mut params: Vec<(&str, &dyn ToSql)> = vec![(":after", &after), (":limit", &limit)];
            let role = role.map(Role::as_str);
            if let Some(role) = &role {
                conditions.push_str(" AND role = :role");
                params.push((":role", role));
            }
            let disabled = access.map(|access| access == Access::Disabled);
            if let Some(disabled) = &disabled {
                conditions.push_str(" AND disabled = :disabled");
                params.push((":disabled", disabled));
            }
            let text = text.map(|text| (text.to_lowercase(), containing(&text)));
            if let Some((key, pattern)) = &text {
                conditions.push_str(r" AND (instr(email_key, :key) > 0 OR name LIKE :pattern ESCAPE '\')");
                params.extend([(":key", key as &dyn ToSql), (":pattern", pattern)]);
            }
            users::listed(db, &conditions, params.as_slice())
        })
        .await
    }

    pub async fn administer(
        &self,
        id: UserId,
        UserChange { role, access }: UserChange,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Administered, StoreError> {
        self.write(move |db| {
            users::require_admin(db, &actor)?;
            let leaves = role == Some(Role::User) || access == Some(Access::Disabled);
            if leaves && is_last(db, id)? {
                return Ok(Administered::LastAdmin);
            }
            if let Some(role) = role {
                users::give_role(db, id, role, &actor, now)?;
            }
            if let Some(access) = access {
                users::give_access(db, id, access, &actor, now)?;
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

/// The pattern of whatever has this text in it.
fn containing(text: &str) -> String {
    let escaped = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("%{escaped}%")
}
