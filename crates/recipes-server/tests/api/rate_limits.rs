//! Rate limits by client address, account and user.

use http::Method;
use serde_json::{Value, json};

use crate::app::{Client, PASSWORD, TestApp};

const SIGN_UP: &str = "/api/v1/users/signup";
const LOG_IN: &str = "/api/v1/users/login";

fn ada(n: u32) -> Value {
    json!({"name": "Ada", "email": format!("ada{n}@example.org"), "password": PASSWORD})
}

#[tokio::test]
async fn sign_ups_are_limited_by_client_address() {
    let app = TestApp::limited("sign-up=2/1h");
    let here = app.at("203.0.113.9");
    assert_eq!(here.post(SIGN_UP, &ada(1)).await.is(200).header("ratelimit"), "\"sign-up\";r=1;t=1800");
    assert_eq!(here.post(SIGN_UP, &ada(2)).await.is(200).header("ratelimit"), "\"sign-up\";r=0;t=3600");
    let refused = here.post(SIGN_UP, &ada(3)).await.is(429);
    assert_eq!(refused.json()["code"], "rate_limited");
    assert_eq!(refused.header("retry-after"), "1800");
    assert_eq!(refused.header("ratelimit-policy"), "\"sign-up\";q=2;w=3600");
    app.at("203.0.113.8").post(SIGN_UP, &ada(3)).await.is(200);
    app.clock.advance(std::time::Duration::from_mins(30));
    here.post(SIGN_UP, &ada(4)).await.is(200);
}

#[tokio::test]
async fn invalid_sign_up_does_not_count() {
    let app = TestApp::limited("sign-up=2/1h");
    let here = app.at("203.0.113.9");
    let mut short = ada(1);
    short["password"] = json!("thyme");
    for mistyped in [&short, &json!({}), &short, &short] {
        let refused = here.post(SIGN_UP, mistyped).await.is(422);
        assert_eq!(refused.headers.get("ratelimit"), None, "{mistyped}");
    }
    assert_eq!(here.post(SIGN_UP, &ada(1)).await.is(200).header("ratelimit"), "\"sign-up\";r=1;t=1800");
    assert_eq!(here.post(SIGN_UP, &ada(1)).await.is(409).header("ratelimit"), "\"sign-up\";r=0;t=3600");
    here.post(SIGN_UP, &ada(2)).await.is(429);
}

#[tokio::test]
async fn failed_log_ins_count() {
    let app = TestApp::limited("log-in=2/1h");
    let here = app.at("203.0.113.9");
    assert_eq!(here.post(LOG_IN, &ada(1)).await.is(401).header("ratelimit"), "\"log-in\";r=1;t=1800");
    here.post(LOG_IN, &json!({})).await.is(422);
    here.post(LOG_IN, &ada(2)).await.is(429);
    here.get("/api/v1/recipes").await.is(200);
}

/// With PostgreSQL, where servers count together, each counts alone then.
#[tokio::test]
async fn limits_hold_while_the_database_is_away() {
    let app = TestApp::limited("log-in=2/1h");
    let here = app.at("203.0.113.9");
    app.store.close().await;
    for status in [503, 503, 429] {
        here.post(LOG_IN, &ada(1)).await.is(status);
    }
}

async fn posts_as(client: &Client, told: &str, n: u32) -> u16 {
    let request = client
        .request(Method::POST, SIGN_UP)
        .header("content-type", "application/json")
        .header("x-forwarded-for", told)
        .body(ada(n).to_string().into());
    client.send(request.unwrap()).await.status.as_u16()
}

#[tokio::test]
async fn forged_forwarding_headers_are_ignored() {
    let app = TestApp::limited("sign-up=1/1h");
    let stranger = app.at("203.0.113.9");
    assert_eq!(posts_as(&stranger, "198.51.100.1", 1).await, 200);
    assert_eq!(posts_as(&stranger, "198.51.100.2", 2).await, 429);
    // The application under test trusts this proxy.
    let proxy = app.at("10.0.0.1");
    assert_eq!(posts_as(&proxy, "198.51.100.7, 198.51.100.1", 3).await, 200);
    assert_eq!(posts_as(&proxy, "198.51.100.8, 198.51.100.1", 4).await, 429);
    assert_eq!(posts_as(&proxy, "198.51.100.2", 5).await, 200);
}

