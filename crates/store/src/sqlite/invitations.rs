//! Invitations, in SQLite's dialect.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::columns::Columns;
use super::conditions::Conditions;
use super::{Sqlite, audit, authority, cached, execute, list};
use crate::{Context, Listing, Page, StoreError};
use ::recipes::time::to_microseconds;
use accounts::audit::Event;
use accounts::{Email, Invitation, MAX_INVITATIONS, NewInvitation, TokenDigest};
use ids::{InvitationId, UserId};

/// The columns that [`invitation_in`] reads, and the rest of the statement.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, email, created_by, created_at, expires_at FROM invitations ", $rest)
    };
}

/// A statement about the invitation with one of its digests ?1 if it can be used at time ?2 by address ?3.
macro_rules! usable {
    ($what:literal) => {
        concat!(
            $what,
            " FROM invitations WHERE (digest = ?1 OR mail_digest = ?1) AND expires_at > ?2
              AND (email_key IS NULL OR email_key = ?3)"
        )
    };
}

impl Sqlite {
    pub async fn create_invitation(
        &self,
        new: NewInvitation,
        context: Context,
    ) -> Result<Option<Invitation>, StoreError> {
        let now = to_microseconds(context.now);
        self.write_for(context, move |db, authority| {
            authority::require_admin(authority)?;
            let NewInvitation { id, digest, email, expires_at } = new;
            let expires_at = to_microseconds(expires_at);
            execute(db, "DELETE FROM invitations WHERE expires_at <= ?1", [now.as_microsecond()])?;
            let made = execute(
                db,
                "INSERT INTO invitations (id, digest, email, email_key, created_by, created_at, expires_at)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE (SELECT count(*) FROM invitations) < ?8",
                params![
                    id.as_bytes(),
                    digest.as_bytes(),
                    email.as_ref().map(Email::as_str),
                    email.as_ref().map(Email::key),
                    context.actor.user.map(UserId::get),
                    now.as_microsecond(),
                    expires_at.as_microsecond(),
                    MAX_INVITATIONS,
                ],
            )?;
            if made == 1 {
                audit::record(db, Event::InvitationCreated, None, &context)?;
            }
            let invitation =
                Invitation { id, email, created_by: context.actor.user, created_at: now, expires_at };
            Ok((made == 1).then_some(invitation))
        })
        .await
    }

    pub async fn invitations(
        &self,
        page: Page<InvitationId>,
        now: Timestamp,
    ) -> Result<Listing<Vec<Invitation>, InvitationId>, StoreError> {
        self.read_at_length(move |db| {
            // The empty blob is less than every id.
            let after = page.after();
            let after = after.as_ref().map_or(&[][..], |after| after.as_bytes());
            let sql = select!("WHERE id > ?1 AND expires_at > ?2 ORDER BY id LIMIT ?3");
            let invitations =
                list(db, sql, params![after, now.as_microsecond(), page.rows_to_read()], invitation_in)?;
            Ok(page.listing(invitations, |invitation| invitation.id))
        })
        .await
    }

    pub async fn count_invitations(&self, now: Timestamp) -> Result<u64, StoreError> {
        let open = Conditions::default().and("expires_at > ?", Some([now.as_microsecond().into()]));
        self.read_at_length(move |db| open.count(db, "invitations")).await
    }

    pub async fn invitations_of(&self, user: UserId) -> Result<Vec<Invitation>, StoreError> {
        self.read_at_length(move |db| {
            list(db, select!("WHERE created_by = ?1 ORDER BY id"), [user.get()], invitation_in)
        })
        .await
    }

    pub fn is_invited(
        &self,
        invitation: TokenDigest,
        email: &Email,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(|db| {
            let values = params![invitation.as_bytes(), now.as_microsecond(), email.key()];
            Ok(cached(db, usable!("SELECT 1"))?.exists(values)?)
        })
    }

    pub async fn revoke_invitation(&self, id: InvitationId, context: Context) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            authority::require_admin(authority)?;
            let revoked = execute(db, "DELETE FROM invitations WHERE id = ?1", [id.as_bytes()])? == 1;
            if revoked {
                audit::record(db, Event::InvitationRevoked, None, &context)?;
            }
            Ok(revoked)
        })
        .await
    }
}

/// Uses an invitation up.
pub(super) fn consume(
    db: &Connection,
    digest: TokenDigest,
    email: &Email,
    now: Timestamp,
) -> Result<(), StoreError> {
    let used = execute(db, usable!("DELETE"), params![digest.as_bytes(), now.as_microsecond(), email.key()])?;
    if used == 1 { Ok(()) } else { Err(StoreError::NotInvited) }
}

#[expect(clippy::disallowed_methods, reason = "rows hold values that were parsed before")]
fn invitation_in(columns: &mut Columns<'_>) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: InvitationId::from_bytes(columns.get()?),
        email: columns.get::<Option<String>>()?.as_deref().map(Email::from_stored),
        created_by: columns.optional_user_id()?,
        created_at: columns.time()?,
        expires_at: columns.time()?,
    })
}
