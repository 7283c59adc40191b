//! The applications that a user gave access.

use accounts::{Email, Role};
use axum::body::Body;
use serde_json::{Value, json};
use store::Context;
use strict_oidc::{ClientKind, Scopes};

use super::registered::{Registered, change, hidden, text};
use crate::app::{Client, PASSWORD, recipe};

const APPLICATIONS: &str = "/api/v1/users/me/applications";

impl Registered {
    /// The user with a session, as a page of this service has it.
    async fn user(&self) -> Client {
        let log_in = json!({"email": "ada@example.org", "password": PASSWORD});
        let answer = self.app.anonymous().post("/api/v1/users/login", &log_in).await.is(200);
        self.app.bearing(answer.json()["token"].as_str().unwrap().to_owned())
    }
}

#[tokio::test]
async fn user_lists_an_application_and_ends_its_access_at_once() {
    let test = Registered::new(ClientKind::Web).await;
    let user = test.user().await;
    assert_eq!(user.get(APPLICATIONS).await.is(200).json()["data"], Value::Array(Vec::new()));
    let tokens = test.redeem(&test.code(&[]).await).await.is(200).json();
    let list = user.get(APPLICATIONS).await.is(200).json();
    let application = &list["data"][0];
    assert_eq!(application["clientId"], "c_kitchen");
    assert_eq!(application["scopes"], json!(["email", "openid", "recipes:read"]));
    assert_eq!((&application["active"], &application["name"]), (&true.into(), &"Kitchen <Timer>".into()));
    assert!(application["givenAt"].is_string());
    let export = user.get("/api/v1/users/me/export").await.is(200).json();
    assert_eq!(&export["applications"][0], application);

    let path = format!("{APPLICATIONS}/c_kitchen");
    user.delete(&path).await.is(204);
    assert_eq!(user.delete(&path).await.is(404).json()["code"], "application_not_found");
    assert_eq!(user.get(APPLICATIONS).await.json()["data"], Value::Array(Vec::new()));
    test.app.bearing(text(&tokens, "access_token")).get("/oauth/userinfo").await.is(401);
    test.refresh(&text(&tokens, "refresh_token")).await.is(400);
    let (cookie, next) = test.logs_in(&[]).await;
    assert!(test.get(&next, &cookie).await.is(200).text().contains("wants to:"), "consent is asked again");
}

impl Registered {
    /// The application, which may write recipes for Ada.
    async fn writer(&self) -> Client {
        let scopes = "openid recipes:read recipes:write";
        change(&self.app, "c_kitchen", |record| record.scopes = Scopes::parse(scopes).unwrap()).await;
        let tokens = self.redeem(&self.code_for(scopes).await).await.is(200).json();
        self.app.bearing(text(&tokens, "access_token"))
    }
}

#[tokio::test]
async fn application_of_an_administrator_has_no_rights_of_an_administrator() {
    let test = Registered::new(ClientKind::Web).await;
    let program = test.writer().await;
    let ada = Email::parse("ada@example.org").unwrap();
    let operator = Context::operator(test.app.clock.now());
    test.app.store.set_role(&ada, Role::Admin, operator).await.unwrap().unwrap();
    let bob = test.app.bob().await;
    let mut private = recipe("Bob's secret");
    private["visibility"] = "private".into();
    let private = bob.post("/api/v1/recipes", &private).await.is(201).header("location").to_owned();
    let public = bob.posts_recipe("Soup").await;
    for (url, status) in [(&private, 404), (&public, 403)] {
        program.put(url, &recipe("Stew")).await.is(status);
        program.delete(url).await.is(status);
    }
    program.posts_recipe("Salad").await;
    test.user().await.put(&private, &recipe("Stew")).await.is(200);
}

#[tokio::test]
async fn application_whose_access_ends_while_the_body_arrives_writes_nothing() {
    let test = Registered::new(ClientKind::Web).await;
    let (program, user) = (test.writer().await, test.user().await);
    for status in [201, 401] {
        let user = user.bearing(user.token());
        let body = Body::from_stream(futures_util::stream::once(async move {
            if status == 401 {
                user.delete(&format!("{APPLICATIONS}/c_kitchen")).await.is(204);
            }
            Ok::<_, std::io::Error>(recipe("Stew").to_string())
        }));
        let request = program.request(http::Method::POST, "/api/v1/recipes");
        let request = request.header("content-type", "application/json").body(body).unwrap();
        program.send(request).await.is(status);
    }
    assert_eq!(user.get("/api/v1/recipes").await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn application_that_is_disabled_while_the_body_arrives_writes_nothing() {
    let test = Registered::new(ClientKind::Web).await;
    let program = test.writer().await;
    let url = program.posts_recipe("Soup").await;
    let admin = test.app.admin().await;
    let body = Body::from_stream(futures_util::stream::once(async move {
        admin.patch("/api/v1/admin/clients/c_kitchen", &json!({ "disabled": true })).await.is(200);
        Ok::<_, std::io::Error>(recipe("Stew").to_string())
    }));
    let request = program.request(http::Method::PUT, &url).header("content-type", "application/json");
    program.send(request.body(body).unwrap()).await.is(401);
    assert_eq!(test.app.anonymous().get(&url).await.is(200).json()["data"]["name"], "Soup");
}

#[tokio::test]
async fn code_that_was_not_exchanged_ends_with_the_application() {
    let test = Registered::new(ClientKind::Web).await;
    let code = test.code(&[]).await;
    test.user().await.delete(&format!("{APPLICATIONS}/c_kitchen")).await.is(204);
    assert_eq!(test.redeem(&code).await.is(400).json()["error"], "invalid_grant");
}

#[tokio::test]
async fn token_of_an_application_lists_and_ends_none() {
    let test = Registered::new(ClientKind::Web).await;
    let tokens = test.redeem(&test.code(&[]).await).await.is(200).json();
    let program = test.app.bearing(text(&tokens, "access_token"));
    program.get(APPLICATIONS).await.is(403);
    program.delete(&format!("{APPLICATIONS}/c_kitchen")).await.is(403);
}

#[tokio::test]
async fn consent_page_names_the_user_and_leads_to_another_log_in() {
    let test = Registered::new(ClientKind::Web).await;
    let (cookie, next) = test.logs_in(&[]).await;
    let page = test.get(&next, &cookie).await.is(200).text();
    assert!(page.contains("Signed in as <strong>ada@example.org</strong>"), "{page}");
    let (_, link) = page.split_once("href=\"/oauth/log-in?").unwrap();
    let link = link.split_once('"').unwrap().0.replace("&#38;", "&");
    let log_in = test.get(&format!("/oauth/log-in?{link}"), &cookie).await.is(200).text();
    let return_to = hidden(&log_in, "return_to");
    assert!(return_to.contains("client_id=c_kitchen"), "{return_to}");
}
