//! `recipes check`, and `recipes health` where no service runs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread;

use crate::program::{Ended, Folder};

/// The line of this part of the report.
#[track_caller]
fn line<'a>(ended: &'a Ended, name: &str) -> &'a str {
    let line = ended.stdout.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.ok_or_else(|| format!("no {name}: {ended:#?}")).unwrap()
}

#[track_caller]
fn failed(ended: &Ended, name: &str, why: &str) {
    let line = line(ended.is(1), name);
    assert!(line.starts_with("failed, ") && line.contains(why), "{why}: {line}");
}

#[test]
fn report_has_one_line_for_each_part_and_nothing_is_created() {
    let folder = Folder::new();
    let report = folder.run("check");
    report.is(0).complains(&[]);
    let lines: Vec<_> = report.stdout.lines().collect();
    assert_eq!(lines.len(), 7, "{report:#?}");
    assert_eq!(
        lines[..5],
        [
            "settings: ok, the service listens on http://127.0.0.1:8080",
            "database: ok, sqlite:data/recipes.db is new, and the first start creates its tables",
            "keys: ok, nothing is encrypted yet",
            "search: ok, the next start builds the index in data/search",
            "mail: ok, SMTP_URL is not set: mails are not sent but written to data/outbox",
        ]
    );
    assert!(lines[5].starts_with("clock: ok, it is 20") && lines[5].ends_with('Z'), "{report:#?}");
    assert!(lines[6].starts_with("disk: ok, ") && lines[6].contains(" MiB are free in data"), "{report:#?}");
    assert!(!folder.has("data"));

    folder.write("recipes.json", "[]");
    folder.run("import recipes.json").is(0);
    let report = folder.run("check");
    assert!(
        line(report.is(0), "database").starts_with("ok, sqlite:data/recipes.db has schema "),
        "{report:#?}"
    );
}

#[test]
fn each_part_that_is_wrong_is_named_with_the_reason() {
    let folder = Folder::new();
    failed(
        &folder.with("check").env("JWT_SECRET", "hunter2").run(),
        "settings",
        "JWT_SECRET is 7 bytes long",
    );
    let report = folder.with("check").env("HOST", "recipes.invalid").env("STATIC_DIR", "nowhere").run();
    failed(&report, "settings", "this name has no address");
    failed(&report, "settings", "there is no index.html in it");
    let report = folder.with("check").env("SMTP_URL", "smtp://ada:hunter2@mail.example.com").run();
    failed(&report, "mail", "SMTP_URL would send the password without encryption");
    assert!(!report.stdout.contains("hunter2"), "{report:#?}");
    folder.write("soup.db", "soup".repeat(1_000));
    failed(&folder.run("check --database-url sqlite:soup.db"), "database", "it is no SQLite database");
    folder.write("file", "");
    let report = folder.run("check --data-dir file/data");
    failed(&report, "disk", "is not writable for this user");
    // A value that cannot be read at all stops every command.
    folder.run("check --port abc").is(2).says("");
    folder.with("check").env("JWT_SECRET_FILE", "nowhere").run().is(2).says("");
}

#[test]
fn encrypted_values_are_read_with_the_secret_that_encrypted_them() {
    let folder = Folder::new();
    let added = folder.run("webhooks add https://kitchen.example/hook --json");
    let added: serde_json::Value = serde_json::from_str(&added.is(0).stdout).unwrap();
    let is_read = |ended: &Ended| {
        assert_eq!(line(ended.is(0), "keys"), "ok, encrypted values that can be read: 1");
    };
    is_read(&folder.run("check"));

    let (secret, other) = (folder.read("data/jwt-secret"), folder.run("secret").is(0).stdout.clone());
    let with = |current: &str| folder.with("check").env("JWT_SECRET", current.trim());
    let report = with(&other).run();
    failed(&report, "keys", "JWT_SECRET is another one than the secret that encrypted them");
    let rotate = format!("recipes webhooks rotate-secret for {}", added["id"].as_str().unwrap());
    failed(&report, "keys", &rotate);
    is_read(&with(&other).env("JWT_SECRET_PREVIOUS", secret.trim()).run());
    // It was not encrypted anew.
    is_read(&with(&secret).run());

    std::fs::remove_file(folder.path("data/jwt-secret")).unwrap();
    failed(&folder.run("check"), "keys", "JWT_SECRET is not set, and data/jwt-secret is missing");
    assert!(!folder.has("data/jwt-secret"));
    with(&other).run().is(1);
    let rotate = format!("webhooks rotate-secret {}", added["id"].as_str().unwrap());
    folder.with(&rotate).env("JWT_SECRET", other.trim()).run().is(0);
    is_read(&with(&other).run());
}

/// A mail server that answers each command with the next line.
fn mail_server(answers: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut commands = BufReader::new(stream.try_clone().unwrap()).lines();
        for answer in answers {
            writeln!(stream, "{answer}\r").unwrap();
            if commands.next().is_none() {
                break;
            }
        }
    });
    format!("smtp://{address}")
}

#[test]
fn mail_server_is_asked_and_no_mail_is_sent() {
    let folder = Folder::new();
    let check = |url: &str| folder.with("check").env("SMTP_URL", url).run();
    let accepts = check(&mail_server(&["220 hello", "250 hello", "250 fine", "221 bye"]));
    assert!(line(accepts.is(0), "mail").ends_with(" accepts mails"), "{accepts:#?}");
    failed(&check(&mail_server(&["554 go away"])), "mail", "cannot be used: ");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    failed(&check(&format!("smtp://{closed}")), "mail", "cannot be used: ");
}

#[test]
fn health_of_a_service_that_does_not_run_is_exit_code_1() {
    let folder = Folder::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for host in ["127.0.0.1", "0.0.0.0"] {
        let ended = folder.run(&format!("health --host {host} --port {}", closed.port()));
        ended.is(1).says("");
        let want = format!("recipes: http://{closed}/readyz cannot be reached: ");
        assert!(ended.stderr.starts_with(&want), "{ended:?}");
    }
    let unknown = folder.run("health --port 0");
    unknown.is(2).complains(&["recipes: PORT is 0, so the port is unknown: give it by --port"]);
}

#[test]
fn health_does_not_wait_for_ever() {
    // The kernel accepts the connection; no program answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let ended = Folder::new().run(&format!("health --timeout 1 --port {port}"));
    assert!(ended.is(1).stderr.contains("no answer within 1 s"), "{ended:?}");
}
