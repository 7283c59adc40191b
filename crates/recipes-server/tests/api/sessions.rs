//! Sessions: start, refresh, expiry, list, end.

use std::{collections::HashSet, time::Duration};

use http::{Method, header};
use serde_json::json;
use store::{Access, Context};

use crate::app::{Answer, Client, PASSWORD, SignedUp, TestApp, recipe};

const ME: &str = "/api/v1/users/me";
const REFRESH: &str = "/api/v1/users/refresh";
const SESSIONS: &str = "/api/v1/users/me/sessions";
const ADA: &str = "ada@example.org";

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.anonymous().post(REFRESH, &json!({"refreshToken": token})).await
}

#[tokio::test]
async fn sign_up_log_in_and_refresh_have_the_same_response() {
    let app = TestApp::new();
    let sign_up = json!({"name": "Ada", "email": ADA, "password": PASSWORD});
    let signed_up = app.anonymous().post("/api/v1/users/signup", &sign_up).await.is(200);
    let logged_in = app.anonymous().post("/api/v1/users/login", &sign_up).await.is(200);
    let refreshed = refresh(&app, logged_in.json()["refreshToken"].as_str().unwrap()).await.is(200);
    for answer in [signed_up, logged_in, refreshed] {
        let body = answer.json();
        assert_eq!(body["expiresIn"], 86_400);
        assert_eq!(body["user"]["email"], ADA);
        assert_eq!(answer.header("cache-control"), "no-store");
        let SignedUp { client, .. } = SignedUp::of(&app, &answer);
        let mut me = client.get(ME).await.is(200).json()["data"].take();
        me.as_object_mut().unwrap().remove("quota");
        assert_eq!(me, body["user"]);
    }
}

#[tokio::test]
async fn refresh_keeps_the_session_and_changes_the_tokens() {
    let app = TestApp::new();
    let first = app.signed_up(ADA).await;
    app.clock.advance(Duration::from_hours(24));
    first.client.get(ME).await.is(401);
    let second = SignedUp::of(&app, &refresh(&app, &first.refresh_token).await.is(200));
    second.client.get(ME).await.is(200);
    assert_eq!(second.client.session(), first.client.session());
    assert_ne!(second.refresh_token, first.refresh_token);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_refreshes_get_one_new_pair() {
    let app = std::sync::Arc::new(TestApp::new());
    let first = app.signed_up(ADA).await;
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (app, token) = (std::sync::Arc::clone(&app), first.refresh_token.clone());
            tokio::spawn(async move { refresh(&app, &token).await.is(200).json() })
        })
        .collect();
    let (mut refresh_tokens, mut tokens) = (HashSet::new(), HashSet::new());
    for task in tasks {
        let pair = task.await.unwrap();
        refresh_tokens.insert(pair["refreshToken"].as_str().unwrap().to_owned());
        tokens.insert(pair["token"].as_str().unwrap().to_owned());
    }
    assert_eq!((refresh_tokens.len(), tokens.len()), (1, 1), "one new pair");
    let (token, refresh_token) = (tokens.iter().next().unwrap(), refresh_tokens.iter().next().unwrap());
    app.bearing(token).get(ME).await.is(200);
    refresh(&app, refresh_token).await.is(200);
    assert_eq!(
        app.logged_in(ADA).await.client.get(SESSIONS).await.json()["data"].as_array().unwrap().len(),
        2
    );
}

#[tokio::test]
async fn repeated_refresh_gets_the_same_pair() {
    let app = TestApp::new();
    let first = app.signed_up(ADA).await;
    let answer = refresh(&app, &first.refresh_token).await.is(200).json();
    app.clock.advance(Duration::from_secs(5));
    let again = refresh(&app, &first.refresh_token).await.is(200).json();
    assert_eq!((&again["token"], &again["refreshToken"]), (&answer["token"], &answer["refreshToken"]));
    assert_eq!((&answer["expiresIn"], &again["expiresIn"]), (&json!(86_400), &json!(86_395)));
}

#[tokio::test]
async fn lost_response_does_not_end_the_session() {
    let app = TestApp::new();
    let first = app.signed_up(ADA).await;
    refresh(&app, &first.refresh_token).await.is(200);
    app.clock.advance(Duration::from_hours(30));
    let again = SignedUp::of(&app, &refresh(&app, &first.refresh_token).await.is(200));
    again.client.get(ME).await.is(200);
    refresh(&app, &again.refresh_token).await.is(200);
}

