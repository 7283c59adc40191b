//! The database's file: closed to others, and refused in clear words when it is not a good one.

use std::fs;
use std::path::Path;
use std::thread;

use jiff::Timestamp;
use rusqlite::Connection;
use store::{Store, StoreError, Unavailable, Viewer};
use tokio::runtime::Builder;

use super::{TestStore, new_user, url};

fn open(file: &Path) -> Result<Store, StoreError> {
    Builder::new_current_thread().build().unwrap().block_on(Store::open(&url(file), noon()))
}

#[track_caller]
fn refused(file: &Path) -> String {
    match open(file) {
        Err(why @ StoreError::CannotOpen { .. }) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

#[cfg(unix)]
#[tokio::test]
async fn files_and_folders_that_it_makes_are_closed_to_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let store = Store::open(&url(&data.join("deep/recipes.db")), noon()).await.unwrap();
    store.create_user(new_user("alice"), noon()).await.unwrap();
    store.ready().await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for name in ["recipes.db", "recipes.db-wal", "recipes.db-shm", "recipes.db-checkpoint"] {
        assert_eq!(mode(&data.join("deep").join(name)), 0o600, "{name}");
    }
    assert_eq!((mode(&data), mode(&data.join("deep"))), (0o700, 0o700));
}

#[tokio::test]
async fn closing_leaves_one_file_and_a_store_that_says_so() {
    let test = TestStore::sqlite().await;
    test.public("Soup", None).await;
    test.close().await;
    test.close().await;
    let names: Vec<_> =
        fs::read_dir(test.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["recipes.db"]);
    for answer in [
        test.ready().await.map(drop),
        test.count_recipes(Viewer::Anyone).await.map(drop),
        test.store.user(ids::UserId::from_i64(1).unwrap()).await.map(drop),
        test.create_user(new_user("alice"), test.now()).await.map(drop),
    ] {
        assert!(matches!(answer, Err(StoreError::Unavailable(Unavailable::Closed))), "{answer:?}");
    }
    assert_eq!(test.opened_again().await.count_recipes(Viewer::Anyone).await.unwrap(), 1);
}

#[tokio::test]
async fn only_the_open_that_made_the_file_is_new() {
    let test = TestStore::sqlite().await;
    assert!(test.is_new());
    assert!(!test.opened_again().await.is_new());
    // An empty file can be what a full disk has left of a restored backup.
    let empty = test.folder.path().join("empty.db");
    fs::write(&empty, "").unwrap();
    assert!(!Store::open(&url(&empty), noon()).await.unwrap().is_new());
}

#[test]
fn one_of_many_concurrent_opens_makes_the_tables() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recipes.db");
    let stores: Vec<Store> = thread::scope(|scope| {
        let open = || open(&file).unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(stores.iter().filter(|store| store.is_new()).count(), 1);
}

#[test]
fn a_path_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(folder.path()).contains("it is a folder: name a file in it"));

    let text = folder.path().join("notes.txt");
    fs::write(&text, "Buy salt. ".repeat(1_000)).unwrap();
    assert!(refused(&text).contains("it is no SQLite database"));
    assert_eq!(fs::read_to_string(&text).unwrap(), "Buy salt. ".repeat(1_000));

    let other = folder.path().join("cookies.sqlite");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE cookies (name TEXT)").unwrap();
    assert!(refused(&other).contains("it is the database of another program"));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let why = refused(&file.join("data/recipes.db"));
    assert!(why.contains("the folder") && why.contains("file/data cannot be made"), "{why}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_in_which_nothing_can_be_made_is_refused() {
    // Not even root, which may run the tests, can create a file there.
    let why = refused(Path::new("/proc/recipes.db"));
    assert!(why.contains("the file cannot be made"), "{why}");
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recipes.db");
    drop(open(&file).unwrap());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    if fs::OpenOptions::new().write(true).open(&file).is_ok() {
        return; // Root may write everything.
    }
    let why = refused(&file);
    assert!(why.contains("writable for this user"), "{why}");
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recipes.db");
    drop(open(&file).unwrap());
    let db = Connection::open(&file).unwrap();
    let known: i64 = db.query_row("SELECT max(number) FROM migrations", [], |row| row.get(0)).unwrap();
    db.execute(
        "INSERT INTO migrations VALUES (?1, 'ALTER TABLE recipes ADD COLUMN taste TEXT', 0)",
        [known + 1],
    )
    .unwrap();
    let (why, newer) = (refused(&file), known + 1);
    assert!(
        why.contains(&format!("newer version of this program (schema {newer}, this one knows {known})")),
        "{why}"
    );
}

#[test]
fn every_error_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(folder.path()).starts_with("cannot open the database sqlite:/"));
}

fn noon() -> Timestamp {
    "2024-05-01T12:00:00Z".parse().unwrap()
}
