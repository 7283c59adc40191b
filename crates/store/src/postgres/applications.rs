//! The clients that a user gave access, in PostgreSQL's dialect.

use accounts::audit::Event;
use ids::UserId;
use jiff::Timestamp;

use super::columns::Columns;
use super::{Postgres, at, audit, authority};
use crate::{Application, ClientRow, ConsentRow, Context, StoreError};

impl Postgres {
    pub async fn applications(&self, user: UserId, now: Timestamp) -> Result<Vec<Application>, StoreError> {
        self.read_at_length(move |db| async move {
            let sql = "SELECT id, record, created_at,
                              (SELECT count(*) FROM grants
                               WHERE user_id = $1 AND client_id = clients.id AND expires_at > $2)
                       FROM clients
                       WHERE id IN (SELECT client_id FROM consents WHERE user_id = $1
                                    UNION SELECT client_id FROM grants WHERE user_id = $1 AND expires_at > $2)
                       ORDER BY id COLLATE \"C\"";
            let mut found = db.list(sql, &[&user.get(), &at(now)], application_in).await?;
            let sql = "SELECT nullif(resource, ''), scopes, given_at FROM consents
                       WHERE user_id = $1 AND client_id = $2 ORDER BY resource, scopes";
            for application in &mut found {
                let rows = db.list(sql, &[&user.get(), &application.client.id], consent_in).await?;
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
        let context = &context;
        self.write_recipes_for(context, move |db, authority| async move {
            authority::require_right_to_change(authority, user)?;
            let id = user.get();
            // A device code that the user allowed, and a code that was not exchanged yet, would become a grant.
            let sql = "DELETE FROM device_codes WHERE user_id = $1 AND client_id = $2";
            db.execute(sql, &[&id, &client]).await?;
            let sql = "DELETE FROM codes WHERE user_id = $1 AND client_id = $2 AND grant_id IS NULL";
            db.execute(sql, &[&id, &client]).await?;
            let sql = "DELETE FROM consents WHERE user_id = $1 AND client_id = $2";
            let consents = db.execute(sql, &[&id, &client]).await?;
            let sql = "DELETE FROM grants WHERE user_id = $1 AND client_id = $2";
            let grants = db.execute(sql, &[&id, &client]).await?;
            if consents + grants == 0 {
                return Ok(false);
            }
            audit::record_client(&db, (Event::ConsentWithdrawn, client), Some(user), context).await?;
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

fn consent_in(columns: &mut Columns<'_>) -> Result<(ConsentRow, Timestamp), StoreError> {
    Ok((ConsentRow { resource: columns.get()?, scopes: columns.get()? }, columns.time()?))
}
