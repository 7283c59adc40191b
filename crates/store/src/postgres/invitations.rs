//! Invitations, in PostgreSQL's dialect.

use jiff::Timestamp;

use super::columns::Columns;
use super::conditions::Conditions;
use super::connection::Db;
use super::failure::Failure;
use super::{Postgres, at, audit, authority};
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

/// A statement about the invitation with one of its digests $1 if it can be used at time $2 by address $3.
macro_rules! usable {
    ($what:literal) => {
        concat!(
            $what,
            " FROM invitations WHERE (digest = $1 OR mail_digest = $1) AND expires_at > $2
              AND (email_key IS NULL OR email_key = $3)"
        )
    };
}

impl Postgres {
    pub async fn create_invitation(
        &self,
        new: NewInvitation,
        context: Context,
    ) -> Result<Option<Invitation>, StoreError> {
        let now = to_microseconds(context.now);
        let (new, context) = (&new, &context);
        self.write_for(context, move |db, authority| async move {
            authority::require_admin(authority)?;
            let NewInvitation { id, digest, email, expires_at } = new.clone();
            let expires_at = to_microseconds(expires_at);
            db.execute("DELETE FROM invitations WHERE expires_at <= $1", &[&at(now)]).await?;
            let sql =
                "INSERT INTO invitations (id, digest, email, email_key, created_by, created_at, expires_at)
                       SELECT $1, $2, $3, $4, $5, $6, $7 WHERE (SELECT count(*) FROM invitations) < $8";
            let (key, secret) = (id.as_bytes().as_slice(), digest.as_bytes().as_slice());
            let (address, address_key) = (email.as_ref().map(Email::as_str), email.as_ref().map(Email::key));
            let (by, most) = (context.actor.user.map(UserId::get), i64::from(MAX_INVITATIONS));
            let made = db
                .execute(sql, &[&key, &secret, &address, &address_key, &by, &at(now), &at(expires_at), &most])
                .await?;
            if made == 1 {
                audit::record(&db, Event::InvitationCreated, None, context).await?;
            }
            let created_by = context.actor.user;
            let invitation = Invitation { id, email, created_by, created_at: now, expires_at };
            Ok((made == 1).then_some(invitation))
        })
        .await
    }

    pub async fn invitations(
        &self,
        page: Page<InvitationId>,
        now: Timestamp,
    ) -> Result<Listing<Vec<Invitation>, InvitationId>, StoreError> {
        let invitations = self.read_at_length(move |db| async move {
            // The empty text is less than every id.
            let after = page.after();
            let after = after.as_ref().map_or(&[][..], |after| after.as_bytes());
            let sql = select!("WHERE id > $1 AND expires_at > $2 ORDER BY id LIMIT $3");
            db.list(sql, &[&after, &at(now), &i64::from(page.rows_to_read())], invitation_in).await
        });
        Ok(page.listing(invitations.await?, |invitation| invitation.id))
    }

    pub async fn count_invitations(&self, now: Timestamp) -> Result<u64, StoreError> {
        let open = &Conditions::default().and("expires_at > ?", Some(at(now)));
        self.read_at_length(move |db| async move { open.count(&db, "invitations").await }).await
    }

    pub async fn invitations_of(&self, user: UserId) -> Result<Vec<Invitation>, StoreError> {
        self.read_at_length(move |db| async move {
            db.list(select!("WHERE created_by = $1 ORDER BY id"), &[&user.get()], invitation_in).await
        })
        .await
    }

    pub async fn is_invited(
        &self,
        invitation: TokenDigest,
        email: &Email,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(move |db| async move {
            db.exists(usable!("SELECT 1"), &[&invitation.as_bytes().as_slice(), &at(now), &email.key()]).await
        })
        .await
    }

    pub async fn revoke_invitation(&self, id: InvitationId, context: Context) -> Result<bool, StoreError> {
        let context = &context;
        self.write_for(context, move |db, authority| async move {
            authority::require_admin(authority)?;
            let sql = "DELETE FROM invitations WHERE id = $1";
            let revoked = db.execute(sql, &[&id.as_bytes().as_slice()]).await? == 1;
            if revoked {
                audit::record(&db, Event::InvitationRevoked, None, context).await?;
            }
            Ok(revoked)
        })
        .await
    }
}

/// Uses an invitation up.
pub(super) async fn consume(
    db: &Db,
    digest: TokenDigest,
    email: &Email,
    now: Timestamp,
) -> Result<(), Failure> {
    let used =
        db.execute(usable!("DELETE"), &[&digest.as_bytes().as_slice(), &at(now), &email.key()]).await?;
    if used == 1 { Ok(()) } else { Err(StoreError::NotInvited.into()) }
}

#[expect(clippy::disallowed_methods, reason = "rows hold values that were parsed before")]
fn invitation_in(columns: &mut Columns<'_>) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: InvitationId::from_bytes(columns.bytes()?),
        email: columns.get::<Option<&str>>()?.map(Email::from_stored),
        created_by: columns.optional_user_id()?,
        created_at: columns.time()?,
        expires_at: columns.time()?,
    })
}
