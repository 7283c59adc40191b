//! Signing up, logging in, being recognized.

use std::{sync::Arc, time::Duration};

use accounts::{Email, Role, audit::Actor};
use recipes_server::use_cases::accounts::ClientInfo;
use serde_json::json;
use store::Access;

use crate::app::{PASSWORD, TestApp};

const SIGN_UP: &str = "/api/v1/users/signup";
const LOG_IN: &str = "/api/v1/users/login";

#[tokio::test]
async fn me_is_who_signed_up() {
    let app = TestApp::new();
    let body =
        json!({"name": " Ada Lovelace ", "email": "Ada@Example.org", "password": PASSWORD, "role": "admin"});
    let token = app.anonymous().post(SIGN_UP, &body).await.is(200).json();
    let me = app.bearing(token["token"].as_str().unwrap()).get("/api/v1/users/me").await.is(200);
    let at = "2026-01-01T12:00:00Z";
    let ada = json!({
        "id": 1, "name": "Ada Lovelace", "email": "Ada@Example.org", "emailVerified": false, "role": "user",
        "createdAt": at, "updatedAt": at,
    });
    assert_eq!(me.json()["data"], ada);
    assert_eq!(me.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_token_ends_when_it_says_so() {
    let app = TestApp::new();
    let alice = app.alice().await;
    app.clock.advance(Duration::from_secs(86_399));
    alice.get("/api/v1/users/me").await.is(200);
    app.clock.advance(Duration::from_secs(1));
    let answer = alice.get("/api/v1/users/me").await.is(401);
    assert!(answer.header("www-authenticate").contains("invalid_token"));
}

#[tokio::test]
async fn the_email_logs_in_in_any_case() {
    let app = TestApp::new();
    let body = json!({"name": "Ada", "email": "Ada@Example.org", "password": PASSWORD});
    app.anonymous().post(SIGN_UP, &body).await.is(200);
    let body = json!({"email": "ada@example.ORG", "password": PASSWORD});
    app.anonymous().post(LOG_IN, &body).await.is(200);
}

#[tokio::test]
async fn weak_passwords_are_refused_with_the_reason() {
    let app = TestApp::new();
    for password in ["short", "password", "12345678", "ada@example.org", "recipes1", &"x".repeat(1_025)] {
        let body = json!({"name": "Ada", "email": "ada@example.org", "password": password});
        let answer = app.anonymous().post(SIGN_UP, &body).await.is(422);
        assert_eq!(answer.refused_fields(), ["/password"], "{password}");
    }
}

#[tokio::test]
async fn a_disabled_account_neither_logs_in_nor_uses_its_tokens() {
    let app = TestApp::new();
    let body = json!({"name": "Ada", "email": "ada@example.org", "password": PASSWORD});
    let token = app.anonymous().post(SIGN_UP, &body).await.is(200).json();
    let email = Email::parse("ada@example.org").unwrap();
    app.store.set_disabled(&email, Access::Disabled, Actor::OPERATOR, app.clock.now()).await.unwrap();
    app.bearing(token["token"].as_str().unwrap()).get("/api/v1/users/me").await.is(401);
    assert_eq!(app.anonymous().post(LOG_IN, &body).await.is(401).json()["message"], "Unable to login");
    app.store.set_disabled(&email, Access::Enabled, Actor::OPERATOR, app.clock.now()).await.unwrap();
    app.anonymous().post(LOG_IN, &body).await.is(200);
}

#[tokio::test]
async fn an_account_without_a_password_cannot_log_in() {
    let app = TestApp::new();
    app.user("alice", Role::User).await;
    let body = json!({"email": "alice@example.org", "password": PASSWORD});
    app.anonymous().post(LOG_IN, &body).await.is(401);
}

#[tokio::test]
async fn who_cannot_log_in_is_not_told_why() {
    let app = TestApp::limited("account=off,account-anywhere=off");
    app.user("alice", Role::User).await;
    for email in ["ada@example.org", "eve@example.org"] {
        app.signed_up(email).await;
    }
    let eve = Email::parse("eve@example.org").unwrap();
    app.store.set_disabled(&eve, Access::Disabled, Actor::OPERATOR, app.clock.now()).await.unwrap();
    let mut answers = Vec::new();
    for (email, password) in [
        ("ada@example.org", "wrong"),
        ("nobody@example.org", PASSWORD),
        ("no address", PASSWORD),
        ("alice@example.org", PASSWORD),
        ("eve@example.org", PASSWORD),
        ("eve@example.org", "wrong"),
    ] {
        let answer =
            app.anonymous().post(LOG_IN, &json!({"email": email, "password": password})).await.is(401);
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("requestId").unwrap();
        let mut headers = answer.headers;
        headers.remove("x-request-id").unwrap();
        headers.remove("ratelimit");
        answers.push((body, headers));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

/// As another program has written it: bcrypt, cost 10, "ten little onions".
const OUTDATED: &str = "$2b$10$JqHnCPAjfonbA8mcRtM2GuS1vl5OQfN6PE.hM/NhKR6lRcOlHSSlG";

#[tokio::test(flavor = "multi_thread")]
async fn of_log_ins_at_once_that_replace_an_outdated_hash_none_is_refused() {
    let app = Arc::new(TestApp::new());
    app.imported_user("hou@example.com", OUTDATED).await;
    let log_ins: Vec<_> = (0..4)
        .map(|_| {
            let app = Arc::clone(&app);
            let body = json!({"email": "hou@example.com", "password": "ten little onions"});
            tokio::spawn(async move { app.anonymous().post(LOG_IN, &body).await.status.as_u16() })
        })
        .collect();
    for log_in in log_ins {
        assert_eq!(log_in.await.unwrap(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_asked_for_while_a_log_in_replaces_its_hash_is_right_still() {
    let app = Arc::new(TestApp::new());
    let user = app.imported_user("hou@example.com", OUTDATED).await;
    let hash = accounts::PasswordHash::parse(OUTDATED);
    let begun =
        app.app.accounts().begin_session(user, hash.as_ref(), ClientInfo::default()).await.unwrap().unwrap();
    let hou = app.bearing(begun.access_token);
    let log_in = tokio::spawn({
        let app = Arc::clone(&app);
        let body = json!({"email": "hou@example.com", "password": "ten little onions"});
        async move { app.anonymous().post(LOG_IN, &body).await.is(200) }
    });
    let moved = json!({"email": "hou@example.org", "password": "ten little onions"});
    let (log_in, changes) = tokio::join!(log_in, async {
        let mut changes = Vec::new();
        for _ in 0..3 {
            changes.push(hou.patch("/api/v1/users/me", &moved).await.status.as_u16());
        }
        changes
    });
    log_in.unwrap();
    assert_eq!(changes, [200; 3]);
}

#[tokio::test]
async fn credentials_in_the_query_string_are_not_credentials() {
    let app = TestApp::new();
    let body = json!({"name": "Ada", "email": "ada@example.org", "password": PASSWORD});
    app.anonymous().post(SIGN_UP, &body).await.is(200);
    let url = "/api/v1/users/login?email=ada@example.org&password=a%20stitch%20in%20thyme";
    app.anonymous().post(url, &json!({})).await.is(400);
}

#[tokio::test]
async fn the_same_email_many_times_at_once_makes_one_account() {
    let app = Arc::new(TestApp::new());
    let posts: Vec<_> = (0..24)
        .map(|n| {
            let app = Arc::clone(&app);
            let body = json!({"name": format!("Ada {n}"), "email": "ada@example.org", "password": PASSWORD});
            tokio::spawn(async move { app.anonymous().post(SIGN_UP, &body).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for post in posts {
        statuses.push(post.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!(statuses[1..].iter().all(|status| *status == 409), "{statuses:?}");
}
