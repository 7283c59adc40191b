//! The permission matrix a second time, with a revocation between the head and the body of each request. A slow body must
//! not prolong a right: what commits after the revocation is refused.

use std::{io, time::Duration};

use accounts::{Email, Role};
use axum::body::Body;
use http::Method;
use ids::UserId;
use jiff::civil::date;
use recipes_server::openapi_json;
use serde_json::{Value, json};
use store::{Access, Context};

use crate::app::{Client, PASSWORD, SignedUp, TestApp, recipe};

struct Write {
    method: &'static str,
    path: &'static str,
    body: fn() -> Value,
    /// The status without a revocation.
    status: u16,
    /// Whether the caller must be an administrator.
    admin: bool,
}

/// Every documented operation that reads a body and requires a caller.
const WRITES: &[Write] = &[
    Write { method: "post", path: "/api/v1/recipes", body: stew, status: 201, admin: false },
    Write { method: "post", path: "/api/v1/recipes/import", body: stew, status: 200, admin: false },
    Write {
        method: "post",
        path: "/api/v1/recipes/bulk",
        body: || json!({"operations": [{"op": "create", "recipe": stew()}]}),
        status: 200,
        admin: false,
    },
    Write { method: "put", path: "/api/v1/recipes/{id}", body: stew, status: 200, admin: true },
    Write {
        method: "put",
        path: "/api/v1/recipes/{id}/rating",
        body: || json!({"rating": 4}),
        status: 204,
        admin: true,
    },
    Write { method: "patch", path: "/api/v1/recipes/{id}", body: stew, status: 200, admin: true },
    Write {
        method: "post",
        path: "/api/v1/recipes/{id}/cooked",
        body: || json!({"note": "With less salt"}),
        status: 201,
        admin: false,
    },
    // A picture is sent, not this body.
    Write { method: "put", path: "/api/v1/recipes/{id}/image", body: stew, status: 200, admin: true },
    Write {
        method: "put",
        path: "/api/v1/recipes/{id}/steps/{step}/image",
        body: stew,
        status: 200,
        admin: true,
    },
    Write {
        method: "put",
        path: "/api/v1/plan",
        body: || json!({"days": [{"date": "2026-01-02", "meals": [{"note": "Out"}]}]}),
        status: 204,
        admin: false,
    },
    Write {
        method: "post",
        path: "/api/v1/plan/meals",
        body: || json!({"date": "2026-01-02", "note": "Out"}),
        status: 201,
        admin: false,
    },
    Write {
        method: "post",
        path: "/api/v1/shopping-list",
        body: || json!({"items": ["Milk"]}),
        status: 204,
        admin: false,
    },
    Write {
        method: "patch",
        path: "/api/v1/shopping-list/{id}",
        body: || json!({"ticked": true}),
        status: 204,
        admin: false,
    },
    // A code that no household has.
    Write {
        method: "post",
        path: "/api/v1/household/join",
        body: || json!({"code": "b3BlbnNlc2FtZQ"}),
        status: 404,
        admin: false,
    },
    Write {
        method: "post",
        path: "/api/v1/recipes/{id}/shares",
        body: || json!({}),
        status: 201,
        admin: true,
    },
    Write {
        method: "post",
        path: "/api/v1/admin/recipes/transfer",
        // Of Bob.
        body: || json!({"from": 3, "to": null}),
        status: 200,
        admin: true,
    },
    Write {
        method: "patch",
        path: "/api/v1/users/me",
        body: || json!({"name": "Eve"}),
        status: 200,
        admin: false,
    },
    Write {
        method: "patch",
        path: "/api/v1/users/me",
        body: || json!({"email": "eve@example.org", "password": PASSWORD}),
        status: 200,
        admin: false,
    },
    Write { method: "delete", path: "/api/v1/users/me", body: password, status: 204, admin: false },
    Write {
        method: "put",
        path: "/api/v1/users/me/password",
        body: || json!({"currentPassword": PASSWORD, "newPassword": "a pinch of saffron", "endApiTokens": true}),
        status: 204,
        admin: false,
    },
    Write {
        method: "post",
        path: "/api/v1/users/me/api-tokens",
        body: || json!({"name": "A program", "scopes": ["account"]}),
        status: 201,
        admin: false,
    },
    Write {
        method: "patch",
        path: "/api/v1/admin/users/{id}",
        body: || json!({"disabled": true}),
        status: 200,
        admin: true,
    },
    Write { method: "post", path: "/api/v1/admin/invitations", body: || json!({}), status: 201, admin: true },
    Write { method: "post", path: "/api/v1/admin/webhooks", body: webhook, status: 201, admin: true },
    Write {
        method: "patch",
        path: "/api/v1/admin/webhooks/{id}",
        body: || json!({"disabled": true}),
        status: 200,
        admin: true,
    },
    Write { method: "post", path: "/api/v1/admin/clients", body: kitchen_timer, status: 201, admin: true },
    Write {
        method: "patch",
        path: "/api/v1/admin/clients/{clientId}",
        body: || json!({"disabled": true}),
        status: 200,
        admin: true,
    },
];

