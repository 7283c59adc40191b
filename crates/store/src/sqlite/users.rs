//! Users, in SQLite's dialect.

use accounts::audit::Event;
use accounts::{
    Access, Email, Ending, LanguageTag, Name, NewUser, PasswordHash, Role, User, UserChange, may_change,
};
use ids::UserId;
use jiff::Timestamp;
use rusqlite::{Connection, params, params_from_iter};

use super::conditions::Conditions;
use super::favourites::user;
use super::user_row::{self, Verified, by_id, password_hash_in, user_in};
use super::{Sqlite, audit, authority, cached, ending, execute, find, find_value, list};
use crate::{Administered, Context, Listing, Page, StoreError, UpdateProfile, UserFilter};
use ::recipes::time::to_microseconds;

/// Reads.
impl Sqlite {
    pub fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(|db| by_id(db, id))
    }

    pub fn user_by_email(&self, email: &Email) -> Result<Option<(User, Option<PasswordHash>)>, StoreError> {
        self.read(|db| {
            let Some(id) = user_row::id_of(db, email)? else { return Ok(None) };
            let sql = user_row::select!(", password_hash FROM users WHERE id = ?1");
            find(db, sql, [id.get()], |columns| Ok((user_in(columns)?, password_hash_in(columns)?)))
        })
    }

    pub fn has_admin(&self) -> Result<bool, StoreError> {
        self.read(has_admin)
    }

    pub fn language_of(&self, user: UserId) -> Result<Option<LanguageTag>, StoreError> {
        self.read(|db| language_of(db, user))
    }

    pub async fn users(
        &self,
        filter: UserFilter,
        page: Page<UserId>,
    ) -> Result<Listing<Vec<User>, UserId>, StoreError> {
        let conditions = conditions(filter).and("id > ?", page.after().map(|after| [after.get().into()]));
        let (sql, params) = conditions.first(page.rows_to_read(), user_row::select!(" FROM users"), "id");
        self.read_at_length(move |db| {
            let users = list(db, &sql, params_from_iter(params), user_in)?;
            Ok(page.listing(users, |user| user.id))
        })
        .await
    }

    pub async fn count_users(&self, filter: UserFilter) -> Result<u64, StoreError> {
        self.read_at_length(move |db| conditions(filter).count(db, "users")).await
    }
}

/// Writes.
impl Sqlite {
    pub async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<User, StoreError> {
        let now = to_microseconds(now);
        self.write(move |db| {
            let user = user_row::insert(db, new, Verified::Now, now)?;
            audit::record(db, Event::Created(user.role), Some(user.id), &Context::operator(now))?;
            Ok(user)
        })
        .await
    }

    pub async fn create_first_admin(&self, new: NewUser, now: Timestamp) -> Result<Option<User>, StoreError> {
        let now = to_microseconds(now);
        self.write(move |db| {
            if has_admin(db)? {
                return Ok(None);
            }
            let user = user_row::insert(db, new, Verified::Now, now)?;
            audit::record(db, Event::Created(user.role), Some(user.id), &Context::operator(now))?;
            Ok(Some(user))
        })
        .await
    }

    pub async fn become_first_admin(&self, context: Context) -> Result<Option<User>, StoreError> {
        self.write_for(context, move |db, authority| {
            let id = user(authority)?;
            if has_admin(db)? {
                return Ok(None);
            }
            change_role(db, id, Role::Admin, &context)?;
            by_id(db, id)
        })
        .await
    }

    pub async fn choose_language(&self, language: LanguageTag, context: Context) -> Result<(), StoreError> {
        self.write_for(context, move |db, authority| {
            let sql = "UPDATE users SET language = ?2 WHERE id = ?1";
            execute(db, sql, params![user(authority)?.get(), language.as_str()]).map(drop)
        })
        .await
    }

    pub async fn update_profile(
        &self,
        command: UpdateProfile,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        self.write_for(context, move |db, authority| {
            let UpdateProfile { user: id, name, email } = command;
            authority::require_right_to_change(authority, id)?;
            if let Some(change) = &email
                && !authority::has_password(db, id, change.password_hash.as_ref())?
            {
                return Ok(None);
            }
            let email = email.map(|change| change.email);
            // Addresses with the same key can still be different mailboxes: the KELVIN SIGN becomes a k in the key, but
            // not in a mail server.
            let moves = cached(db, "SELECT 1 FROM users WHERE id = ?1 AND email <> ?2 COLLATE NOCASE")?
                .exists(params![id.get(), email.as_ref().map(Email::as_str)])?;
            if moves {
                audit::record(db, Event::EmailChanged, Some(id), &context)?;
                ending::end(db, id, Ending::EMAIL_CHANGE, &context)?;
            }
            execute(
                db,
                "UPDATE users SET name = coalesce(?2, name), email = coalesce(?3, email),
                                  email_key = coalesce(?4, email_key), updated_at = max(updated_at, ?5),
                                  email_verified_at = iif(?6, NULL, email_verified_at)
                 WHERE id = ?1",
                params![
                    id.get(),
                    name.as_ref().map(Name::as_str),
                    email.as_ref().map(Email::as_str),
                    email.as_ref().map(Email::key),
                    context.now.as_microsecond(),
                    moves,
                ],
            )?;
            by_id(db, id)
        })
        .await
    }

