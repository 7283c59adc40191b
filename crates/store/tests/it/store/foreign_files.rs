//! Backups that are restored, and files that are removed, replaced or changed while the store uses them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use store::{Store, StoreError, Unavailable, Viewer};

use super::{TestStore, new_user, url};

const SUFFIXES: [&str; 4] = ["", "-wal", "-shm", "-checkpoint"];

fn beside(file: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", file.display()))
}

/// Copies the files as a crash would leave them, with their times.
fn crashed(file: &Path, folder: &Path) -> PathBuf {
    let copy = folder.join("crashed.db");
    for suffix in SUFFIXES.into_iter().filter(|suffix| beside(file, suffix).exists()) {
        let (from, to) = (beside(file, suffix), beside(&copy, suffix));
        fs::copy(&from, &to).unwrap();
        let modified = fs::metadata(&from).unwrap().modified().unwrap();
        fs::File::options().write(true).open(&to).unwrap().set_modified(modified).unwrap();
    }
    copy
}

async fn open(file: &Path) -> Result<Store, StoreError> {
    Store::open(&url(file), Timestamp::UNIX_EPOCH).await
}

async fn refused(file: &Path) -> String {
    match open(file).await {
        Err(why @ StoreError::CannotOpen { .. }) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

fn is_changed<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable(Unavailable::FilesChanged)))
}

