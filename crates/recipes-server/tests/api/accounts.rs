//! Signing up, logging in, and using the token.

use std::{sync::Arc, time::Duration};

use accounts::{Email, Role};
use recipes_server::use_cases::accounts::{CheckedUser, ClientInfo, SignUpMode};
use serde_json::json;
use store::{Access, Context};

use crate::app::{PASSWORD, TestApp};

const SIGN_UP: &str = "/api/v1/users/signup";
const LOG_IN: &str = "/api/v1/users/login";

#[tokio::test]
async fn sign_up_stores_name_and_email_and_ignores_the_role() {
    let app = TestApp::new();
    let body =
        json!({"name": " Ada Lovelace ", "email": "Ada@Example.org", "password": PASSWORD, "role": "admin"});
    let token = app.anonymous().post(SIGN_UP, &body).await.is(200).json();
    let me = app.bearing(token["token"].as_str().unwrap()).get("/api/v1/users/me").await.is(200);
    let at = "2026-01-01T12:00:00Z";
    let ada = json!({
        "id": 1, "name": "Ada Lovelace", "email": "Ada@Example.org", "emailVerified": false, "role": "user",
        "createdAt": at, "updatedAt": at,
        "quota": {"recipes": {"used": 0, "limit": null}, "bytes": {"used": 0, "limit": null}},
    });
    assert_eq!(me.json()["data"], ada);
    assert_eq!(me.header("cache-control"), "no-store");
}

#[tokio::test]
async fn access_token_expires_after_a_day() {
    let app = TestApp::new();
    let alice = app.alice().await;
    app.clock.advance(Duration::from_secs(86_399));
    alice.get("/api/v1/users/me").await.is(200);
    app.clock.advance(Duration::from_secs(1));
    let answer = alice.get("/api/v1/users/me").await.is(401);
    assert!(answer.header("www-authenticate").contains("invalid_token"));
}

#[tokio::test]
async fn log_in_ignores_the_case_of_the_email() {
    let app = TestApp::new();
    let body = json!({"name": "Ada", "email": "Ada@Example.org", "password": PASSWORD});
    app.anonymous().post(SIGN_UP, &body).await.is(200);
    let body = json!({"email": "ada@example.ORG", "password": PASSWORD});
    app.anonymous().post(LOG_IN, &body).await.is(200);
}

const SPELLINGS: [&str; 4] =
    ["jo@ex\u{e4}mple.de", "jo@xn--exmple-cua.de", "JO@EXA\u{308}MPLE.de", " Jo@XN--EXMPLE-CUA.DE"];

#[tokio::test]
async fn address_is_one_account_in_every_encoding() {
    for typed in SPELLINGS {
        let app = TestApp::new();
        app.signed_up(typed).await;
        for other in SPELLINGS {
            app.logged_in(other).await;
            let again = json!({"name": "Jo", "email": other, "password": PASSWORD});
            assert_eq!(app.anonymous().post(SIGN_UP, &again).await.is(409).json()["code"], "email_taken");
            let forgotten = json!({"email": other});
            app.mails().await;
            app.anonymous().post("/api/v1/users/password-reset", &forgotten).await.is(202);
            assert_eq!(app.mails().await.len(), 1, "{typed} {other}");
        }
    }
}

