//! What is remembered of who did what to which account: for whoever has to find out what happened.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;

use crate::user::Role;
use ids::{SessionId, UserId};

/// Something that happened to an account. Holds no secret and nothing personal: entries outlive accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    SignedUp,
    /// Made by an operator, or imported.
    Created(Role),
    LoggedIn,
    LogInFailed,
    /// A refresh token came back that had been replaced: somebody has a copy.
    RefreshReused,
    SessionEnded,
    OtherSessionsEnded,
    SessionsEnded,
    ApiTokenCreated,
    ApiTokenRevoked,
    ApiTokensRevoked,
    /// The key that signs access tokens is another one than before.
    SigningKeyChanged,
    PasswordChanged,
    PasswordResetRequested,
    PasswordReset,
    EmailChanged,
    EmailVerified,
    RoleChanged(Role),
    Disabled,
    Enabled,
    Deleted,
    InvitationCreated,
    InvitationRevoked,
    /// Those of an administrator who was disabled or is none any more.
    InvitationsRevoked,
    InvitationUsed,
}

impl Event {
    /// Every event that there is, for those who look for one.
    pub const ALL: [Self; 25] = [
        Self::SignedUp,
        Self::Created(Role::User),
        Self::LoggedIn,
        Self::LogInFailed,
        Self::RefreshReused,
        Self::SessionEnded,
        Self::OtherSessionsEnded,
        Self::SessionsEnded,
        Self::ApiTokenCreated,
        Self::ApiTokenRevoked,
        Self::ApiTokensRevoked,
        Self::SigningKeyChanged,
        Self::PasswordChanged,
        Self::PasswordResetRequested,
        Self::PasswordReset,
        Self::EmailChanged,
        Self::EmailVerified,
        Self::RoleChanged(Role::User),
        Self::Disabled,
        Self::Enabled,
        Self::Deleted,
        Self::InvitationCreated,
        Self::InvitationRevoked,
        Self::InvitationsRevoked,
        Self::InvitationUsed,
    ];

    /// Its name, which stays the same from release to release.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignedUp => "signed_up",
            Self::Created(_) => "created",
            Self::LoggedIn => "logged_in",
            Self::LogInFailed => "log_in_failed",
            Self::RefreshReused => "refresh_reused",
            Self::SessionEnded => "session_ended",
            Self::OtherSessionsEnded => "other_sessions_ended",
            Self::SessionsEnded => "sessions_ended",
            Self::ApiTokenCreated => "api_token_created",
            Self::ApiTokenRevoked => "api_token_revoked",
            Self::ApiTokensRevoked => "api_tokens_revoked",
            Self::SigningKeyChanged => "signing_key_changed",
            Self::PasswordChanged => "password_changed",
            Self::PasswordResetRequested => "password_reset_requested",
            Self::PasswordReset => "password_reset",
            Self::EmailChanged => "email_changed",
            Self::EmailVerified => "email_verified",
            Self::RoleChanged(_) => "role_changed",
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Deleted => "deleted",
            Self::InvitationCreated => "invitation_created",
            Self::InvitationRevoked => "invitation_revoked",
            Self::InvitationsRevoked => "invitations_revoked",
            Self::InvitationUsed => "invitation_used",
        }
    }

    /// What there is to say besides.
    pub fn detail(self) -> Option<Cow<'static, str>> {
        match self {
            Self::Created(role) | Self::RoleChanged(role) => Some(role.as_str().into()),
            _ => None,
        }
    }

    pub fn class(self, subject: Option<UserId>, actor: Option<UserId>) -> Class {
        if subject.is_some() && actor.is_some() && subject != actor {
            return Class::Administration;
        }
        match self {
            Self::LoggedIn | Self::SessionEnded | Self::OtherSessionsEnded | Self::SessionsEnded => {
                Class::Session
            }
            Self::LogInFailed | Self::PasswordResetRequested => Class::Anybody,
            Self::Created(Role::Admin)
            | Self::SigningKeyChanged
            | Self::RoleChanged(_)
            | Self::Disabled
            | Self::Enabled
            | Self::InvitationCreated
            | Self::InvitationRevoked
            | Self::InvitationsRevoked => Class::Administration,
            _ => Class::Account,
        }
    }
}

/// With whom an entry shares the room of the log: no flood of one class pushes out another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// What administrators and operators do, whatever it is that they do with the account of another.
    Administration,
    /// What users do with their own accounts.
    Account,
    /// What strangers can cause as often as they like.
    Anybody,
    /// What every user causes by coming and going, as often as he likes.
    Session,
}

impl Class {
    pub const ALL: [Self; 4] = [Self::Administration, Self::Account, Self::Anybody, Self::Session];

    /// As it is stored.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// Who does it, and from where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// `None`: nobody who was signed in.
    pub user: Option<UserId>,
    pub session: Option<SessionId>,
    pub address: Option<IpAddr>,
}

impl Actor {
    /// Whoever runs the program on its own machine.
    pub const OPERATOR: Self = Self { user: None, session: None, address: None };

    /// Somebody who is not signed in.
    pub fn anonymous(address: Option<IpAddr>) -> Self {
        Self { address, ..Self::OPERATOR }
    }
}

/// An event as it was noted down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Later events have greater numbers.
    pub id: i64,
    pub at: Timestamp,
    /// [`Event::name`], maybe one that only a newer version of this program knows.
    pub event: String,
    pub subject: Option<UserId>,
    pub actor: Actor,
    pub detail: Option<String>,
}

/// Which entries somebody asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub event: Option<Event>,
    /// Whose account it is about.
    pub subject: Option<UserId>,
    /// Who did it.
    pub actor: Option<UserId>,
    /// What happened from this moment on.
    pub since: Option<Timestamp>,
    /// What happened before this moment.
    pub until: Option<Timestamp>,
}

/// What is kept: entries no older than `age`, and no more than `entries` of what strangers can cause, as many log-ins and
/// log-outs, as many of what else users do themselves, and as many of what administrators do.
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
    fn every_event_has_a_name_of_its_own() {
        let names: HashSet<_> = Event::ALL.map(Event::name).into();
        assert_eq!(names.len(), Event::ALL.len());
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }
}
