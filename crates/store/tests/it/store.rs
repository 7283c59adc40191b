//! What the store promises, seen from outside.

mod admin;
mod api_tokens;
mod audit;
mod authority;
mod backup;
mod backup_schedule;
mod batches;
mod bin;
mod changes;
mod cooked;
mod edits;
mod favourites;
mod feed;
mod files;
mod foreign_files;
mod idempotency;
mod images;
mod imports;
mod inspection;
mod instance;
mod invitations;
mod mail_tokens;
mod mails;
mod members;
mod oauth;
mod outages;
mod patches;
mod plans;
mod quotas;
mod races;
mod ratings;
mod recipe_snapshot;
mod recipes;
mod replicas;
mod revisions;
mod sessions;
mod shared_limits;
mod shares;
mod sharing;
mod shopping;
mod transfer;
mod upgrades;
mod users;
mod viewers;
mod webhooks;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::clock::{Clock, TestBytes};
use ::recipes::{Draft, Scalars};
use accounts::audit::{Actor, Entry, Filter};
use accounts::{Email, Name, NewUser, Role, User};
use ids::{RecipeId, Uid, UserId};
use jiff::Timestamp;
use rstest_reuse::template;
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Value, json};
use store::{Context, DatabaseUrl, NewRecipe, Page, RecipePage, RevisionsKept, Store, StoredRecipe, Viewer};
use tempfile::TempDir;

/// A kind of database.
#[derive(Clone, Copy, Debug)]
enum Database {
    Sqlite,
    Postgres,
}