/// Logs in from this address. Returns the status.
async fn log_in(app: &TestApp, email: &str, password: &str, from: &str) -> u16 {
    let body = json!({"email": email, "password": password});
    app.at(from).post(LOG_IN, &body).await.status.as_u16()
}

#[tokio::test]
async fn guessing_from_one_address_does_not_lock_out_the_owner() {
    let app = TestApp::limited("account=3/15m,account-anywhere=off,log-in=off");
    app.at("198.51.100.1").post(SIGN_UP, &ada(1)).await.is(200);
    // The same for an account that exists and one that does not, in any spelling.
    for (email, spelling) in
        [("ada1@example.org", "ADA1@example.org"), ("unknown@example.org", "Unknown@example.org")]
    {
        for _ in 0..3 {
            assert_eq!(log_in(&app, email, "wrong", "203.0.113.9").await, 401);
        }
        assert_eq!(log_in(&app, spelling, PASSWORD, "203.0.113.9").await, 429, "{email}");
    }
    assert_eq!(log_in(&app, "ada1@example.org", PASSWORD, "198.51.100.1").await, 200);
}

#[tokio::test]
async fn guessing_from_many_addresses_does_not_lock_out_the_logged_in_owner() {
    let app = TestApp::limited("account=off,account-anywhere=3/1h,log-in=off");
    app.at("198.51.100.1").post(SIGN_UP, &ada(1)).await.is(200);
    for n in 1..=3 {
        assert_eq!(log_in(&app, "ada1@example.org", "wrong", &format!("203.0.113.{n}")).await, 401);
        assert_eq!(log_in(&app, "unknown@example.org", "wrong", &format!("203.0.113.{n}")).await, 401);
    }
    assert_eq!(log_in(&app, "ada1@example.org", PASSWORD, "203.0.113.9").await, 429);
    assert_eq!(log_in(&app, "unknown@example.org", PASSWORD, "203.0.113.9").await, 429);
    assert_eq!(
        log_in(&app, "ada1@example.org", PASSWORD, "198.51.100.1").await,
        200,
        "the session of the owner has this address"
    );
}

#[tokio::test]
async fn guesses_at_home_lock_neither_the_session_nor_at_once_the_log_in() {
    let app = TestApp::limited("account=3/15m,log-in=off,account-change=off");
    let home = app.at("198.51.100.1");
    let signed_up = home.post(SIGN_UP, &ada(1)).await.is(200).json();
    let session = home.bearing(signed_up["token"].as_str().unwrap());
    for _ in 0..3 {
        assert_eq!(log_in(&app, "ada1@example.org", "wrong", "198.51.100.1").await, 401);
    }
    assert_eq!(log_in(&app, "ada1@example.org", PASSWORD, "198.51.100.1").await, 200);
    for _ in 0..3 {
        assert_eq!(log_in(&app, "ada1@example.org", "wrong", "198.51.100.1").await, 401);
    }
    assert_eq!(log_in(&app, "ada1@example.org", PASSWORD, "198.51.100.1").await, 429);
    // The session of the owner is not affected.
    let email = json!({"email": "lovelace@example.org", "password": PASSWORD});
    session.patch("/api/v1/users/me", &email).await.is(200);
    let change = json!({"currentPassword": PASSWORD, "newPassword": "another stitch in thyme"});
    session.put("/api/v1/users/me/password", &change).await.is(204);
    session.delete_with("/api/v1/users/me", &json!({"password": "another stitch in thyme"})).await.is(204);
}

#[tokio::test]
async fn password_confirmation_is_limited_by_session_at_all_addresses() {
    let app = TestApp::limited("account=2/15m,log-in=off");
    let signed_up = app.at("198.51.100.1").post(SIGN_UP, &ada(1)).await.is(200).json();
    let stolen = signed_up["token"].as_str().unwrap();
    let change = json!({"currentPassword": "wrong", "newPassword": "another stitch in thyme"});
    let guesses = async |from: &str| {
        let thief = app.at(from).bearing(stolen);
        thief.put("/api/v1/users/me/password", &change).await.status.as_u16()
    };
    assert_eq!(guesses("203.0.113.1").await, 403);
    assert_eq!(guesses("203.0.113.2").await, 403);
    assert_eq!(guesses("203.0.113.3").await, 429);
    assert_eq!(guesses("198.51.100.1").await, 429);
    assert_eq!(log_in(&app, "ada1@example.org", PASSWORD, "198.51.100.1").await, 200);
}

