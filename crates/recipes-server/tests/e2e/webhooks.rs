//! Webhooks of the real program.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::{Router, body::Bytes, routing::post};
use http::HeaderMap;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use crate::program::{Program, SECRET, recipe, run};

const PRIVATE: (&str, &str) = ("WEBHOOK_PRIVATE", "true");

/// The name of the recipe in each message, by the id of the message.
type Told = Arc<Mutex<HashMap<String, String>>>;

/// A receiver that takes some milliseconds for each message.
async fn receiver() -> (String, Told) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let told = Told::default();
    let received = Arc::clone(&told);
    let receive = move |headers: HeaderMap, body: Bytes| {
        let message: Value = serde_json::from_slice(&body).unwrap();
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        let name = message["data"]["name"].as_str().unwrap().to_owned();
        let before = received.lock().unwrap().insert(id, name.clone());
        assert!(before.is_none_or(|before| before == name), "a repeated message is the same");
        sleep(Duration::from_millis(5))
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(receive))).await });
    (url, told)
}

/// The message that is being sent at that moment is sent again half a minute later.
#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_no_message() {
    let folder = tempfile::tempdir().unwrap();
    let (url, told) = receiver().await;
    let variables = [PRIVATE, ("JWT_SECRET", SECRET)];
    run(folder.path(), &format!("webhooks add {url} --event recipe.created"), &variables);
    let program = Program::start_with(folder.path(), &[PRIVATE]);
    let writer = program.signed_up("ada@example.org").await;
    let mut names = Vec::new();
    for number in 0..40 {
        let name = format!("Soup {number}");
        assert_eq!(writer.post("/api/v1/recipes", &recipe(&name)).await.unwrap().0, 201);
        names.push(name);
    }
    while told.lock().unwrap().len() < 5 {
        sleep(Duration::from_millis(1)).await;
    }
    program.kill_9();
    let _program = Program::start_with(folder.path(), &[PRIVATE]);
    let give_up = Instant::now() + Duration::from_secs(90);
    names.sort_unstable();
    loop {
        let mut so_far: Vec<_> = told.lock().unwrap().values().cloned().collect();
        so_far.sort_unstable();
        if so_far == names {
            return;
        }
        assert!(Instant::now() < give_up, "{so_far:?}");
        sleep(Duration::from_millis(50)).await;
    }
}
