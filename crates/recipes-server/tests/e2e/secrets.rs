//! A new `JWT_SECRET` while the tokens of the old one are in use.

use serde_json::{Value, json};
use strict_jose::Key;

use crate::program::{Client, Program, SECRET};

const NEW_SECRET: &str = "another secret for tests, of more than 32 bytes";

/// The statuses of `GET /users/me` with these tokens.
async fn statuses(client: &Client, tokens: &[&String]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for token in tokens {
        let mut client = client.clone();
        client.token = Some((*token).clone());
        statuses.push(client.get("/api/v1/users/me").await.unwrap().0.as_u16());
    }
    statuses
}

async fn log_in(client: &Client) -> String {
    let body = json!({"email": "ada@example.org", "password": "a stitch in thyme"});
    let (_, answer) = client.post("/api/v1/users/login", &body).await.unwrap();
    answer["token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_stay_valid_while_the_secret_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let client = program.signed_up("ada@example.org").await;
    let old = client.token.clone().unwrap();
    let seen = strict_jose::inspect(&old).unwrap();
    assert_eq!(seen.header["kid"], json!(Key::hs256(SECRET.as_bytes()).unwrap().thumbprint()));
    // As versions without `kid` have signed it.
    let oldest: Value = seen.claims;
    let oldest = Key::hs256(SECRET.as_bytes()).unwrap().sign("at+jwt", &oldest).unwrap();
    assert_eq!(statuses(&client, &[&old, &oldest]).await, [200, 200]);
    program.kill_9();

    let rotated = [("JWT_SECRET", NEW_SECRET), ("JWT_SECRET_PREVIOUS", SECRET)];
    let program = Program::start_with(folder.path(), &rotated);
    program.logged("are invalid now, except those that JWT_SECRET_PREVIOUS has signed").await;
    let new = log_in(&program.client()).await;
    let kid = strict_jose::inspect(&new).unwrap().header["kid"].clone();
    assert_eq!(kid, json!(Key::hs256(NEW_SECRET.as_bytes()).unwrap().thumbprint()));
    assert_eq!(statuses(&program.client(), &[&old, &oldest, &new]).await, [200, 200, 200]);
    program.kill_9();

    let program = Program::start_with(folder.path(), &[("JWT_SECRET", NEW_SECRET)]);
    assert_eq!(statuses(&program.client(), &[&old, &oldest, &new]).await, [401, 401, 200]);
    program.kill_9();

    // Another server of several, which only learns the new secret before one of them signs with it.
    let learning = [("JWT_SECRET", SECRET), ("JWT_SECRET_PREVIOUS", NEW_SECRET)];
    let program = Program::start_with(folder.path(), &learning);
    assert_eq!(statuses(&program.client(), &[&old, &new]).await, [200, 200]);
}

#[test]
fn weak_previous_secret_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = std::process::Command::new(env!("CARGO_BIN_EXE_recipes"))
        .current_dir(folder.path())
        .env_clear()
        .envs([("JWT_SECRET", SECRET), ("JWT_SECRET_PREVIOUS", "hunter2"), ("PORT", "0")])
        .output()
        .unwrap();
    let stderr = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("JWT_SECRET_PREVIOUS is 7 bytes long") && !stderr.contains("hunter2"),
        "{stderr}"
    );
    assert!(!folder.path().join("data").exists());
}
