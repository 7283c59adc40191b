//! The name of this installation, in PostgreSQL's dialect: two rows of the table `meta`.

use ids::Uid;

use super::Postgres;
use super::connection::Db;
use super::failure::Failure;
use crate::{Instance, StoreError};

const ID: &str = "instance_id";
const NAMED_AT: &str = "instance_named_at";

impl Postgres {
    pub async fn instance(&self) -> Result<Option<Instance>, StoreError> {
        self.read(move |db| async move { get(&db).await }).await
    }

    pub async fn get_or_create_instance(&self, new: Instance) -> Result<Instance, StoreError> {
        self.write(move |db| async move {
            if let Some(instance) = get(&db).await? {
                return Ok(instance);
            }
            for (name, value) in [(ID, new.id.to_string()), (NAMED_AT, new.named_at.to_string())] {
                let sql = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
                db.execute(sql, &[&name, &value.as_bytes()]).await?;
            }
            Ok(new)
        })
        .await
    }
}

async fn get(db: &Db) -> Result<Option<Instance>, Failure> {
    let (Some(id), Some(named_at)) = (text(db, ID).await?, text(db, NAMED_AT).await?) else {
        return Ok(None);
    };
    match (Uid::parse(&id), named_at.parse()) {
        (Some(id), Ok(named_at)) => Ok(Some(Instance { id, named_at })),
        _ => Err(StoreError::Corrupt(format!("the instance {id:?}, named at {named_at:?}")).into()),
    }
}

async fn text(db: &Db, name: &str) -> Result<Option<String>, Failure> {
    let sql = "SELECT value FROM meta WHERE name = $1";
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    db.find(sql, &[&name], |columns| Ok(text(columns.get()?))).await
}
