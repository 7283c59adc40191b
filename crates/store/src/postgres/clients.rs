//! OAuth clients and signing keys, in PostgreSQL's dialect.

use accounts::audit::Event;

use super::columns::{Columns, bytes_in};
use super::connection::Db;
use super::failure::Failure;
use super::{Postgres, at, audit, authority};
use crate::{ClientRow, Context, SigningKeyRow, StoreError};

const DATA_KEY: &str = "data_key";

/// Clients.
impl Postgres {
    pub async fn create_client(&self, new: ClientRow, context: Context) -> Result<bool, StoreError> {
        let (ClientRow { id, record, created_at }, context) = (&new, &context);
        self.write_recipes_for(context, move |db, authority| async move {
            authority::require_admin(authority)?;
            let sql = "INSERT INTO clients (id, record, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
            let rows = db.execute(sql, &[id, record, &at(*created_at)]).await?;
            changed(&db, rows, (Event::ClientCreated, id), context).await
        })
        .await
    }

    pub async fn client(&self, id: &str) -> Result<Option<ClientRow>, StoreError> {
        self.read(move |db| async move {
            let sql = "SELECT id, record, created_at FROM clients WHERE id = $1";
            db.find(sql, &[&id], client_in).await
        })
        .await
    }

    pub async fn clients(&self) -> Result<Vec<ClientRow>, StoreError> {
        self.read_at_length(|db| async move {
            let sql = "SELECT id, record, created_at FROM clients ORDER BY created_at, id";
            db.list(sql, &[], client_in).await
        })
        .await
    }

    pub async fn replace_client(
        &self,
        found: ClientRow,
        record: String,
        event: Event,
        context: Context,
    ) -> Result<bool, StoreError> {
        let (found, record, context) = (&found, &record, &context);
        self.write_recipes_for(context, move |db, authority| async move {
            authority::require_admin(authority)?;
            let sql = "UPDATE clients SET record = $3 WHERE id = $1 AND record = $2";
            let rows = db.execute(sql, &[&found.id, &found.record, record]).await?;
            changed(&db, rows, (event, &found.id), context).await
        })
        .await
    }

    pub async fn delete_client(&self, id: &str, context: Context) -> Result<bool, StoreError> {
        let context = &context;
        self.write_recipes_for(context, move |db, authority| async move {
            authority::require_admin(authority)?;
            let rows = db.execute("DELETE FROM clients WHERE id = $1", &[&id]).await?;
            changed(&db, rows, (Event::ClientDeleted, id), context).await
        })
        .await
    }
}

/// Keys.
impl Postgres {
    pub async fn signing_keys(&self) -> Result<Vec<SigningKeyRow>, StoreError> {
        self.read(move |db| async move { signing_keys(&db).await }).await
    }

    pub async fn replace_signing_keys(
        &self,
        found: Vec<SigningKeyRow>,
        new: Vec<SigningKeyRow>,
    ) -> Result<bool, StoreError> {
        let (found, new) = (&found, &new);
        self.write_recipes(move |db| async move {
            if signing_keys(&db).await? != *found {
                return Ok(false);
            }
            db.execute("DELETE FROM signing_keys", &[]).await?;
            for SigningKeyRow { kid, record, sealed } in new {
                let sql = "INSERT INTO signing_keys (kid, record, sealed) VALUES ($1, $2, $3)";
                db.execute(sql, &[kid, record, &sealed.as_slice()]).await?;
            }
            Ok(true)
        })
        .await
    }

    pub async fn data_key(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |db| async move {
            let sql = "SELECT value FROM meta WHERE name = $1";
            db.find(sql, &[&DATA_KEY], bytes_in).await
        })
        .await
    }

    pub async fn replace_data_key(&self, found: Option<Vec<u8>>, new: Vec<u8>) -> Result<bool, StoreError> {
        let (found, new) = (found.as_deref(), &*new);
        self.write_recipes(move |db| async move {
            let changed = if let Some(found) = found {
                let sql = "UPDATE meta SET value = $3 WHERE name = $1 AND value = $2";
                db.execute(sql, &[&DATA_KEY, &found, &new]).await?
            } else {
                let sql = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
                db.execute(sql, &[&DATA_KEY, &new]).await?
            };
            Ok(changed == 1)
        })
        .await
    }
}

/// Whether a row was changed, which is recorded.
async fn changed(db: &Db, rows: u64, event: (Event, &str), context: &Context) -> Result<bool, Failure> {
    if rows == 1 {
        audit::record_client(db, event, None, context).await?;
    }
    Ok(rows == 1)
}

async fn signing_keys(db: &Db) -> Result<Vec<SigningKeyRow>, Failure> {
    // The order of bytes, as in the other database.
    let sql = "SELECT kid, record, sealed FROM signing_keys ORDER BY kid COLLATE \"C\"";
    db.list(sql, &[], key_in).await
}

fn key_in(columns: &mut Columns<'_>) -> Result<SigningKeyRow, StoreError> {
    Ok(SigningKeyRow { kid: columns.get()?, record: columns.get()?, sealed: columns.get()? })
}

fn client_in(columns: &mut Columns<'_>) -> Result<ClientRow, StoreError> {
    Ok(ClientRow { id: columns.get()?, record: columns.get()?, created_at: columns.time()? })
}
