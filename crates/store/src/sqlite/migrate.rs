//! Brings a SQLite database to the schema that this program knows.
//!
//! Migrations are numbered files, applied in order, once, all in one exclusive
//! transaction. Their text is kept in the database: it says what its tables are and why,
//! and a file that was changed after it had been applied is found out.

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use super::address_keys;
use crate::StoreError;

const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_users_and_recipes.sql"),
    include_str!("../../migrations/sqlite/0002_sessions_and_api_tokens.sql"),
    include_str!("../../migrations/sqlite/0003_audit_and_verified_addresses.sql"),
    include_str!("../../migrations/sqlite/0004_mail_tokens_and_invitations.sql"),
    include_str!("../../migrations/sqlite/0005_audit_classes_and_places.sql"),
    include_str!("../../migrations/sqlite/0006_audit_by_actor.sql"),
    address_keys::MIGRATION,
    include_str!("../../migrations/sqlite/0008_usages.sql"),
    include_str!("../../migrations/sqlite/0009_authorization_server.sql"),
    include_str!("../../migrations/sqlite/0010_mails.sql"),
    include_str!("../../migrations/sqlite/0011_recipe_changes.sql"),
    include_str!("../../migrations/sqlite/0012_applications.sql"),
    include_str!("../../migrations/sqlite/0013_favourites.sql"),
    include_str!("../../migrations/sqlite/0014_cooked.sql"),
    include_str!("../../migrations/sqlite/0015_idempotency_keys.sql"),
    include_str!("../../migrations/sqlite/0016_history.sql"),
    include_str!("../../migrations/sqlite/0017_plans_and_shopping_lists.sql"),
    include_str!("../../migrations/sqlite/0018_access.sql"),
    include_str!("../../migrations/sqlite/0019_images.sql"),
    include_str!("../../migrations/sqlite/0020_followers.sql"),
    include_str!("../../migrations/sqlite/0021_ratings.sql"),
    include_str!("../../migrations/sqlite/0022_languages_and_shopping_sources.sql"),
    include_str!("../../migrations/sqlite/0023_bin_and_administrators.sql"),
];

#[derive(Debug, thiserror::Error)]
pub(super) enum MigrateError {
    #[error(
        "it was written by a newer version of this program (schema {found}, this one knows {known}): \
         use that version"
    )]
    Newer { found: usize, known: usize },
    #[error(
        "its schema is not the one of this program (migration {0} differs): use the program that made it"
    )]
    Changed(usize),
    #[error("it is the database of another program: name another file")]
    Foreign,
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0}")]
    Store(#[from] StoreError),
}

pub(super) fn run(db: &mut Connection, now: Timestamp) -> Result<(), MigrateError> {
    apply(db, MIGRATIONS, now)
}

/// The number of migrations that were applied to this database, all of them known.
pub(super) fn applied(db: &Connection) -> Result<usize, MigrateError> {
    applied_of(db, MIGRATIONS)
}

/// The version of the schema that [`run`] leads to.
pub(super) fn newest() -> usize {
    MIGRATIONS.len()
}

fn applied_of(db: &Connection, migrations: &[&str]) -> Result<usize, MigrateError> {
    // Asked in SQL: `table_exists` would answer from before the lock, when the tables may not have been.
    let exists = |condition: &str| {
        db.prepare(&format!("SELECT 1 FROM sqlite_schema WHERE {condition}"))
            .and_then(|mut any| any.exists([]))
    };
    if !exists("name = 'migrations'")? {
        return if exists("true")? { Err(MigrateError::Foreign) } else { Ok(0) };
    }
    let applied: Vec<String> = db
        .prepare("SELECT sql FROM migrations ORDER BY number")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if applied.len() > migrations.len() {
        return Err(MigrateError::Newer { found: applied.len(), known: migrations.len() });
    }
    if let Some(changed) = applied.iter().zip(migrations).position(|(applied, known)| applied != known) {
        return Err(MigrateError::Changed(changed + 1));
    }
    Ok(applied.len())
}

