//! Databases of earlier versions are opened and migrated; those of later ones are refused.

use std::fs;
use std::path::Path;

use ::recipes::Rating;
use accounts::Email;
use ids::{RecipeId, UserId};
use rstest_reuse::apply;
use rusqlite::Connection;
use store::{NewRecipe, Precondition, Record, Store, StoreError, Viewer};

use super::{Database, TestStore, connected, draft, each_database, json_of, new_postgres_database, url};

fn fixture(kind: &str, version: usize) -> String {
    let path = format!("{}/tests/fixtures/{kind}-{version}.sql", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).unwrap_or_else(|_| panic!("run tests/fixtures/make.py for version {version}"))
}

fn load(fixture: &str, file: &Path) {
    let db = Connection::open(file).unwrap();
    // The tables are in the order of their names.
    db.pragma_update(None, "foreign_keys", false).unwrap();
    db.execute_batch(fixture).unwrap();
}

#[tokio::test]
async fn database_of_each_earlier_schema_is_migrated() {
    let test = TestStore::sqlite().await;
    let known = test.sql("SELECT count(*) FROM migrations").await.unwrap();
    for version in 1..=usize::try_from(known).unwrap() {
        let file = test.folder.path().join(format!("version-{version}.db"));
        load(&fixture("sqlite", version), &file);
        let store = Store::open(&url(&file), test.now()).await.unwrap();
        has_what_it_had(&test, &store, version, version >= 2).await;
    }
}

#[tokio::test]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn database_of_each_earlier_schema_is_migrated_postgres() {
    let test = TestStore::on(Database::Postgres).await;
    let known = test.sql("SELECT count(*) FROM migrations").await.unwrap();
    for version in 1..=usize::try_from(known).unwrap() {
        let url = new_postgres_database().await;
        connected(&url.to_string()).await.batch_execute(&fixture("postgres", version)).await.unwrap();
        let store = Store::open(&url, test.now()).await.unwrap();
        has_what_it_had(&test, &store, version, true).await;
    }
}

async fn has_what_it_had(test: &TestStore, store: &Store, version: usize, has_api_tokens: bool) {
    let ada = Email::parse("ada@example.org").unwrap();
    let (ada, hash) = store.user_by_email(&ada).await.unwrap().unwrap();
    assert_eq!((ada.id.get(), ada.name.as_str(), ada.email.as_str()), (1, "Ada", "Ada@example.org"));
    assert!(ada.is_active_admin() && hash.unwrap().as_str().starts_with("$2b$12$"));
    assert!(store.user(UserId::from_i64(2).unwrap()).await.unwrap().unwrap().disabled);

    let recipe = store.recipe(RecipeId::from_i64(1).unwrap(), Viewer::Anyone).await.unwrap().unwrap();
    assert!(json_of(&recipe).starts_with(r#"{"id":1,"name":"Älplermagronen","#), "{version}");
    assert_eq!(store.usage(ada.id).await.unwrap().recipes, 1, "{version}");
    assert_eq!(store.api_tokens(ada.id).await.unwrap().len(), usize::from(has_api_tokens), "{version}");

    let bread = store.recipe(RecipeId::from_i64(2).unwrap(), Viewer::Anyone).await.unwrap().unwrap();
    let is_rated = !store.ratings(ada.id).await.unwrap().is_empty();
    assert_eq!(bread.rating(), Rating::of(2, 9).filter(|_| is_rated), "{version}");

    // The id 3 was given out and must not come back.
    let new = NewRecipe::new(&draft("New"), test.uid(), Some(ada.id));
    let new = store.create_recipe(new, test.operator()).await.unwrap();
    assert_eq!(new.id.get(), 4, "{version}");
    store.delete_recipe(new.id, Precondition::None, test.operator()).await.unwrap();

    // Every value is one that this version could have written.
    let mut snapshot = store.snapshot();
    while let Some(records) = snapshot.next().await.unwrap() {
        for record in records {
            let mut line = Vec::new();
            record.write_json(&mut line).unwrap();
            Record::from_json(&line).unwrap_or_else(|why| panic!("{version}: {record}: {why}"));
        }
    }
    store.close().await;
}

#[apply(each_database)]
#[tokio::test]
async fn database_of_a_newer_program_is_refused_and_left_alone(database: Database) {
    let test = TestStore::on(database).await;
    test.public("Soup", None).await;
    test.close().await;
    let known = test.sql("SELECT max(number) FROM migrations").await.unwrap();
    let newer = known + 1;
    let at = if test.url.file().is_some() { "0" } else { "now()" };
    let returning = format!(
        "INSERT INTO migrations VALUES ({newer}, 'ALTER TABLE recipes ADD COLUMN taste TEXT', {at}) RETURNING number"
    );
    assert_eq!(test.sql(&returning).await, Some(newer));
    let Err(why @ StoreError::CannotOpen { .. }) = Store::open(&test.url, test.now()).await else { panic!() };
    let words = format!(
        "it was written by a newer version of this program (schema {newer}, this one knows {known}): use that version"
    );
    assert!(why.to_string().ends_with(&words), "{why}");
    let migrations = format!("SELECT count(*) FROM migrations WHERE number <= {newer}");
    assert_eq!(test.sql(&migrations).await, Some(newer));
}
