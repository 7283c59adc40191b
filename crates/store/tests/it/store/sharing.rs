//! Concurrent use: a caller reads its own acknowledged writes, whatever other callers do.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use ids::RecipeId;
use rstest_reuse::apply;
use rusqlite::Connection;
use store::{Context, NewRecipe, Page, UserFilter, Viewer};
use tokio::task::JoinSet;

use super::{Database, TestStore, draft, each_database, new_user};

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn acknowledged_write_is_read_at_once_beside_other_writes(database: Database) {
    let test = TestStore::on(database).await;
    let mut tasks = JoinSet::new();
    for n in 0..16 {
        let (store, clock, entropy) = (test.store.clone(), test.clock.clone(), test.entropy.clone());
        tasks.spawn(async move {
            let mut ids = Vec::new();
            for m in 0..50 {
                let uid = ids::Uid::new(clock.now(), entropy.bytes());
                let new = NewRecipe::new(&draft(&format!("Soup {n}/{m}")), uid, None);
                let stored = store.create_recipe(new, Context::operator(clock.now())).await.unwrap();
                assert_eq!(store.recipe(stored.id, Viewer::Anyone).await.unwrap(), Some(stored.clone()));
                ids.push(stored.id);
                // Long enough without a write that readers keep their transactions open.
                let until = Instant::now() + Duration::from_millis(if m % 10 == 0 { 7 } else { 0 });
                while Instant::now() < until {
                    assert!(store.recipe(stored.id, Viewer::Anyone).await.unwrap().is_some());
                    tokio::task::yield_now().await;
                }
            }
            ids
        });
    }
    let ids: Vec<RecipeId> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 16 * 50, "ids are distinct");
    assert_eq!(test.count_recipes(Viewer::Anyone).await.unwrap(), 16 * 50);
}

#[tokio::test]
async fn acknowledged_write_is_visible_to_other_connections() {
    let test = TestStore::sqlite().await;
    let other = Connection::open(test.file()).unwrap();
    for n in 1..=20 {
        test.public("Soup", None).await;
        let count: i64 = other.query_row("SELECT count(*) FROM recipes", [], |row| row.get(0)).unwrap();
        assert_eq!(count, n);
    }
}

#[apply(each_database)]
#[tokio::test]
async fn writes_of_another_process_are_seen_soon_beside_busy_reads(database: Database) {
    let test = TestStore::on(database).await;
    test.public("Soup", None).await;
    let other = test.opened_again().await;
    for n in 2..12 {
        // Until the reader has come to keep its transaction.
        let until = Instant::now() + Duration::from_millis(15);
        while Instant::now() < until {
            test.recipes(Page::default(), Viewer::Anyone, Vec::new()).await.unwrap();
        }
        let new = NewRecipe::new(&draft("Bread"), test.uid(), None);
        let id = other.create_recipe(new, test.operator()).await.unwrap().id;
        assert_eq!(id.get(), n);
        // It would never be seen if the transaction had no greatest age. The bound itself is tested
        // where the time can be told, in reader/tests.rs.
        let give_up = Instant::now() + Duration::from_secs(20);
        while test.recipe(id, Viewer::Anyone).await.unwrap().is_none() {
            assert!(Instant::now() < give_up, "recipe {n} was never seen");
        }
    }
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_stores_on_one_file_write_at_once_and_lose_nothing(database: Database) {
    let test = TestStore::on(database).await;
    let other = test.opened_again().await;
    let mut tasks = JoinSet::new();
    for n in 0..200 {
        let store = if n % 2 == 0 { test.store.clone() } else { other.clone() };
        let now = test.now();
        tasks.spawn(async move { store.create_user(new_user(&format!("user{n}")), now).await.unwrap().id });
    }
    let ids: HashSet<_> = tasks.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 200);
    test.close().await;
    assert_eq!(other.users(UserFilter::default(), Page::longest(None)).await.unwrap().rows.len(), 200);
}

#[tokio::test]
async fn the_last_handle_to_go_leaves_everything_in_the_file() {
    let test = TestStore::sqlite().await;
    let file = test.file();
    let TestStore { store, clock, folder, .. } = test;
    let clone = store.clone();
    drop(store);
    clone.create_user(new_user("alice"), clock.now()).await.unwrap();
    drop(clone);
    assert!(!file.with_extension("db-wal").exists());
    let count: i64 = Connection::open(&file)
        .unwrap()
        .query_row("SELECT count(*) FROM users", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 1);
    drop(folder);
}

/// Another process that ends, or has nothing to write, empties the log. That is no log that was cut off.
#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_of_another_process_do_not_disturb_the_writes() {
    let test = TestStore::sqlite().await;
    let file = test.file();
    let other = std::thread::spawn(move || {
        let db = Connection::open(file).unwrap();
        db.busy_timeout(Duration::from_millis(1)).unwrap();
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end {
            db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        }
    });
    while !other.is_finished() {
        test.public("Soup", None).await;
    }
    other.join().unwrap();
    test.ready().await.unwrap();
}