fn apply(db: &mut Connection, migrations: &[&str], now: Timestamp) -> Result<(), MigrateError> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let applied = applied_of(&tx, migrations)?;
    tx.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (
             number     INTEGER PRIMARY KEY,
             sql        TEXT    NOT NULL,
             applied_at INTEGER NOT NULL
         ) STRICT",
    )?;
    for (number, sql) in (1..).zip(migrations).skip(applied) {
        tx.execute_batch(sql)?;
        if *sql == address_keys::MIGRATION {
            address_keys::renew(&tx)?;
        }
        tx.execute(
            "INSERT INTO migrations (number, sql, applied_at) VALUES (?1, ?2, ?3)",
            params![number, sql, now.as_microsecond()],
        )?;
    }
    Ok(tx.commit()?)
}

#[cfg(test)]
mod tests {
    use accounts::Email;
    use ids::UserId;

    use super::*;
    use crate::sqlite::user_row;

    const FIRST: &str = "CREATE TABLE soup (name TEXT NOT NULL) STRICT";
    const SECOND: &str = "ALTER TABLE soup ADD COLUMN salt INTEGER";

    fn noon() -> Timestamp {
        "2024-05-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_migration_is_applied_once_and_in_order() {
        let mut db = Connection::open_in_memory().unwrap();
        apply(&mut db, &[FIRST], noon()).unwrap();
        apply(&mut db, &[FIRST, SECOND], noon()).unwrap();
        apply(&mut db, &[FIRST, SECOND], noon()).unwrap();
        db.execute("INSERT INTO soup (name, salt) VALUES ('Borscht', 1)", []).unwrap();
        let at: i64 = db.query_row("SELECT max(applied_at) FROM migrations", [], |row| row.get(0)).unwrap();
        assert_eq!(at, noon().as_microsecond());
    }

    #[test]
    fn migrations_keep_sessions_and_classify_audit_entries() {
        let mut db = Connection::open_in_memory().unwrap();
        apply(&mut db, &MIGRATIONS[..3], noon()).unwrap();
        db.execute_batch(
            "INSERT INTO users (name, email, email_key, role, created_at, updated_at) VALUES ('A', 'a', 'a', 'user', 1, 1);
             INSERT INTO sessions (id, user_id, family, current, address, created_at, last_used_at)
             SELECT randomblob(16), 1, zeroblob(32), zeroblob(32), value, 1, 1
             FROM json_each('[\"192.0.2.1\", \"2001:db8::1\"]');
             INSERT INTO audit (at, event, anybodys, subject_id, actor_id, detail)
             VALUES (1, 'logged_in', 0, 1, 1, NULL), (2, 'log_in_failed', 1, 1, NULL, NULL),
                    (3, 'role_changed', 0, 1, NULL, 'user'), (4, 'password_changed', 0, 1, 1, NULL),
                    (5, 'created', 0, 1, NULL, 'admin'), (6, 'created', 0, 1, NULL, 'user'),
                    (7, 'sessions_ended', 0, 1, 2, NULL);",
        )
        .unwrap();
        run(&mut db, noon()).unwrap();
        let all = |sql: &str| {
            let mut rows = db.prepare(sql).unwrap();
            let texts = rows.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
            texts.collect::<Result<Vec<_>, _>>().unwrap().into_iter().flatten().collect::<Vec<_>>()
        };
        assert_eq!(
            all("SELECT event || class FROM audit ORDER BY id"),
            [
                "logged_in3",
                "log_in_failed2",
                "role_changed0",
                "password_changed1",
                "created0",
                "created1",
                "sessions_ended0"
            ]
        );
        assert_eq!(all("SELECT place FROM sessions"), ["192.0.2.1"]);
    }

