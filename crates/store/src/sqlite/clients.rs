//! OAuth clients and signing keys, in SQLite's dialect.

use accounts::audit::Event;
use rusqlite::{Connection, params};

use super::columns::Columns;
use super::{Sqlite, audit, authority, execute, find, find_value, list};
use crate::{ClientRow, Context, SigningKeyRow, StoreError};

const DATA_KEY: &str = "data_key";

/// Clients.
impl Sqlite {
    pub async fn create_client(&self, new: ClientRow, context: Context) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            authority::require_admin(authority)?;
            let sql = "INSERT INTO clients (id, record, created_at) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING";
            let made = execute(db, sql, params![new.id, new.record, new.created_at.as_microsecond()])?;
            changed(db, made, (Event::ClientCreated, &new.id), &context)
        })
        .await
    }

    pub fn client(&self, id: &str) -> Result<Option<ClientRow>, StoreError> {
        self.read(|db| find(db, "SELECT id, record, created_at FROM clients WHERE id = ?1", [id], client_in))
    }

    pub async fn clients(&self) -> Result<Vec<ClientRow>, StoreError> {
        let sql = "SELECT id, record, created_at FROM clients ORDER BY created_at, id";
        self.read_at_length(|db| list(db, sql, [], client_in)).await
    }

    pub async fn replace_client(
        &self,
        found: ClientRow,
        record: String,
        event: Event,
        context: Context,
    ) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            authority::require_admin(authority)?;
            let sql = "UPDATE clients SET record = ?3 WHERE id = ?1 AND record = ?2";
            let rows = execute(db, sql, params![found.id, found.record, record])?;
            changed(db, rows, (event, &found.id), &context)
        })
        .await
    }

    pub async fn delete_client(&self, id: &str, context: Context) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write_for(context, move |db, authority| {
            authority::require_admin(authority)?;
            let rows = execute(db, "DELETE FROM clients WHERE id = ?1", [&id])?;
            changed(db, rows, (Event::ClientDeleted, &id), &context)
        })
        .await
    }
}

/// Keys.
impl Sqlite {
    pub fn signing_keys(&self) -> Result<Vec<SigningKeyRow>, StoreError> {
        self.read(signing_keys)
    }

    pub async fn replace_signing_keys(
        &self,
        found: Vec<SigningKeyRow>,
        new: Vec<SigningKeyRow>,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            if signing_keys(db)? != found {
                return Ok(false);
            }
            execute(db, "DELETE FROM signing_keys", [])?;
            for SigningKeyRow { kid, record, sealed } in &new {
                let sql = "INSERT INTO signing_keys (kid, record, sealed) VALUES (?1, ?2, ?3)";
                execute(db, sql, params![kid, record, sealed])?;
            }
            Ok(true)
        })
        .await
    }

    pub fn data_key(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|db| find_value(db, "SELECT value FROM meta WHERE name = ?1", [DATA_KEY]))
    }

    pub async fn replace_data_key(&self, found: Option<Vec<u8>>, new: Vec<u8>) -> Result<bool, StoreError> {
        self.write(move |db| {
            let changed = if let Some(found) = found {
                let sql = "UPDATE meta SET value = ?3 WHERE name = ?1 AND value = ?2";
                execute(db, sql, params![DATA_KEY, found, new])?
            } else {
                let sql = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
                execute(db, sql, params![DATA_KEY, new])?
            };
            Ok(changed == 1)
        })
        .await
    }
}

/// Whether a row was changed, which is recorded.
fn changed(
    db: &Connection,
    rows: usize,
    event: (Event, &str),
    context: &Context,
) -> Result<bool, StoreError> {
    if rows == 1 {
        audit::record_client(db, event, None, context)?;
    }
    Ok(rows == 1)
}

fn signing_keys(db: &Connection) -> Result<Vec<SigningKeyRow>, StoreError> {
    list(db, "SELECT kid, record, sealed FROM signing_keys ORDER BY kid", [], |columns| {
        Ok(SigningKeyRow { kid: columns.get()?, record: columns.get()?, sealed: columns.get()? })
    })
}

fn client_in(columns: &mut Columns<'_>) -> Result<ClientRow, StoreError> {
    Ok(ClientRow { id: columns.get()?, record: columns.get()?, created_at: columns.time()? })
}
