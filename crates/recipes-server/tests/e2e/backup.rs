//! Backups of a running service, and the move from one kind of database to the other.

use std::path::Path;

use http::Method;
use serde_json::json;

use crate::program::{Client, Program, recipe, run};

/// What the API answers from the database.
const ANSWERS: [&str; 12] = [
    "/api/v1/recipes",
    "/api/v1/recipes?limit=2",
    "/api/v1/recipes/1",
    "/api/v1/recipes/2",
    "/api/v1/recipes/3",
    "/api/v1/recipes/4",
    "/api/v1/users/me",
    "/api/v1/users/me/api-tokens",
    "/api/v1/users/me/sessions",
    "/api/v1/admin/users",
    "/api/v1/admin/invitations",
    "/api/v1/admin/audit",
];

async fn answers(client: &Client) -> Vec<(u16, String)> {
    let mut answers = Vec::new();
    for path in ANSWERS {
        let (status, body) = client.bytes(Method::GET, path, None).await.unwrap();
        answers.push((status.as_u16(), String::from_utf8(body.to_vec()).unwrap()));
    }
    answers
}

/// A service with an administrator's client, whose answers all have content.
async fn filled(folder: &Path, variables: &[(&str, &str)]) -> (Program, Client) {
    let program = Program::start_with(folder, variables);
    let client = program.signed_up("ada@example.org").await;
    run(folder, "users set-role ada@example.org admin", variables);
    for name in ["Soup", "Älplermagronen 🧀", "Bread"] {
        client.post("/api/v1/recipes", &recipe(name)).await.unwrap();
    }
    let mut private = recipe("Secret sauce");
    private["visibility"] = json!("private");
    client.post("/api/v1/recipes", &private).await.unwrap();
    client
        .post("/api/v1/users/me/api-tokens", &json!({"name": "A program", "scopes": ["recipes:read"]}))
        .await
        .unwrap();
    client.post("/api/v1/admin/invitations", &json!({"email": "eve@example.org"})).await.unwrap();
    for (path, (status, body)) in ANSWERS.iter().zip(answers(&client).await) {
        assert!(status == 200 && body.len() > 80, "{path}: {status} {body}");
    }
    (program, client)
}

async fn every_answer_is_the_same(from: &[(&str, &str)], to: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    let (program, client) = filled(folder.path(), from).await;
    run(folder.path(), "backup saved", from);
    let before = answers(&client).await;
    drop(program);
    run(folder.path(), "restore saved", to);
    let program = Program::start_with(folder.path(), to);
    // With the same token: the session, the signing key and the name of the installation are the same.
    assert_eq!(answers(&client.at(&program)).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_a_restored_database_is_the_same() {
    every_answer_is_the_same(&[], &[("DATABASE_URL", "sqlite:other.db")]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn every_answer_is_the_same_after_the_move_to_postgres_and_back() {
    let one = new_postgres_database().await;
    every_answer_is_the_same(&[], &[("DATABASE_URL", &one)]).await;
    let two = new_postgres_database().await;
    every_answer_is_the_same(&[("DATABASE_URL", &two)], &[("DATABASE_URL", "sqlite:moved.db")]).await;
}

/// An empty database on the server of `TEST_POSTGRES_URL`.
pub(crate) async fn new_postgres_database() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("TEST_POSTGRES_URL").unwrap();
    let name = format!("move_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}
