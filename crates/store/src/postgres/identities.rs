//! Users of another authorization server, in PostgreSQL's dialect.

use accounts::{User, audit::Event};
use jiff::Timestamp;

use super::connection::Db;
use super::failure::Failure;
use super::user_row::{self, Verified, user_in};
use super::{Postgres, audit};
use crate::{Context, Identity, NewIdentity, StoreError};

impl Postgres {
    pub async fn user_of_identity(&self, identity: &Identity) -> Result<Option<User>, StoreError> {
        self.read(move |db| async move { user(&db, identity).await }).await
    }

    pub async fn get_or_create_identity(&self, new: NewIdentity, now: Timestamp) -> Result<User, StoreError> {
        let new = &new;
        self.write(move |db| async move {
            let NewIdentity { id, identity, user: new } = new;
            if let Some(found) = user(&db, identity).await? {
                return Ok(found);
            }
            let made = user_row::insert(&db, new, Verified::NotYet, now).await?;
            let sql = "INSERT INTO identities (id, user_id, issuer, subject) VALUES ($1, $2, $3, $4)";
            db.execute(sql, &[&id.as_slice(), &made.id.get(), &identity.issuer, &identity.subject]).await?;
            audit::record(&db, Event::Created(made.role), Some(made.id), &Context::operator(now)).await?;
            Ok(made)
        })
        .await
    }
}

async fn user(db: &Db, Identity { issuer, subject }: &Identity) -> Result<Option<User>, Failure> {
    let sql = user_row::select!(
        " FROM identities JOIN users ON users.id = user_id WHERE issuer = $1 AND subject = $2"
    );
    db.find(sql, &[issuer, subject], user_in).await
}
