//! A database that is examined and not opened.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;
use store::{Inspection, Store};

use super::{new_postgres_database, url};

fn noon() -> Timestamp {
    "2024-05-01T12:00:00Z".parse().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

async fn refused(file: &Path) -> String {
    Store::inspect(&url(file)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn missing_database_is_not_created() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/recipes.db");
    assert_eq!(Store::inspect(&url(&file)).await.unwrap(), Inspection::Missing);
    assert_eq!(names(folder.path()), [""; 0]);
}

#[tokio::test]
async fn database_is_found_while_it_is_used_and_when_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recipes.db");
    let store = Store::open(&url(&file), noon()).await.unwrap();
    let Inspection::Found { schema, newest } = Store::inspect(&url(&file)).await.unwrap() else { panic!() };
    assert!(schema == newest && newest >= 8, "{schema} {newest}");
    store.ready().await.unwrap();
    store.close().await;
    assert_eq!(Store::inspect(&url(&file)).await.unwrap(), Inspection::Found { schema, newest });
    assert_eq!(names(folder.path()), ["recipes.db"]);
}

#[tokio::test]
async fn older_schema_is_not_migrated_and_a_newer_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recipes.db");
    Store::open(&url(&file), noon()).await.unwrap().close().await;
    let Inspection::Found { newest, .. } = Store::inspect(&url(&file)).await.unwrap() else { panic!() };
    let change = |sql: &str| Connection::open(&file).unwrap().execute(sql, []).map(drop).unwrap();
    change("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)");
    for _ in 0..2 {
        let found = Store::inspect(&url(&file)).await.unwrap();
        assert_eq!(found, Inspection::Found { schema: newest - 1, newest });
    }
    let number = "SELECT max(number) FROM migrations";
    for step in 1..=2 {
        change(&format!("INSERT INTO migrations SELECT ({number}) + 1, 'later {step}', 0"));
    }
    let why = refused(&file).await;
    assert!(why.contains("was written by a newer version of this program"), "{why}");
}

#[tokio::test]
async fn file_that_cannot_be_a_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recipes.db");
    assert!(refused(folder.path()).await.contains("it is a folder"));
    fs::write(&file, "soup".repeat(1_000)).unwrap();
    assert!(refused(&file).await.contains("it is no SQLite database"));
    fs::remove_file(&file).unwrap();
    Connection::open(&file).unwrap().execute("CREATE TABLE soup (name TEXT)", []).unwrap();
    assert!(refused(&file).await.contains("it is the database of another program"));
}

#[tokio::test]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn postgresql_database_is_examined_and_not_changed() {
    let url = new_postgres_database().await;
    for _ in 0..2 {
        assert_eq!(Store::inspect(&url).await.unwrap(), Inspection::Missing);
    }
    let store = Store::open(&url, noon()).await.unwrap();
    let Inspection::Found { schema, newest } = Store::inspect(&url).await.unwrap() else { panic!() };
    assert!(schema == newest && newest >= 1, "{schema} {newest}");
    store.close().await;
}