/// Waits for the regular look at the files.
async fn wait_until_it_is_noticed(store: &Store) {
    let give_up = Instant::now() + Duration::from_secs(20);
    while !is_changed(&store.ready().await) {
        assert!(Instant::now() < give_up, "it is not noticed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the log is empty.
async fn wait_until_merged(file: &Path) {
    let give_up = Instant::now() + Duration::from_secs(20);
    while fs::metadata(beside(file, "-wal")).unwrap().len() > 0 {
        assert!(Instant::now() < give_up, "the log is not merged");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn log_of_a_crash_is_applied_to_its_own_database() {
    let test = TestStore::sqlite().await;
    test.public("Soup", None).await;
    let copy = crashed(&test.file(), test.folder.path());
    assert!(fs::metadata(beside(&copy, "-wal")).unwrap().len() > 0);
    assert_eq!(open(&copy).await.unwrap().count_recipes(Viewer::Anyone).await.unwrap(), 1);
}

#[tokio::test]
async fn log_of_a_crash_is_not_applied_to_a_restored_backup() {
    let test = TestStore::sqlite().await;
    let backup = test.folder.path().join("backup.db");
    fs::copy(test.file(), &backup).unwrap();
    test.public("Soup", None).await;
    let copy = crashed(&test.file(), test.folder.path());
    fs::copy(&backup, &copy).unwrap();
    let files = || SUFFIXES.map(|suffix| fs::read(beside(&copy, suffix)).ok());
    let before = files();
    let why = refused(&copy).await;
    assert!(
        why.contains("crashed.db-wal belongs to another state of the file") && why.contains("move"),
        "{why}"
    );
    assert!(files() == before, "something was changed");
    for suffix in &SUFFIXES[1..] {
        fs::remove_file(beside(&copy, suffix)).unwrap();
    }
    assert_eq!(open(&copy).await.unwrap().count_recipes(Viewer::Anyone).await.unwrap(), 0);
}

#[tokio::test]
async fn log_without_its_database_is_refused() {
    let test = TestStore::sqlite().await;
    test.public("Soup", None).await;
    let copy = crashed(&test.file(), test.folder.path());
    fs::remove_file(&copy).unwrap();
    let why = refused(&copy).await;
    assert!(why.contains("missing or empty, but its log crashed.db-wal is there"), "{why}");
    assert!(!copy.exists());
}

#[tokio::test]
async fn journal_of_another_program_is_refused() {
    let test = TestStore::sqlite().await;
    test.close().await;
    fs::write(beside(&test.file(), "-journal"), "x").unwrap();
    assert!(refused(&test.file()).await.contains("another program has left recipes.db-journal"));
}

#[tokio::test]
async fn copy_of_the_file_alone_is_whole_when_nothing_is_written() {
    let test = TestStore::sqlite().await;
    let copy = test.folder.path().join("copy.db");
    fs::copy(test.file(), &copy).unwrap();
    assert_eq!(open(&copy).await.unwrap().count_recipes(Viewer::Anyone).await.unwrap(), 0);
    test.public("Soup", None).await;
    wait_until_merged(&test.file()).await;
    let copy = test.folder.path().join("second.db");
    fs::copy(test.file(), &copy).unwrap();
    assert_eq!(open(&copy).await.unwrap().count_recipes(Viewer::Anyone).await.unwrap(), 1);
}

#[tokio::test]
async fn file_without_tables_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recipes.db");
    let other = rusqlite::Connection::open(&file).unwrap();
    other
        .execute_batch("PRAGMA journal_mode = wal; CREATE TABLE soup (name); DROP TABLE soup; VACUUM")
        .unwrap();
    drop(other);
    assert!(refused(&file).await.contains("incomplete copy of a database"));
}

#[tokio::test]
async fn damaged_database_is_refused_at_the_start() {
    let test = TestStore::sqlite().await;
    test.close().await;
    let mut bytes = fs::read(test.file()).unwrap();
    bytes[4096..].fill(0xAB);
    fs::write(test.file(), bytes).unwrap();
    let why = refused(&test.file()).await;
    assert!(why.contains("it is damaged") && why.contains("restore a backup"), "{why}");
}

#[tokio::test]
async fn write_into_a_removed_file_is_not_acknowledged() {
    for suffix in ["", "-wal", "-shm"] {
        let test = TestStore::sqlite().await;
        test.public("Soup", None).await;
        fs::remove_file(beside(&test.file(), suffix)).unwrap();
        assert!(is_changed(&test.create_user(new_user("alice"), test.now()).await), "{suffix}");
        assert!(is_changed(&test.count_recipes(Viewer::Anyone).await), "{suffix}");
        assert!(is_changed(&test.ready().await), "{suffix}");
        test.close().await;
        if suffix == "-wal" {
            // What was acknowledged is merged into the database when the store is closed.
            let _ = fs::remove_file(beside(&test.file(), "-shm"));
            assert_eq!(open(&test.file()).await.unwrap().count_recipes(Viewer::Anyone).await.unwrap(), 1);
        }
    }
}

#[tokio::test]
async fn removed_folder_is_noticed_without_a_write() {
    let test = TestStore::sqlite().await;
    fs::remove_dir_all(test.folder.path()).unwrap();
    wait_until_it_is_noticed(&test).await;
}

#[tokio::test]
async fn replaced_file_is_noticed_and_left_alone() {
    let test = TestStore::sqlite().await;
    let backup = test.folder.path().join("backup.db");
    fs::copy(test.file(), &backup).unwrap();
    test.public("Soup", None).await;
    let bytes = fs::read(&backup).unwrap();
    fs::rename(&backup, test.file()).unwrap();
    wait_until_it_is_noticed(&test).await;
    test.close().await;
    assert!(fs::read(test.file()).unwrap() == bytes);
}

#[tokio::test]
async fn overwritten_and_truncated_files_are_noticed_and_left_alone() {
    let test = TestStore::sqlite().await;
    let older = fs::read(test.file()).unwrap();
    for bytes in [older, b"no database".to_vec(), Vec::new()] {
        let test = TestStore::sqlite().await;
        test.public("Soup", None).await;
        wait_until_merged(&test.file()).await;
        test.public("Bread", None).await;
        fs::write(test.file(), &bytes).unwrap();
        wait_until_it_is_noticed(&test).await;
        test.close().await;
        assert!(fs::read(test.file()).unwrap() == bytes, "the log was merged into another file");
        assert!(refused(&test.file()).await.contains("recipes.db-wal"));
    }
}

#[tokio::test]
async fn checkpoint_of_another_process_is_no_change() {
    let test = TestStore::sqlite().await;
    test.public("Soup", None).await;
    wait_until_merged(&test.file()).await;
    let other = rusqlite::Connection::open(test.file()).unwrap();
    other.execute("UPDATE users SET name = name", []).unwrap();
    test.public("Bread", None).await;
    other.query_row("PRAGMA wal_checkpoint", [], |_| Ok(())).unwrap();
    test.public("Salad", None).await;
    test.opened_again().await.close().await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    test.ready().await.unwrap();
    assert_eq!(test.count_recipes(Viewer::Anyone).await.unwrap(), 3);
}

#[tokio::test]
async fn truncated_log_and_shared_memory_are_noticed_before_the_next_write() {
    for suffix in ["-wal", "-shm"] {
        let test = TestStore::sqlite().await;
        test.public("Soup", None).await;
        fs::File::options().write(true).open(beside(&test.file(), suffix)).unwrap().set_len(0).unwrap();
        assert!(is_changed(&test.create_user(new_user("alice"), test.now()).await), "{suffix}");
        assert!(is_changed(&test.count_recipes(Viewer::Anyone).await), "{suffix}");
        test.close().await;
    }
}

#[tokio::test]
async fn log_that_another_process_has_emptied_is_whole() {
    let test = TestStore::sqlite().await;
    test.public("Soup", None).await;
    let other = rusqlite::Connection::open(test.file()).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    assert_eq!(fs::metadata(beside(&test.file(), "-wal")).unwrap().len(), 0);
    test.public("Bread", None).await;
    assert_eq!(test.count_recipes(Viewer::Anyone).await.unwrap(), 2);
}
