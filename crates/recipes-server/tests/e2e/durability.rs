//! Acknowledged writes survive `kill -9`.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::program::{Client, Program, recipe};

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_recipes_survive_kill_9_twenty_times_in_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let acknowledged = Arc::new(Mutex::new(HashMap::new()));
    let mut program = Program::start(folder.path());
    let writer = program.signed_up("ada@example.org").await;

    for round in 0..20 {
        // Killed after a different number of responses each time, to hit another moment of a commit.
        let before = acknowledged.lock().unwrap().len();
        let enough = before + 20 + round * 7;
        let answered = Arc::new(AtomicUsize::new(before));
        let posts: Vec<_> = (0..32)
            .map(|task| {
                let (client, acknowledged) = (writer.at(&program), Arc::clone(&acknowledged));
                tokio::spawn(post_until_killed(
                    client,
                    format!("{round}-{task}"),
                    acknowledged,
                    Arc::clone(&answered),
                ))
            })
            .collect();
        while answered.load(Ordering::Relaxed) < enough {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        program.kill_9();
        for post in posts {
            post.await.unwrap();
        }

        program = Program::start(folder.path());
        let stored = writer.at(&program).all_recipes().await;
        let ids: HashMap<_, _> = stored
            .iter()
            .map(|r| (r["id"].as_i64().unwrap(), r["name"].as_str().unwrap().to_owned()))
            .collect();
        assert_eq!(ids.len(), stored.len(), "an id is used twice");
        for (id, name) in acknowledged.lock().unwrap().iter() {
            assert_eq!(ids.get(id), Some(name), "recipe {id} was acknowledged in round {round} or before");
        }
    }
    assert!(acknowledged.lock().unwrap().len() >= 20 * 20);
}

async fn post_until_killed(
    client: Client,
    task: String,
    acknowledged: Arc<Mutex<HashMap<i64, String>>>,
    answered: Arc<AtomicUsize>,
) {
    for number in 0.. {
        let name = format!("{task}-{number}");
        match client.post("/api/v1/recipes", &recipe(&name)).await {
            Ok((status, answer)) if status == 201 => {
                let id = answer["data"]["id"].as_i64().unwrap();
                let twice = acknowledged.lock().unwrap().insert(id, name);
                assert_eq!(twice, None, "id {id} is used twice");
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok((status, answer)) => panic!("{status} {answer}"),
            Err(_) => return,
        }
    }
}
