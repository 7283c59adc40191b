//! The audit log: who did what to which account.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;

use crate::user::Role;
use ids::{ApiTokenId, SessionId, UserId};

/// Declares [`Event`], one line an event: its variant, its role if it has one, its name, its class.
macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident $(($role:ident))?, $name:literal, $class:expr;)*) => {
        /// An event in the life of an account. It holds no secret and no personal data: entries outlive accounts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$doc])* $variant $((events!(@type $role)))?,)*
        }

        impl Event {
            /// Every event, with an arbitrary role.
            pub const ALL: &[Self] = &[$(Self::$variant $((events!(@any $role)))?,)*];

            /// The name, which stays the same from release to release.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant $((events!(@ignore $role)))? => $name,)*
                }
            }

            /// The class of an event that users cause with their own accounts.
            fn own_class(self) -> Class {
                match self {
                    $(Self::$variant $(($role))? => $class,)*
                }
            }
        }
    };
    (@type $role:ident) => { Role };
    (@any $role:ident) => { Role::User };
    (@ignore $role:ident) => { _ };
}

events! {
    SignedUp, "signed_up", Class::Account;
    /// By an operator, or by an import.
    Created(role), "created", if role == Role::Admin { Class::Administration } else { Class::Account };
    LoggedIn, "logged_in", Class::Session;
    LogInFailed, "log_in_failed", Class::Anonymous;
    /// A refresh token came back after it had been replaced: another client has a copy.
    RefreshReused, "refresh_reused", Class::Account;
    SessionEnded, "session_ended", Class::Session;
    OtherSessionsEnded, "other_sessions_ended", Class::Session;
    SessionsEnded, "sessions_ended", Class::Session;
    ApiTokenCreated, "api_token_created", Class::Account;
    ApiTokenRevoked, "api_token_revoked", Class::Account;
    ApiTokensRevoked, "api_tokens_revoked", Class::Account;
    /// Another key signs access tokens than before.
    SigningKeyChanged, "signing_key_changed", Class::Administration;
    PasswordChanged, "password_changed", Class::Account;
    PasswordResetRequested, "password_reset_requested", Class::Anonymous;
    PasswordReset, "password_reset", Class::Account;
    EmailChanged, "email_changed", Class::Account;
    EmailVerified, "email_verified", Class::Account;
    RoleChanged(_role), "role_changed", Class::Administration;
    Disabled, "disabled", Class::Administration;
    Enabled, "enabled", Class::Administration;
    Deleted, "deleted", Class::Account;
    InvitationCreated, "invitation_created", Class::Administration;
    InvitationRevoked, "invitation_revoked", Class::Administration;
    /// Those of an administrator who was disabled or demoted.
    InvitationsRevoked, "invitations_revoked", Class::Administration;
    /// An administrator gave the recipes of the user another owner.
    RecipesTransferred, "recipes_transferred", Class::Administration;
    InvitationUsed, "invitation_used", Class::Account;
    /// An application that may ask users for access. The detail is its id, also of the following.
    ClientCreated, "client_created", Class::Administration;
    ClientChanged, "client_changed", Class::Administration;
    ClientSecretReplaced, "client_secret_replaced", Class::Administration;
    ClientDeleted, "client_deleted", Class::Administration;
    /// A program that is told of changes of recipes. The detail is its id, also of the following.
    WebhookCreated, "webhook_created", Class::Administration;
    WebhookChanged, "webhook_changed", Class::Administration;
    WebhookSecretReplaced, "webhook_secret_replaced", Class::Administration;
    WebhookDeleted, "webhook_deleted", Class::Administration;
    /// By the service, because it did not take messages.
    WebhookDisabled, "webhook_disabled", Class::Administration;
    /// A user allowed an application to act for them.
    ConsentGiven, "consent_given", Class::Account;
    ConsentWithdrawn, "consent_withdrawn", Class::Account;
    DeviceApproved, "device_approved", Class::Account;
    /// A code or a refresh token came back after it had been used: another program has a copy.
    GrantReused, "grant_reused", Class::Account;
    /// A client did not take the message that a session has ended.
    LogoutNotDelivered, "logout_not_delivered", Class::Session;
    /// The user is the first member of a new household, from the first meal, item or invitation on.
    HouseholdCreated, "household_created", Class::Account;
    /// A member made a link with which one user joins.
    HouseholdInvitationCreated, "household_invitation_created", Class::Account;
    HouseholdJoined, "household_joined", Class::Account;
    HouseholdLeft, "household_left", Class::Account;
}