#[tokio::test]
async fn reuse_of_an_old_refresh_token_ends_the_session() {
    let app = TestApp::new();
    let first = app.signed_up(ADA).await;
    let second = SignedUp::of(&app, &refresh(&app, &first.refresh_token).await.is(200));
    let third = SignedUp::of(&app, &refresh(&app, &second.refresh_token).await.is(200));
    third.client.get(ME).await.is(200);
    let refused = refresh(&app, &first.refresh_token).await.is(401);
    assert_eq!(refused.json()["code"], "invalid_refresh_token");
    third.client.get(ME).await.is(401);
    refresh(&app, &third.refresh_token).await.is(401);
}

#[tokio::test]
async fn invalid_refresh_token_is_401_and_ends_nothing() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await;
    let mut forged = ada.refresh_token.clone();
    forged.replace_range(22..44, &"A".repeat(22));
    for bad in ["", "x", ada.client.token(), &forged, &ada.refresh_token[1..], &"é".repeat(43)] {
        let refused = refresh(&app, bad).await.is(401);
        assert_eq!(refused.json()["code"], "invalid_refresh_token", "{bad}");
        assert!(refused.header("www-authenticate").starts_with("Bearer"));
    }
    for body in [json!({}), json!({"refreshToken": null}), json!({"refreshToken": 7})] {
        assert_eq!(app.anonymous().post(REFRESH, &body).await.is(422).refused_fields(), ["/refreshToken"]);
    }
    refresh(&app, &ada.refresh_token).await.is(200);
}

#[tokio::test]
async fn refresh_token_is_not_an_access_token() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await;
    app.bearing(ada.refresh_token).get(ME).await.is(401);
}

#[tokio::test]
async fn idle_session_expires() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await;
    app.clock.advance(Duration::from_hours(14 * 24));
    refresh(&app, &ada.refresh_token).await.is(401);
    app.logged_in(ADA).await.client.get(ME).await.is(200);
}

#[tokio::test]
async fn tokens_do_not_outlive_the_session() {
    let app = TestApp::new();
    let mut ada = app.signed_up(ADA).await;
    for _ in 0..3 {
        app.clock.advance(Duration::from_hours(238));
        ada = SignedUp::of(&app, &refresh(&app, &ada.refresh_token).await.is(200));
    }
    // Of the 720 hours of the session, 6 are left.
    let last = refresh(&app, &ada.refresh_token).await.is(200);
    assert_eq!(last.json()["expiresIn"], 6 * 3_600);
    let ada = SignedUp::of(&app, &last);
    app.clock.advance(Duration::from_hours(6));
    ada.client.get(ME).await.is(401);
    refresh(&app, &ada.refresh_token).await.is(401);
}

#[tokio::test]
async fn token_is_rejected_right_after_log_out() {
    let app = TestApp::new();
    let (ada, other) = (app.signed_up(ADA).await, app.logged_in(ADA).await);
    ada.client.post("/api/v1/users/logout", &json!({})).await.is(204);
    let refused = ada.client.get(ME).await.is(401);
    let forged = app.anonymous().request(Method::GET, ME).header("authorization", "Bearer e30.e30.e30");
    let forged = app.anonymous().send(forged.body("".into()).unwrap()).await.is(401);
    assert_eq!(refused.header("www-authenticate"), forged.header("www-authenticate"));
    for member in ["code", "message"] {
        assert_eq!(refused.json()[member], forged.json()[member]);
    }
    ada.client.post("/api/v1/recipes", &recipe("Soup")).await.is(401);
    ada.client.get("/api/v1/recipes").await.is(401);
    refresh(&app, &ada.refresh_token).await.is(401);
    other.client.get(ME).await.is(200);
}

