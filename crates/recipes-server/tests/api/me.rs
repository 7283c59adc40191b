//! The account of the caller: change, export, delete.

use accounts::{Role, audit::Actor, audit::Event};
use http::Method;
use ids::UserId;
use recipes::Quota;
use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp, recipe};

const ME: &str = "/api/v1/users/me";
const LOG_IN: &str = "/api/v1/users/login";
const ADA: &str = "ada@example.org";

#[tokio::test]
async fn unknown_parameters_are_400() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await.client;
    for path in ["", "/sessions", "/api-tokens", "/export"] {
        let refused = ada.get(&format!("{ME}{path}?limit=1")).await.is(400).json();
        assert_eq!(
            refused["message"], "Unknown query parameter \"limit\"; this address has no parameters",
            "{path}"
        );
        app.anonymous().get(&format!("{ME}{path}?limit=1")).await.is(401);
        ada.get(&format!("{ME}{path}?")).await.is(200);
    }
}

#[tokio::test]
async fn name_changes_without_the_password() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await.client;
    let changed = ada.patch(ME, &json!({"name": " Ada Lovelace "})).await.is(200).json();
    assert_eq!(changed["data"]["name"], "Ada Lovelace");
    assert_eq!(changed["data"]["email"], ADA);
    assert_eq!(ada.get(ME).await.json(), changed);
    assert_eq!(ada.patch(ME, &json!({})).await.is(200).json()["data"]["name"], "Ada Lovelace");
}

#[tokio::test]
async fn email_change_requires_the_password() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await.client;
    let email = "lovelace@example.org";
    assert_eq!(ada.patch(ME, &json!({"email": email})).await.is(422).refused_fields(), ["/password"]);
    let wrong = ada.patch(ME, &json!({"email": email, "password": "not this one"})).await.is(403).json();
    assert_eq!(wrong["code"], "wrong_password");
    ada.patch(ME, &json!({"email": email, "password": PASSWORD})).await.is(200);
    assert_eq!(ada.get(ME).await.json()["data"]["email"], email);
    app.anonymous().post(LOG_IN, &json!({"email": ADA, "password": PASSWORD})).await.is(401);
    app.anonymous().post(LOG_IN, &json!({"email": email, "password": PASSWORD})).await.is(200);
}

#[tokio::test]
async fn email_of_another_user_is_409() {
    let app = TestApp::new();
    app.bob().await;
    let ada = app.signed_up(ADA).await.client;
    let taken = ada.patch(ME, &json!({"email": "BOB@example.org", "password": PASSWORD})).await;
    assert_eq!(taken.is(409).json()["code"], "email_taken");
}

#[tokio::test]
async fn patch_changes_name_and_email_only() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await.client;
    let body = json!({"role": "admin", "id": 7, "disabled": true, "ownerId": 7, "createdAt": "2020-01-01T00:00:00Z"});
    let me = ada.patch(ME, &body).await.is(200).json();
    assert_eq!((&me["data"]["role"], &me["data"]["id"]), (&json!("user"), &json!(1)));
    let strict = ada.request(Method::PATCH, ME).header("prefer", "handling=strict");
    let strict = strict.header("content-type", "application/merge-patch+json").body(body.to_string().into());
    assert_eq!(ada.send(strict.unwrap()).await.is(400).json()["code"], "unknown_fields");
}

#[tokio::test]
async fn invalid_patch_is_422_and_other_media_type_is_415() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await.client;
    for (body, field) in [
        (json!({"name": null}), "/name"),
        (json!({"name": ""}), "/name"),
        (json!({"email": null}), "/email"),
        (json!({"email": 7, "password": PASSWORD}), "/email"),
    ] {
        assert_eq!(ada.patch(ME, &body).await.is(422).refused_fields(), [field], "{body}");
    }
    let text = ada.request(Method::PATCH, ME).header("content-type", "text/plain").body("x".into()).unwrap();
    assert_eq!(ada.send(text).await.is(415).header("accept-patch"), "application/merge-patch+json");
}

#[tokio::test]
async fn password_change_requires_the_current_password() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await.client;
    let change = |current: &str, new: &str| {
        let body = json!({"currentPassword": current, "newPassword": new});
        let ada = app.bearing(ada.token());
        async move { ada.put("/api/v1/users/me/password", &body).await }
    };
    assert_eq!(change("not this one", "ten little onions").await.is(403).json()["code"], "wrong_password");
    for bad in ["short", "password", ADA] {
        assert_eq!(change(PASSWORD, bad).await.is(422).refused_fields(), ["/newPassword"], "{bad}");
    }
    change(PASSWORD, "ten little onions").await.is(204);
    app.anonymous().post(LOG_IN, &json!({"email": ADA, "password": PASSWORD})).await.is(401);
    app.anonymous().post(LOG_IN, &json!({"email": ADA, "password": "ten little onions"})).await.is(200);
    let nothing = ada.put("/api/v1/users/me/password", &json!({})).await.is(422);
    assert_eq!(nothing.refused_fields(), ["/currentPassword", "/newPassword"]);
}