fn stew() -> Value {
    recipe("Stew")
}

fn kitchen_timer() -> Value {
    json!({"name": "Kitchen Timer", "kind": "web", "redirectUris": ["https://kitchen.example/callback"]})
}

fn webhook() -> Value {
    json!({"url": "https://kitchen.example/hook"})
}

fn password() -> Value {
    json!({"password": PASSWORD})
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Revocation {
    None,
    LogOut,
    ApiTokenRevoked,
    Disabled,
    Demoted,
    Deleted,
}

#[test]
fn every_documented_write_with_a_caller_is_listed() {
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    let mut documented = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if operation.get("requestBody").is_some() && operation.get("security").is_some() {
                documented.push(format!("{method} {path}"));
            }
        }
    }
    let mut listed: Vec<_> = WRITES.iter().map(|write| format!("{} {}", write.method, write.path)).collect();
    documented.sort();
    listed.sort();
    listed.dedup();
    assert_eq!(listed, documented);
}

#[tokio::test]
async fn a_session_that_ends_while_the_body_arrives_writes_nothing() {
    for write in WRITES {
        let app = new_app().await;
        check(&app, write, Revocation::None, write.status).await;
        for revocation in [Revocation::LogOut, Revocation::Disabled, Revocation::Deleted] {
            check(&app, write, revocation, 401).await;
        }
    }
}

#[tokio::test]
async fn an_api_token_that_is_revoked_while_the_body_arrives_writes_nothing() {
    let app = new_app().await;
    // The other operations refuse API tokens.
    for write in WRITES.iter().filter(|write| !write.admin && !write.path.ends_with("/api-tokens")) {
        check(&app, write, Revocation::ApiTokenRevoked, 401).await;
    }
}

#[tokio::test]
async fn an_administrator_who_is_demoted_while_the_body_arrives_acts_as_a_user() {
    for write in WRITES {
        let status = match write {
            // The private recipe of another user.
            Write { path, .. } if path.starts_with("/api/v1/recipes/{id}") => 404,
            Write { admin: true, .. } => 403,
            Write { status, .. } => *status,
        };
        check(&new_app().await, write, Revocation::Demoted, status).await;
    }
}

async fn new_app() -> TestApp {
    let app = TestApp::new();
    app.admin().await; // So that Ada is not the last administrator.
    app
}

