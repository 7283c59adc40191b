//! The history of recipes survives `kill -9` in the middle of edits of all kinds.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::Method;
use serde_json::json;

use crate::program::{Client, Program, recipe};

const KEEP_ALL: [(&str, &str); 1] = [("REVISIONS_KEPT", "1000")];

/// The name of each acknowledged revision of each recipe.
type Acknowledged = Arc<Mutex<HashMap<(i64, i64), String>>>;

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_during_mixed_edits_leaves_revisions_without_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let acknowledged = Acknowledged::default();
    let mut program = Program::start_with(folder.path(), &KEEP_ALL);
    let writer = program.signed_up("ada@example.org").await;
    for id in 1..=4 {
        let (status, answer) = writer.post("/api/v1/recipes", &recipe("New")).await.unwrap();
        assert_eq!((status.as_u16(), &answer["data"]["id"]), (201, &json!(id)));
    }
    for round in 0..6 {
        let answered = Arc::new(AtomicUsize::new(0));
        let edits: Vec<_> = (0..16)
            .map(|task| {
                let client = writer.at(&program);
                let (acknowledged, answered) = (Arc::clone(&acknowledged), Arc::clone(&answered));
                tokio::spawn(edit_until_killed(client, (round, task), acknowledged, answered))
            })
            .collect();
        while answered.load(Ordering::Relaxed) < 40 + round * 13 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        program.kill_9();
        for edit in edits {
            edit.await.unwrap();
        }
        program = Program::start_with(folder.path(), &KEEP_ALL);
        check(&writer.at(&program), &acknowledged).await;
    }
    assert!(acknowledged.lock().unwrap().len() >= 6 * 20);
}

/// Each recipe is either there or in the bin, and has all its revisions.
async fn check(client: &Client, acknowledged: &Acknowledged) {
    let mut names = HashMap::new();
    for id in 1..=4 {
        let answer = client.post(&format!("/api/v1/recipes/bin/{id}/restore"), &json!({})).await.unwrap().0;
        let (status, current) = client.get(&format!("/api/v1/recipes/{id}")).await.unwrap();
        assert_eq!(status, 200, "recipe {id} is lost: {answer}");
        let address = format!("/api/v1/recipes/{id}/revisions?limit=1000");
        let (_, history) = client.get(&address).await.unwrap();
        let history = history["data"].as_array().unwrap();
        let revisions: Vec<_> = history.iter().map(|entry| entry["revision"].as_i64().unwrap()).collect();
        let last = current["data"]["revision"].as_i64().unwrap();
        assert_eq!(revisions, (1..=last).rev().collect::<Vec<_>>(), "recipe {id}");
        for entry in history {
            let name = entry["name"].as_str().unwrap().to_owned();
            names.insert((id, entry["revision"].as_i64().unwrap()), name);
        }
    }
    for (place, name) in acknowledged.lock().unwrap().iter() {
        assert_eq!(names.get(place), Some(name), "{place:?} was acknowledged");
    }
}

async fn edit_until_killed(
    client: Client,
    (round, task): (usize, usize),
    acknowledged: Acknowledged,
    answered: Arc<AtomicUsize>,
) {
    let id = task % 4 + 1;
    let url = format!("/api/v1/recipes/{id}");
    for number in 0.. {
        let name = format!("{round}-{task}-{number}");
        let edit = match (task + number) % 6 {
            0 => client.send(Method::DELETE, &url, None).await,
            1 => client.post(&format!("/api/v1/recipes/bin/{id}/restore"), &json!({})).await,
            2 => client.post(&format!("{url}/revisions/1/restore"), &json!({})).await,
            3 => client.send(Method::PATCH, &url, Some(&json!({ "name": name }))).await,
            _ => client.send(Method::PUT, &url, Some(&recipe(&name))).await,
        };
        let Ok((status, answer)) = edit else { return };
        assert!([200, 204, 404].contains(&status.as_u16()), "{status} {answer}");
        if let (200, Some(revision)) = (status.as_u16(), answer["data"]["revision"].as_i64()) {
            let name = answer["data"]["name"].as_str().unwrap().to_owned();
            let place = (i64::try_from(id).unwrap(), revision);
            let known = acknowledged.lock().unwrap().insert(place, name.clone());
            assert!(known.is_none_or(|known| known == name), "{place:?} is two revisions");
        }
        answered.fetch_add(1, Ordering::Relaxed);
    }
}
