//! Examines a database without changing it.

use super::connection::{Connections, PATIENCE};
use super::{connect, migrate};
use crate::Inspection;
use crate::url::PostgresAddress;

/// The refusals are those of [`Postgres::open`](super::Postgres::open).
pub(crate) async fn inspect(address: &PostgresAddress) -> Result<Inspection, String> {
    let db = connect(&Connections::new(address, 1, PATIENCE)?).await?;
    Ok(match migrate::applied(&db).await? {
        None => Inspection::Missing,
        Some(schema) => Inspection::Found { schema, newest: migrate::newest() },
    })
}
