//! Accounts, sessions and tokens of the real program.

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

use crate::program::{Client, Program, SECRET};

const PASSWORD: &str = "a stitch in thyme";
const REFRESH: &str = "/api/v1/users/refresh";

#[tokio::test(flavor = "multi_thread")]
async fn new_database_has_no_account() {
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
        "the first user is not an administrator"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_trusted_proxy_is_logged_once() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    for _ in 0..3 {
        let mut stream = std::net::TcpStream::connect(&program.address).unwrap();
        stream
            .write_all(b"POST /api/v1/users/login HTTP/1.0\r\nx-forwarded-for: 203.0.113.9\r\n\r\n")
            .unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
    // The log line of a later request follows it.
    program.client().get("/readyz").await.unwrap();
    program.logged("/readyz").await;
    let warnings = program.log().iter().filter(|line| line.contains("TRUSTED_PROXIES")).count();
    assert_eq!(warnings, 1, "{:#?}", program.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn log_names_the_file_of_a_mail_and_the_reason_of_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let client = program.signed_up("ada@example.org").await;
    let line = program.logged("A mail was written to ./outbox/").await;
    let (_, file) = line.split_once("written to ").unwrap();
    let mail = std::fs::read_to_string(folder.path().join(file.split(' ').next().unwrap())).unwrap();
    let (_, token) = mail.lines().find_map(|line| line.split_once('#')).unwrap();

    assert_eq!(client.post("/api/v1/users/logout", &json!({})).await.unwrap().0, 204);
    assert_eq!(client.get("/api/v1/users/me").await.unwrap().0, 401);
    program.logged("Credentials rejected: session_ended").await;
    assert!(!program.log().iter().any(|line| line.contains(token)), "{:#?}", program.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn access_tokens_name_the_server_and_tokens_for_another_audience_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let mut client = program.signed_up("ada@example.org").await;
    let token = client.token.clone().unwrap();
    let decoded = std::process::Command::new(env!("CARGO_BIN_EXE_recipes"))
        .args(["token", "decode", &token, "--data-dir", "."])
        .current_dir(folder.path())
        .env_clear()
        .env("JWT_SECRET", SECRET)
        .output()
        .unwrap();
    assert!(String::from_utf8(decoded.stdout).unwrap().ends_with("This server accepts the token.\n"));

    // The name is in the database: the token is still valid after a restart, also with a public URL.
    program.kill_9();
    let program = Program::start_with(folder.path(), &[("PUBLIC_URL", "https://recipes.example")]);
    client = client.at(&program);
    assert_eq!(client.get("/api/v1/users/me").await.unwrap().0, 200);

    let mut claims = strict_jose::inspect(&token).unwrap().claims;
    claims["aud"] = json!("https://other.example");
    let key = strict_jose::Key::hs256(SECRET.as_bytes()).unwrap();
    client.token = Some(key.sign("at+jwt", &claims).unwrap());
    let (status, refused) = client.get("/api/v1/users/me").await.unwrap();
    assert_eq!((status.as_u16(), &refused["code"]), (401, &json!("invalid_token")));
    program.logged("Credentials rejected: wrong_audience").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_refreshes_on_100_connections_get_one_pair() {
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
async fn acknowledged_accounts_and_sessions_survive_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path());
    // The last response to each client.
    let sessions: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    for round in 0..8 {
        let answered = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..4)
            .map(|task| {
                let (client, sessions, answered) =
                    (program.client(), Arc::clone(&sessions), Arc::clone(&answered));
                tokio::spawn(sign_up_and_refresh(client, format!("ada{round}x{task}"), sessions, answered))
            })
            .collect();
        // Killed after a different number of responses each time, to hit another moment of a commit.
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
            assert_eq!(answer.0, 200, "{email} signed up in round {round} or before");
            // A refresh whose response was lost may have happened: this one then repeats it.
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

/// Signs up and refreshes until the program is killed.
async fn sign_up_and_refresh(
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
