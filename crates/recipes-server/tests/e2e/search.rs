//! The search index of the real program: `kill -9` while recipes are edited, servers that share a database or a data directory.

use std::path::Path;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::backup::new_postgres_database;
use crate::program::{Client, Program, SECRET, recipe, run};

fn checked(folder: &Path) -> String {
    checked_with(folder, &[])
}

/// The line of `recipes check` about the index.
fn checked_with(folder: &Path, settings: &[(&str, &str)]) -> String {
    let report = run(folder, "check", &[&[("JWT_SECRET", SECRET)], settings].concat());
    let line = report.lines().find_map(|line| line.strip_prefix("search: "));
    line.unwrap_or_else(|| panic!("no search in {report}")).to_owned()
}

async fn found(client: &Client, query: &str) -> Vec<Value> {
    for _ in 0..200 {
        let (status, page) = client.get(&format!("/api/v1/recipes?{query}")).await.unwrap();
        if status == 200 && page.get("stale").is_none() {
            return page["data"].as_array().unwrap().clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the index is not complete after 10 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn index_is_equal_to_the_database_after_kill_9_twenty_times_during_mixed_edits() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path());
    let writer = program.signed_up("ada@example.org").await;
    for round in 0..20_u64 {
        let edits: Vec<_> =
            (0..4).map(|task| tokio::spawn(edit_until_killed(writer.at(&program), round, task))).collect();
        // Searches let the index commit, at another moment of the edits each time.
        let reader = writer.at(&program);
        let searches = tokio::spawn(async move {
            while reader.get("/api/v1/recipes?q=soup").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(7)).await;
            }
        });
        tokio::time::sleep(Duration::from_millis(60 + round * 17)).await;
        program.kill_9();
        for task in edits.into_iter().chain([searches]) {
            task.await.unwrap();
        }
        // As it was left: what it lacks is among the changes that wait.
        let left = checked(folder.path());
        assert!(left.contains(" recipes as in the database") || left.contains("builds"), "{round}: {left}");

        program = Program::start(folder.path());
        let client = writer.at(&program);
        found(&client, "q=soup").await;
        let line = checked(folder.path());
        assert!(line.ends_with(" recipes as in the database"), "round {round}: {line}");
        let stored = client.all_recipes().await;
        let indexed = found(&client, "sort=id&limit=1000").await;
        assert_eq!(indexed.len(), stored.len().min(1_000), "round {round}");
        assert!(indexed.iter().zip(&stored).all(|(indexed, stored)| indexed == stored), "round {round}");
        for recipe in stored.iter().rev().take(20) {
            let name = recipe["name"].as_str().unwrap();
            let hits = found(&client, &format!("q=%22{}%22", name.replace(' ', "+"))).await;
            assert!(hits.contains(recipe), "round {round}: {name}");
        }
    }
}

/// Creates recipes, replaces every second and deletes every third of them.
async fn edit_until_killed(client: Client, round: u64, task: u64) {
    for number in 0.. {
        let name = format!("Soup r{round}t{task}n{number}");
        let Ok((status, created)) = client.post("/api/v1/recipes", &recipe(&name)).await else { return };
        assert_eq!(status, 201);
        let url = format!("/api/v1/recipes/{}", created["data"]["id"]);
        let edited = match number % 3 {
            0 => client.send(Method::PUT, &url, Some(&recipe(&format!("{name} edited")))).await,
            1 => client.send(Method::DELETE, &url, None).await,
            _ => continue,
        };
        if edited.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_recipes_are_found_by_the_next_search() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let client = program.signed_up("ada@example.org").await;
    let tasks = (0..20).map(|task| {
        let client = client.clone();
        tokio::spawn(async move {
            for number in 0..50 {
                let name = format!("zebra{task}n{number}");
                let (status, created) = client.post("/api/v1/recipes", &recipe(&name)).await.unwrap();
                assert_eq!(status, 201);
                let (_, page) = client.get(&format!("/api/v1/recipes?q={name}")).await.unwrap();
                let is_stale = page.get("stale").is_some();
                assert!(is_stale || page["data"] == json!([created["data"]]), "{name}: {page}");
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    found(&client, "q=zebra").await;
    assert_eq!(checked(folder.path()), "ok, 1000 recipes as in the database");
}

/// The second server of a data directory has an index of its own.
#[tokio::test(flavor = "multi_thread")]
async fn servers_that_share_a_data_directory_find_the_recipes_of_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let one = Program::start(folder.path());
    let two = Program::start(folder.path());
    let client = one.signed_up("ada@example.org").await;
    found(&client.at(&two), "q=soup").await;
    for (number, (writer, reader)) in [(&one, &two), (&two, &one)].into_iter().enumerate() {
        let name = format!("zebra{number}");
        client.at(writer).post("/api/v1/recipes", &recipe(&name)).await.unwrap();
        // SQLite: a write of another process is visible after 100 ms.
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(found(&client.at(reader), &format!("q={name}")).await.len(), 1);
    }
    assert!(folder.path().join("search-2/meta.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn server_without_recipes_has_no_index() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("ACCOUNTS_ONLY", "true"), ("PUBLIC_URL", "http://localhost:8080")];
    let program = Program::start_with(folder.path(), &settings);
    assert_eq!(program.client().get("/readyz").await.unwrap().0, 200);
    assert!(!folder.path().join("search").exists());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn recipe_of_one_replica_is_found_on_the_other_at_once_on_postgres() {
    let database = new_postgres_database().await;
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let settings = [("DATABASE_URL", &*database)];
    let one = Program::start_with(first.path(), &settings);
    let two = Program::start_with(second.path(), &settings);
    let client = one.signed_up("ada@example.org").await;
    let (on_one, on_two) = (client.at(&one), client.at(&two));
    found(&on_two, "q=soup").await;
    for number in 0..50 {
        let (old, new) = (format!("zebra{number}"), format!("quagga{number}"));
        let (writer, reader) = if number % 2 == 0 { (&on_one, &on_two) } else { (&on_two, &on_one) };
        let (status, created) = writer.post("/api/v1/recipes", &recipe(&old)).await.unwrap();
        assert_eq!(status, 201, "{created}");
        assert_eq!(found(reader, &format!("q={old}")).await, [created["data"].clone()]);
        let url = format!("/api/v1/recipes/{}", created["data"]["id"]);
        writer.send(Method::PUT, &url, Some(&recipe(&new))).await.unwrap();
        assert!(found(reader, &format!("q={old}")).await.is_empty());
        assert_eq!(found(reader, &format!("q={new}")).await.len(), 1);
        writer.send(Method::DELETE, &url, None).await.unwrap();
        assert!(found(reader, &format!("q={new}")).await.is_empty());
    }
    // Pages of one server continue on the other.
    for number in 0..30 {
        on_one.post("/api/v1/recipes", &recipe(&format!("Soup {number}"))).await.unwrap();
    }
    for sort in ["relevance", "name", "-updatedAt", "totalTimeMinutes"] {
        let search = format!("q=soup&sort={sort}");
        let whole = found(&on_one, &search).await;
        let (mut walked, mut cursor) = (Vec::new(), String::new());
        for replica in [&on_one, &on_two].into_iter().cycle() {
            let path = format!("/api/v1/recipes?{search}&limit=7{cursor}");
            let (_, page) = replica.get(&path).await.unwrap();
            walked.extend(page["data"].as_array().unwrap().clone());
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(walked, whole, "{sort}");
    }
    let line = checked_with(second.path(), &settings);
    assert!(line.ends_with("30 recipes as in the database"), "{line}");
}
