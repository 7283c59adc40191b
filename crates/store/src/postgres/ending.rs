//! Ends what gives access to an account.

use accounts::audit::Event;
use accounts::{EndedSessions, Ending};
use ids::{SessionId, UserId};

use super::audit;
use super::connection::Db;
use super::failure::Failure;
use crate::Context;

pub(super) async fn end(db: &Db, user: UserId, ending: Ending, context: &Context) -> Result<(), Failure> {
    let Ending { sessions, api_tokens, invitations, mail_links } = ending;
    end_sessions(db, user, sessions).await?;
    let id = user.get();
    if api_tokens && db.execute("DELETE FROM api_tokens WHERE user_id = $1", &[&id]).await? > 0 {
        audit::record(db, Event::ApiTokensRevoked, Some(user), context).await?;
    }
    if mail_links {
        db.execute("DELETE FROM mail_tokens WHERE user_id = $1", &[&id]).await?;
    }
    if invitations && db.execute("DELETE FROM invitations WHERE created_by = $1", &[&id]).await? > 0 {
        audit::record(db, Event::InvitationsRevoked, Some(user), context).await?;
    }
    Ok(())
}

/// Answers with the number of sessions that have ended.
pub(super) async fn end_sessions(db: &Db, user: UserId, sessions: EndedSessions) -> Result<usize, Failure> {
    let keep = match &sessions {
        EndedSessions::None => return Ok(0),
        EndedSessions::All => None,
        EndedSessions::AllBut(keep) => Some(SessionId::as_bytes(keep).as_slice()),
    };
    let sql = "DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $2";
    let ended = db.execute(sql, &[&user.get(), &keep]).await?;
    Ok(usize::try_from(ended).unwrap_or(usize::MAX))
}
