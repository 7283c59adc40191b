//! What administrators change of users, and the rule that one of them stays.

use crate::user::{Role, User};

/// Whether a user may use the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Enabled,
    Disabled,
}

/// A change of a user by an administrator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    pub role: Option<Role>,
    pub access: Option<Access>,
}

impl UserChange {
    /// Whether the user is no active administrator after it.
    fn ends_administration(self) -> bool {
        self.role.is_some_and(|role| role != Role::Admin) || self.access == Some(Access::Disabled)
    }
}

/// Whether this is the only active administrator. `others` counts the other active ones.
pub fn is_last_admin(user: &User, others: u64) -> bool {
    user.is_active_admin() && others == 0
}

/// Whether an administrator may make this change: one active administrator must stay.
pub fn may_change(user: &User, change: UserChange, others: u64) -> bool {
    !(change.ends_administration() && is_last_admin(user, others))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::{Email, Name};

    fn user(role: Role, disabled: bool) -> User {
        let at = "2024-05-01T12:00:00Z".parse().unwrap();
        User {
            id: ids::UserId::from_i64(1).unwrap(),
            name: Name::parse("Alice").unwrap(),
            email: Email::parse("alice@example.com").unwrap(),
            email_verified: true,
            role,
            disabled,
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn one_active_administrator_stays() {
        let change = |role, access| UserChange { role, access };
        let demote = change(Some(Role::User), None);
        let disable = change(None, Some(Access::Disabled));
        let keep = change(Some(Role::Admin), Some(Access::Enabled));
        for (role, disabled, change, others, want) in [
            (Role::Admin, false, demote, 0, false),
            (Role::Admin, false, change(Some(Role::Viewer), None), 0, false),
            (Role::Admin, false, disable, 0, false),
            (Role::Admin, false, demote, 1, true),
            (Role::Admin, false, keep, 0, true),
            (Role::Admin, false, UserChange::default(), 0, true),
            (Role::Admin, true, demote, 0, true),
            (Role::User, false, disable, 0, true),
        ] {
            let user = user(role, disabled);
            assert_eq!(may_change(&user, change, others), want, "{role:?} {disabled} {change:?} {others}");
        }
    }
}