#[tokio::test]
async fn email_change_shares_the_limit_of_sign_ups() {
    let app = TestApp::limited("sign-up=3/1h,account-change=off");
    let here = app.at("203.0.113.9");
    let signed_up = here.post(SIGN_UP, &ada(1)).await.is(200).json();
    here.post(SIGN_UP, &ada(2)).await.is(200);
    let ada = here.bearing(signed_up["token"].as_str().unwrap());
    let taken = json!({"email": "ada2@example.org", "password": PASSWORD});
    ada.patch("/api/v1/users/me", &taken).await.is(409);
    assert_eq!(ada.patch("/api/v1/users/me", &taken).await.is(429).header("retry-after"), "1200");
    ada.patch("/api/v1/users/me", &json!({"name": "Lovelace"})).await.is(200);
}

#[tokio::test]
async fn account_changes_are_limited_by_user() {
    let app = TestApp::limited("account-change=3/1h");
    let ada = app.signed_up("ada@example.org").await.client;
    let wanted = json!({"name": "Backup", "scopes": ["recipes:read"]});
    ada.post("/api/v1/users/me/api-tokens", &wanted).await.is(201);
    let change = json!({"currentPassword": PASSWORD, "newPassword": PASSWORD});
    ada.put("/api/v1/users/me/password", &change).await.is(204);
    ada.patch("/api/v1/users/me", &json!({"email": "lovelace@example.org", "password": PASSWORD}))
        .await
        .is(200);
    let refused = ada.post("/api/v1/users/me/api-tokens", &wanted).await.is(429);
    assert_eq!(refused.header("ratelimit-policy"), "\"account-change\";q=3;w=3600");
    ada.put("/api/v1/users/me/password", &change).await.is(429);
    ada.patch("/api/v1/users/me", &json!({"email": "ada@example.org", "password": PASSWORD})).await.is(429);
    app.alice().await.post("/api/v1/users/me/api-tokens", &wanted).await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn full_hash_queue_is_503_with_retry_after_and_does_not_count() {
    let app = std::sync::Arc::new(TestApp::with_short_hash_queue("account=20/15m,log-in=off", |_| ()));
    app.at("203.0.113.9").post(SIGN_UP, &ada(1)).await.is(200);
    let flood: Vec<_> = (0..16)
        .map(|_| {
            let app = std::sync::Arc::clone(&app);
            tokio::spawn(async move { app.at("203.0.113.9").post(LOG_IN, &ada(1)).await })
        })
        .collect();
    let mut turned_away = 0;
    for answer in flood {
        let answer = answer.await.unwrap();
        if answer.status == 503 {
            turned_away += 1;
            assert_eq!(answer.json()["code"], "overloaded");
            assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
        }
    }
    assert!(turned_away > 0, "one password is hashed and one waits");
    // Twice the quota, as the owner's session is at this address.
    for _ in 0..40 {
        assert_eq!(log_in(&app, "ada1@example.org", "wrong", "203.0.113.9").await, 401);
    }
    assert_eq!(log_in(&app, "ada1@example.org", "wrong", "203.0.113.9").await, 429);
}

#[tokio::test]
async fn audit_log_contains_the_client_address() {
    use accounts::{audit::Event, audit::Filter};
    let app = TestApp::new();
    app.at("198.51.100.1").post(SIGN_UP, &ada(1)).await.is(200);
    assert_eq!(log_in(&app, "ada1@example.org", "wrong", "203.0.113.9").await, 401);
    assert_eq!(log_in(&app, "unknown@example.org", "wrong", "203.0.113.9").await, 401);
    let failed = Filter { event: Some(Event::LogInFailed), ..Filter::default() };
    let entries = app.store.audit_log(failed, store::Page::default()).await.unwrap().rows;
    let subjects: Vec<_> = entries.iter().map(|entry| entry.subject.map(ids::UserId::get)).collect();
    assert_eq!(subjects, [None, Some(1)]);
    assert!(entries.iter().all(|entry| entry.actor.address == "203.0.113.9".parse().ok()));
    let signed_up = Filter { event: Some(Event::SignedUp), ..Filter::default() };
    let entries = app.store.audit_log(signed_up, store::Page::default()).await.unwrap().rows;
    assert_eq!(entries[0].actor.address, "198.51.100.1".parse().ok());
}
