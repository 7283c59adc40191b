//! Ends what gives access to an account.

use accounts::audit::Event;
use accounts::{EndedSessions, Ending};
use ids::{SessionId, UserId};
use rusqlite::{Connection, params};

use super::{audit, execute};
use crate::{Context, StoreError};

pub(super) fn end(
    db: &Connection,
    user: UserId,
    ending: Ending,
    context: &Context,
) -> Result<(), StoreError> {
    let Ending { sessions, api_tokens, invitations, mail_links } = ending;
    end_sessions(db, user, sessions)?;
    if api_tokens && execute(db, "DELETE FROM api_tokens WHERE user_id = ?1", [user.get()])? > 0 {
        audit::record(db, Event::ApiTokensRevoked, Some(user), context)?;
    }
    if mail_links {
        execute(db, "DELETE FROM mail_tokens WHERE user_id = ?1", [user.get()])?;
    }
    if invitations && execute(db, "DELETE FROM invitations WHERE created_by = ?1", [user.get()])? > 0 {
        audit::record(db, Event::InvitationsRevoked, Some(user), context)?;
    }
    Ok(())
}

/// Answers with the number of sessions that have ended.
pub(super) fn end_sessions(
    db: &Connection,
    user: UserId,
    sessions: EndedSessions,
) -> Result<usize, StoreError> {
    let keep = match &sessions {
        EndedSessions::None => return Ok(0),
        EndedSessions::All => None,
        EndedSessions::AllBut(keep) => Some(SessionId::as_bytes(keep)),
    };
    execute(db, "DELETE FROM sessions WHERE user_id = ?1 AND id IS NOT ?2", params![user.get(), keep])
}
