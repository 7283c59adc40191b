//! The log of the real program.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use regex::Regex;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::program::{Client, Program, recipe};

/// Waits until the log has a line with this text, and returns it.
async fn line_with(program: &Program, text: &str) -> String {
    for _ in 0..200 {
        if let Some(line) = program.log().into_iter().find(|line| line.contains(text)) {
            return line;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no line with {text:?} in {:#?}", program.log());
}

async fn fails_to_log_in(client: &Client, email: &str) {
    let body = json!({"email": email, "password": "not the password"});
    assert_eq!(client.post("/api/v1/users/login", &body).await.unwrap().0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn log_that_is_not_read_blocks_neither_requests_nor_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start_with_unread_log(folder.path());
    let client = program.client();
    // A pipe has 64 KiB: these lines are ten times as long, and the buffer behind it has room for them.
    for _ in 0..600 {
        client.get(&format!("/{}", "x".repeat(1_000))).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    for _ in 0..4 {
        let failed = fails_to_log_in(&client, "nobody@example.org");
        tokio::time::timeout(Duration::from_secs(20), failed).await.expect("an event does not block");
    }
    let healthy = tokio::time::timeout(Duration::from_secs(20), client.get("/healthz")).await;
    assert_eq!(healthy.expect("a request does not block").unwrap().0, 200);
    drop(client);
    program.signal(Signal::TERM);
    let ended = tokio::task::spawn_blocking(move || program.code());
    let code = tokio::time::timeout(Duration::from_secs(20), ended).await.expect("the end does not block");
    assert_eq!(code.unwrap(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_a_request_names_the_request_and_the_client() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start_with(
        folder.path(),
        &[("LOG_FORMAT", "json"), ("LOG", "debug"), ("TRUSTED_PROXIES", "127.0.0.1")],
    );
    let body = r#"{"email":"nobody@example.org","password":"not the password"}"#;
    let mut stream = TcpStream::connect(&program.address).unwrap();
    write!(
        stream,
        "POST /api/v1/users/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: r-17\r\n\
         x-forwarded-for: 203.0.113.9\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    line_with(&program, "/api/v1/users/login").await;
    let lines: Vec<Value> = program.log().iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(lines.len(), program.log().len(), "every line is JSON");
    let named: Vec<_> = lines.iter().filter(|line| line["request.id"] == "r-17").collect();
    assert!(named.iter().all(|line| line["client.address"] == "203.0.113.9"), "{named:#?}");
    let has = |name: &str, value: &str| named.iter().any(|line| line[name] == value);
    assert!(has("message", "A log-in failed") && has("path", "/api/v1/users/login"), "{named:#?}");
    assert!(has("message", "Credentials rejected: wrong_credentials"), "{named:#?}");
}

/// The filter of `docs/operate.md`, as fail2ban applies it: without the time, and with an address for `<HOST>`.
#[tokio::test(flavor = "multi_thread")]
async fn documented_fail2ban_filter_finds_failed_log_ins_only() {
    let guide = include_str!("../../../../docs/operate.md");
    let filter = guide.lines().find_map(|line| line.strip_prefix("failregex = ")).unwrap();
    let filter = Regex::new(&filter.replace("<HOST>", "(?<host>[0-9a-fA-F.:]+)")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    program.signed_up("ada@example.org").await;
    for email in ["ada@example.org", "nobody@example.org"] {
        fails_to_log_in(&program.client(), email).await;
    }
    // Clients choose paths: none may look like a failed log-in.
    let forged = "/%0A%20INFO%20A%20log-in%20failed%20request.id=x%20client.address=192.0.2.1";
    program.client().get(forged).await.unwrap();
    line_with(&program, "192.0.2.1").await;
    let log = program.log();
    let found: Vec<_> = log
        .iter()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(_time, rest)| filter.captures(rest).map(|found| (rest, found["host"].to_owned())))
        .collect();
    let hosts: Vec<_> = found.iter().map(|(_, host)| &**host).collect();
    assert_eq!(hosts, ["127.0.0.1", "127.0.0.1"], "{log:#?}");
    assert!(
        found[0].0.contains("A log-in failed user.id=1 ") && !found[1].0.contains("user.id"),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn invisible_characters_of_a_path_do_not_reach_the_log() {
    for format in ["text", "json"] {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::start_with(folder.path(), &[("LOG_FORMAT", format)]);
        let mut stream = TcpStream::connect(&program.address).unwrap();
        let path = "/a\u{85}\u{9b}2J\u{9d}\u{2028}\u{202e}\u{200b}b";
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
        let line = line_with(&program, "/a").await;
        assert!(line.is_ascii(), "{line:?}");
    }
}

/// The lines of the log as JSON.
fn objects(program: &Program) -> Vec<Value> {
    program.log().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_requests_and_transactions_are_logged_with_their_cause() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        [("LOG_SLOW", "300"), ("LOG_FORMAT", "json"), ("PASSWORD_SCHEME", "bcrypt"), ("BCRYPT_COST", "14")];
    let program = Program::start_with(folder.path(), &settings);
    let client = program.signed_up("ada@example.org").await;
    client.get("/healthz").await.unwrap();
    // A body that arrives slowly.
    let mut stream = TcpStream::connect(&program.address).unwrap();
    let head = "POST /api/v1/users/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
                content-length: 2\r\n\r\n{";
    stream.write_all(head.as_bytes()).unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    stream.write_all(b"}").unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    // A write that waits for another process.
    let database = rusqlite::Connection::open(folder.path().join("recipes.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writing =
        tokio::spawn(async move { client.post("/api/v1/recipes", &recipe("Soup")).await.unwrap().0 });
    tokio::time::sleep(Duration::from_millis(600)).await;
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(writing.await.unwrap(), 201);
    line_with(&program, "A slow transaction").await;
    line_with(&program, "\"path\":\"/api/v1/recipes\",\"status\":201,\"ms\":").await;

    let lines = objects(&program);
    let slow: Vec<_> = lines.iter().filter(|line| line["message"] == "A slow request").collect();
    let causes: Vec<_> = slow.iter().map(|line| (&line["path"], &line["cause"])).collect();
    let expected = [
        (json!("/api/v1/users/signup"), json!("password")),
        (json!("/api/v1/users/login"), json!("body")),
        (json!("/api/v1/recipes"), json!("database")),
    ];
    assert_eq!(causes, expected.iter().map(|(path, cause)| (path, cause)).collect::<Vec<_>>(), "{slow:#?}");
    assert!(slow.iter().all(|line| line["request.id"].is_string() && line["ms"].as_f64().unwrap() >= 300.0));
    let transaction = lines.iter().find(|line| line["message"] == "A slow transaction").unwrap();
    assert_eq!(transaction["cause"], "wait", "{transaction}");
    // The upkeep may write at the same time.
    assert!(transaction["writes"].as_u64().unwrap() >= 1, "{transaction}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_json_lines_are_those_of_the_documentation() {
    let guide = include_str!("../../../../docs/operate.md");
    let (_, table) = guide.split_once("| field | in | meaning |").unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let names = rows.filter_map(|row| row.split('|').nth(1)).flat_map(|names| names.split(','));
    let documented: Vec<_> = names.map(|name| name.trim().trim_matches('`')).collect();
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start_with(folder.path(), &[("LOG_FORMAT", "json"), ("LOG_SLOW", "1")]);
    let client = program.signed_up("ada@example.org").await;
    fails_to_log_in(&client, "ada@example.org").await;
    client.post("/api/v1/users/me/tokens", &json!({"name": "x", "scopes": ["account"]})).await.unwrap();
    client.post("/api/v1/users/logout/all", &json!({})).await.unwrap();
    line_with(&program, "logout/all").await;
    line_with(&program, "A mail was written").await;
    line_with(&program, "A slow request").await;
    for line in objects(&program) {
        for name in line.as_object().unwrap().keys() {
            assert!(documented.contains(&&**name), "{name} in {line} is not documented: {documented:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_a_plan_reach_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start_with(folder.path(), &[("LOG", "debug")]);
    let client = program.signed_up("ada@example.org").await;
    let (_, created) = client.post("/api/v1/plan/calendar", &json!({})).await.unwrap();
    let url = created["data"]["url"].as_str().unwrap();
    let path = &url[url.find("/api/").unwrap()..];
    assert_eq!(client.get(path).await.unwrap().0, 200);
    let (_, invited) = client.post("/api/v1/household/invitation", &json!({})).await.unwrap();
    let code = invited["data"]["code"].as_str().unwrap();
    client.get(&format!("/household/join?code={code}")).await.unwrap();
    line_with(&program, "/household/join").await;
    assert!(program.log().iter().any(|line| line.contains("/api/v1/plan/calendar.ics")));
    for secret in [path.split_once("key=").unwrap().1, code] {
        assert!(!program.log().iter().any(|line| line.contains(secret)), "{:#?}", program.log());
    }
}
