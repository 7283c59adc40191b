//! Invitations, in SQLite's dialect.

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row, params};

use super::conditions::Conditions;
use super::{Sqlite, audit, cached, execute, time_at, users};
use crate::invitations::MAX_INVITATIONS;
use crate::{Context, Listing, Page, StoreError};
use ::recipes::time::to_microseconds;
use accounts::Email;
use accounts::TokenDigest;
use accounts::audit::Event;
use accounts::{Invitation, NewInvitation};
use ids::{InvitationId, UserId};

/// The columns of an [`Invitation`], in the order in which [`invitation_in`] reads them.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, email, created_by, created_at, expires_at FROM invitations ", $rest)
    };
}

/// Does this to the invitation with this digest if it is good at this time for this address.
macro_rules! good {
    ($what:literal) => {
        concat!(
            $what,
            " FROM invitations WHERE digest = ?1 AND expires_at > ?2 AND (email_key IS NULL OR email_key = ?3)"
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
        self.write(move |db| {
            users::require_admin(db, &context.actor)?;
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
            let invitations = listed(db, sql, params![after, now.as_microsecond(), page.rows_to_read()])?;
            Ok(page.listing(invitations, |invitation| invitation.id))
        })
        .await
    }

    pub async fn count_invitations(&self, now: Timestamp) -> Result<u64, StoreError> {
        let open = Conditions::default().and("expires_at > ?", Some([now.as_microsecond().into()]));
        self.read_at_length(move |db| open.count(db, "invitations")).await
    }

    pub async fn invitations_of(&self, user: UserId) -> Result<Vec<Invitation>, StoreError> {
        self.read_at_length(move |db| listed(db, select!("WHERE created_by = ?1 ORDER BY id"), [user.get()]))
            .await
    }

    pub fn is_invited(
        &self,
        invitation: TokenDigest,
        email: &Email,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(|db| {
            let good = params![invitation.as_bytes(), now.as_microsecond(), email.key()];
            Ok(cached(db, good!("SELECT 1"))?.exists(good)?)
        })
    }

    pub async fn revoke_invitation(&self, id: InvitationId, context: Context) -> Result<bool, StoreError> {
        self.write(move |db| {
            users::require_admin(db, &context.actor)?;
            let revoked = execute(db, "DELETE FROM invitations WHERE id = ?1", [id.as_bytes()])? == 1;
            if revoked {
                audit::record(db, Event::InvitationRevoked, None, &context)?;
            }
            Ok(revoked)
        })
        .await
    }
}

/// Whoever may invite no more must not have left a way in, as for an account of his own.
pub(super) fn revoke_all(db: &Connection, made_by: UserId, context: &Context) -> Result<(), StoreError> {
    if execute(db, "DELETE FROM invitations WHERE created_by = ?1", [made_by.get()])? > 0 {
        audit::record(db, Event::InvitationsRevoked, Some(made_by), context)?;
    }
    Ok(())
}

/// Uses an invitation up for this address.
pub(super) fn consume(
    db: &Connection,
    digest: TokenDigest,
    email: &Email,
    now: Timestamp,
) -> Result<(), StoreError> {
    let used = execute(db, good!("DELETE"), params![digest.as_bytes(), now.as_microsecond(), email.key()])?;
    if used == 1 { Ok(()) } else { Err(StoreError::NotInvited) }
}

fn listed(db: &Connection, sql: &str, params: impl Params) -> Result<Vec<Invitation>, StoreError> {
    let mut statement = cached(db, sql)?;
    let mut rows = statement.query(params)?;
    let mut invitations = Vec::new();
    while let Some(row) = rows.next()? {
        invitations.push(invitation_in(row)?);
    }
    Ok(invitations)
}

fn invitation_in(row: &Row<'_>) -> Result<Invitation, StoreError> {
    let email: Option<String> = row.get(1)?;
    Ok(Invitation {
        id: InvitationId::from_bytes(row.get(0)?),
        email: email.as_deref().map(Email::stored),
        created_by: row.get::<_, Option<i64>>(2)?.map(users::id_in).transpose()?,
        created_at: time_at(row.get(3)?)?,
        expires_at: time_at(row.get(4)?)?,
    })
}
