//! `METRICS_ADDR`: metrics for Prometheus at an address of their own.

use std::collections::BTreeSet;

use http::StatusCode;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
use serde_json::json;

use crate::backup::new_postgres_database;
use crate::program::{Program, recipe};

async fn get(url: &str) -> (StatusCode, String) {
    let hyper: Hyper<_, Full<bytes::Bytes>> = Hyper::builder(TokioExecutor::new()).build_http();
    let answer = hyper.get(url.parse().unwrap()).await.unwrap();
    let status = answer.status();
    let text = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(text.into()).unwrap())
}

/// The address of the metrics.
async fn address(program: &Program) -> String {
    let line = program.logged("Metrics at http://").await;
    line.split_once("Metrics at ").unwrap().1.to_owned()
}

/// The value of the series with this name and these labels.
#[track_caller]
fn value<'a>(text: &'a str, series: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in {text}"))
}

/// The names of all metrics, without those of the parts of a histogram.
fn names(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_the_service_does_and_are_those_of_the_documentation() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("METRICS_ADDR", "127.0.0.1:0"), ("BACKUP_DIR", "backups")];
    let program = Program::start_with(folder.path(), &settings);
    let url = address(&program).await;
    let client = program.signed_up("ada@example.org").await;
    for name in ["Soup", "Bread", "Tea"] {
        assert_eq!(client.post("/api/v1/recipes", &recipe(name)).await.unwrap().0, 201);
    }
    for id in [1, 2, 3, 999] {
        client.get(&format!("/api/v1/recipes/{id}")).await.unwrap();
    }
    client.get("/api/v1/users/me").await.unwrap();
    client.get("/no/such/route").await.unwrap();
    client
        .post("/api/v1/users/login", &json!({"email": "ada@example.org", "password": "wrong"}))
        .await
        .unwrap();
    program.logged("A mail was written to").await;
    program.logged("and verified").await;

    let (status, text) = get(&url).await;
    assert_eq!(status, 200);
    let requests =
        |labels: &str| value(&text, &format!("recipes_http_request_duration_seconds_count{{{labels}}}"));
    assert_eq!(requests(r#"method="POST",route="/api/v1/recipes",status="201""#), "3");
    assert_eq!(requests(r#"method="GET",route="/api/v1/recipes/{id}",status="200""#), "3");
    assert_eq!(requests(r#"method="GET",route="/api/v1/recipes/{id}",status="404""#), "1");
    assert_eq!(requests(r#"method="GET",route="/api/v1/users/me",status="200""#), "1");
    assert_eq!(requests(r#"method="GET",route="other",status="404""#), "1");
    assert_eq!(requests(r#"method="POST",route="/api/v1/users/login",status="401""#), "1");
    // Sign-up and log-in.
    assert_eq!(value(&text, "recipes_password_duration_seconds_count"), "2");
    assert!(value(&text, "recipes_store_batch_writes_sum").parse::<f64>().unwrap() >= 4.0);
    assert_eq!(value(&text, "recipes_mails_total{result=\"sent\"}"), "1");
    assert_eq!(value(&text, "recipes_sessions"), "1");
    assert_eq!(value(&text, "recipes_store_ready"), "1");
    assert_eq!(value(&text, "recipes_backup_last_success"), "1");
    assert!(value(&text, "recipes_backup_last_timestamp_seconds").parse::<f64>().unwrap() > 1.7e9);
    assert!(value(&text, "recipes_store_schema_version").parse::<u32>().unwrap() > 8);
    for positive in ["process_start_time_seconds", "process_resident_memory_bytes", "process_open_fds"] {
        assert_ne!(value(&text, positive), "0", "{positive}");
    }
    assert!(!text.contains("ada@example.org"));

    let guide = include_str!("../../../../docs/operate.md");
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let documented = rows.map(|(name, _)| name.to_owned());
    let is_metric = |name: &String| name.starts_with("recipes_") || name.starts_with("process_");
    assert_eq!(names(&text), documented.filter(is_metric).collect());
    let rules = include_str!("../../../../packaging/prometheus/recipes.rules.yaml");
    let known = names(&text);
    for (alert, used) in metrics_of_alerts(rules) {
        assert!(known.contains(&used) || used == "up", "{alert} watches {used}, which does not exist");
        assert!(
            guide.contains(&format!("`{alert}`")),
            "docs/operate.md does not say what to do about {alert}"
        );
    }
}

/// The alerts of a file of rules, each with the metrics of its expression. A histogram is named without `_bucket` and the like.
fn metrics_of_alerts(rules: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for rule in rules.split("- alert: ").skip(1) {
        let (alert, rest) = rule.split_once('\n').unwrap();
        let (_, expression) = rest.split_once("expr: ").unwrap();
        let end = ["\n        for:", "\n        labels:"]
            .into_iter()
            .filter_map(|next| expression.find(next))
            .min();
        let expression = &expression[..end.unwrap()];
        let words = expression.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let used: Vec<_> = words
            .filter(|word| {
                ["recipes_", "process_"].iter().any(|prefix| word.starts_with(prefix)) || *word == "up"
            })
            .map(|word| {
                ["_bucket", "_count", "_sum"].iter().find_map(|part| word.strip_suffix(part)).unwrap_or(word)
            })
            .map(|word| (alert.to_owned(), word.to_owned()))
            .collect();
        assert!(!used.is_empty(), "{alert} watches nothing: {expression}");
        found.extend(used);
    }
    assert!(found.len() > 15, "{found:?}");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_at_their_own_address_only_and_off_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    assert_eq!(program.client().get("/metrics").await.unwrap().0, 404);
    assert!(!program.log().iter().any(|line| line.contains("Metrics at")), "{:#?}", program.log());
    program.kill_9();
    let program = Program::start_with(folder.path(), &[("METRICS_ADDR", "127.0.0.1:0")]);
    assert_eq!(program.client().get("/metrics").await.unwrap().0, 404);
    let url = address(&program).await;
    let other = url.replace("/metrics", "/api/v1/recipes");
    assert_eq!(get(&other).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn address_of_the_metrics_that_is_taken_stops_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let ended = std::process::Command::new(env!("CARGO_BIN_EXE_recipes"))
        .current_dir(folder.path())
        .env_clear()
        .envs([("PORT", "0"), ("METRICS_ADDR", &address)])
        .output()
        .unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{stderr}");
    let want = format!("recipes: METRICS_ADDR (--metrics-addr) is {address}, which cannot be used: ");
    assert!(stderr.lines().last().unwrap().starts_with(&want), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn batches_on_postgres_are_measured_and_slow_ones_are_logged() {
    let folder = tempfile::tempdir().unwrap();
    let database = new_postgres_database().await;
    let settings = [
        ("DATABASE_URL", &*database),
        ("METRICS_ADDR", "127.0.0.1:0"),
        ("LOG_SLOW", "300"),
        ("LOG_FORMAT", "json"),
    ];
    let program = Program::start_with(folder.path(), &settings);
    let url = address(&program).await;
    let url = url.split('"').next().unwrap();
    let client = program.signed_up("ada@example.org").await;
    let sum = "recipes_store_batch_writes_sum";
    let before: f64 = value(&get(url).await.1, sum).parse().unwrap();
    assert!(before >= 1.0, "the sign-up: {before}");

    let (locker, connection) = tokio_postgres::connect(&database, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // A batch locks the usage of its recipes' owners.
    assert_eq!(client.post("/api/v1/recipes", &recipe("Bread")).await.unwrap().0, 201);
    locker.batch_execute("BEGIN; SELECT * FROM usages FOR UPDATE").await.unwrap();
    let writing =
        tokio::spawn(async move { client.post("/api/v1/recipes", &recipe("Soup")).await.unwrap().0 });
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    locker.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(writing.await.unwrap(), 201);

    let line = program.logged("A slow transaction").await;
    assert!(line.contains(r#""cause":"statements","writes":1"#), "{line}");
    let line = program.logged("A slow request").await;
    assert!(line.contains(r#""path":"/api/v1/recipes""#) && line.contains(r#""cause":"database""#), "{line}");
    let text = get(url).await.1;
    assert!(value(&text, sum).parse::<f64>().unwrap() >= before + 2.0, "{text}");
    assert_eq!(value(&text, "recipes_store_commit_failures_total"), "0");
    let slow: f64 = value(&text, "recipes_store_commit_duration_seconds_sum").parse().unwrap();
    assert!(slow > 0.3, "{slow}");
}
