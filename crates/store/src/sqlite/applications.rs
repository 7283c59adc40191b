//! The clients that a user gave access, in SQLite's dialect.

use accounts::audit::Event;
use ids::UserId;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::columns::{Columns, time_at};
use super::{Sqlite, audit, authority, execute, list};
use crate::{Application, ClientRow, ConsentRow, Context, StoreError};

impl Sqlite {
    pub async fn applications(&self, user: UserId, now: Timestamp) -> Result<Vec<Application>, StoreError> {
        self.read_at_length(move |db| {
            let sql = "SELECT id, record, created_at,
                              (SELECT count(*) FROM grants
                               WHERE user_id = ?1 AND client_id = clients.id AND expires_at > ?2)
                       FROM clients
                       WHERE id IN (SELECT client_id FROM consents WHERE user_id = ?1
                                    UNION SELECT client_id FROM grants WHERE user_id = ?1 AND expires_at > ?2)
                       ORDER BY id";
            let mut found = list(db, sql, params![user.get(), now.as_microsecond()], application_in)?;
            for application in &mut found {
                let rows = consents(db, user, &application.client.id)?;
                application.given_at = rows.iter().map(|(_, given_at)| *given_at).min();
                application.consents = rows.into_iter().map(|(consent, _)| consent).collect();
            }
            Ok(found)
        })
        .await
    }

    pub async fn end_application(
        &self,
        user: UserId,
        client: &str,
        context: Context,
    ) -> Result<bool, StoreError> {
        let client = client.to_owned();
        self.write_for(context, move |db, authority| {
            authority::require_right_to_change(authority, user)?;
            let of = (user.get(), &client);
            // A device code that the user allowed, and a code that was not exchanged yet, would become a grant.
            execute(db, "DELETE FROM device_codes WHERE user_id = ?1 AND client_id = ?2", of)?;
            execute(db, "DELETE FROM codes WHERE user_id = ?1 AND client_id = ?2 AND grant_id IS NULL", of)?;
            let consents = execute(db, "DELETE FROM consents WHERE user_id = ?1 AND client_id = ?2", of)?;
            let grants = execute(db, "DELETE FROM grants WHERE user_id = ?1 AND client_id = ?2", of)?;
            if consents + grants == 0 {
                return Ok(false);
            }
            audit::record_client(db, (Event::ConsentWithdrawn, &client), Some(user), &context)?;
            Ok(true)
        })
        .await
    }
}

fn application_in(columns: &mut Columns<'_>) -> Result<Application, StoreError> {
    let client = ClientRow { id: columns.get()?, record: columns.get()?, created_at: columns.time()? };
    let grants = u64::try_from(columns.get::<i64>()?).unwrap_or(0);
    Ok(Application { client, grants, consents: Vec::new(), given_at: None })
}

fn consents(db: &Connection, user: UserId, client: &str) -> Result<Vec<(ConsentRow, Timestamp)>, StoreError> {
    let sql =
        "SELECT nullif(resource, ''), scopes, given_at FROM consents WHERE user_id = ?1 AND client_id = ?2
               ORDER BY resource, scopes";
    list(db, sql, params![user.get(), client], |columns| {
        let consent = ConsentRow { resource: columns.get()?, scopes: columns.get()? };
        Ok((consent, time_at(columns.get()?)?))
    })
}
