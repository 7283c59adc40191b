//! `Idempotency-Key` on every POST that creates: one effect, one answer, and no secret in the database.

use std::collections::BTreeSet;
use std::fs;

use http::Method;
use recipes_server::openapi_json;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::app::{Answer, Client, TestApp, recipe};

async fn post(client: &Client, path: &str, body: &Value, key: &str) -> Answer {
    let request = client.request(Method::POST, path).header("content-type", "application/json");
    client.send(request.header("idempotency-key", key).body(body.to_string().into()).unwrap()).await
}

fn is_replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

/// Requests that create something, of Alice or of an administrator, each with another body or address.
fn requests(day: &str) -> Vec<(&'static str, String, Value, Value)> {
    let client =
        |name: &str| json!({"name": name, "kind": "web", "redirectUris": ["https://a.example/callback"]});
    let meal = |note: &str| json!({"date": day, "note": note});
    let creations = |name: &str| json!({"operations": [{"op": "create", "recipe": recipe(name)}]});
    let of_alice = [
        ("/recipes/1/cooked", json!({"note": "good"}), json!({"note": "bad"})),
        ("/recipes/bulk", creations("Stew"), creations("Tea")),
        ("/recipes/import?onConflict=copy", recipe("Stew"), recipe("Tea")),
        ("/plan/meals", meal("Out"), meal("In")),
        ("/shopping-list", json!({"items": ["Milk"]}), json!({"items": ["Salt"]})),
        ("/users/me/api-tokens", token("phone"), token("laptop")),
    ];
    let of_admin = [
        ("/admin/clients", client("Timer"), client("Scale")),
        ("/admin/invitations", json!({}), json!({"email": "carol@example.com"})),
    ];
    let of = |who| move |(path, body, other)| (who, format!("/api/v1{path}"), body, other);
    of_alice.into_iter().map(of("alice")).chain(of_admin.into_iter().map(of("admin"))).collect()
}

fn token(name: &str) -> Value {
    json!({"name": name, "scopes": ["recipes:read"]})
}

async fn prepared() -> (TestApp, Client, Client) {
    let app = TestApp::new();
    let (alice, admin) = (app.alice().await, app.admin().await);
    alice.posts_recipe("Soup").await;
    (app, alice, admin)
}

/// How many things there are of all kinds.
async fn count(alice: &Client, admin: &Client) -> usize {
    let mut count = 0;
    for (client, path) in [
        (alice, "/recipes"),
        (alice, "/recipes/1/cooked"),
        (alice, "/plan"),
        (alice, "/shopping-list"),
        (alice, "/users/me/api-tokens"),
        (admin, "/admin/clients"),
        (admin, "/admin/invitations"),
    ] {
        let data = client.get(&format!("/api/v1{path}")).await.is(200).json()["data"].clone();
        count += match data.as_array() {
            Some(list) => list.len(),
            None => data["days"]
                .as_array()
                .unwrap()
                .iter()
                .map(|day| day["meals"].as_array().unwrap().len())
                .sum(),
        };
    }
    count
}

#[tokio::test]
async fn repeated_request_has_one_effect_and_one_answer() {
    let (app, alice, admin) = prepared().await;
    let day = app.clock.now().to_string()[..10].to_owned();
    for (index, (who, path, body, other)) in requests(&day).into_iter().enumerate() {
        let client = if who == "alice" { &alice } else { &admin };
        let key = format!("k-{index}");
        let before = count(&alice, &admin).await;
        let first = post(client, &path, &body, &key).await;
        assert!(first.status.is_success() && !is_replayed(&first), "{path}: {}", first.text());
        assert_eq!(count(&alice, &admin).await, before + 1, "{path}");
        let again = post(client, &path, &body, &key).await;
        assert!(is_replayed(&again), "{path}");
        assert_eq!((again.status, &again.body), (first.status, &first.body), "{path}");
        for header in ["location", "content-type", "cache-control"] {
            assert_eq!(again.headers.get(header), first.headers.get(header), "{header} of {path}");
        }
        let refused = post(client, &path, &other, &key).await.is(422).json();
        assert_eq!(refused["code"], "idempotency_key_reused", "{path}");
        assert_eq!(count(&alice, &admin).await, before + 1, "{path}");
        let another = post(client, &path, &other, &format!("{key}-other")).await;
        assert!(another.status.is_success() && !is_replayed(&another), "{path}: {}", another.text());
    }
    let of_another_route = post(&alice, "/api/v1/shopping-list", &json!({"items": ["Tea"]}), "k-0").await;
    assert_eq!(of_another_route.is(422).json()["code"], "idempotency_key_reused");
    // Of another user, the key is another one.
    let token = post(&app.bob().await, "/api/v1/users/me/api-tokens", &token("phone"), "k-5").await.is(201);
    assert!(!is_replayed(&token));
}