#[tokio::test]
async fn account_deletion_requires_the_password_and_deletes_private_recipes() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await.client;
    let public = ada.posts_recipe("Soup").await;
    let mut secret = recipe("Secret soup");
    secret["visibility"] = json!("private");
    let private = ada.post("/api/v1/recipes", &secret).await.is(201).header("location").to_owned();
    assert_eq!(ada.delete(ME).await.is(422).refused_fields(), ["/password"]);
    ada.delete_with(ME, &json!({"password": "not this one"})).await.is(403);
    ada.delete_with(ME, &json!({"password": PASSWORD})).await.is(204);
    ada.get(ME).await.is(401);
    app.anonymous().post(LOG_IN, &json!({"email": ADA, "password": PASSWORD})).await.is(401);
    assert_eq!(app.anonymous().get(&public).await.is(200).json()["data"].get("ownerId"), None);
    app.admin().await.get(&private).await.is(404);
    app.signed_up(ADA).await;
}

#[tokio::test]
async fn export_contains_all_own_data_and_no_secrets() {
    let app = TestApp::new();
    app.bob().await.posts_recipe("Bob's bread").await;
    let ada = app.signed_up(ADA).await;
    let mut secret = recipe("Secret soup");
    secret["visibility"] = json!("private");
    ada.client.posts_recipe("Soup").await;
    ada.client.post("/api/v1/recipes", &secret).await.is(201);
    let wanted = json!({"name": "Backup", "scopes": ["recipes:read"]});
    let token = ada.client.post("/api/v1/users/me/api-tokens", &wanted).await.is(201).json();

    let answer = ada.client.get("/api/v1/users/me/export").await.is(200);
    assert!(answer.header("content-disposition").starts_with("attachment"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let export = answer.json();
    assert_eq!(export["account"]["email"], ADA);
    assert_eq!(export["sessions"][0]["id"], ada.client.session());
    assert_eq!(export["apiTokens"][0]["name"], "Backup");
    assert_eq!(export["applications"], json!([]));
    let events: Vec<_> = export["events"].as_array().unwrap().iter().map(|it| it["event"].clone()).collect();
    assert_eq!(events, ["api_token_created", "signed_up"]);
    let names: Vec<_> = export["recipes"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["Soup", "Secret soup"]);
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    for secret in [token["data"]["token"].as_str().unwrap(), &ada.refresh_token, ada.client.token(), "argon2"]
    {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn export_has_all_events_and_hides_the_administrator() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await.client;
    let (id, now) = (UserId::from_i64(1).unwrap(), app.clock.now());
    let root = app.user("root", Role::Admin).await.id;
    for (actor, event) in [(root, Event::RoleChanged(Role::User)), (id, Event::PasswordChanged)] {
        let actor = Actor { user: Some(actor), ..Actor::anonymous("192.0.2.1".parse().ok()) };
        app.store.audit(event, Some(id), store::Context { actor, now }).await.unwrap();
    }
    let events = ada.get("/api/v1/users/me/export").await.is(200).json()["events"].clone();
    assert_eq!((&events[0]["actor"], &events[0]["address"]), (&json!(1), &json!("192.0.2.1")));
    assert_eq!((events[1].get("actor"), events[1].get("address")), (None, None), "{events}");
    let anonymous = Actor::anonymous("203.0.113.9".parse().ok());
    app.store.audit(Event::LogInFailed, Some(id), store::Context { actor: anonymous, now }).await.unwrap();
    let events = ada.get("/api/v1/users/me/export").await.is(200).json()["events"].clone();
    assert_eq!((&events[0]["event"], events[0].get("address")), (&json!("log_in_failed"), None), "{events}");
    for _ in 0..2_000 {
        app.store.audit(Event::LogInFailed, Some(id), store::Context::operator(now)).await.unwrap();
    }
    let export = ada.get("/api/v1/users/me/export").await.is(200).json();
    assert_eq!(export["events"].as_array().unwrap().len(), 2_004, "more than a page");
    assert_eq!(export["recipes"], json!([]));
}

#[tokio::test]
async fn export_of_an_administrator_hides_other_users() {
    let app = TestApp::new();
    let root = app.at("198.51.100.1").bearing(app.admin().await.token());
    app.signed_up(ADA).await;
    root.patch("/api/v1/admin/users/2", &json!({"disabled": true})).await.is(200);
    let invited = json!({"email": "grace@example.org"});
    let invitation = root.post("/api/v1/admin/invitations", &invited).await.is(201).json()["data"].clone();
    let answer = root.get("/api/v1/users/me/export").await.is(200);
    let export = answer.json();
    let event = |n: usize, name: &str| export["events"][n].get(name).cloned().unwrap_or(Value::Null);
    assert_eq!([event(0, "event"), event(0, "actor")], [json!("invitation_created"), json!(1)]);
    assert_eq!([event(1, "event"), event(1, "actor")], [json!("disabled"), json!(1)]);
    assert_eq!([event(1, "subject"), event(1, "address")], [Value::Null, json!("198.51.100.1")]);
    let (at, end) = ("2026-01-01T12:00:00Z", "2026-01-15T12:00:00Z");
    let made = json!([{"id": invitation["id"], "createdBy": 1, "createdAt": at, "expiresAt": end}]);
    assert_eq!(export["invitations"], made);
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    for other in ["grace@example.org", ADA, invitation["token"].as_str().unwrap()] {
        assert!(!text.contains(other), "{other}");
    }
}

#[tokio::test]
async fn export_is_complete_without_recipes_and_with_many() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await.client;
    let export = async || -> Value { ada.get("/api/v1/users/me/export").await.is(200).json() };
    assert_eq!(export().await["recipes"], json!([]));
    let mut large = recipe("Stew");
    large["instructions"] = json!(vec!["x".repeat(4_000); 60]);
    for _ in 0..25 {
        ada.post("/api/v1/recipes", &large).await.is(201);
    }
    let ids: Vec<_> =
        export().await["recipes"].as_array().unwrap().iter().map(|it| it["id"].as_i64()).collect();
    assert_eq!(ids, (1..=25).map(Some).collect::<Vec<_>>(), "more than 4 MiB");
}

#[tokio::test]
async fn recipes_beyond_a_quota_are_507_with_the_figures() {
    let app = TestApp::with_settings(|settings| settings.quotas.recipes = Quota(Some(2)));
    let ada = app.signed_up(ADA).await.client;
    let used = async || ada.get(ME).await.json()["data"]["quota"]["recipes"].clone();
    assert_eq!(used().await, json!({"used": 0, "limit": 2}));
    let first = ada.post("/api/v1/recipes", &recipe("Soup")).await.is(201).json()["data"]["id"].clone();
    ada.post("/api/v1/recipes", &recipe("Bread")).await.is(201);
    let refused = ada.post("/api/v1/recipes", &recipe("Stew")).await.is(507).json();
    assert_eq!(refused["code"], "quota_exceeded");
    assert!(refused["message"].as_str().unwrap().contains("you have 2 recipes of 2"), "{refused}");
    assert_eq!(used().await, json!({"used": 2, "limit": 2}));

    let path = format!("/api/v1/recipes/{first}");
    ada.put(&path, &recipe("Salad")).await.is(200);
    ada.delete(&path).await.is(204);
    assert_eq!(used().await, json!({"used": 1, "limit": 2}));
    ada.post("/api/v1/recipes", &recipe("Stew")).await.is(201);

    let bob = app.bob().await;
    bob.post("/api/v1/recipes", &recipe("Soup")).await.is(201);
}

#[tokio::test]
async fn bytes_beyond_a_quota_are_507_also_in_a_replacement() {
    let app = TestApp::with_settings(|settings| settings.quotas.bytes = Quota(Some(2_000)));
    let ada = app.signed_up(ADA).await.client;
    let long = |bytes: usize| {
        let mut long = recipe("Soup");
        long["description"] = "x".repeat(bytes).into();
        long
    };
    assert_eq!(ada.post("/api/v1/recipes", &long(2_000)).await.is(507).json()["code"], "quota_exceeded");
    let id = ada.post("/api/v1/recipes", &long(1_000)).await.is(201).json()["data"]["id"].clone();
    let path = format!("/api/v1/recipes/{id}");
    assert_eq!(ada.put(&path, &long(2_000)).await.is(507).json()["code"], "quota_exceeded");
    ada.put(&path, &long(1_000)).await.is(200);
    ada.put(&path, &long(100)).await.is(200);
    ada.post("/api/v1/recipes", &long(500)).await.is(201);
}

#[tokio::test]
async fn administrators_have_no_quota() {
    let app = TestApp::with_settings(|settings| settings.quotas.recipes = Quota(Some(0)));
    let root = app.admin().await;
    root.post("/api/v1/recipes", &recipe("Soup")).await.is(201);
    assert_eq!(root.get(ME).await.json()["data"]["quota"]["recipes"], json!({"used": 1, "limit": null}));
}