impl Event {
    /// More than the name says.
    pub fn detail(self) -> Option<Cow<'static, str>> {
        match self {
            Self::Created(role) | Self::RoleChanged(role) => Some(role.as_str().into()),
            _ => None,
        }
    }

    pub fn class(self, subject: Option<UserId>, actor: Option<UserId>) -> Class {
        let on_another_account = subject.is_some() && actor.is_some() && subject != actor;
        if on_another_account { Class::Administration } else { self.own_class() }
    }
}

/// Entries of one class share a part of the log: a flood of one class evicts no entries of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Actions of administrators and operators, and everything done to another user's account.
    Administration,
    /// Changes that users make to their own accounts.
    Account,
    /// Events that anonymous clients can cause without limit.
    Anonymous,
    /// Log-ins and log-outs, which every user can cause without limit.
    Session,
}

impl Class {
    pub const ALL: [Self; 4] = [Self::Administration, Self::Account, Self::Anonymous, Self::Session];

    /// The number that is stored.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// The user who acts, with which credential and from which address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// `None`: an anonymous client or the operator.
    pub user: Option<UserId>,
    pub session: Option<SessionId>,
    /// Not recorded: the audit log names sessions only.
    pub api_token: Option<ApiTokenId>,
    /// Not recorded.
    pub application: Option<Application>,
    pub address: Option<IpAddr>,
}

impl Actor {
    /// The operator, on the command line of the server's machine.
    pub const OPERATOR: Self =
        Self { user: None, session: None, api_token: None, application: None, address: None };

    /// A client that is not logged in.
    pub fn anonymous(address: Option<IpAddr>) -> Self {
        Self { address, ..Self::OPERATOR }
    }

    /// Whether a program acts for the user, and not the user in a session.
    pub fn is_program(&self) -> bool {
        self.api_token.is_some() || self.application.is_some()
    }
}

/// What lets an OAuth client act for a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Application {
    /// A grant of this server, by its id.
    Granted([u8; 16]),
    /// A token of another server. This one does not see when it is revoked.
    OfIssuer,
}

impl Application {
    /// The id of the grant that must still exist.
    pub fn grant(self) -> Option<[u8; 16]> {
        match self {
            Self::Granted(id) => Some(id),
            Self::OfIssuer => None,
        }
    }
}

/// An event as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Later events have greater numbers.
    pub id: i64,
    pub at: Timestamp,
    /// [`Event::name`]. A newer version of this program may have written a name that this one does not know.
    pub event: String,
    pub subject: Option<UserId>,
    pub actor: Actor,
    pub detail: Option<String>,
}

/// Selects entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub event: Option<Event>,
    /// The user of the affected account.
    pub subject: Option<UserId>,
    /// The user who did it.
    pub actor: Option<UserId>,
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// Entries that are kept: no older than `age`, and at most `entries` of each [`Class`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    pub age: Duration,
    pub entries: u32,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let names: HashSet<_> = Event::ALL.iter().map(|event| event.name()).collect();
        assert_eq!(names.len(), Event::ALL.len());
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }

    #[test]
    fn classes() {
        let (alice, bob) = (UserId::from_i64(1), UserId::from_i64(2));
        for (event, subject, actor, want) in [
            (Event::LoggedIn, alice, alice, Class::Session),
            (Event::LogInFailed, alice, None, Class::Anonymous),
            (Event::PasswordChanged, alice, alice, Class::Account),
            (Event::PasswordChanged, alice, bob, Class::Administration),
            (Event::Created(Role::User), alice, None, Class::Account),
            (Event::Created(Role::Admin), alice, None, Class::Administration),
            (Event::RoleChanged(Role::User), alice, None, Class::Administration),
            (Event::InvitationCreated, None, alice, Class::Administration),
        ] {
            assert_eq!(event.class(subject, actor), want, "{event:?}");
        }
    }
}
