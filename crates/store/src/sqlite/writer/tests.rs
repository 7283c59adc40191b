//! The promises of the writer to its callers, on success and on failure.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use tempfile::TempDir;

use super::super::{Sqlite, cached};
use super::*;

struct Table {
    db: Sqlite,
    file: PathBuf,
    _folder: TempDir,
}

type Work = Box<dyn FnOnce(&Connection) -> Result<usize, StoreError> + Send>;

fn insert(name: &'static str) -> Work {
    Box::new(move |db| execute(db, "INSERT INTO soup (name) VALUES (?1)", [name]))
}

impl Table {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("recipes.db");
        let db = Sqlite::open(&file, "2024-05-01T12:00:00Z".parse().unwrap()).await.unwrap();
        db.write(|db| execute(db, "CREATE TABLE soup (name TEXT UNIQUE, bowl BLOB)", [])).await.unwrap();
        Self { db, file, _folder: folder }
    }

    /// Keeps the writer busy until all of this is waiting, so that it is taken together.
    async fn in_one_batch(&self, jobs: Vec<Work>) -> Vec<Result<usize, StoreError>> {
        self.in_one_batch_of(Undo::Savepoint, jobs).await
    }

    async fn in_one_batch_of(&self, undo: Undo, jobs: Vec<Work>) -> Vec<Result<usize, StoreError>> {
        let (let_go, held) = mpsc::channel::<()>();
        let (busy, is_busy) = oneshot::channel();
        let holding = self.db.write(move |_| {
            let _ = busy.send(());
            held.recv().map_err(|why| StoreError::Bug(why.to_string()))
        });
        let others = async {
            is_busy.await.unwrap();
            let answers: Vec<_> = jobs.into_iter().map(|job| self.ask(undo, job)).collect();
            let_go.send(()).unwrap();
            let mut outcomes = Vec::new();
            for answer in answers {
                outcomes.push(answer.await.unwrap());
            }
            outcomes
        };
        let (held, outcomes) = tokio::join!(holding, others);
        held.unwrap();
        outcomes
    }

    /// Asks for a write without waiting for it.
    fn ask(&self, undo: Undo, work: Work) -> oneshot::Receiver<Result<usize, StoreError>> {
        let (caller, answer) = oneshot::channel();
        self.db.0.writer.send(Job { work: Some(work), undo, outcome: None, caller });
        answer
    }

    fn soups(&self) -> Vec<String> {
        let names = |db: &Connection| {
            let mut statement = db.prepare("SELECT name FROM soup ORDER BY rowid")?;
            let names = statement.query_map([], |row| row.get(0))?;
            Ok(names.collect::<Result<_, _>>()?)
        };
        self.db.read(names).unwrap()
    }
}

/// Writes nothing, and calls this when it is answered.
struct Answered<F>(F);

impl<F: FnOnce() + Send> WriteJob for Answered<F> {
    fn undo(&self) -> Undo {
        Undo::Savepoint
    }

    fn run(&mut self, _: &Connection) -> Result<(), StoreError> {
        Ok(())
    }

    fn reply(self: Box<Self>, _: Result<(), StoreError>) {
        (self.0)();
    }
}

fn is_bug(outcome: &Result<usize, StoreError>, words: &str) -> bool {
    matches!(outcome, Err(StoreError::Bug(why)) if why.contains(words))
}

#[tokio::test]
async fn up_to_256_waiting_writes_share_a_commit() {
    let table = Table::new().await;
    let before = table.db.0.readers.commits();
    let nothing = || -> Work { Box::new(|_| Ok(0)) };
    let outcomes = table.in_one_batch((0..300).map(|_| nothing()).collect()).await;
    assert_eq!(outcomes.len(), 300);
    assert_eq!(table.db.0.readers.commits() - before, 3, "1, then 256, then 44");
}