#[tokio::test]
async fn every_encoding_of_an_address_shares_limits_and_invitations() {
    let app = TestApp::limited("account=4/15m,log-in=off");
    for typed in SPELLINGS {
        app.anonymous().post(LOG_IN, &json!({"email": typed, "password": "wrong"})).await.is(401);
    }
    for typed in SPELLINGS {
        app.anonymous().post(LOG_IN, &json!({"email": typed, "password": "wrong"})).await.is(429);
    }
    let app = TestApp::with_settings(|settings| settings.sign_up = SignUpMode::Invite);
    let invited = app.admin().await.post("/api/v1/admin/invitations", &json!({"email": SPELLINGS[0]})).await;
    let invitation = &invited.is(201).json()["data"]["token"];
    let sign_up =
        json!({"name": "Jo", "email": SPELLINGS[1], "password": PASSWORD, "invitation": invitation});
    app.anonymous().post(SIGN_UP, &sign_up).await.is(200);
    let found = app.admin().await.get("/api/v1/admin/users?q=xn--exmple").await.is(200).json();
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn password_is_right_in_every_encoding() {
    let (composed, decomposed) = ("gr\u{fc}ne B\u{f6}hnchen", "gru\u{308}ne\u{a0}Bo\u{308}hnchen");
    for (set, typed) in [(composed, decomposed), (decomposed, composed)] {
        let app = TestApp::new();
        let body = json!({"name": "Ada", "email": "ada@example.org", "password": set});
        let token = app.anonymous().post(SIGN_UP, &body).await.is(200).json()["token"].clone();
        let body = json!({"email": "ada@example.org", "password": typed});
        app.anonymous().post(LOG_IN, &body).await.is(200);
        let change = json!({"currentPassword": typed, "newPassword": typed});
        let ada = app.bearing(token.as_str().unwrap());
        ada.put("/api/v1/users/me/password", &change).await.is(204);
        ada.delete_with("/api/v1/users/me", &json!({"password": set})).await.is(204);
    }
}

#[tokio::test]
async fn hash_that_cannot_be_verified_never_logs_in() {
    let app = TestApp::new();
    let hash = "$2b$10$JqHnCPAjfonbA8mcRtM2GuS1vl5OQfN6PE.hM/NhKR6lRcOlHSSlG";
    for cost in ["00", "03", "31", "99"] {
        let email = format!("hou{cost}@example.com");
        app.imported_user(&email, &hash.replace("$10$", &format!("${cost}$"))).await;
        let body = json!({"email": email, "password": "ten little onions"});
        assert_eq!(app.anonymous().post(LOG_IN, &body).await.is(401).json()["code"], "unable_to_log_in");
    }
}

#[tokio::test]
async fn weak_password_is_422() {
    let app = TestApp::new();
    for password in ["short", "password", "12345678", "ada@example.org", "recipes1", &"x".repeat(1_025)] {
        let body = json!({"name": "Ada", "email": "ada@example.org", "password": password});
        let answer = app.anonymous().post(SIGN_UP, &body).await.is(422);
        assert_eq!(answer.refused_fields(), ["/password"], "{password}");
    }
}

#[tokio::test]
async fn disabled_user_cannot_log_in_or_use_tokens() {
    let app = TestApp::new();
    let body = json!({"name": "Ada", "email": "ada@example.org", "password": PASSWORD});
    let token = app.anonymous().post(SIGN_UP, &body).await.is(200).json();
    let email = Email::parse("ada@example.org").unwrap();
    app.store.set_access(&email, Access::Disabled, Context::operator(app.clock.now())).await.unwrap();
    app.bearing(token["token"].as_str().unwrap()).get("/api/v1/users/me").await.is(401);
    assert_eq!(app.anonymous().post(LOG_IN, &body).await.is(401).json()["message"], "Unable to login");
    app.store.set_access(&email, Access::Enabled, Context::operator(app.clock.now())).await.unwrap();
    app.anonymous().post(LOG_IN, &body).await.is(200);
}

#[tokio::test]
async fn account_without_password_cannot_log_in() {
    let app = TestApp::new();
    app.user("alice", Role::User).await;
    let body = json!({"email": "alice@example.org", "password": PASSWORD});
    app.anonymous().post(LOG_IN, &body).await.is(401);
}

#[tokio::test]
async fn all_failed_log_ins_get_the_same_response() {
    let app = TestApp::limited("account=off,account-anywhere=off");
    app.user("alice", Role::User).await;
    for email in ["ada@example.org", "eve@example.org"] {
        app.signed_up(email).await;
    }
    let eve = Email::parse("eve@example.org").unwrap();
    app.store.set_access(&eve, Access::Disabled, Context::operator(app.clock.now())).await.unwrap();
    let mut answers = Vec::new();
    for (email, password) in [
        ("ada@example.org", "wrong"),
        ("unknown@example.org", PASSWORD),
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

/// A hash by another program: bcrypt, cost 10, "ten little onions".
const OUTDATED: &str = "$2b$10$JqHnCPAjfonbA8mcRtM2GuS1vl5OQfN6PE.hM/NhKR6lRcOlHSSlG";

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_log_ins_that_upgrade_a_hash_all_succeed() {
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

/// Overload is 503: a client that gets 401 for a right password asks its user for another one.
#[tokio::test(flavor = "multi_thread")]
async fn right_password_is_never_401_while_hashing_is_overloaded_and_hashes_are_upgraded() {
    let app = Arc::new(TestApp::with_short_hash_queue("off", |_| ()));
    for round in 0..4 {
        let email = format!("hou{round}@example.com");
        app.imported_user(&email, OUTDATED).await;
        let log_ins: Vec<_> = (0..4)
            .map(|_| {
                let app = Arc::clone(&app);
                let body = json!({"email": email, "password": "ten little onions"});
                tokio::spawn(async move { app.anonymous().post(LOG_IN, &body).await.status.as_u16() })
            })
            .collect();
        for log_in in log_ins {
            let status = log_in.await.unwrap();
            assert!(matches!(status, 200 | 503), "{status}");
        }
    }
}

#[tokio::test]
async fn log_in_succeeds_if_another_one_upgrades_the_hash_after_its_check() {
    let app = TestApp::new();
    let hou = app.imported_user("hou@example.com", OUTDATED).await;
    let log_in = json!({"email": "hou@example.com", "password": "ten little onions"});
    app.anonymous().post(LOG_IN, &log_in).await.is(200);
    for (password, succeeds) in [("ten little onions", true), ("a stitch in thyme", false)] {
        let password_hash = accounts::PasswordHash::parse(OUTDATED);
        let checked = CheckedUser { user: hou.clone(), password: password.into(), password_hash };
        let session = app.app.accounts().log_in(checked, ClientInfo::default()).await;
        assert_eq!(session.is_ok(), succeeds, "{password}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn password_confirmation_succeeds_while_a_log_in_upgrades_the_hash() {
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
async fn credentials_in_the_query_string_are_400() {
    let app = TestApp::new();
    let body = json!({"name": "Ada", "email": "ada@example.org", "password": PASSWORD});
    app.anonymous().post(SIGN_UP, &body).await.is(200);
    let url = "/api/v1/users/login?email=ada@example.org&password=a%20stitch%20in%20thyme";
    app.anonymous().post(url, &json!({})).await.is(400);
}

#[tokio::test]
async fn concurrent_sign_ups_with_one_email_create_one_account() {
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
