//! Brings a PostgreSQL database to the schema that this program knows.
//!
//! Migrations are numbered files, applied in order, once, all in one transaction. An advisory lock lets replicas that start
//! together wait for each other. The texts are kept in the database, so that a file that was changed after it had been
//! applied is found out.

use jiff::Timestamp;

use super::at;
use super::columns::text_in;
use super::connection::{Db, Isolation};
use super::failure::Failure;
use crate::StoreError;

const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgres/0001_schema.sql"),
    include_str!("../../migrations/postgres/0002_authorization_server.sql"),
    include_str!("../../migrations/postgres/0003_mails.sql"),
    include_str!("../../migrations/postgres/0004_rate_limits.sql"),
    include_str!("../../migrations/postgres/0005_recipe_changes.sql"),
    include_str!("../../migrations/postgres/0006_applications.sql"),
    include_str!("../../migrations/postgres/0007_favourites.sql"),
    include_str!("../../migrations/postgres/0008_cooked.sql"),
    include_str!("../../migrations/postgres/0009_idempotency_keys.sql"),
    include_str!("../../migrations/postgres/0010_history.sql"),
    include_str!("../../migrations/postgres/0011_plans_and_shopping_lists.sql"),
    include_str!("../../migrations/postgres/0012_access.sql"),
    include_str!("../../migrations/postgres/0013_images.sql"),
    include_str!("../../migrations/postgres/0014_followers.sql"),
    include_str!("../../migrations/postgres/0015_ratings.sql"),
    include_str!("../../migrations/postgres/0016_languages_and_shopping_sources.sql"),
    include_str!("../../migrations/postgres/0017_bin_and_administrators.sql"),
];

/// Of the advisory lock: "recipes" in ASCII.
const LOCK: i64 = 0x72_65_63_69_70_65_73;

/// Answers whether the database was empty.
pub(super) async fn run(db: &Db, now: Timestamp) -> Result<bool, String> {
    // Each statement has a snapshot of its own, so what follows the lock sees what its last holder has done.
    db.begin(Isolation::ReadCommitted).await.map_err(text)?;
    match apply(db, now).await {
        Ok(is_new) => db.commit().await.map(|()| is_new).map_err(text),
        Err(why) => {
            db.roll_back().await;
            Err(why)
        }
    }
}

fn text(failure: Failure) -> String {
    StoreError::from(failure).to_string()
}

async fn apply(db: &Db, now: Timestamp) -> Result<bool, String> {
    // Other replicas may be at work for longer than a request may wait.
    db.batch("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0").await.map_err(text)?;
    db.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(text)?;
    let applied = applied(db).await?;
    if applied.is_none() {
        let sql = "CREATE TABLE migrations (number bigint PRIMARY KEY, sql text NOT NULL, applied_at timestamptz NOT NULL)";
        db.batch(sql).await.map_err(text)?;
    }
    for (number, migration) in (1_i64..).zip(MIGRATIONS).skip(applied.unwrap_or(0)) {
        db.batch(migration).await.map_err(text)?;
        let sql = "INSERT INTO migrations (number, sql, applied_at) VALUES ($1, $2, $3)";
        db.execute(sql, &[&number, migration, &at(now)]).await.map_err(text)?;
    }
    Ok(applied.is_none())
}

pub(super) fn newest() -> usize {
    MIGRATIONS.len()
}

/// The number of migrations that were applied; `None` for an empty database. Refuses databases of other programs and versions.
pub(super) async fn applied(db: &Db) -> Result<Option<usize>, String> {
    let encoding = db.find("SHOW server_encoding", &[], text_in).await.map_err(text)?;
    if encoding.as_deref() != Some("UTF8") {
        return Err(
            "its encoding is not UTF8: make another one with ENCODING 'UTF8' TEMPLATE template0".to_owned()
        );
    }
    if !has_migrations(db).await.map_err(text)? {
        let any = "SELECT 1 FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' LIMIT 1";
        if db.exists(any, &[]).await.map_err(text)? {
            return Err(
                "it is the database of another program: name another one, or an empty schema".to_owned()
            );
        }
        return Ok(None);
    }
    let sql = "SELECT sql FROM migrations ORDER BY number";
    let applied = db.list(sql, &[], text_in).await.map_err(text)?;
    let (found, known) = (applied.len(), MIGRATIONS.len());
    if found > known {
        return Err(format!(
            "it was written by a newer version of this program (schema {found}, this one knows {known}): use that version"
        ));
    }
    if let Some(changed) = applied.iter().zip(MIGRATIONS).position(|(applied, known)| applied != known) {
        return Err(format!(
            "its schema is not the one of this program (migration {} differs): use the program that made it",
            changed + 1
        ));
    }
    Ok(Some(found))
}

pub(super) async fn has_migrations(db: &Db) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname = 'migrations'";
    db.exists(sql, &[]).await
}
