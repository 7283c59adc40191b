//! Five hundred simultaneous sign-ups.

use std::collections::HashSet;

use serde_json::json;

use crate::program::Program;

async fn sign_up_500(program: &Program, email: impl Fn(usize) -> String) -> Vec<(u16, Option<i64>)> {
    let attempts: Vec<_> = (0..500)
        .map(|n| {
            let client = program.client();
            let body = json!({"name": "Ada", "email": email(n), "password": "a stitch in thyme"});
            tokio::spawn(async move { client.post("/api/v1/users/signup", &body).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for attempt in attempts {
        let (status, answer) = attempt.await.unwrap();
        let id = answer["token"]
            .as_str()
            .map(|token| strict_jose::inspect(token).unwrap().claims["id"].as_i64().unwrap());
        answers.push((status.as_u16(), id));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn same_email_500_times_creates_one_account() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let answers = sign_up_500(&program, |_| "ada@example.org".to_owned()).await;
    let count = |wanted: &[u16]| answers.iter().filter(|(status, _)| wanted.contains(status)).count();
    // A busy machine refuses some of them before it looks at the address: 503.
    assert_eq!((count(&[200]), count(&[409, 503])), (1, 499), "{answers:?}");
    assert!(count(&[409]) > 0, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn different_emails_500_times_create_500_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let answers = sign_up_500(&program, |n| format!("ada{n}@example.org")).await;
    let ids: HashSet<_> = answers.iter().map(|(status, id)| (*status, id.unwrap())).collect();
    assert_eq!(ids.len(), 500);
    assert!(ids.iter().all(|(status, _)| *status == 200));
}
