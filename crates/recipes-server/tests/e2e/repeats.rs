//! A repeated request has one effect, also after `kill -9` in the middle of the first one.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use crate::program::{Client, Program, recipe};

/// The keys that were sent, each with the answer if there was one.
type Sent = Arc<Mutex<HashMap<String, Option<Value>>>>;

#[tokio::test(flavor = "multi_thread")]
async fn request_that_kill_9_has_cut_off_is_repeated_without_a_second_effect() {
    let folder = tempfile::tempdir().unwrap();
    let sent = Sent::default();
    let mut program = Program::start(folder.path());
    let writer = program.signed_up("ada@example.org").await;
    for round in 0..6 {
        let answered = Arc::new(AtomicUsize::new(0));
        let posts: Vec<_> = (0..16)
            .map(|task| {
                let (client, sent) = (writer.at(&program), Arc::clone(&sent));
                tokio::spawn(post_until_killed(client, (round, task), sent, Arc::clone(&answered)))
            })
            .collect();
        while answered.load(Ordering::Relaxed) < 30 + round * 13 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        program.kill_9();
        for post in posts {
            post.await.unwrap();
        }
        program = Program::start(folder.path());
        let keys: Vec<_> = sent.lock().unwrap().iter().map(|(key, it)| (key.clone(), it.clone())).collect();
        for (key, first) in keys {
            let again = creates(&writer.at(&program), &key).await.unwrap();
            assert!(first.is_none_or(|first| first == again), "{key} has two answers");
        }
    }
    let mut names: Vec<_> = writer.at(&program).all_recipes().await;
    names.sort_by_key(|recipe| recipe["name"].as_str().unwrap().to_owned());
    let count = names.len();
    names.dedup_by_key(|recipe| recipe["name"].clone());
    let sent = sent.lock().unwrap().len();
    assert_eq!((count, names.len()), (sent, sent), "each key has created one recipe");
    assert!(sent > 6 * 30);
}

/// Creates a recipe with the name of the key.
async fn creates(client: &Client, key: &str) -> Result<Value, String> {
    let mut client = client.clone();
    client.headers.push(("idempotency-key", key.to_owned()));
    let body = json!({"operations": [{"op": "create", "recipe": recipe(key)}]});
    let (status, answer) = client.post("/api/v1/recipes/bulk", &body).await?;
    assert_eq!(status, 200, "{answer}");
    Ok(answer)
}

async fn post_until_killed(
    client: Client,
    (round, task): (usize, usize),
    sent: Sent,
    answered: Arc<AtomicUsize>,
) {
    for number in 0.. {
        let key = format!("{round}-{task}-{number}");
        sent.lock().unwrap().insert(key.clone(), None);
        let Ok(answer) = creates(&client, &key).await else { return };
        sent.lock().unwrap().insert(key, Some(answer));
        answered.fetch_add(1, Ordering::Relaxed);
    }
}
