//! Users, in PostgreSQL's dialect.

use accounts::audit::Event;
use accounts::{
    Access, Email, Ending, LanguageTag, Name, NewUser, PasswordHash, Role, User, UserChange, may_change,
};
use ids::UserId;

use super::columns::Columns;
use super::conditions::Conditions;
use super::connection::Db;
use super::failure::Failure;
use super::favourites::user;
use super::user_row::{self, Verified, by_id, password_hash_in, user_in};
use super::{Postgres, at, audit, authority, ending};
use crate::{Administered, Context, Listing, Page, StoreError, UpdateProfile, UserFilter};
use ::recipes::time::to_microseconds;
use jiff::Timestamp;

/// Reads.
impl Postgres {
    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(move |db| async move { by_id(&db, id).await }).await
    }

    pub async fn has_admin(&self) -> Result<bool, StoreError> {
        self.read(move |db| async move { has_admin(&db).await }).await
    }

    pub async fn language_of(&self, user: UserId) -> Result<Option<LanguageTag>, StoreError> {
        self.read(move |db| async move { language_of(&db, user).await }).await
    }

    pub async fn user_by_email(
        &self,
        email: &Email,
    ) -> Result<Option<(User, Option<PasswordHash>)>, StoreError> {
        self.read(move |db| async move {
            let sql = user_row::select!(", password_hash FROM users WHERE email_key = $1");
            let key = email.key();
            db.find(sql, &[&key], |columns| Ok((user_in(columns)?, password_hash_in(columns)?))).await
        })
        .await
    }

    pub async fn users(
        &self,
        filter: UserFilter,
        page: Page<UserId>,
    ) -> Result<Listing<Vec<User>, UserId>, StoreError> {
        let conditions = &conditions(filter).and("id > ?", page.after().map(UserId::get));
        let sql = &conditions.first(page.rows_to_read(), user_row::select!(" FROM users"), "id");
        let users =
            self.read_at_length(move |db| async move { db.list(sql, &conditions.params(), user_in).await });
        Ok(page.listing(users.await?, |user| user.id))
    }

    pub async fn count_users(&self, filter: UserFilter) -> Result<u64, StoreError> {
        let conditions = &conditions(filter);
        self.read_at_length(move |db| async move { conditions.count(&db, "users").await }).await
    }
}

/// Writes.
impl Postgres {
    pub async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<User, StoreError> {
        let (new, now) = (&new, to_microseconds(now));
        self.write(move |db| async move {
            let user = user_row::insert(&db, new, Verified::Now, now).await?;
            audit::record(&db, Event::Created(user.role), Some(user.id), &Context::operator(now)).await?;
            Ok(user)
        })
        .await
    }

    pub async fn create_first_admin(&self, new: NewUser, now: Timestamp) -> Result<Option<User>, StoreError> {
        let (new, now) = (&new, to_microseconds(now));
        self.write(move |db| async move {
            if has_admin(&db).await? {
                return Ok(None);
            }
            let user = user_row::insert(&db, new, Verified::Now, now).await?;
            audit::record(&db, Event::Created(user.role), Some(user.id), &Context::operator(now)).await?;
            Ok(Some(user))
        })
        .await
    }

    pub async fn become_first_admin(&self, context: Context) -> Result<Option<User>, StoreError> {
        let context = &context;
        self.write_for(context, move |db, authority| async move {
            let id = user(authority)?;
            if has_admin(&db).await? {
                return Ok(None);
            }
            change_role(&db, id, Role::Admin, context).await?;
            by_id(&db, id).await
        })
        .await
    }

    pub async fn choose_language(&self, language: LanguageTag, context: Context) -> Result<(), StoreError> {
        self.write_recipes_for(&context, move |db, authority| async move {
            let sql = "UPDATE users SET language = $2 WHERE id = $1";
            db.execute(sql, &[&user(authority)?.get(), &language.as_str()]).await.map(drop)
        })
        .await
    }

    pub async fn update_profile(
        &self,
        command: UpdateProfile,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        let (command, context) = (&command, &context);
        self.write_for(context, move |db, authority| async move {
            let UpdateProfile { user: id, name, email } = command;
            authority::require_right_to_change(authority, *id)?;
            if let Some(change) = email
                && !authority::has_password(&db, *id, change.password_hash.as_ref()).await?
            {
                return Ok(None);
            }
            let email = email.as_ref().map(|change| &change.email);
            let (text, key) = (email.map(Email::as_str), email.map(Email::key));
            // Addresses with the same key can still be different mailboxes: the KELVIN SIGN becomes a k in the key, but
            // not in a mail server. In the collation "C" only the case of ASCII letters is ignored.
            let sql = r#"SELECT 1 FROM users WHERE id = $1 AND lower(email COLLATE "C") <> lower($2::text COLLATE "C")"#;
            let moves = db.exists(sql, &[&id.get(), &text]).await?;
            if moves {
                audit::record(&db, Event::EmailChanged, Some(*id), context).await?;
                ending::end(&db, *id, Ending::EMAIL_CHANGE, context).await?;
            }
            let sql = "UPDATE users SET name = coalesce($2, name), email = coalesce($3, email),
                                        email_key = coalesce($4, email_key), updated_at = greatest(updated_at, $5),
                                        email_verified_at = CASE WHEN $6 THEN NULL ELSE email_verified_at END
                       WHERE id = $1";
            let name = name.as_ref().map(Name::as_str);
            db.execute(sql, &[&id.get(), &name, &text, &key, &at(context.now), &moves]).await?;
            by_id(&db, *id).await
        })
        .await
    }

