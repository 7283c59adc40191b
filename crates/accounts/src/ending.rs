//! What an event in the life of an account ends.

use ids::SessionId;

use crate::administration::Access;
use crate::user::Role;

/// What ends of an account, all at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    pub sessions: EndedSessions,
    pub api_tokens: bool,
    /// The unused invitations that the user has made.
    pub invitations: bool,
    /// The unused links in mails to the user.
    pub mail_links: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedSessions {
    None,
    All,
    AllBut(SessionId),
}

/// What becomes of a user's API tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiTokens {
    Kept,
    Revoked,
}

impl Ending {
    const NOTHING: Self =
        Self { sessions: EndedSessions::None, api_tokens: false, invitations: false, mail_links: false };

    /// Another address: links to the old one must not work.
    pub const EMAIL_CHANGE: Self = Self { mail_links: true, ..Self::NOTHING };

    /// The user may be getting rid of an intruder: everything that gives access ends.
    pub const PASSWORD_RESET: Self =
        Self { sessions: EndedSessions::All, api_tokens: true, mail_links: true, ..Self::NOTHING };

    /// Nothing acts in the user's name any more.
    pub const LOG_OUT_EVERYWHERE: Self =
        Self { sessions: EndedSessions::All, api_tokens: true, ..Self::NOTHING };

    pub fn log_out_others(keep: SessionId) -> Self {
        Self { sessions: EndedSessions::AllBut(keep), ..Self::NOTHING }
    }

    /// Keeps the session in which the user changes the password.
    pub fn password_change(keep: Option<SessionId>, api_tokens: ApiTokens) -> Self {
        Self {
            sessions: keep.map_or(EndedSessions::All, EndedSessions::AllBut),
            api_tokens: api_tokens == ApiTokens::Revoked,
            mail_links: true,
            ..Self::NOTHING
        }
    }

    /// A user who may invite no more must leave no invitation behind, as for an account of their own.
    pub fn role_change(role: Role) -> Self {
        Self { invitations: role != Role::Admin, ..Self::NOTHING }
    }

    pub fn access_change(access: Access) -> Self {
        match access {
            Access::Enabled => Self::NOTHING,
            Access::Disabled => Self { invitations: true, ..Self::PASSWORD_RESET },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_ends_its_credentials() {
        let session = SessionId::from_bytes([7; 16]);
        let (none, all, others) = (EndedSessions::None, EndedSessions::All, EndedSessions::AllBut(session));
        for (name, ending, sessions, [api_tokens, invitations, mail_links]) in [
            ("e-mail change", Ending::EMAIL_CHANGE, none, [false, false, true]),
            ("password reset", Ending::PASSWORD_RESET, all, [true, false, true]),
            ("log out everywhere", Ending::LOG_OUT_EVERYWHERE, all, [true, false, false]),
            ("log out others", Ending::log_out_others(session), others, [false, false, false]),
            (
                "password change",
                Ending::password_change(Some(session), ApiTokens::Kept),
                others,
                [false, false, true],
            ),
            (
                "password change, revoking",
                Ending::password_change(None, ApiTokens::Revoked),
                all,
                [true, false, true],
            ),
            ("promoted", Ending::role_change(Role::Admin), none, [false, false, false]),
            ("demoted", Ending::role_change(Role::User), none, [false, true, false]),
            ("enabled", Ending::access_change(Access::Enabled), none, [false, false, false]),
            ("disabled", Ending::access_change(Access::Disabled), all, [true, true, true]),
        ] {
            assert_eq!(ending, Ending { sessions, api_tokens, invitations, mail_links }, "{name}");
        }
    }
}