#[tokio::test]
async fn secret_that_replaces_another_one_is_made_once() {
    let (app, alice, admin) = prepared().await;
    let new = json!({"name": "Timer", "kind": "web", "redirectUris": ["https://a.example/callback"]});
    let client = admin.post("/api/v1/admin/clients", &new).await.is(201);
    let secret = format!("{}/secret", client.header("location"));
    for (client, path, key) in [
        (&alice, "/api/v1/household/invitation", "a"),
        (&alice, "/api/v1/plan/calendar", "b"),
        (&admin, secret.as_str(), "c"),
    ] {
        let first = post(client, path, &json!({}), key).await.is(201);
        let again = post(client, path, &json!({}), key).await.is(201);
        assert!(is_replayed(&again) && again.body == first.body, "{path}");
        let other = post(client, path, &json!({}), "d").await;
        if path.ends_with("calendar") {
            other.is(422);
        } else {
            assert_ne!(other.is(201).body, first.body, "{path}");
        }
    }
    let code = post(&alice, "/api/v1/household/invitation", &json!({}), "k-3").await.is(201).json();
    let (bob, join) = (app.bob().await, json!({"code": code["data"]["code"]}));
    post(&bob, "/api/v1/household/join", &join, "k").await.is(204);
    assert!(is_replayed(&post(&bob, "/api/v1/household/join", &join, "k").await.is(204)));
    bob.post("/api/v1/household/join", &join).await.is(404);
}

#[tokio::test]
async fn twenty_requests_at_once_have_one_effect() {
    let (app, alice, admin) = prepared().await;
    let day = app.clock.now().to_string()[..10].to_owned();
    for (index, (who, path, body, _)) in requests(&day).into_iter().enumerate() {
        let client = if who == "alice" { &alice } else { &admin };
        let before = count(&alice, &admin).await;
        let mut posts = JoinSet::new();
        for _ in 0..20 {
            let (client, path, body) = (client.bearing(client.token()), path.clone(), body.clone());
            posts.spawn(async move { post(&client, &path, &body, &format!("k-{index}")).await });
        }
        let answers = posts.join_all().await;
        assert_eq!(answers.iter().filter(|answer| is_replayed(answer)).count(), 19, "{path}");
        assert!(answers.iter().all(|answer| answer.body == answers[0].body), "{path}");
        assert_eq!(count(&alice, &admin).await, before + 1, "{path}");
    }
}

#[tokio::test]
async fn refused_request_does_not_use_its_key() {
    let (_app, alice, _admin) = prepared().await;
    let bulk = |id: u64| json!({"operations": [{"op": "delete", "id": id}]});
    post(&alice, "/api/v1/recipes/bulk", &bulk(99), "k").await.is(404);
    let each = json!({"atomic": false, "operations": [{"op": "delete", "id": 99}]});
    assert!(!is_replayed(&post(&alice, "/api/v1/recipes/bulk", &each, "k").await.is(200)));
    post(&alice, "/api/v1/recipes/import", &json!([{}]), "k").await.is(422);
    assert!(!is_replayed(&post(&alice, "/api/v1/recipes/bulk", &bulk(1), "k").await.is(200)));
    assert!(is_replayed(&post(&alice, "/api/v1/recipes/bulk", &bulk(1), "k").await.is(200)));
    for key in ["", "a b", "\""] {
        post(&alice, "/api/v1/plan/calendar", &json!({}), key).await.is(400);
    }
}

