//! Accounts and sessions of the real program: nobody is in at first, and what was answered outlives `kill -9`.

use std::{
    collections::HashSet,
    io::{Read, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use crate::program::{Client, Program};

const PASSWORD: &str = "a stitch in thyme";
const REFRESH: &str = "/api/v1/users/refresh";

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_program_has_no_account() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    for email in ["admin", "admin@example.com", "admin@localhost", "root@localhost", "user@example.com"] {
        for password in ["admin", "password", PASSWORD] {
            let body = json!({"email": email, "password": password});
            assert_eq!(program.client().post("/api/v1/users/login", &body).await.unwrap().0, 401, "{email}");
        }
    }
    let client = program.signed_up("ada@example.org").await;
    let (_, me) = client.get("/api/v1/users/me").await.unwrap();
    assert_eq!(
        (&me["data"]["id"], &me["data"]["role"]),
        (&json!(1), &json!("user")),
        "she is the first, and no admin"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_the_operator_has_forgotten_to_name_is_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    for _ in 0..3 {
        let mut stream = std::net::TcpStream::connect(&program.address).unwrap();
        stream
            .write_all(b"POST /api/v1/users/login HTTP/1.0\r\nx-forwarded-for: 203.0.113.9\r\n\r\n")
            .unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
    // The line of a later request is behind it.
    program.client().get("/readyz").await.unwrap();
    told(&program, "/readyz").await;
    let told = program.log().iter().filter(|line| line.contains("TRUSTED_PROXIES")).count();
    assert_eq!(told, 1, "{:#?}", program.log());
}

/// What the log says with these words in it, as soon as it does.
async fn told(program: &Program, words: &str) -> String {
    for _ in 0..2_000 {
        if let Some(line) = program.log().into_iter().find(|line| line.contains(words)) {
            return line;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("no {words} in {:#?}", program.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_where_a_mail_is_and_why_a_token_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let client = program.signed_up("ada@example.org").await;
    let line = told(&program, "A mail was written to outbox/").await;
    let (_, file) = line.split_once("written to ").unwrap();
    let mail = std::fs::read_to_string(folder.path().join(file.split(' ').next().unwrap())).unwrap();
    let (_, token) = mail.lines().find_map(|line| line.split_once('#')).unwrap();

    assert_eq!(client.post("/api/v1/users/logout", &json!({})).await.unwrap().0, 204);
    assert_eq!(client.get("/api/v1/users/me").await.unwrap().0, 401);
    told(&program, "Credentials rejected: session_ended").await;
    assert!(!program.log().iter().any(|line| line.contains(token)), "{:#?}", program.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_100_refreshes_over_100_connections_one_pair_is_alive() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let (_, first) = sign_up(&program.client(), "ada@example.org").await.unwrap();
    let refreshes: Vec<_> = (0..100)
        .map(|_| {
            let (client, token) = (program.client(), first["refreshToken"].clone());
            tokio::spawn(async move { client.post(REFRESH, &json!({"refreshToken": token})).await.unwrap() })
        })
        .collect();
    let mut pairs = HashSet::new();
    for refresh in refreshes {
        let (status, pair) = refresh.await.unwrap();
        assert_eq!(status, 200, "{pair}");
        pairs.insert((pair["token"].to_string(), pair["refreshToken"].to_string()));
    }
    assert_eq!(pairs.len(), 1);
    let (_, refresh_token) = pairs.into_iter().next().unwrap();
    let again = json!({"refreshToken": serde_json::from_str::<Value>(&refresh_token).unwrap()});
    assert_eq!(program.client().post(REFRESH, &again).await.unwrap().0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_account_and_no_session_that_was_answered_is_lost_by_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path());
    // The last answer to each: what a client would come back with.
    let sessions: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    for round in 0..8 {
        let answered = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..4)
            .map(|task| {
                let (client, sessions, answered) =
                    (program.client(), Arc::clone(&sessions), Arc::clone(&answered));
                tokio::spawn(come_and_stay(client, format!("ada{round}x{task}"), sessions, answered))
            })
            .collect();
        // Killed after another number of answers each time, to hit another moment of a commit.
        while answered.load(Ordering::Relaxed) < 30 + 11 * round {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        program.kill_9();
        for client in clients {
            client.await.unwrap();
        }
        program = Program::start(folder.path());
        let mut kept = sessions.lock().unwrap().clone();
        assert!(kept.len() > round, "round {round}");
        for (email, last) in &mut kept {
            let body = json!({"email": email, "password": PASSWORD});
            let answer = program.client().post("/api/v1/users/login", &body).await.unwrap();
            assert_eq!(answer.0, 200, "{email} was welcomed in round {round} or before");
            // A refresh whose answer was lost may have taken place: this one then makes good for it.
            let answer =
                program.client().post(REFRESH, &json!({"refreshToken": last["refreshToken"]})).await.unwrap();
            assert_eq!(answer.0, 200, "the session of {email} in round {round}: {}", answer.1);
            *last = answer.1;
        }
        *sessions.lock().unwrap() = kept;
    }
}

async fn sign_up(client: &Client, email: &str) -> Result<(http::StatusCode, Value), String> {
    let body = json!({"name": "Ada", "email": email, "password": PASSWORD});
    client.post("/api/v1/users/signup", &body).await
}

/// Signs up and refreshes, again and again, until the program is no more.
async fn come_and_stay(
    client: Client,
    name: String,
    sessions: Arc<Mutex<Vec<(String, Value)>>>,
    answered: Arc<AtomicUsize>,
) {
    for number in 0.. {
        let email = format!("{name}n{number}@example.org");
        let Ok((status, mut last)) = sign_up(&client, &email).await else { return };
        assert_eq!(status, 200, "{last}");
        let place = {
            let mut sessions = sessions.lock().unwrap();
            sessions.push((email, last.clone()));
            sessions.len() - 1
        };
        answered.fetch_add(1, Ordering::Relaxed);
        for _ in 0..10 {
            let refresh = json!({"refreshToken": last["refreshToken"]});
            let Ok((status, pair)) = client.post(REFRESH, &refresh).await else { return };
            assert_eq!(status, 200, "{pair}");
            last = pair;
            sessions.lock().unwrap()[place].1 = last.clone();
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}
