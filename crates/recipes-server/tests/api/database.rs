//! The database of the application under test: a file, or with `TEST_POSTGRES_URL` a new database on that server.

use std::{
    env,
    path::Path,
    process,
    sync::OnceLock,
    sync::atomic::{AtomicU32, Ordering},
};

use jiff::Timestamp;
use store::{DatabaseUrl, Store};
use tokio::{
    runtime::{Builder, Runtime},
    sync::OnceCell,
};
use tokio_postgres::Client;

/// A kind of database.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    Sqlite,
    Postgres { server: String },
}

impl Database {
    /// The kind that this run of the tests is about.
    pub(crate) fn of_this_run() -> Self {
        match env::var("TEST_POSTGRES_URL") {
            Ok(server) => Self::Postgres { server },
            Err(_) => Self::Sqlite,
        }
    }

    /// Opens a new, empty store in a function that is not async. What the store does in the background belongs to a
    /// runtime of its own.
    pub(crate) fn open_new(&self, folder: &Path, now: Timestamp) -> Store {
        static BACKGROUND: OnceLock<Runtime> = OnceLock::new();
        let runtime = BACKGROUND
            .get_or_init(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());
        let open = async { Store::open(&self.new_url(folder, now).await, now).await.unwrap() };
        std::thread::scope(|scope| scope.spawn(|| runtime.block_on(open)).join().unwrap())
    }

    async fn new_url(&self, folder: &Path, now: Timestamp) -> DatabaseUrl {
        let url = match self {
            Self::Sqlite => format!("sqlite:{}", folder.join("test.db").display()),
            Self::Postgres { server } => new_postgres_database(server, now).await,
        };
        DatabaseUrl::parse(&url).unwrap()
    }
}

async fn new_postgres_database(server: &str, now: Timestamp) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    static TEMPLATE: OnceCell<()> = OnceCell::const_new();
    let name = format!("api_{}_{}", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let client = connected(server).await;
    TEMPLATE.get_or_init(|| make_template(&client, server, now)).await;
    client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE api_template")).await.unwrap();
    // As in a database that was migrated: its positions in the feed of changes are its own.
    let own_history = "UPDATE recipe_history SET name = gen_random_uuid()::text";
    connected(&address(server, &name)).await.batch_execute(own_history).await.unwrap();
    let through_pooler = |pooler: String| format!("{pooler}/{name}?pooler=transaction");
    env::var("TEST_POSTGRES_POOLER").map_or_else(|_| address(server, &name), through_pooler)
}

/// Migrates one database for all tests of the run. A copy takes less than half of the time of a migration.
async fn make_template(client: &Client, server: &str, now: Timestamp) {
    // Several processes begin at once. Ends with the connection.
    client.batch_execute("SELECT pg_advisory_lock(1)").await.unwrap();
    let sql = "SELECT FROM pg_database WHERE datname = 'api_template'";
    if client.query_opt(sql, &[]).await.unwrap().is_none() {
        client.batch_execute("CREATE DATABASE api_making").await.unwrap();
        let url = DatabaseUrl::parse(&address(server, "api_making")).unwrap();
        Store::open(&url, now).await.unwrap().close().await;
        // Waits for the connections of the store to end.
        client.batch_execute("ALTER DATABASE api_making RENAME TO api_template").await.unwrap();
    }
    client.batch_execute("SELECT pg_advisory_unlock(1)").await.unwrap();
}

async fn connected(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn address(server: &str, database: &str) -> String {
    format!("{}/{database}", server.rsplit_once('/').unwrap().0)
}
