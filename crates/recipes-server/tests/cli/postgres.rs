//! What an operator sees when the PostgreSQL database cannot be used: one line, and an exit code of 2 for a setting, 1 otherwise.

use std::{
    io::{self, Write as _},
    net::TcpListener,
    os::unix::net::UnixStream,
    process::Stdio,
    sync::{Arc, Mutex},
    thread,
};

use crate::program::{Ended, Folder};

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
    // The check goes on with the other parts, except if it cannot read its settings.
    let ended = Folder::new().with("check").env("DATABASE_URL", url).run();
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert!(!format!("{ended:?}").contains("hunter2"), "{ended:?}");
    if code == 2 {
        assert!(ended.stdout.is_empty() && ended.stderr.contains(reason), "{ended:?}");
    } else {
        let failed: Vec<_> = ended.stdout.lines().filter(|line| line.contains(": failed, ")).collect();
        assert!(
            failed.len() == 1 && failed[0].starts_with("database: ") && failed[0].contains(reason),
            "{ended:?}"
        );
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

/// A TCP port on which the server at this socket can be reached, until the connections are cut.
struct Cable {
    port: u16,
    connections: Arc<Mutex<Vec<UnixStream>>>,
}

impl Cable {
    fn to(socket: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::<Mutex<Vec<UnixStream>>>::default();
        let open = Arc::clone(&connections);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = UnixStream::connect(&socket).unwrap();
                open.lock().unwrap().push(server.try_clone().unwrap());
                let (mut from_client, mut to_client) = (client.try_clone().unwrap(), client);
                let (mut from_server, mut to_server) = (server.try_clone().unwrap(), server);
                thread::spawn(move || io::copy(&mut from_client, &mut to_server));
                thread::spawn(move || {
                    let _ = io::copy(&mut from_server, &mut to_client);
                    let _ = to_client.shutdown(std::net::Shutdown::Both);
                });
            }
        });
        Self { port, connections }
    }

    fn cut(&self) {
        for connection in self.connections.lock().unwrap().drain(..) {
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn import_that_loses_its_connection_says_where_it_stopped_and_can_be_repeated_postgres() {
    let server = std::env::var("TEST_POSTGRES_URL").unwrap();
    let name = format!("cut_{}", std::process::id());
    let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let direct = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
    let place = server.strip_prefix("postgres://recipes@").unwrap();
    let (folder, port) = place.split_once('/').unwrap().0.rsplit_once(':').unwrap();
    let cable = Cable::to(format!("{}/.s.PGSQL.{port}", folder.replace("%2F", "/")));
    let url = format!("postgres://recipes@127.0.0.1:{}/{name}?sslmode=disable", cable.port);

    let folder = Folder::new();
    let all = 20_000;
    let line = |number: usize| {
        format!(
            r#"{{"uid":"9b2d6a0e-2f5c-4c33-8a77-{number:012x}","name":"Soup {number}","healthLabels":[],"cookTimeMinutes":1,"prepTimeMinutes":1,"ingredients":["salt"]}}"#
        )
    };
    let lines: Vec<_> = (0..all).map(line).collect();
    let mut import = folder.command("import -");
    let import =
        import.env("DATABASE_URL", &url).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = import.spawn().unwrap();
    let mut stdin = program.stdin.take().unwrap();
    stdin.write_all((lines[..all / 2].join("\n") + "\n").as_bytes()).unwrap();
    let stored = async || -> i64 {
        client_of(&direct)
            .await
            .query_one("SELECT count(*) FROM recipes", &[])
            .await
            .map_or(0, |row| row.get(0))
    };
    while stored().await < 1_000 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    cable.cut();
    // It may have ended already.
    let _ = stdin.write_all(lines[all / 2..].join("\n").as_bytes());
    drop(stdin);
    let ended = Ended::from(program.wait_with_output().unwrap());
    ended.is(1);
    let stopped = ended.stderr.lines().last().unwrap();
    assert!(ended.stderr.lines().count() == 1, "{ended:?}");
    assert!(
        stopped.starts_with("recipes: standard input:") && stopped.contains(": the import stopped here: "),
        "{ended:?}"
    );
    let said: i64 = ended.stdout.split(' ').next().unwrap().parse().unwrap();
    let kept = stored().await;
    // The last batch may have been written: its answer was lost.
    assert!((said..=said + 256).contains(&kept), "{kept} are stored: {ended:?}");

    let again = folder.with("import -").env("DATABASE_URL", &direct).stdin(&lines.join("\n")).run();
    let want = format!("{} recipes imported, {kept} already there", i64::try_from(all).unwrap() - kept);
    again.is(0).says(&want);
    assert_eq!(stored().await, i64::try_from(all).unwrap());
}

async fn client_of(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
