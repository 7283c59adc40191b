//! A PostgreSQL server that is slow, away, or another one than was meant.

use std::collections::HashSet;
use std::env;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use accounts::Role;
use ids::Uid;
use store::{DatabaseUrl, NewRecipe, Page, Store, StoreError, Unavailable, Viewer};
use tokio::task::JoinSet;

use super::{Database, TestStore, connected, draft, email, eventually};
use crate::proxy::{DELAY, Forwarding, Proxy};

/// The longest that a request waits for a connection and for one statement.
const BOUND: Duration = Duration::from_secs(8);

fn port() -> String {
    env::var("TEST_POSTGRES_PORT").unwrap()
}

fn authority() -> String {
    env::var("TEST_POSTGRES_AUTHORITY").unwrap()
}

/// The name of the database.
fn name(url: &DatabaseUrl) -> String {
    url.to_string().rsplit_once('/').unwrap().1.to_owned()
}

/// The store of the test through a proxy.
async fn behind_proxy(test: &TestStore) -> (Proxy, Store) {
    let folder = PathBuf::from(authority());
    let proxy = Proxy::start(folder.with_file_name(format!(".s.PGSQL.{}", port()))).await;
    let url = format!("postgres://recipes@127.0.0.1:{}/{}", proxy.port, name(&test.url));
    let store = Store::open(&DatabaseUrl::parse(&url).unwrap(), test.now()).await.unwrap();
    (proxy, store)
}

fn is_unavailable<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    let why = outcome.unwrap_err();
    let expected = [Unavailable::TimedOut, Unavailable::Disconnected];
    assert!(matches!(why, StoreError::Unavailable(why) if expected.contains(&why)), "{why}");
}