#[tokio::test]
async fn report_of_an_import_is_repeated() {
    let (_app, alice, _admin) = prepared().await;
    let lines = [recipe("Stew").to_string(), "{}".to_owned(), recipe("Tea").to_string()].join("\n");
    let import = async |key: &str, accept: &str| {
        let request = alice.request(Method::POST, "/api/v1/recipes/import").header("accept", accept);
        let request = request.header("content-type", "application/x-ndjson").header("idempotency-key", key);
        alice.send(request.body(lines.clone().into()).unwrap()).await.is(200)
    };
    let first = import("k", "application/json").await;
    assert_eq!(first.json()["data"]["summary"]["added"], 2);
    let again = import("k", "application/json").await;
    assert!(is_replayed(&again) && again.body == first.body);
    let streamed = import("k-2", "application/x-ndjson").await;
    assert_eq!(streamed.header("content-type"), "application/x-ndjson");
    assert_eq!(streamed.text().lines().count(), 4);
    let last: Value = serde_json::from_str(streamed.text().lines().last().unwrap()).unwrap();
    assert_eq!(last["summary"]["alreadyThere"], 2, "{last}");
    assert_eq!(alice.get("/api/v1/recipes").await.json()["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn api_token_does_not_get_the_answer_to_a_session() {
    let (app, alice, _admin) = prepared().await;
    let made = post(&alice, "/api/v1/users/me/api-tokens", &token("phone"), "k").await.is(201);
    let program = app.program(&["account"]).await;
    let refused = post(&program, "/api/v1/users/me/api-tokens", &token("phone"), "k").await.is(422);
    assert!(!refused.text().contains(made.json()["data"]["token"].as_str().unwrap()));
}

#[tokio::test]
async fn database_does_not_contain_secrets() {
    let app = TestApp::on_sqlite();
    let (alice, admin) = (app.alice().await, app.admin().await);
    let client = json!({"name": "Timer", "kind": "web", "redirectUris": ["https://a.example/callback"]});
    let mut secrets = Vec::new();
    for (client, path, body, member) in [
        (&alice, "/api/v1/users/me/api-tokens", token("phone"), "token"),
        (&alice, "/api/v1/household/invitation", json!({}), "code"),
        (&admin, "/api/v1/admin/clients", client, "clientSecret"),
        (&admin, "/api/v1/admin/invitations", json!({}), "token"),
    ] {
        let answer = post(client, path, &body, path).await.is(201).json();
        assert!(is_replayed(&post(client, path, &body, path).await.is(201)));
        secrets.push(answer["data"][member].as_str().unwrap().to_owned());
    }
    let mut bytes = Vec::new();
    for file in fs::read_dir(app.folder()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            bytes.extend(fs::read(path).unwrap());
        }
    }
    let contains = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(contains("phone"), "the files of the database are read");
    for secret in secrets {
        assert!(!contains(&secret), "{secret}");
    }
}

#[test]
fn each_post_is_decided() {
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    let (mut with_key, mut without) = (BTreeSet::new(), BTreeSet::new());
    for (path, methods) in document["paths"].as_object().unwrap() {
        let Some(post) = methods.get("post") else { continue };
        let parameters = post["parameters"].as_array().cloned().unwrap_or_default();
        let has_key = parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key");
        let set = if has_key { &mut with_key } else { &mut without };
        set.insert(path.trim_start_matches("/api/v1"));
    }
    assert_eq!(
        with_key.into_iter().collect::<Vec<_>>(),
        [
            "/admin/clients",
            "/admin/clients/{clientId}/secret",
            "/admin/invitations",
            "/admin/webhooks",
            "/admin/webhooks/{id}/secret",
            "/household/invitation",
            "/household/join",
            "/plan/calendar",
            "/plan/meals",
            "/recipes",
            "/recipes/bulk",
            "/recipes/import",
            "/recipes/{id}/cooked",
            "/recipes/{id}/shares",
            "/shopping-list",
            "/users/me/api-tokens",
        ]
    );
    assert_eq!(
        without.into_iter().collect::<Vec<_>>(),
        [
            "/admin/recipes/transfer",
            "/admin/users/{id}/password-reset",
            "/admin/webhooks/{id}/test",
            "/recipes/bin/{id}/restore",
            "/recipes/{id}/revisions/{revision}/restore",
            "/users/login",
            "/users/logout",
            "/users/logout/all",
            "/users/logout/others",
            "/users/password-reset",
            "/users/password-reset/confirm",
            "/users/refresh",
            "/users/signup",
            "/users/verification",
            "/users/verification/confirm",
        ]
    );
}
