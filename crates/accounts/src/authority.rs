//! By what right a command is given.
//!
//! The right is decided inside the transaction of each write. While the body of a request arrives, the session can end,
//! the API token or the grant of an application can be revoked, and the user can be disabled or demoted; a check before the body would
//! miss that.

use ids::UserId;

use crate::audit::Actor;
use crate::user::Role;

/// The right of an actor at the moment of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The operator, who may do everything. Also the program itself.
    Operator,
    /// An administrator in a session. API tokens and applications never have the rights of an administrator: what a program can do
    /// must end at its owner's own account.
    Admin(UserId),
    User(UserId),
    /// A user who writes no recipes.
    Viewer(UserId),
}

/// The account and the credential of an actor, as the transaction finds them.
#[derive(Clone, Copy, Debug)]
pub struct ActorState {
    pub role: Role,
    pub disabled: bool,
    /// Whether the session, the API token or the application's grant of the request still exists and has not expired.
    pub credential_is_valid: bool,
}

impl Authority {
    /// `None`: the actor may do nothing any more. `found` is `None` if the account was deleted.
    pub fn of(actor: &Actor, found: Option<ActorState>) -> Option<Self> {
        let Some(user) = actor.user else { return Some(Self::Operator) };
        let ActorState { role, .. } = found.filter(|it| it.credential_is_valid && !it.disabled)?;
        Some(match role {
            Role::Admin if !actor.is_program() => Self::Admin(user),
            Role::Admin | Role::User => Self::User(user),
            Role::Viewer => Self::Viewer(user),
        })
    }

    pub fn is_admin(self) -> bool {
        matches!(self, Self::Operator | Self::Admin(_))
    }

    /// Whether the actor may write recipes at all.
    pub fn may_write(self) -> bool {
        !matches!(self, Self::Viewer(_))
    }

    /// `None`: the operator.
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::Operator => None,
            Self::Admin(user) | Self::User(user) | Self::Viewer(user) => Some(user),
        }
    }

    /// Whether the actor may change this account: the own one, or any as an administrator.
    pub fn may_change(self, account: UserId) -> bool {
        self.is_admin() || self.user() == Some(account)
    }
}

#[cfg(test)]
mod tests {
    use ids::{ApiTokenId, SessionId};

    use super::*;
    use crate::audit::Application;

    #[test]
    fn authority_follows_account_and_credential_as_they_are_now() {
        let user = UserId::from_i64(7).unwrap();
        let session =
            Actor { user: Some(user), session: Some(SessionId::from_bytes([1; 16])), ..Actor::OPERATOR };
        let api_token =
            Actor { user: Some(user), api_token: Some(ApiTokenId::from_bytes([1; 16])), ..Actor::OPERATOR };
        let granted =
            Actor { user: Some(user), application: Some(Application::Granted([1; 16])), ..Actor::OPERATOR };
        let of_issuer = Actor { application: Some(Application::OfIssuer), ..granted };
        let (as_user, as_admin) = (Some(Authority::User(user)), Some(Authority::Admin(user)));
        let as_viewer = Some(Authority::Viewer(user));
        for (actor, role, disabled, credential_is_valid, want) in [
            (session, Role::User, false, true, as_user),
            (session, Role::Admin, false, true, as_admin),
            (api_token, Role::User, false, true, as_user),
            (api_token, Role::Admin, false, true, as_user),
            (granted, Role::Admin, false, true, as_user),
            (granted, Role::User, false, false, None),
            (of_issuer, Role::Admin, false, true, as_user),
            (session, Role::Viewer, false, true, as_viewer),
            (api_token, Role::Viewer, false, true, as_viewer),
            (session, Role::Viewer, true, true, None),
            (session, Role::User, false, false, None),
            (session, Role::Admin, true, true, None),
            (api_token, Role::Admin, false, false, None),
        ] {
            let found = ActorState { role, disabled, credential_is_valid };
            assert_eq!(Authority::of(&actor, Some(found)), want, "{actor:?} {found:?}");
        }
        assert_eq!(Authority::of(&session, None), None, "the account was deleted");
        assert_eq!(Authority::of(&Actor::OPERATOR, None), Some(Authority::Operator));
    }

    #[test]
    fn users_change_their_own_account_and_administrators_all() {
        let (own, other) = (UserId::from_i64(7).unwrap(), UserId::from_i64(8).unwrap());
        for (authority, changes_other) in [
            (Authority::Viewer(own), false),
            (Authority::User(own), false),
            (Authority::Admin(own), true),
            (Authority::Operator, true),
        ] {
            assert!(authority.may_change(own));
            assert_eq!((authority.may_change(other), authority.is_admin()), (changes_other, changes_other));
            assert_eq!(authority.may_write(), authority != Authority::Viewer(own));
        }
    }
}
