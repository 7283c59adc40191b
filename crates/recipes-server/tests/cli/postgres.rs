//! What an operator sees when the PostgreSQL database cannot be used: one line, and an exit code of 2 for a setting, 1 otherwise.

use crate::program::Folder;

#[track_caller]
fn fails(url: &str, code: i32, reason: &str) {
    for command in ["serve", "users list"] {
        let folder = Folder::new();
        let ended = folder.with(command).env("DATABASE_URL", url).run();
        assert_eq!(ended.code, Some(code), "{command}: {ended:?}");
        let lines: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("recipes:")).collect();
        assert!(lines.len() == 1 && lines[0].contains(reason), "{command}: {ended:?}");
        assert!(!ended.stderr.contains("hunter2"), "{command}: {ended:?}");
        assert_eq!(ended.stdout, "", "{command}");
    }
}

#[test]
fn wrong_address_is_a_wrong_setting() {
    fails("postgres://db.example/recipes", 2, "must name a user, a host and a database");
    fails("postgres://jo:hunter2@db.example/recipes?sslmode=prefer", 2, "sslmode=verify-full");
    fails("postgres://jo:hunter2@db.example/recipes?pooler=session", 2, "pooler=transaction");
    fails("postgres://jo:hunter2@localhost/recipes?sslrootcert=/does/not/exist.pem", 2, "sslrootcert");
}

#[test]
fn server_that_is_not_there_is_an_error_of_the_database() {
    fails("postgres://jo:hunter2@127.0.0.1:1/recipes", 1, "refused");
}

/// Refused for the right reasons by a real server, which asks for passwords over TCP.
#[tokio::test]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn password_certificate_and_newer_schema_are_errors_of_the_database_postgres() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let (server, port) = (variable("TEST_POSTGRES_URL"), variable("TEST_POSTGRES_PORT"));
    let authority = variable("TEST_POSTGRES_AUTHORITY");
    let tls = format!("sslmode=verify-full&sslrootcert={authority}");
    fails(&format!("postgres://recipes:hunter2@localhost:{port}/postgres?{tls}"), 1, "authentication failed");
    fails(
        &format!("postgres://recipes:hunter2@localhost:{port}/postgres?sslmode=verify-full"),
        1,
        "certificate",
    );

    let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let name = format!("newer_{}", std::process::id());
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let made = Folder::new().with("users list").env("DATABASE_URL", &url).run();
    let newer = "CREATE TABLE IF NOT EXISTS migrations (number bigint PRIMARY KEY, sql text NOT NULL, applied_at timestamptz NOT NULL);
                 INSERT INTO migrations VALUES (1000, 'SELECT 1', now());
                 INSERT INTO migrations SELECT n, 'SELECT 1', now() FROM generate_series(1, 999) AS n ON CONFLICT DO NOTHING";
    client.batch_execute(newer).await.unwrap_or_else(|why| panic!("{why}: {made:?}"));
    fails(&url, 1, "written by a newer version of this program");
}