    pub async fn set_role(
        &self,
        email: &Email,
        role: Role,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        let email = email.clone();
        self.write_for(context, move |db, authority| {
            authority::require_admin(authority)?;
            let Some(id) = user_row::id_of(db, &email)? else { return Ok(None) };
            change_role(db, id, role, &context)?;
            by_id(db, id)
        })
        .await
    }

    pub async fn set_access(
        &self,
        email: &Email,
        access: Access,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        let email = email.clone();
        self.write_for(context, move |db, authority| {
            authority::require_admin(authority)?;
            let Some(id) = user_row::id_of(db, &email)? else { return Ok(None) };
            change_access(db, id, access, &context)?;
            by_id(db, id)
        })
        .await
    }

    pub async fn administer(
        &self,
        id: UserId,
        change: UserChange,
        context: Context,
    ) -> Result<Administered, StoreError> {
        self.write_for(context, move |db, authority| {
            authority::require_admin(authority)?;
            let Some(user) = by_id(db, id)? else { return Ok(Administered::NoSuchUser) };
            if !may_change(&user, change, authority::other_admins(db, id)?) {
                return Ok(Administered::LastAdmin);
            }
            if let Some(role) = change.role {
                change_role(db, id, role, &context)?;
            }
            if let Some(access) = change.access {
                change_access(db, id, access, &context)?;
            }
            let user = by_id(db, id)?;
            Ok(user.map_or(Administered::NoSuchUser, |user| Administered::Done(Box::new(user))))
        })
        .await
    }
}

fn has_admin(db: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM users WHERE role = 'admin' AND disabled = 0 LIMIT 1";
    Ok(cached(db, sql)?.exists([])?)
}

fn change_role(db: &Connection, id: UserId, role: Role, context: &Context) -> Result<(), StoreError> {
    let sql = "UPDATE users SET role = ?2, updated_at = max(updated_at, ?3) WHERE id = ?1 AND role <> ?2";
    if execute(db, sql, params![id.get(), role.as_str(), context.now.as_microsecond()])? == 1 {
        audit::record(db, Event::RoleChanged(role), Some(id), context)?;
        ending::end(db, id, Ending::role_change(role), context)?;
    }
    Ok(())
}

fn change_access(db: &Connection, id: UserId, access: Access, context: &Context) -> Result<(), StoreError> {
    let disabled = access == Access::Disabled;
    let sql =
        "UPDATE users SET disabled = ?2, updated_at = max(updated_at, ?3) WHERE id = ?1 AND disabled <> ?2";
    if execute(db, sql, params![id.get(), disabled, context.now.as_microsecond()])? == 1 {
        let event = if disabled { Event::Disabled } else { Event::Enabled };
        audit::record(db, event, Some(id), context)?;
        ending::end(db, id, Ending::access_change(access), context)?;
    }
    Ok(())
}

fn conditions(UserFilter { text, role, access }: UserFilter) -> Conditions {
    let text = text.map(|text| {
        let pattern = containing(&text);
        [text.to_lowercase().into(), pattern.clone().into(), pattern.into()]
    });
    Conditions::default()
        .and("role = ?", role.map(|role| [role.as_str().to_owned().into()]))
        .and("disabled = ?", access.map(|access| [(access == Access::Disabled).into()]))
        .and(r"(instr(email_key, ?) > 0 OR email LIKE ? ESCAPE '\' OR name LIKE ? ESCAPE '\')", text)
}

/// The `LIKE` pattern of every text that contains this one.
fn containing(text: &str) -> String {
    let escaped = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("%{escaped}%")
}

/// The language that the user has chosen.
pub(super) fn language_of(db: &Connection, user: UserId) -> Result<Option<LanguageTag>, StoreError> {
    let sql = "SELECT language FROM users WHERE id = ?1";
    let language: Option<Option<String>> = find_value(db, sql, [user.get()])?;
    Ok(language.flatten().as_deref().and_then(LanguageTag::parse))
}