#[tokio::test]
async fn commits_are_counted_before_their_replies() {
    let table = Table::new().await;
    let readers = Arc::clone(&table.db.0.readers);
    let before = readers.commits();
    let (caller, answer) = oneshot::channel();
    table.db.0.writer.send(Answered(move || caller.send(readers.commits()).unwrap()));
    assert_eq!(answer.await.unwrap(), before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_woken_caller_answers_the_others() {
    let table = Table::new().await;
    let (last, given) = mpsc::channel();
    let (waited, helped) = oneshot::channel();
    // All three wait behind one that keeps the writer busy, and share the next transaction.
    let (let_go, held) = mpsc::channel::<()>();
    let (running, is_running) = oneshot::channel();
    let busy = table.ask(
        Undo::Savepoint,
        Box::new(move |_| {
            let _ = running.send(());
            Ok(held.recv().map_or(0, |()| 1))
        }),
    );
    is_running.await.unwrap();
    let db = table.db.clone();
    let mut first = Box::pin(async move { db.write(insert("Borscht")).await });
    assert!(std::future::poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_pending())).await);
    let first = tokio::spawn(first);
    // The thread that gives the first of these is held until the other is given.
    let writer = &table.db.0.writer;
    writer.send(Answered(move || waited.send(given.recv_timeout(Duration::from_secs(20)).is_ok()).unwrap()));
    writer.send(Answered(move || last.send(()).unwrap()));
    let_go.send(()).unwrap();
    assert!(helped.await.unwrap(), "no other thread gave the last answer");
    assert!(busy.await.unwrap().is_ok());
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn commit_of_recipe_rows_keeps_the_session_cache() {
    let table = Table::new().await;
    let readers = &table.db.0.readers;
    let counted = || (readers.commits(), readers.account_commit_counter().load(Ordering::Acquire));
    let before = counted();
    table.db.0.writer.write(Undo::Statement, insert("Borscht")).await.unwrap();
    assert_eq!(counted(), (before.0 + 1, before.1));
    table.db.write(insert("Gazpacho")).await.unwrap();
    assert_eq!(counted(), (before.0 + 2, before.1 + 1));
}

#[tokio::test]
async fn failed_write_undoes_only_itself() {
    let table = Table::new().await;
    let two_then_fail: Work = Box::new(|db| {
        execute(db, "INSERT INTO soup (name) VALUES ('Half')", [])?;
        execute(db, "INSERT INTO soup (name) VALUES ('Borscht')", [])
    });
    let outcomes = table.in_one_batch(vec![insert("Borscht"), two_then_fail, insert("Gazpacho")]).await;
    assert!(outcomes[0].is_ok() && is_bug(&outcomes[1], "UNIQUE") && outcomes[2].is_ok(), "{outcomes:?}");
    assert_eq!(table.soups(), ["Borscht", "Gazpacho"]);
}

#[tokio::test]
async fn failed_statement_undoes_only_itself() {
    let table = Table::new().await;
    let jobs = vec![insert("Borscht"), insert("Borscht"), insert("Gazpacho")];
    let outcomes = table.in_one_batch_of(Undo::Statement, jobs).await;
    assert!(outcomes[0].is_ok() && is_bug(&outcomes[1], "UNIQUE") && outcomes[2].is_ok(), "{outcomes:?}");
    assert_eq!(table.soups(), ["Borscht", "Gazpacho"]);
}

#[tokio::test]
async fn panicking_write_undoes_only_itself() {
    let table = Table::new().await;
    let panics: Work = Box::new(|db| {
        execute(db, "INSERT INTO soup (name) VALUES ('Half')", [])?;
        panic!("a test's panic")
    });
    let outcomes = table.in_one_batch(vec![insert("Borscht"), panics, insert("Gazpacho")]).await;
    assert!(outcomes[0].is_ok() && is_bug(&outcomes[1], "panicked") && outcomes[2].is_ok(), "{outcomes:?}");
    assert_eq!(table.soups(), ["Borscht", "Gazpacho"]);
}

#[tokio::test]
async fn failed_commit_fails_every_caller_and_the_next_one_succeeds() {
    let table = Table::new().await;
    // A constraint that is only looked at by COMMIT.
    let doomed: Work = Box::new(|db| {
        db.pragma_update(None, "defer_foreign_keys", true)?;
        let sql = "INSERT INTO recipes (uid, owner_id, private, revision, created_at, updated_at, document)
                   VALUES ('', 99, 0, 1, 0, 0, '')";
        execute(db, sql, [])
    });
    let outcomes = table.in_one_batch(vec![insert("Borscht"), doomed, insert("Gazpacho")]).await;
    assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
    assert!(table.soups().is_empty());
    table.db.write(insert("Minestrone")).await.unwrap();
    assert_eq!(table.soups(), ["Minestrone"]);
}

#[tokio::test]
async fn transaction_ended_by_sqlite_fails_every_caller() {
    let table = Table::new().await;
    // As SQLite itself may do it when the disk fails.
    let ends_it: Work = Box::new(|db| {
        execute(db, "ROLLBACK", [])?;
        Err(Unavailable::DiskFailed.into())
    });
    let outcomes = table.in_one_batch(vec![insert("Borscht"), ends_it, insert("Gazpacho")]).await;
    let failed = |outcome: &_| matches!(outcome, Err(StoreError::Unavailable(Unavailable::DiskFailed)));
    assert!(outcomes.iter().all(failed), "{outcomes:?}");
    assert!(table.soups().is_empty());
    table.db.write(insert("Minestrone")).await.unwrap();
    assert_eq!(table.soups(), ["Minestrone"]);
}

#[tokio::test]
async fn on_a_full_disk_writes_fail_reads_go_on_and_space_is_enough_to_recover() {
    let table = Table::new().await;
    table.db.write(insert("Borscht")).await.unwrap();
    let pages = async |count: i64| {
        let limit = move |db: &Connection| Ok(db.pragma_update(None, "max_page_count", count)?);
        table.db.write(limit).await.unwrap();
    };
    let fill = || -> Work {
        Box::new(|db| execute(db, "INSERT INTO soup (name, bowl) VALUES ('Full', zeroblob(1000000))", []))
    };
    pages(1).await; // As few as there are.
    for _ in 0..2 {
        let outcomes = table.in_one_batch(vec![fill(), fill(), fill()]).await;
        let no_room = |outcome: &_| matches!(outcome, Err(StoreError::Unavailable(Unavailable::DiskFull)));
        assert!(outcomes.iter().all(no_room), "{outcomes:?}");
        assert_eq!(table.soups(), ["Borscht"]);
        let why = table.db.ready().unwrap_err().to_string();
        assert_eq!(why, "the database is unavailable: the disk is full");
    }
    pages(1 << 30).await;
    table.db.ready().unwrap();
    table.db.write(fill()).await.unwrap();
    assert_eq!(table.soups(), ["Borscht", "Full"]);
}

#[tokio::test]
async fn store_is_ready_again_without_a_write_when_there_is_space() {
    let table = Table::new().await;
    let give_up = Instant::now() + Duration::from_secs(20);
    // As a write that fails, on a disk with space.
    let full: Work = Box::new(|_| Err(Unavailable::DiskFull.into()));
    table.db.write(full).await.unwrap_err();
    assert!(table.db.ready().is_err());
    while table.db.ready().is_err() {
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn dropping_the_last_handle_finishes_queued_writes() {
    let Table { db, file, _folder } =
        {
            let table = Table::new().await;
            for _ in 0..1_000 {
                drop(table.ask(
                    Undo::Savepoint,
                    Box::new(|db| execute(db, "INSERT INTO soup (bowl) VALUES ('')", [])),
                ));
            }
            table
        };
    drop(db);
    let count = "SELECT count(*) FROM soup";
    let count: i64 = Connection::open(&file).unwrap().query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1_000);
}

#[tokio::test]
async fn close_finishes_queued_writes_and_refuses_later_ones() {
    let table = Table::new().await;
    let before: Vec<_> = (0..1_000).map(|_| table.ask(Undo::Savepoint, Box::new(|_| Ok(0)))).collect();
    table.db.close().await;
    for answer in before {
        assert!(answer.await.unwrap().is_ok());
    }
    let after = table.db.write(insert("Borscht")).await;
    assert!(matches!(after, Err(StoreError::Unavailable(Unavailable::Closed))), "{after:?}");
}

#[tokio::test]
async fn log_restarts_beside_an_unused_read_transaction() {
    let table = Table::new().await;
    let log = || fs::metadata(table.file.with_extension("db-wal")).unwrap().len();
    let mut largest = 0;
    for n in 0..60 {
        // Stop reading as soon as a transaction is kept, and never come back to it.
        if n % 20 == 0 {
            let kept = || table.db.read(|db| Ok(!db.is_autocommit())).unwrap();
            let give_up = Instant::now() + Duration::from_secs(20);
            while !kept() {
                assert!(Instant::now() < give_up);
            }
        }
        table
            .db
            .write(|db| execute(db, "INSERT INTO soup (bowl) VALUES (randomblob(1000000))", []))
            .await
            .unwrap();
        largest = largest.max(log());
    }
    // 60 MB were written. It grows while the transaction is not yet stale, a few MB each time.
    assert!(largest < 30 << 20, "{largest}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_restarts_beside_busy_readers() {
    let table = Table::new().await;
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (db, done) = (table.db.clone(), Arc::clone(&done));
            thread::spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    db.read(|db| Ok(cached(db, "SELECT max(rowid) FROM soup")?.exists([])?)).unwrap();
                }
            })
        })
        .collect();
    let mut largest = 0;
    for _ in 0..60 {
        table
            .db
            .write(|db| execute(db, "INSERT INTO soup (bowl) VALUES (randomblob(1000000))", []))
            .await
            .unwrap();
        largest = largest.max(fs::metadata(table.file.with_extension("db-wal")).unwrap().len());
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.join().unwrap();
    }
    assert!(largest < 30 << 20, "{largest}");
}

#[tokio::test]
async fn unused_read_transaction_is_ended_without_a_write() {
    let table = Table::new().await;
    let kept = || table.db.read(|db| Ok(!db.is_autocommit())).unwrap();
    let give_up = Instant::now() + Duration::from_secs(20);
    while !kept() {
        assert!(Instant::now() < give_up);
    }
    // A log with an open transaction on it cannot be truncated: busy is 1.
    let other = Connection::open(&table.file).unwrap();
    other.execute("INSERT INTO soup (name) VALUES ('Borscht')", []).unwrap();
    let busy =
        || other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0)).unwrap();
    while busy() {
        assert!(Instant::now() < give_up, "it is never ended");
    }
}