    pub async fn set_role(
        &self,
        email: &Email,
        role: Role,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        let context = &context;
        self.write_for(context, move |db, authority| async move {
            authority::require_admin(authority)?;
            let Some(id) = user_row::id_of(&db, email).await? else { return Ok(None) };
            change_role(&db, id, role, context).await?;
            by_id(&db, id).await
        })
        .await
    }

    pub async fn set_access(
        &self,
        email: &Email,
        access: Access,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        let context = &context;
        self.write_for(context, move |db, authority| async move {
            authority::require_admin(authority)?;
            let Some(id) = user_row::id_of(&db, email).await? else { return Ok(None) };
            change_access(&db, id, access, context).await?;
            by_id(&db, id).await
        })
        .await
    }

    pub async fn administer(
        &self,
        id: UserId,
        change: UserChange,
        context: Context,
    ) -> Result<Administered, StoreError> {
        let context = &context;
        self.write_for(context, move |db, authority| async move {
            authority::require_admin(authority)?;
            let Some(user) = by_id(&db, id).await? else { return Ok(Administered::NoSuchUser) };
            if !may_change(&user, change, authority::other_admins(&db, id).await?) {
                return Ok(Administered::LastAdmin);
            }
            if let Some(role) = change.role {
                change_role(&db, id, role, context).await?;
            }
            if let Some(access) = change.access {
                change_access(&db, id, access, context).await?;
            }
            let user = by_id(&db, id).await?;
            Ok(user.map_or(Administered::NoSuchUser, |user| Administered::Done(Box::new(user))))
        })
        .await
    }
}

async fn has_admin(db: &Db) -> Result<bool, Failure> {
    db.exists("SELECT 1 FROM users WHERE role = 'admin' AND NOT disabled LIMIT 1", &[]).await
}

async fn change_role(db: &Db, id: UserId, role: Role, context: &Context) -> Result<(), Failure> {
    let sql =
        "UPDATE users SET role = $2, updated_at = greatest(updated_at, $3) WHERE id = $1 AND role <> $2";
    if db.execute(sql, &[&id.get(), &role.as_str(), &at(context.now)]).await? == 1 {
        audit::record(db, Event::RoleChanged(role), Some(id), context).await?;
        ending::end(db, id, Ending::role_change(role), context).await?;
    }
    Ok(())
}

async fn change_access(db: &Db, id: UserId, access: Access, context: &Context) -> Result<(), Failure> {
    let disabled = access == Access::Disabled;
    let sql = "UPDATE users SET disabled = $2, updated_at = greatest(updated_at, $3) WHERE id = $1 AND disabled <> $2";
    if db.execute(sql, &[&id.get(), &disabled, &at(context.now)]).await? == 1 {
        let event = if disabled { Event::Disabled } else { Event::Enabled };
        audit::record(db, event, Some(id), context).await?;
        ending::end(db, id, Ending::access_change(access), context).await?;
    }
    Ok(())
}

fn conditions(UserFilter { text, role, access }: UserFilter) -> Conditions {
    // PostgreSQL cannot hold the character NUL. No name and no address has one.
    let nothing = text.as_ref().filter(|text| text.contains('\0')).map(|_| false);
    let text = text.filter(|text| !text.contains('\0'));
    let any = r#"(strpos(email_key, lower(?)) > 0
                 OR strpos(lower(email COLLATE "C"), lower(? COLLATE "C")) > 0
                 OR strpos(lower(name COLLATE "C"), lower(? COLLATE "C")) > 0)"#;
    Conditions::default()
        .and("role = ?", role.map(Role::as_str))
        .and("disabled = ?", access.map(|access| access == Access::Disabled))
        .and("?", nothing)
        .and(any, text)
}

/// The language that the user has chosen.
pub(super) async fn language_of(db: &Db, user: UserId) -> Result<Option<LanguageTag>, Failure> {
    let sql = "SELECT language FROM users WHERE id = $1";
    let read = |columns: &mut Columns<'_>| Ok(columns.get::<Option<&str>>()?.and_then(LanguageTag::parse));
    Ok(db.find(sql, &[&user.get()], read).await?.flatten())
}