#[tokio::test]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn recipe_that_waits_for_a_lock_does_not_delay_those_of_others_postgres() {
    let test = TestStore::on(Database::Postgres).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let create = |owner| {
        let new = NewRecipe::new(&draft("Stew"), test.uid(), Some(owner));
        let (store, context) = (test.store.clone(), test.by(owner));
        async move { store.create_recipe(new, context).await.unwrap() }
    };
    let other = connected(&test.url.to_string()).await;
    let lock = format!("BEGIN; SELECT FROM usages WHERE user_id = {alice} FOR UPDATE");
    other.batch_execute(&lock).await.unwrap();
    let waits = tokio::spawn(create(alice));
    let is_waiting = "SELECT 1::bigint FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually(async || test.sql(is_waiting).await.is_some()).await;
    create(bob).await;
    assert!(!waits.is_finished());
    other.batch_execute("COMMIT").await.unwrap();
    waits.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn peer_that_hangs_is_an_error_in_bounded_time_and_the_store_recovers_postgres() {
    let test = TestStore::on(Database::Postgres).await;
    let alice = test.user("alice").await;
    let session = test.logs_in(&alice).await;
    let (proxy, store) = behind_proxy(&test).await;
    let soup = test.public("Soup", None).await;
    for _ in 0..100 {
        store.session_user(session.session(), alice.id).await.unwrap().unwrap();
        store.recipe(soup.id, Viewer::Anyone).await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    proxy.set(Forwarding::Stalled);
    // The cache of sessions ends by itself.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let store = store.clone();
        let new = NewRecipe::new(&draft("Stew"), test.uid(), Some(alice.id));
        let (context, user, now) = (test.by(alice.id), alice.id, test.operator());
        let (id, session) = (soup.id, session.session());
        tasks.spawn(async move {
            match number % 5 {
                0 => is_unavailable(store.create_recipe(new, context).await),
                1 => is_unavailable(store.recipe(id, Viewer::Anyone).await),
                2 => is_unavailable(store.session_user(session, user).await),
                3 => is_unavailable(store.set_role(&email("alice"), Role::Admin, now).await),
                _ => is_unavailable(store.ready().await),
            }
        });
    }
    tasks.join_all().await;
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    proxy.set(Forwarding::On);
    eventually(async || store.ready().await.is_ok()).await;
    store.session_user(session.session(), alice.id).await.unwrap().unwrap();
    eventually(async || {
        let new = NewRecipe::new(&draft("Late"), test.uid(), Some(alice.id));
        store.create_recipe(new, test.by(alice.id)).await.is_ok()
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn new_recipe_of_a_user_takes_one_round_trip_postgres() {
    let test = TestStore::on(Database::Postgres).await;
    let alice = test.user("alice").await.id;
    let (proxy, store) = behind_proxy(&test).await;
    let create = async || {
        let new = NewRecipe::new(&draft("Soup"), test.uid(), Some(alice));
        let began = Instant::now();
        store.create_recipe(new, test.by(alice)).await.unwrap();
        began.elapsed()
    };
    // Connects, and prepares the statement.
    create().await;
    proxy.set(Forwarding::Delayed);
    let took = create().await;
    assert!((DELAY..2 * DELAY).contains(&took), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn acknowledged_recipes_are_there_after_the_connection_was_cut_again_and_again_postgres() {
    let test = TestStore::on(Database::Postgres).await;
    let (proxy, store) = behind_proxy(&test).await;
    let end = Instant::now() + Duration::from_secs(3);
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let (store, clock, entropy) = (store.clone(), test.clock.clone(), test.entropy.clone());
        let operator = test.operator();
        tasks.spawn(async move {
            let (mut acknowledged, mut failed) = (Vec::new(), 0_u32);
            while Instant::now() < end {
                let new = NewRecipe::new(&draft("Soup"), Uid::new(clock.now(), entropy.bytes()), None);
                match store.create_recipe(new, operator).await {
                    Ok(stored) => acknowledged.push(stored.id),
                    Err(StoreError::Unavailable(_)) => failed += 1,
                    Err(other) => panic!("{other}"),
                }
            }
            (acknowledged, failed)
        });
    }
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(100)).await;
        proxy.cut().await;
    }
    let outcomes = tasks.join_all().await;
    let failed: u32 = outcomes.iter().map(|(_, failed)| failed).sum();
    assert!(failed > 0, "the connection was cut while recipes were written");
    let mut stored = HashSet::new();
    let mut after = None;
    loop {
        let page = Page::new(after, 1_000).unwrap();
        let listing = test.recipes(page, Viewer::Admin, Vec::new()).await.unwrap();
        stored.extend(listing.rows.iter().map(|(id, _)| id));
        after = listing.next;
        if after.is_none() {
            break;
        }
    }
    let acknowledged: Vec<_> = outcomes.into_iter().flat_map(|(acknowledged, _)| acknowledged).collect();
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
    assert!(acknowledged.iter().all(|id| stored.contains(id)));
}

#[tokio::test]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn restarted_connections_are_not_noticed_by_reads_and_writes_postgres() {
    let test = TestStore::on(Database::Postgres).await;
    let alice = test.user("alice").await;
    for _ in 0..10 {
        let soup = test.public("Soup", None).await;
        test.sql(&format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE datname = '{}' AND pid <> pg_backend_pid()",
            name(&test.url)
        ))
        .await;
        // The connections have not all been seen to be closed yet.
        assert_eq!(test.recipe(soup.id, Viewer::Anyone).await.unwrap().as_ref(), Some(&soup));
        assert_eq!(test.store.user(alice.id).await.unwrap().as_ref(), Some(&alice));
        test.set_role(&email("alice"), Role::User, test.operator()).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn statements_are_prepared_again_after_a_table_was_changed_postgres() {
    let test = TestStore::on(Database::Postgres).await;
    let alice = test.user("alice").await;
    let read = async || test.store.user(alice.id).await.unwrap().unwrap();
    let write = async || test.set_role(&email("alice"), Role::User, test.operator()).await.unwrap().unwrap();
    let soup = test.public("Soup", None).await;
    for length in [300, 301, 302] {
        for _ in 0..8 {
            assert_eq!((read().await, write().await), (alice.clone(), alice.clone()));
            // The write has emptied the cache.
            assert_eq!(test.recipe(soup.id, Viewer::Anyone).await.unwrap().as_ref(), Some(&soup));
        }
        test.sql(&format!("ALTER TABLE recipes ALTER COLUMN document TYPE varchar({length}000)")).await;
        test.sql(&format!("ALTER TABLE users ALTER COLUMN name TYPE varchar({length})")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn ten_stores_that_open_an_empty_database_at_once_make_its_tables_once_postgres() {
    let url = super::new_postgres_database().await;
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let url = url.clone();
        tasks.spawn(async move { Store::open(&url, jiff::Timestamp::UNIX_EPOCH).await.unwrap().is_new() });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|is_new| *is_new).count(), 1);
}

#[tokio::test]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn database_that_cannot_be_opened_is_named_with_the_reason_in_one_line_postgres() {
    let test = TestStore::on(Database::Postgres).await;
    let (proxy, _) = behind_proxy(&test).await;
    let (port, ca, name) = (port(), authority(), name(&test.url));
    test.sql("CREATE ROLE tester LOGIN SUPERUSER PASSWORD 'hunter2'").await;
    let tls = format!("sslmode=verify-full&sslrootcert={ca}");
    let user = format!("postgres://tester:hunter2@localhost:{port}");
    let opens = async |url: String| Store::open(&DatabaseUrl::parse(&url).unwrap(), test.now()).await;
    opens(format!("{user}/{name}?{tls}")).await.unwrap();
    opens(format!("{user}/{name}?sslrootcert={ca}")).await.unwrap();
    for (url, reason) in [
        (format!("postgres://tester:wrong@localhost:{port}/{name}?{tls}"), "password authentication failed"),
        (format!("postgres://tester@localhost:{port}/{name}?{tls}"), "password"),
        (format!("{user}/no_such_database?{tls}"), r#"database "no_such_database" does not exist"#),
        (format!("postgres://nobody:x@localhost:{port}/{name}?{tls}"), "authentication failed"),
        (format!("postgres://tester:hunter2@127.0.0.1:{port}/{name}?{tls}"), "certificate"),
        (format!("{user}/{name}?sslmode=verify-full"), "certificate"),
        (format!("postgres://tester@localhost:{}/{name}?{tls}", proxy.port), "TLS"),
        ("postgres://tester@localhost:1/x?sslmode=disable".to_owned(), "refused"),
        ("postgres://tester@name.invalid/x?sslmode=disable".to_owned(), "name.invalid"),
    ] {
        let why = opens(url.clone()).await.unwrap_err().to_string();
        assert!(why.starts_with("cannot open the database postgres://"), "{why}");
        assert!(why.contains(reason) && !why.contains('\n') && !why.contains("hunter2"), "{url}: {why}");
    }
    proxy.set(Forwarding::Stalled);
    let why =
        opens(format!("postgres://tester@127.0.0.1:{}/{name}", proxy.port)).await.unwrap_err().to_string();
    assert!(why.contains("does not answer"), "{why}");
    test.sql("DROP ROLE tester").await;
}

#[tokio::test]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn databases_of_other_programs_and_of_newer_versions_are_refused_postgres() {
    let refusal = async |sql: &str| {
        let test = TestStore::on(Database::Postgres).await;
        test.sql(sql).await;
        Store::open(&test.url, test.now()).await.unwrap_err().to_string()
    };
    let newer = refusal("INSERT INTO migrations VALUES (1000, 'SELECT 1', now())").await;
    assert!(newer.contains("newer version"), "{newer}");
    let changed = refusal("UPDATE migrations SET sql = sql || ' '").await;
    assert!(changed.contains("differs"), "{changed}");
    let foreign = refusal("DROP TABLE migrations").await;
    assert!(foreign.contains("another program"), "{foreign}");
}