    #[test]
    fn accounts_that_share_an_address_are_kept_and_reported_until_one_is_gone() {
        let mut db = Connection::open_in_memory().unwrap();
        apply(&mut db, &MIGRATIONS[..6], noon()).unwrap();
        db.execute_batch(
            "INSERT INTO users (name, email, email_key, role, created_at, updated_at)
             SELECT 'A', value, value, 'user', 1, 1
             FROM json_each('[\"jo@exämple.de\", \"jo@xn--exmple-cua.de\", \"eva@exämple.de\", \"ada@example.org\"]');
             INSERT INTO mail_tokens (digest, user_id, purpose, email_key, created_at, expires_at)
             SELECT randomblob(32), id, 'verify', email_key, 1, 1 FROM users;
             INSERT INTO invitations (id, digest, email, email_key, created_at, expires_at)
             VALUES (randomblob(16), randomblob(32), 'ida@exämple.de', 'ida@exämple.de', 1, 1);",
        )
        .unwrap();
        run(&mut db, noon()).unwrap();
        let keys = |db: &Connection, table: &str| -> Vec<String> {
            let mut rows =
                db.prepare(&format!("SELECT email_key FROM {table} ORDER BY created_at, rowid")).unwrap();
            rows.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        let before = ["jo@exämple.de", "jo@xn--exmple-cua.de", "eva@xn--exmple-cua.de", "ada@example.org"];
        assert_eq!(keys(&db, "users"), before);
        let found =
            |email: &str| user_row::id_of(&db, &Email::parse(email).unwrap()).unwrap().map(UserId::get);
        assert_eq!(found("jo@exämple.de"), Some(1), "each logs in with its own spelling");
        assert_eq!((found("jo@xn--exmple-cua.de"), found("JO@EXÄMPLE.DE")), (Some(2), Some(1)));
        let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let links = "SELECT count(*) FROM mail_tokens AS t JOIN users ON id = user_id AND users.email_key = t.email_key";
        assert_eq!(count(links), 4, "open links stay good");
        assert_eq!(count("SELECT count(*) FROM invitations WHERE email_key = 'ida@xn--exmple-cua.de'"), 1);
        let report = address_keys::report_collisions(&db).unwrap();
        assert_eq!(report.len(), 1, "{report:?}");
        assert!(report[0].contains("2 (jo@xn--exmple-cua.de) and 1 (jo@exämple.de)"), "{report:?}");
        assert_eq!(address_keys::report_collisions(&db).unwrap(), report, "at each start");
        db.execute("DELETE FROM users WHERE id = 2", []).unwrap();
        assert!(address_keys::report_collisions(&db).unwrap().is_empty());
        assert_eq!(keys(&db, "users")[0], "jo@xn--exmple-cua.de", "the other one has the key now");
    }

    #[test]
    fn migration_counts_the_recipes_of_each_user() {
        let mut db = Connection::open_in_memory().unwrap();
        apply(&mut db, &MIGRATIONS[..7], noon()).unwrap();
        db.execute_batch(
            "INSERT INTO users (name, email, email_key, role, created_at, updated_at)
             VALUES ('A', 'a', 'a', 'user', 1, 1), ('B', 'b', 'b', 'user', 1, 1);
             INSERT INTO recipes (uid, owner_id, private, revision, created_at, updated_at, document)
             VALUES ('1', 1, 0, 1, 1, 1, 'äö'), ('2', 1, 1, 1, 1, 1, 'abc'), ('3', NULL, 0, 1, 1, 1, 'abc');",
        )
        .unwrap();
        run(&mut db, noon()).unwrap();
        let sql = "SELECT count(*), sum(user_id), sum(recipes), sum(bytes) FROM usages";
        let counts: [i64; 4] =
            db.query_row(sql, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])).unwrap();
        assert_eq!(counts, [1, 1, 2, 7]);
    }

    #[test]
    fn a_newer_schema_is_refused_and_left_alone() {
        let mut db = Connection::open_in_memory().unwrap();
        apply(&mut db, &[FIRST, SECOND], noon()).unwrap();
        let why = apply(&mut db, &[FIRST], noon()).unwrap_err().to_string();
        assert!(why.contains("newer version") && why.contains("schema 2, this one knows 1"), "{why}");
        db.execute("INSERT INTO soup (name, salt) VALUES ('Borscht', 1)", []).unwrap();
    }

    #[test]
    fn a_migration_that_was_changed_after_it_was_applied_is_found_out() {
        let mut db = Connection::open_in_memory().unwrap();
        apply(&mut db, &[FIRST], noon()).unwrap();
        let why = apply(&mut db, &["CREATE TABLE soup (name BLOB) STRICT"], noon()).unwrap_err();
        assert!(matches!(why, MigrateError::Changed(1)), "{why}");
    }

    #[test]
    fn another_programs_database_is_refused_and_left_alone() {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE cookies (name TEXT)").unwrap();
        assert!(matches!(run(&mut db, noon()), Err(MigrateError::Foreign)));
        let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 1);
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing_behind() {
        let mut db = Connection::open_in_memory().unwrap();
        apply(&mut db, &[FIRST, "CREATE TABLE salt (x TEXT); nonsense"], noon()).unwrap_err();
        let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 0);
    }
}
