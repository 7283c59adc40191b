//! Users, whatever the database.

use jiff::Timestamp;

use crate::{Context, Listing, Page, Store, StoreError};
use accounts::{Access, Email, LanguageTag, Name, NewUser, PasswordHash, Role, User, UserChange};
use ids::UserId;

/// Changes the fields that are `Some`.
#[derive(Clone, Debug)]
pub struct UpdateProfile {
    pub user: UserId,
    pub name: Option<Name>,
    pub email: Option<EmailChange>,
}

/// Another address of a user who has just confirmed the password.
#[derive(Clone, Debug)]
pub struct EmailChange {
    pub email: Email,
    /// The hash that the password was checked against.
    pub password_hash: Option<PasswordHash>,
}

/// Selects users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// What stands somewhere in the name or the e-mail address. Of a name's letters only A to Z are the same in either
    /// case.
    pub text: Option<String>,
    pub role: Option<Role>,
    pub access: Option<Access>,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Administered {
    Done(Box<User>),
    NoSuchUser,
    /// No active administrator would be left. Nothing has changed.
    LastAdmin,
}

/// Users.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Makes an account on behalf of the operator, so the address counts as verified.
    ///
    /// # Errors
    /// [`StoreError::EmailTaken`] if the address, in any case of letters, has an account.
    pub async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<User, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_user(new, now).await,
            Self::Postgres(db) => db.create_user(new, now).await,
        }
    }

    /// Makes an account as [`create_user`](Self::create_user), unless there is an active administrator. Of several calls at the same
    /// moment, also on other machines, one succeeds.
    ///
    /// # Errors
    /// [`StoreError::EmailTaken`].
    pub async fn create_first_admin(&self, new: NewUser, now: Timestamp) -> Result<Option<User>, StoreError> {
        let new = NewUser { role: Role::Admin, ..new };
        match self {
            Self::Sqlite(db) => db.create_first_admin(new, now).await,
            Self::Postgres(db) => db.create_first_admin(new, now).await,
        }
    }

    /// Makes the actor an administrator, unless there is an active one. As of [`create_first_admin`](Self::create_first_admin), one of
    /// several calls succeeds.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the actor is no user, or the user's rights were revoked meanwhile.
    pub async fn become_first_admin(&self, context: Context) -> Result<Option<User>, StoreError> {
        match self {
            Self::Sqlite(db) => db.become_first_admin(context).await,
            Self::Postgres(db) => db.become_first_admin(context).await,
        }
    }

    /// Whether a user who is not disabled is an administrator.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the disk fails.
    pub async fn has_admin(&self) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.has_admin(),
            Self::Postgres(db) => db.has_admin().await,
        }
    }

    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        match self {
            Self::Sqlite(db) => db.user(id),
            Self::Postgres(db) => db.user(id).await,
        }
    }

    /// The user and what the password is checked against.
    pub async fn user_by_email(
        &self,
        email: &Email,
    ) -> Result<Option<(User, Option<PasswordHash>)>, StoreError> {
        match self {
            Self::Sqlite(db) => db.user_by_email(email),
            Self::Postgres(db) => db.user_by_email(email).await,
        }
    }

    /// Changes the given fields. A different address (in more than the case of ASCII letters) has to be verified anew, and ends the
    /// links that were sent to the old one. It is taken only if the password is still the one that was `confirmed`, that
    /// is, was checked against this hash. `None`: there is no such user with this password.
    ///
    /// # Errors
    /// [`StoreError::EmailTaken`] if the address, in any case of letters, is another user's.
    pub async fn update_profile(
        &self,
        command: UpdateProfile,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        match self {
            Self::Sqlite(db) => db.update_profile(command, context).await,
            Self::Postgres(db) => db.update_profile(command, context).await,
        }
    }

    /// The language that the user has chosen.
    pub async fn language_of(&self, user: UserId) -> Result<Option<LanguageTag>, StoreError> {
        match self {
            Self::Sqlite(db) => db.language_of(user),
            Self::Postgres(db) => db.language_of(user).await,
        }
    }

    /// Stores the language that the actor has chosen.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the actor is no user, or the user's rights were revoked meanwhile.
    pub async fn choose_language(&self, language: LanguageTag, context: Context) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.choose_language(language, context).await,
            Self::Postgres(db) => db.choose_language(language, context).await,
        }
    }

    /// `None`: no user has this address.
    pub async fn set_role(
        &self,
        email: &Email,
        role: Role,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        match self {
            Self::Sqlite(db) => db.set_role(email, role, context).await,
            Self::Postgres(db) => db.set_role(email, role, context).await,
        }
    }

    /// Disabling ends all sessions, API tokens and links in mails. `None`: no user has this address.
    pub async fn set_access(
        &self,
        email: &Email,
        access: Access,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        match self {
            Self::Sqlite(db) => db.set_access(email, access, context).await,
            Self::Postgres(db) => db.set_access(email, access, context).await,
        }
    }

    /// Deletes a user with all sessions, API tokens and the private recipes. The public ones stay
    /// and become communal: others may have linked to them. Does nothing, and says so, if the password is not the one
    /// that was `confirmed` any more. The account cannot be used from then on. If it has many recipes, the rest is for
    /// [`continue_deletion`](Self::continue_deletion).
    ///
    /// # Errors
    /// [`StoreError::LastAdmin`] if it is the last administrator, unless an operator does it, who can make another.
    pub async fn delete_user(
        &self,
        id: UserId,
        confirmed: Option<&PasswordHash>,
        context: Context,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.delete_user(id, confirmed.cloned(), context).await,
            Self::Postgres(db) => db.delete_user(id, confirmed, context).await,
        }
    }

    /// Goes on with a deletion that has begun, if there is one. Answers whether there is more to do.
    pub async fn continue_deletion(&self, now: Timestamp) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.continue_deletion(now).await,
            Self::Postgres(db) => db.continue_deletion(now).await,
        }
    }

    /// Deletes another user's account, as [`delete_user`](Self::delete_user) does. An administrator cannot delete the last
    /// one, the operator can. [`Administered::Done`] has the user as it was.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the actor is no longer logged in, [`StoreError::AdminRequired`] if the actor is no
    /// longer an administrator.
    pub async fn remove_user(&self, id: UserId, context: Context) -> Result<Administered, StoreError> {
        match self {
            Self::Sqlite(db) => db.remove_user(id, context).await,
            Self::Postgres(db) => db.remove_user(id, context).await,
        }
    }

    /// The users that match the filter, in the order of their ids.
    pub async fn users(
        &self,
        filter: UserFilter,
        page: Page<UserId>,
    ) -> Result<Listing<Vec<User>, UserId>, StoreError> {
        match self {
            Self::Sqlite(db) => db.users(filter, page).await,
            Self::Postgres(db) => db.users(filter, page).await,
        }
    }

    /// How many users the filter lets through.
    pub async fn count_users(&self, filter: UserFilter) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(db) => db.count_users(filter).await,
            Self::Postgres(db) => db.count_users(filter).await,
        }
    }

    /// Changes a user's role, or whether the user may use the service; disabling ends all sessions, API tokens and links in
    /// mails. The unused invitations of a disabled or demoted administrator end.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the actor is no longer logged in, [`StoreError::AdminRequired`] if the actor is no
    /// longer an administrator.
    pub async fn administer(
        &self,
        id: UserId,
        change: UserChange,
        context: Context,
    ) -> Result<Administered, StoreError> {
        match self {
            Self::Sqlite(db) => db.administer(id, change, context).await,
            Self::Postgres(db) => db.administer(id, change, context).await,
        }
    }
}