#[tokio::test]
async fn log_out_others_and_log_out_all_end_sessions() {
    let app = TestApp::new();
    let bob = app.bob().await;
    let (one, two, three) = (app.signed_up(ADA).await, app.logged_in(ADA).await, app.logged_in(ADA).await);
    two.client.post("/api/v1/users/logout/others", &json!({})).await.is(204);
    for (session, status) in [(&one, 401), (&two, 200), (&three, 401)] {
        session.client.get(ME).await.is(status);
    }
    let four = app.logged_in(ADA).await;
    two.client.post("/api/v1/users/logout/all", &json!({})).await.is(204);
    for session in [&two, &four] {
        session.client.get(ME).await.is(401);
        refresh(&app, &session.refresh_token).await.is(401);
    }
    bob.get(ME).await.is(200);
}

fn from_device(client: &Client, method: Method, path: &str, user_agent: &str) -> http::request::Builder {
    let request = client.request(method, path).header(header::USER_AGENT, user_agent);
    request.header(header::CONTENT_TYPE, "application/json")
}

#[tokio::test]
async fn session_list_shows_device_and_times_and_sessions_can_be_ended() {
    let app = TestApp::new();
    let phone = app.signed_up(ADA).await;
    app.clock.advance(Duration::from_mins(5));
    let request =
        from_device(&app.anonymous(), Method::POST, "/api/v1/users/login", "Mozilla/5.0\t(Kitchen)");
    let body = json!({"email": ADA, "password": PASSWORD}).to_string();
    let kitchen = SignedUp::of(&app, &app.anonymous().send(request.body(body.into()).unwrap()).await.is(200));

    let list = kitchen.client.get(SESSIONS).await.is(200);
    assert_eq!(list.header("cache-control"), "no-store");
    assert_eq!(
        list.json()["data"],
        json!([
            {
                "id": kitchen.client.session(), "device": "Mozilla/5.0(Kitchen)",
                "createdAt": "2026-01-01T12:05:00Z", "lastUsedAt": "2026-01-01T12:05:00Z", "current": true,
            },
            {
                "id": phone.client.session(),
                "createdAt": "2026-01-01T12:00:00Z", "lastUsedAt": "2026-01-01T12:00:00Z", "current": false,
            },
        ])
    );

    let of_phone = format!("{SESSIONS}/{}", phone.client.session());
    app.bob().await.delete(&of_phone).await.is(404);
    kitchen.client.delete(&of_phone).await.is(204);
    kitchen.client.delete(&of_phone).await.is(404);
    phone.client.get(ME).await.is(401);
    for bad in ["x", "0", "%00", "01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d"] {
        let missing = kitchen.client.delete(&format!("{SESSIONS}/{bad}")).await.is(404).json();
        assert_eq!(missing["code"], "session_not_found", "{bad}");
    }
    kitchen.client.delete(&format!("{SESSIONS}/{}", kitchen.client.session())).await.is(204);
    kitchen.client.get(ME).await.is(401);
}

#[tokio::test]
async fn last_use_is_listed_after_a_minute() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await;
    app.clock.advance(Duration::from_mins(1));
    ada.client.get(ME).await.is(200);
    // The request does not wait for the note of its use. The writer handles this write after the note.
    app.bob().await;
    let list = ada.client.get(SESSIONS).await.is(200).json();
    assert_eq!(list["data"][0]["lastUsedAt"], "2026-01-01T12:01:00Z");
}

#[tokio::test]
async fn password_change_ends_the_other_sessions() {
    let app = TestApp::new();
    let (ada, other) = (app.signed_up(ADA).await, app.logged_in(ADA).await);
    let change = json!({"currentPassword": PASSWORD, "newPassword": "ten little onions"});
    ada.client.put("/api/v1/users/me/password", &change).await.is(204);
    ada.client.get(ME).await.is(200);
    other.client.get(ME).await.is(401);
    refresh(&app, &other.refresh_token).await.is(401);
}

#[tokio::test]
async fn disabling_an_account_ends_its_sessions() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await;
    let email = accounts::Email::parse(ADA).unwrap();
    app.store.set_access(&email, Access::Disabled, Context::operator(app.clock.now())).await.unwrap();
    ada.client.get(ME).await.is(401);
    refresh(&app, &ada.refresh_token).await.is(401);
    app.store.set_access(&email, Access::Enabled, Context::operator(app.clock.now())).await.unwrap();
    ada.client.get(ME).await.is(401);
    refresh(&app, &ada.refresh_token).await.is(401);
}
