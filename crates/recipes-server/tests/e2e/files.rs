//! Files that reach a limit, or that are removed, while the service runs.

use std::time::{Duration, Instant};

use http::Method;
#[cfg(target_os = "linux")]
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};

use crate::program::{Client, Program, recipe};

async fn wait_until_ready_is(client: &Client, want: u16) -> Value {
    let give_up = Instant::now() + Duration::from_secs(20);
    loop {
        let (status, answer) = client.get("/readyz").await.unwrap();
        if status == want {
            return answer;
        }
        assert!(Instant::now() < give_up, "{status} {answer}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn limit_of_file_sizes_is_503_until_it_is_raised() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let client = program.signed_up("ada@example.org").await;
    let limit = |bytes| {
        let limits = Rlimit { current: bytes, maximum: None };
        let process = Pid::from_raw(program.process().cast_signed());
        prlimit(process, Resource::Fsize, limits).unwrap();
    };
    limit(Some(100_000));
    let mut large = recipe("Soup");
    large["description"] = json!("salt ".repeat(1_900));
    let refused = loop {
        let (status, answer) = client.post("/api/v1/recipes", &large).await.unwrap();
        if status != 201 {
            break (status, answer);
        }
    };
    assert_eq!(refused.0, 503, "{}", refused.1);
    let answer = wait_until_ready_is(&client, 503).await;
    assert!(answer["message"].as_str().unwrap().contains("a limit of the size of files"), "{answer}");
    assert_eq!(client.get("/api/v1/recipes").await.unwrap().0, 200, "reads go on");
    limit(None);
    wait_until_ready_is(&client, 200).await;
    assert_eq!(client.post("/api/v1/recipes", &large).await.unwrap().0, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_database_is_503_and_named_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let client = program.signed_up("ada@example.org").await;
    std::fs::remove_file(folder.path().join("recipes.db")).unwrap();
    let (status, answer) = client.post("/api/v1/recipes", &recipe("Soup")).await.unwrap();
    assert_eq!(status, 503, "{answer}");
    let answer = wait_until_ready_is(&client, 503).await;
    assert!(answer["message"].as_str().unwrap().contains("changed by another program"), "{answer}");
    program.logged("recipes.db was removed while the service uses it").await;
    let log = program.log();
    let lines = log.iter().filter(|line| line.contains("while the service uses it"));
    assert_eq!(lines.count(), 1, "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn truncated_database_and_shared_memory_are_503() {
    for name in ["recipes.db", "recipes.db-shm"] {
        check_truncated(name).await;
    }
}

async fn check_truncated(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let client = program.signed_up("ada@example.org").await;
    for n in 0..200 {
        client.post("/api/v1/recipes", &recipe(&format!("Soup {n}"))).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    std::fs::write(folder.path().join(name), "").unwrap();
    let give_up = Instant::now() + Duration::from_secs(20);
    loop {
        let (status, answer) = client.get("/api/v1/recipes?limit=100").await.unwrap();
        if status == 503 {
            break;
        }
        // From the cache of pages, until it is noticed.
        assert_eq!(status, 200, "{answer}");
        assert!(Instant::now() < give_up);
    }
    wait_until_ready_is(&client, 503).await;
    assert_eq!(client.post("/api/v1/recipes", &recipe("Soup")).await.unwrap().0, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_of_a_large_account_is_202_and_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let client = program.signed_up("ada@example.org").await;
    let mut private = recipe("Secret");
    private["visibility"] = json!("private");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..25 {
        let (client, private) = (client.clone(), private.clone());
        tasks.spawn(async move {
            for _ in 0..100 {
                assert_eq!(client.post("/api/v1/recipes", &private).await.unwrap().0, 201);
            }
        });
    }
    tasks.join_all().await;
    let body = json!({"password": "a stitch in thyme"});
    let (status, answer) = client.send(Method::DELETE, "/api/v1/users/me", Some(&body)).await.unwrap();
    assert_eq!(status, 202, "{answer}");
    assert_eq!(client.get("/api/v1/users/me").await.unwrap().0, 401, "the account has ended");
    program.kill_9();

    let program = Program::start(folder.path());
    let sign_up = json!({"name": "Ada", "email": "ada@example.org", "password": "a stitch in thyme"});
    let give_up = Instant::now() + Duration::from_secs(20);
    // The address is free when the deletion is complete.
    while program.client().post("/api/v1/users/signup", &sign_up).await.unwrap().0 != 200 {
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