/// Runs a test on each kind of database.
#[template]
#[rstest::rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
fn each_database(#[case] database: Database) {}

const KEPT: RevisionsKept = RevisionsKept(100);

/// An empty store of its own, with a clock that stands at noon.
struct TestStore {
    store: Store,
    url: DatabaseUrl,
    clock: Clock,
    entropy: TestBytes,
    folder: TempDir,
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl TestStore {
    async fn on(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::stopped("2024-05-01T12:00:00Z");
        let url = match database {
            Database::Sqlite => url(&folder.path().join("recipes.db")),
            Database::Postgres => new_postgres_database().await,
        };
        let store = Store::open(&url, clock.now()).await.unwrap();
        Self { store, url, clock, entropy: TestBytes::default(), folder }
    }

    /// For tests about files.
    async fn sqlite() -> Self {
        Self::on(Database::Sqlite).await
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("recipes.db")
    }

    /// A second handle, as another process would have it.
    async fn opened_again(&self) -> Store {
        Store::open(&self.url, self.clock.now()).await.unwrap()
    }

    /// Runs a statement as another program would. Answers with the number that it selects.
    async fn sql(&self, sql: &str) -> Option<i64> {
        if self.url.file().is_none() {
            return connected(&self.url.to_string())
                .await
                .query_opt(sql, &[])
                .await
                .unwrap()
                .map(|row| row.get(0));
        }
        let db = Connection::open(self.file()).unwrap();
        db.query_row(sql, [], |row| row.get(0)).optional().unwrap()
    }

    /// Runs a statement that returns any number of rows.
    async fn sql_all(&self, sql: &str) {
        if self.url.file().is_none() {
            connected(&self.url.to_string()).await.query(sql, &[]).await.unwrap();
        } else {
            let db = Connection::open(self.file()).unwrap();
            let mut statement = db.prepare(sql).unwrap();
            let mut rows = statement.query([]).unwrap();
            while rows.next().unwrap().is_some() {}
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn operator(&self) -> Context {
        Context::operator(self.now())
    }

    /// This user, with a credential that lasts.
    fn by(&self, user: UserId) -> Context {
        Context { actor: Actor { user: Some(user), ..Actor::OPERATOR }, now: self.now() }
    }

    fn later(&self) -> Timestamp {
        self.clock.advance(Duration::from_mins(1));
        self.clock.now()
    }

    fn uid(&self) -> Uid {
        Uid::new(self.now(), self.entropy.bytes())
    }

    async fn user(&self, name: &str) -> User {
        self.store.create_user(new_user(name), self.now()).await.unwrap()
    }

    async fn public(&self, name: &str, owner: Option<UserId>) -> StoredRecipe {
        self.store
            .create_recipe(NewRecipe::new(&draft(name), self.uid(), owner), self.operator())
            .await
            .unwrap()
    }

    async fn private(&self, name: &str, owner: Option<UserId>) -> StoredRecipe {
        let new = NewRecipe::new(&private_draft(name), self.uid(), owner);
        self.store.create_recipe(new, self.operator()).await.unwrap()
    }

    /// The newest entries of the audit log.
    async fn entries(&self, filter: Filter, limit: u16) -> Vec<Entry> {
        self.store.audit_log(filter, Page::new(None, limit).unwrap()).await.unwrap().rows
    }

    /// The ids in the list as this viewer turns its pages.
    async fn ids(&self, viewer: Viewer, limit: u16) -> Vec<i64> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let listing =
                self.store.recipes(Page::new(after, limit).unwrap(), viewer, Vec::new()).await.unwrap();
            assert!(listing.rows.len() <= usize::from(limit));
            ids.extend(listing.rows.iter().map(|(id, _)| id.get()));
            assert!(listing.next.is_none() || listing.next.map(RecipeId::get) == ids.last().copied());
            let Some(next) = listing.next else { return ids };
            after = Some(next);
        }
    }
}

/// Waits for work that is done after the answer.
async fn eventually(is_done: impl AsyncFn() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(20);
    while !is_done().await {
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// An empty database on the server of `TEST_POSTGRES_URL`.
async fn new_postgres_database() -> DatabaseUrl {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("TEST_POSTGRES_URL").unwrap();
    let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    connected(&server).await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (server, _) = server.rsplit_once('/').unwrap();
    let through_pooler = |pooler: String| format!("{pooler}/{name}?pooler=transaction");
    let url =
        std::env::var("TEST_POSTGRES_POOLER").map_or_else(|_| format!("{server}/{name}"), through_pooler);
    DatabaseUrl::parse(&url).unwrap()
}

/// Without the pooler of `TEST_POSTGRES_POOLER`.
async fn connected(url: &str) -> tokio_postgres::Client {
    let server = std::env::var("TEST_POSTGRES_URL").unwrap();
    let name = url.rsplit('/').next().unwrap();
    let direct = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
    let (client, connection) = tokio_postgres::connect(&direct, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn json_of(stored: &StoredRecipe) -> String {
    let mut json = Vec::new();
    stored.write_json(&mut json);
    String::from_utf8(json).unwrap()
}

fn jsons(page: &RecipePage) -> Vec<String> {
    page.iter().map(|(_, json)| String::from_utf8(json.to_vec()).unwrap()).collect()
}

fn url(file: &Path) -> DatabaseUrl {
    DatabaseUrl::parse(&format!("sqlite:{}", file.display())).unwrap()
}

fn new_user(name: &str) -> NewUser {
    NewUser { name: Name::parse(name).unwrap(), email: email(name), password_hash: None, role: Role::User }
}

fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@example.com")).unwrap()
}

fn draft(name: &str) -> Draft {
    parse(&json!({
        "name": name, "healthLabels": [], "cookTimeMinutes": 60, "prepTimeMinutes": null, "ingredients": ["salt"],
    }))
}

fn members_draft(name: &str) -> Draft {
    parse(&json!({
        "name": name, "healthLabels": [], "cookTimeMinutes": 60, "prepTimeMinutes": null, "ingredients": ["salt"],
        "visibility": "members",
    }))
}

fn private_draft(name: &str) -> Draft {
    parse(&json!({
        "name": name, "healthLabels": [], "cookTimeMinutes": 60, "prepTimeMinutes": null, "ingredients": ["salt"],
        "visibility": "private",
    }))
}

fn parse(recipe: &Value) -> Draft {
    Draft::parse(recipe.as_object().unwrap(), Scalars::Typed).unwrap()
}
