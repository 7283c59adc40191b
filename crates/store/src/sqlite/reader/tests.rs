//! One test for each sentence at the head of `reader.rs`. Time is an argument here: no test sleeps.

use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::sqlite::migrate;

/// A connection that writes, as the writer's or another process's does, and one that reads.
struct Table {
    file: PathBuf,
    writing: Connection,
    reader: Reader,
    start: Instant,
    _folder: TempDir,
}

impl Table {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("recipes.db");
        let mut writing = file::open(&file).unwrap();
        migrate::run(&mut writing, Timestamp::UNIX_EPOCH).unwrap();
        let start = Instant::now();
        let reader = Reader::new(file::open_for_reading(&file).unwrap(), start);
        Self { file, writing, reader, start, _folder: folder }
    }

    /// So many milliseconds after the start.
    fn at(&self, milliseconds: u64) -> Instant {
        self.start + Duration::from_millis(milliseconds)
    }

    fn write(&self) {
        self.writing
            .execute("INSERT INTO migrations VALUES ((SELECT max(number) + 1 FROM migrations), '', 0)", [])
            .unwrap();
    }

    /// Reads at that time, having seen the writer's count; says what became of the transaction, and
    /// how many writes the reader sees.
    fn read(&mut self, commits: u64, milliseconds: u64) -> (Kept, i64) {
        let kept = self.reader.prepare(commits, self.at(milliseconds)).unwrap();
        (kept, count(&self.reader.connection))
    }

    /// The reader as it is when nothing has been written for long.
    fn quiet() -> Self {
        let mut table = Self::new();
        assert_eq!(table.read(0, 0), (Kept::Not, 0));
        assert_eq!(table.read(0, 5), (Kept::Not, 0), "the tables were made since its last check: never");
        assert_eq!(table.read(0, 10), (Kept::FromNowOn, 0));
        table
    }
}

/// How often [`Table::write`] was called.
fn count(db: &Connection) -> i64 {
    db.query_row("SELECT count(*) FROM migrations WHERE sql = ''", [], |row| row.get(0)).unwrap()
}

#[test]
fn while_nothing_is_written_the_transaction_is_kept_open() {
    let mut table = Table::quiet();
    assert!(!table.reader.connection.is_autocommit());
    // What proves that it is: a write that was not counted is not seen.
    table.write();
    assert_eq!(table.read(0, 11), (Kept::Already, 0));
}

#[test]
fn it_never_outlives_a_write_that_was_counted() {
    let mut table = Table::quiet();
    table.write();
    assert_eq!(table.read(1, 11), (Kept::Not, 1));
    assert!(table.reader.connection.is_autocommit());
}

#[test]
fn it_is_opened_only_after_a_quiet_time() {
    let mut table = Table::quiet();
    for commit in 1..=20 {
        table.write();
        let now = 10 + 4 * commit;
        assert_eq!(table.read(commit, now).0, Kept::Not);
        assert_eq!(table.read(commit, now + 3).0, Kept::Not, "3 ms after commit {commit}");
    }
}

#[test]
fn no_transaction_gets_older_than_a_tenth_of_a_second() {
    assert!(MAX_AGE <= Duration::from_millis(100));
    let mut table = Table::quiet();
    let opened = 10;
    let max_age = u64::try_from(MAX_AGE.as_millis()).unwrap();
    table.write();
    assert_eq!(table.read(0, opened + max_age - 1), (Kept::Already, 0));
    assert_eq!(table.read(0, opened + max_age), (Kept::Not, 1), "another process's commit is seen");
}

#[test]
fn it_is_not_opened_while_another_process_writes() {
    let mut table = Table::quiet();
    assert_eq!(table.read(0, 200).0, Kept::FromNowOn, "nothing was written: the next one at once");
    for n in 0..20 {
        table.write();
        assert_eq!(table.read(0, 400 + 6 * n).0, Kept::Not, "write {n}");
    }
    assert_eq!(table.read(0, 400 + 6 * 20).0, Kept::FromNowOn);
}

#[test]
fn the_tick_ends_only_stale_transactions() {
    let mut table = Table::quiet();
    let opened = table.at(10);
    table.reader.end_if_stale(0, opened + MAX_AGE / 2).unwrap();
    assert!(!table.reader.connection.is_autocommit(), "nothing was written, it is young");
    table.reader.end_if_stale(1, opened + MAX_AGE / 2).unwrap();
    assert!(table.reader.connection.is_autocommit(), "something was written");

    let mut table = Table::quiet();
    table.reader.end_if_stale(0, table.at(10) + MAX_AGE).unwrap();
    assert!(table.reader.connection.is_autocommit(), "it was not used again");
}

#[test]
fn the_writer_goes_on_ticking_until_nothing_is_open() {
    let table = Table::new();
    let readers = Readers::of(&table.file);
    let mut watched = 0;
    let give_up = Instant::now() + Duration::from_secs(20);
    while watched == 0 {
        assert!(Instant::now() < give_up);
        readers.read(|db| Ok(count(db)), || watched += 1).unwrap();
    }
    let now = Instant::now();
    assert!(readers.end_stale(now), "still open: tick again");
    {
        let busy = readers.inline.iter().find_map(|slot| try_lock(slot).filter(|reader| reader.is_some()));
        assert!(readers.end_stale(now + MAX_AGE), "being used, so its state is unknown: tick again");
        drop(busy);
    }
    assert!(!readers.end_stale(now + MAX_AGE));
}

#[test]
fn reads_do_not_wait_for_each_other() {
    let table = Table::new();
    let readers = Readers::of(&table.file);
    readers
        .read(
            |_| {
                thread::scope(|scope| {
                    scope.spawn(|| readers.read(|db| Ok(count(db)), || {})).join().unwrap().unwrap();
                });
                readers.read_at_length(|db| Ok(count(db)))
            },
            || {},
        )
        .unwrap();
}

#[test]
fn a_panic_in_a_query_breaks_nothing() {
    let table = Table::new();
    let readers = Readers::of(&table.file);
    for _ in 0..20 {
        let panics = || readers.read::<()>(|db| panic!("{}", count(db)), || {});
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).unwrap_err();
    }
    assert_eq!(readers.read(|db| Ok(count(db)), || {}).unwrap(), 0);
}

#[test]
fn a_reader_cannot_write() {
    let table = Table::new();
    let readers = Readers::of(&table.file);
    let write = |db: &Connection| execute(db, "DELETE FROM migrations", []);
    assert!(matches!(readers.read(write, || {}), Err(StoreError::Unavailable(Unavailable::ReadOnly))));
}