/// Signs up a new administrator, sends a write in that name, and revokes the right when the server asks for the body.
async fn check(app: &TestApp, write: &Write, revocation: Revocation, status: u16) {
    app.clock.advance(Duration::from_secs(1));
    let ada = format!("ada-{}@example.org", app.clock.now().as_second());
    let SignedUp { client, .. } = app.signed_up(&ada).await;
    let ada = Email::parse(&ada).unwrap();
    let operator = Context::operator(app.clock.now());
    let id = app.store.set_role(&ada, Role::Admin, operator).await.unwrap().unwrap().id;
    let bob = app.user("bob", Role::User).await.id;
    let path = match write.path {
        path if path.starts_with("/api/v1/recipes/{id}") => {
            let mut private = recipe("Bob's secret");
            private["visibility"] = json!("private");
            private["instructions"] = json!(["Stir."]);
            let created = app.bob().await.post("/api/v1/recipes", &private).await.is(201);
            path.replace("/api/v1/recipes/{id}", created.header("location")).replace("{step}", "1")
        }
        "/api/v1/admin/clients/{clientId}" => {
            let created =
                app.admin().await.post("/api/v1/admin/clients", &kitchen_timer()).await.is(201).json();
            format!("/api/v1/admin/clients/{}", created["data"]["clientId"].as_str().unwrap())
        }
        "/api/v1/admin/webhooks/{id}" => {
            let created = app.admin().await.post("/api/v1/admin/webhooks", &webhook()).await.is(201);
            created.header("location").to_owned()
        }
        "/api/v1/shopping-list/{id}" => {
            client.post("/api/v1/shopping-list", &json!({"items": ["Salt"]})).await.is(204);
            let list = client.get("/api/v1/shopping-list").await.is(200).json();
            format!("/api/v1/shopping-list/{}", list["data"][0]["id"].as_str().unwrap())
        }
        path => path.replace("{id}", &bob.to_string()),
    };
    let caller = match revocation {
        Revocation::ApiTokenRevoked => {
            let new = json!({"name": "A program", "scopes": ["recipes:write", "account"]});
            let made = client.post("/api/v1/users/me/api-tokens", &new).await.is(201).json();
            client.bearing(made["data"]["token"].as_str().unwrap())
        }
        _ => client.bearing(client.token()),
    };

    let revoke = {
        let (store, clock, client) = (app.store.clone(), app.clock.clone(), client);
        async move {
            let operator = Context::operator(clock.now());
            match revocation {
                Revocation::None => {}
                Revocation::LogOut => drop(client.post("/api/v1/users/logout", &json!({})).await.is(204)),
                Revocation::ApiTokenRevoked => revoke_api_token(&client).await,
                Revocation::Disabled => {
                    drop(store.set_access(&ada, Access::Disabled, operator).await.unwrap());
                }
                Revocation::Demoted => drop(store.set_role(&ada, Role::User, operator).await.unwrap()),
                Revocation::Deleted => {
                    let (_, hash) = store.user_by_email(&ada).await.unwrap().unwrap();
                    assert!(store.delete_user(id, hash.as_ref(), operator).await.unwrap());
                }
            }
        }
    };
    let before = state(app, id, bob).await;
    let bytes = if write.path.ends_with("/image") {
        crate::images::picture(4, 3, 1, image::ImageFormat::Jpeg)
    } else {
        (write.body)().to_string().into_bytes()
    };
    let body = Body::from_stream(futures_util::stream::once(async move {
        revoke.await;
        Ok::<_, io::Error>(bytes)
    }));
    let method: Method = write.method.to_uppercase().parse().unwrap();
    let request =
        caller.request(method, &path).header("content-type", "application/json").body(body).unwrap();
    let answer = caller.send(request).await;
    assert_eq!(answer.status.as_u16(), status, "{} {path} {revocation:?}: {answer:?}", write.method);
    if status >= 400 && revocation != Revocation::Deleted {
        assert_eq!(state(app, id, bob).await, before, "{} {path} {revocation:?}", write.method);
    }
}

async fn revoke_api_token(client: &Client) {
    let tokens = client.get("/api/v1/users/me/api-tokens").await.is(200).json();
    let id = tokens["data"][0]["id"].as_str().unwrap();
    client.delete(&format!("/api/v1/users/me/api-tokens/{id}")).await.is(204);
}

/// What the writes change, except what the revocations themselves change.
async fn state(app: &TestApp, ada: UserId, bob: UserId) -> Value {
    let recipes = app.admin().await.get("/api/v1/recipes").await.is(200).json();
    let user = async |id| app.store.user(id).await.unwrap();
    let shares = app.store.shares_of(ada).await.unwrap().len();
    let (ada, bob) = (user(ada).await, user(bob).await);
    let clients = app.store.clients().await.unwrap();
    let january = (date(2026, 1, 1), date(2026, 1, 31));
    let (plan, list) = match &ada {
        Some(ada) => (
            app.store.plan(ada.id, january.0, january.1).await.unwrap(),
            app.store.shopping_list(ada.id).await.unwrap(),
        ),
        None => (Vec::new(), Vec::new()),
    };
    json!({
        "plan": format!("{plan:?} {list:?}"),
        "recipes": recipes,
        "shares": shares,
        "ada": ada.as_ref().map(|ada| (&ada.name, &ada.email)),
        "bob": bob.map(|bob| bob.disabled),
        "clients": clients.iter().map(|client| &client.record).collect::<Vec<_>>(),
        "password": match &ada {
            Some(ada) => app.store.user_by_email(&ada.email).await.unwrap().unwrap().1
                .map(|hash| hash.as_str().to_owned()),
            None => None,
        },
        "invitations": app.store.count_invitations(app.clock.now()).await.unwrap(),
    })
}
