//! The name of this installation, in SQLite's dialect: two rows of the table `meta`.

use ids::Uid;
use rusqlite::{Connection, params};

use super::{Sqlite, execute, find};
use crate::{Instance, StoreError};

const ID: &str = "instance_id";
const NAMED_AT: &str = "instance_named_at";

impl Sqlite {
    pub fn instance(&self) -> Result<Option<Instance>, StoreError> {
        self.read(get)
    }

    pub async fn get_or_create_instance(&self, new: Instance) -> Result<Instance, StoreError> {
        self.write(move |db| {
            if let Some(instance) = get(db)? {
                return Ok(instance);
            }
            for (name, value) in [(ID, new.id.to_string()), (NAMED_AT, new.named_at.to_string())] {
                let sql = "INSERT INTO meta (name, value) VALUES (?1, ?2)";
                execute(db, sql, params![name, value.as_bytes()])?;
            }
            Ok(new)
        })
        .await
    }
}

fn get(db: &Connection) -> Result<Option<Instance>, StoreError> {
    let (Some(id), Some(named_at)) = (text(db, ID)?, text(db, NAMED_AT)?) else { return Ok(None) };
    match (Uid::parse(&id), named_at.parse()) {
        (Some(id), Ok(named_at)) => Ok(Some(Instance { id, named_at })),
        _ => Err(StoreError::Corrupt(format!("the instance {id:?}, named at {named_at:?}"))),
    }
}

fn text(db: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT value FROM meta WHERE name = ?1";
    let value = find(db, sql, [name], |columns| columns.get::<Vec<u8>>())?;
    Ok(value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}
