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
use tokio::runtime::{Builder, Runtime};

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
        let open = async { Store::open(&self.new_url(folder).await, now).await.unwrap() };
        std::thread::scope(|scope| scope.spawn(|| runtime.block_on(open)).join().unwrap())
    }

    async fn new_url(&self, folder: &Path) -> DatabaseUrl {
        let url = match self {
            Self::Sqlite => format!("sqlite:{}", folder.join("test.db").display()),
            Self::Postgres { server } => new_postgres_database(server).await,
        };
        DatabaseUrl::parse(&url).unwrap()
    }
}

async fn new_postgres_database(server: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("api_{}_{}", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (server, _) = server.rsplit_once('/').unwrap();
    let through_pooler = |pooler: String| format!("{pooler}/{name}?pooler=transaction");
    env::var("TEST_POSTGRES_POOLER").map_or_else(|_| format!("{server}/{name}"), through_pooler)
}
