//! The permission matrix: the status that every documented operation answers to each kind of caller.

use std::time::Duration;

use accounts::{Role, TokenDigest};
use http::Method;
use recipes_server::openapi_json;
use serde_json::{Value, json};
use store::{ConsentRow, Context, NewCode, NewConsent};

use crate::app::{Client, TestApp, recipe};

/// The kinds of callers. The resources in the paths belong to Alice.
#[derive(Clone, Copy, Debug)]
enum Caller {
    Anonymous,
    OtherUser,
    /// A user with the role viewer.
    Viewer,
    Owner,
    Admin,
    /// A program with an API token of the owner that has the scope `recipes:read`.
    ReadToken,
    /// The same with `recipes:write`.
    WriteToken,
    /// The same with `account`.
    AccountToken,
}

struct Row {
    method: &'static str,
    path: &'static str,
    statuses: [u16; CALLERS.len()],
}

/// A table of statuses, with the caller of each column in its first row.
macro_rules! matrix {
    (callers: $($caller:ident)+; $($method:ident $path:literal: $($status:literal)+;)+) => {
        const CALLERS: &[Caller] = &[$(Caller::$caller),+];
        const MATRIX: &[Row] =
            &[$(Row { method: stringify!($method), path: $path, statuses: [$($status),+] }),+];
    };
}

// Every body is a recipe, so 422 shows that the caller passed the permission check of another operation.
matrix! {
    callers:                                         Anonymous OtherUser Viewer Owner Admin ReadToken WriteToken AccountToken;
    get    "/api/v1/recipes":                              200       200    200   200   200       200        403          403;
    post   "/api/v1/recipes":                              401       201    403   201   201       403        201          403;
    post   "/api/v1/recipes/bulk":                         401       422    403   422   422       403        422          403;
    get    "/api/v1/health-labels":                        200       200    200   200   200       200        403          403;
    post   "/api/v1/recipes/import":                       401       200    403   200   200       403        200          403;
    get    "/api/v1/recipes/facets":                       200       200    200   200   200       200        403          403;
    get    "/api/v1/recipes/suggest":                      200       200    200   200   200       200        403          403;
    get    "/api/v1/recipes/changes":                   200       200    200   200   200       200        403          403;
    get    "/api/v1/recipes/{id}":                         200       200    200   200   200       200        403          403;
    put    "/api/v1/recipes/{id}":                         401       403    403   200   200       403        200          403;
    patch  "/api/v1/recipes/{id}":                         401       403    403   200   200       403        403          403;
    delete "/api/v1/recipes/{id}":                         401       403    403   204   204       403        204          403;
    get    "/api/v1/recipes/bin":                          401       200    403   200   200       200        403          403;
    post   "/api/v1/recipes/bin/{id}/restore":             401       404    403   200   200       403        403          403;
    delete "/api/v1/recipes/bin/{id}":                     401       404    403   204   204       403        204          403;
    get    "/api/v1/recipes/{id}/revisions":               200       200    200   200   200       200        403          403;
    get    "/api/v1/recipes/{id}/revisions/{revision}":    200       200    200   200   200       200        403          403;
    get    "/api/v1/recipes/{id}/revisions/{revision}/diff": 200     200    200   200   200       200        403          403;
    post   "/api/v1/recipes/{id}/revisions/{revision}/restore": 401  403    403   200   200       403        403          403;
    get    "/api/v1/recipes/{id}/label-hints":             200       200    200   200   200       200        403          403;
    get    "/api/v1/recipes/{id}/cooked":                  401       200    200   200   200       200        403          403;
    post   "/api/v1/recipes/{id}/cooked":                  401       201    201   201   201       403        201          403;
    delete "/api/v1/recipes/{id}/cooked/{entry}":          401       404    404   204   404       403        204          403;
    get    "/api/v1/recipes/{id}/image":                   404       404    404   404   404       404        403          403;
    put    "/api/v1/recipes/{id}/image":                   401       403    403   422   422       403        422          403;
    delete "/api/v1/recipes/{id}/image":                   401       403    403   404   404       403        404          403;
    get    "/api/v1/recipes/{id}/steps/{step}/image":      404       404    404   404   404       404        403          403;
    put    "/api/v1/recipes/{id}/steps/{step}/image":      401       403    403   422   422       403        422          403;
    delete "/api/v1/recipes/{id}/steps/{step}/image":      401       403    403   404   404       403        404          403;
    get    "/api/v1/recipes/{id}/rating":               401       404    404   200   404       200        403          403;
    put    "/api/v1/recipes/{id}/rating":               401       422    422   422   422       403        422          403;
    delete "/api/v1/recipes/{id}/rating":               401       204    204   204   204       403        204          403;
    put    "/api/v1/recipes/{id}/favourite":               401       204    204   204   204       403        204          403;
    delete "/api/v1/recipes/{id}/favourite":               401       204    204   204   204       403        204          403;
    get    "/api/v1/recipes/{id}/shares":                  401       403    403   200   200       403        200          403;
    post   "/api/v1/recipes/{id}/shares":                  401       403    403   201   201       403        201          403;
    delete "/api/v1/recipes/{id}/shares/{share}":          401       403    403   204   204       403        204          403;
    get    "/api/v1/shared-recipe":                        200       200    200   200   200       200        200          200;
    get    "/api/v1/plan":                                 401       200    200   200   200       200        403          403;
    put    "/api/v1/plan":                                 401       422    422   422   422       403        422          403;
    post   "/api/v1/plan/meals":                           401       422    422   422   422       403        422          403;
    delete "/api/v1/plan/meals/{id}":                      401       404    404   204   404       403        204          403;
    post   "/api/v1/plan/calendar":                        401       201    201   201   201       403        403          201;
    delete "/api/v1/plan/calendar":                        401       404    404   204   404       403        403          204;
    get    "/api/v1/plan/calendar.ics":                    404       404    404   404   404       404        404          404;
    get    "/api/v1/shopping-list":                        401       200    200   200   200       200        403          403;
    post   "/api/v1/shopping-list":                        401       422    422   422   422       403        422          403;
    delete "/api/v1/shopping-list":                        401       204    204   204   204       403        204          403;
    patch  "/api/v1/shopping-list/{id}":                   401       404    404   204   404       403        204          403;
    delete "/api/v1/shopping-list/{id}":                   401       404    404   204   404       403        204          403;
    get    "/api/v1/household":                            401       200    200   200   200       403        403          200;
    delete "/api/v1/household":                            401       404    404   204   404       403        403          204;
    post   "/api/v1/household/invitation":                 401       201    201   201   201       403        403          201;
    post   "/api/v1/household/join":                       401       422    422   422   422       403        403          422;
    post   "/api/v1/users/signup":                         422       422    422   422   422       422        422          422;
    post   "/api/v1/users/login":                          422       422    422   422   422       422        422          422;
    post   "/api/v1/users/refresh":                        422       422    422   422   422       422        422          422;
    post   "/api/v1/users/verification":                   401       202    202   202   202       403        403          202;
    post   "/api/v1/users/verification/confirm":           422       422    422   422   422       422        422          422;
    post   "/api/v1/users/password-reset":                 422       422    422   422   422       422        422          422;
    post   "/api/v1/users/password-reset/confirm":         422       422    422   422   422       422        422          422;
    post   "/api/v1/users/logout":                         401       204    204   204   204       403        403          403;
    post   "/api/v1/users/logout/others":                  401       204    204   204   204       403        403          403;
    post   "/api/v1/users/logout/all":                     401       204    204   204   204       403        403          204;
    get    "/api/v1/users/me":                             401       200    200   200   200       403        403          200;
    patch  "/api/v1/users/me":                             401       200    200   200   200       403        403          200;
    delete "/api/v1/users/me":                             401       422    422   422   422       403        403          422;
    put    "/api/v1/users/me/password":                    401       422    422   422   422       403        403          422;
    get    "/api/v1/users/me/export":                      401       200    200   200   200       403        403          200;
    get    "/api/v1/users/me/sessions":                    401       200    200   200   200       403        403          200;
    delete "/api/v1/users/me/sessions/{id}":               401       404    404   204   404       403        403          204;
    get    "/api/v1/users/me/api-tokens":                  401       200    200   200   200       403        403          200;
    post   "/api/v1/users/me/api-tokens":                  401       422    422   422   422       403        403          422;
    delete "/api/v1/users/me/api-tokens/{id}":             401       404    404   204   404       403        403          204;
    get    "/api/v1/users/me/applications":                401       200    200   200   200       403        403          200;
    delete "/api/v1/users/me/applications/{clientId}":     401       404    404   204   404       403        403          204;
    get    "/api/v1/admin/clients":                        401       403    403   403   200       403        403          403;
    post   "/api/v1/admin/clients":                        401       403    403   403   422       403        403          403;
    get    "/api/v1/admin/clients/{clientId}":             401       403    403   403   200       403        403          403;
    patch  "/api/v1/admin/clients/{clientId}":             401       403    403   403   200       403        403          403;
    delete "/api/v1/admin/clients/{clientId}":             401       403    403   403   204       403        403          403;
    post   "/api/v1/admin/clients/{clientId}/secret":      401       403    403   403   201       403        403          403;
    get    "/api/v1/admin/webhooks":                    401       403    403   403   200       403        403          403;
    post   "/api/v1/admin/webhooks":                    401       403    403   403   422       403        403          403;
    get    "/api/v1/admin/webhooks/{id}":               401       403    403   403   200       403        403          403;
    patch  "/api/v1/admin/webhooks/{id}":               401       403    403   403   200       403        403          403;
    delete "/api/v1/admin/webhooks/{id}":               401       403    403   403   204       403        403          403;
    post   "/api/v1/admin/webhooks/{id}/secret":        401       403    403   403   201       403        403          403;
    post   "/api/v1/admin/webhooks/{id}/test":          401       403    403   403   202       403        403          403;
    get    "/api/v1/admin/webhooks/{id}/deliveries":    401       403    403   403   200       403        403          403;
    get    "/api/v1/admin/users":                          401       403    403   403   200       403        403          403;
    get    "/api/v1/admin/users/{id}":                     401       403    403   403   200       403        403          403;
    patch  "/api/v1/admin/users/{id}":                     401       403    403   403   200       403        403          403;
    delete "/api/v1/admin/users/{id}":                     401       403    403   403   204       403        403          403;
    delete "/api/v1/admin/users/{id}/sessions":            401       403    403   403   204       403        403          403;
    post   "/api/v1/admin/users/{id}/password-reset":      401       403    403   403   202       403        403          403;
    get    "/api/v1/admin/audit":                          401       403    403   403   200       403        403          403;
    get    "/api/v1/admin/invitations":                    401       403    403   403   200       403        403          403;
    post   "/api/v1/admin/invitations":                    401       403    403   403   201       403        403          403;
    delete "/api/v1/admin/invitations/{id}":               401       403    403   403   204       403        403          403;
    post   "/api/v1/admin/recipes/transfer":               401       403    403   403   422       403        403          403;
    get    "/healthz":                                     200       200    200   200   200       200        200          200;
    get    "/readyz":                                      200       200    200   200   200       200        200          200;
}

#[test]
fn matrix_has_exactly_the_documented_operations() {
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    let mut documented = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        documented.extend(methods.as_object().unwrap().keys().map(|method| format!("{method} {path}")));
    }
    let mut listed: Vec<_> = MATRIX.iter().map(|row| format!("{} {}", row.method, row.path)).collect();
    documented.sort();
    listed.sort();
    assert_eq!(listed, documented);
}

#[tokio::test]
async fn every_operation_answers_each_caller_as_the_matrix_says() {
    for Row { method, path, statuses } in MATRIX {
        let app = TestApp::new();
        // On a busy machine building the empty index takes a moment, and searches are 503 meanwhile.
        while app.anonymous().get("/readyz").await.is(200).json() != json!({"status": "ok"}) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for (caller, expected) in CALLERS.iter().zip(statuses) {
            let client = client_of(&app, *caller).await;
            let status = call(&client, method, &path_of_alice(&app, path).await, &[]).await;
            assert_eq!(status, *expected, "{method} {path} by {caller:?}");
        }
    }
}

#[tokio::test]
async fn every_refusal_takes_a_stale_cookie_back_and_names_the_scheme() {
    let app = TestApp::new();
    let anonymous = app.anonymous();
    let mut refused = 0;
    for Row { method, path, statuses } in MATRIX {
        if statuses[0] != 401 {
            continue;
        }
        refused += 1;
        let path = path_of_alice(&app, path).await;
        let request = || {
            let method: Method = method.to_uppercase().parse().unwrap();
            let request = anonymous.request(method, &path).header("content-type", "application/json");
            request.header("sec-fetch-site", "same-origin")
        };
        let with = async |name: &str, value: &str| {
            let body = recipe("Stew").to_string().into();
            anonymous.send(request().header(name, value).body(body).unwrap()).await
        };
        if !path.ends_with("/users/logout") {
            let answer = with("cookie", "__Host-token=stale").await.is(401);
            assert!(answer.header("set-cookie").starts_with("__Host-token=; "), "{method} {path}");
        }
        let answer = with("authorization", "JWT x.y.z").await.is(401).json();
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains("must begin with Bearer"), "{method} {path}: {message}");
    }
    assert!(refused > 40, "{refused}");
}

/// Changes of a recipe: the statuses of those with an outdated `If-Match`, and of those without one where the operator demands it.
const CHANGES: [(&str, [[u16; CALLERS.len()]; 2]); 3] = [
    ("put", [[401, 403, 403, 412, 412, 403, 412, 403], [401, 428, 403, 428, 428, 403, 428, 403]]),
    ("patch", [[401, 403, 403, 412, 412, 403, 403, 403], [401, 428, 403, 428, 428, 403, 403, 403]]),
    ("delete", [[401, 403, 403, 412, 412, 403, 412, 403], [401, 428, 403, 428, 428, 403, 428, 403]]),
];

#[tokio::test]
async fn rights_come_before_preconditions() {
    let (app, strict) = (TestApp::new(), TestApp::with_settings(|settings| settings.require_if_match = true));
    for (method, [outdated, missing]) in CHANGES {
        for ((caller, outdated), missing) in CALLERS.iter().zip(outdated).zip(missing) {
            for (app, headers, expected) in
                [(&app, &[("if-match", "\"1-0\"")][..], outdated), (&strict, &[], missing)]
            {
                let url = app.alice().await.posts_recipe("Soup").await;
                let status = call(&client_of(app, *caller).await, method, &url, headers).await;
                assert_eq!(status, expected, "{method} by {caller:?} with {headers:?}");
            }
        }
    }
}

/// A new one for each call, because the previous call may have ended all sessions and tokens of Alice.
async fn client_of(app: &TestApp, caller: Caller) -> Client {
    match caller {
        Caller::Anonymous => app.anonymous(),
        Caller::OtherUser => app.bob().await,
        Caller::Viewer => app.viewer().await,
        Caller::Owner => app.alice().await,
        Caller::Admin => app.admin().await,
        Caller::ReadToken => app.program(&["recipes:read"]).await,
        Caller::WriteToken => app.program(&["recipes:write"]).await,
        Caller::AccountToken => app.program(&["account"]).await,
    }
}

/// The path with the id of a resource of Alice. It is new each time, because the previous call may have deleted the last.
async fn path_of_alice(app: &TestApp, path: &str) -> String {
    if path.contains("{clientId}") {
        return path.replace("{clientId}", &client_of_alice(app).await);
    }
    if let Some(collection) = path.strip_suffix("/invitations/{id}") {
        let admin = app.admin().await;
        let created = admin.post(&format!("{collection}/invitations"), &json!({})).await.is(201);
        return created.header("location").to_owned();
    }
    if path.ends_with("/{share}") || path.ends_with("/shared-recipe") {
        let alice = app.alice().await;
        let shares = format!("{}/shares", alice.posts_recipe("Soup").await);
        let share = alice.post(&shares, &json!({})).await.is(201);
        return if path.ends_with("/{share}") {
            share.header("location").to_owned()
        } else {
            format!("{path}?token={}", share.json()["data"]["token"].as_str().unwrap())
        };
    }
    if let Some(part) = path.strip_prefix("/api/v1/admin/webhooks/{id}") {
        let new = json!({ "url": "https://kitchen.example/hook" });
        let created = app.admin().await.post("/api/v1/admin/webhooks", &new).await.is(201);
        return format!("{}{part}", created.header("location"));
    }
    if let Some(part) = path.strip_prefix("/api/v1/recipes/bin/{id}") {
        let alice = app.alice().await;
        let url = alice.posts_recipe("Soup").await;
        alice.delete(&url).await.is(204);
        return format!("{}{part}", url.replace("/recipes/", "/recipes/bin/"));
    }
    if let Some(part) = path.strip_prefix("/api/v1/recipes/{id}/").filter(|part| !part.contains("{entry}")) {
        let alice = app.alice().await;
        let url = alice.posts_recipe("Soup").await;
        if part == "rating" {
            alice.put(&format!("{url}/rating"), &json!({ "rating": 4 })).await.is(204);
        }
        return format!("{url}/{}", part.replace("{revision}", "1").replace("{step}", "1"));
    }
    if path.starts_with("/api/v1/admin/users/") {
        return path.replace("{id}", &app.user("alice", Role::User).await.id.to_string());
    }
    if path.ends_with("/cooked/{entry}") {
        let alice = app.alice().await;
        let cooked = format!("{}/cooked", alice.posts_recipe("Soup").await);
        return alice.post(&cooked, &json!({})).await.is(201).header("location").to_owned();
    }
    let alice = app.alice().await;
    if path == "/api/v1/plan/calendar" || path == "/api/v1/household" {
        alice.post("/api/v1/plan/calendar", &json!({})).await.is(201);
    }
    if path == "/api/v1/plan/meals/{id}" {
        let today = app.clock.now().to_string()[..10].to_owned();
        let meal = json!({ "date": today, "note": "Out" });
        return alice.post("/api/v1/plan/meals", &meal).await.is(201).header("location").to_owned();
    }
    if path == "/api/v1/shopping-list/{id}" {
        alice.post("/api/v1/shopping-list", &json!({ "items": ["Milk"] })).await.is(204);
    }
    let Some(collection) = path.strip_suffix("/{id}") else { return path.to_owned() };
    if collection.ends_with("/recipes") {
        return alice.posts_recipe("Soup").await;
    }
    if collection.ends_with("/api-tokens") {
        app.program(&["recipes:read"]).await;
    }
    let list = alice.get(collection).await.is(200).json();
    // The newest session is the current one. The newest token is the last one.
    let newest = list["data"].as_array().unwrap().iter().find(|it| it["current"] == true);
    let newest = newest.or(list["data"].as_array().unwrap().last()).unwrap();
    format!("{collection}/{}", newest["id"].as_str().unwrap())
}

/// A new client, which Alice allowed to act for her.
async fn client_of_alice(app: &TestApp) -> String {
    let new = json!({ "name": "Timer", "kind": "web", "redirectUris": ["https://kitchen.example/callback"] });
    let created = app.admin().await.post("/api/v1/admin/clients", &new).await.is(201).json();
    let client = created["data"]["clientId"].as_str().unwrap().to_owned();
    let alice = app.user("alice", Role::User).await.id;
    let consent = ConsentRow { resource: None, scopes: "openid".into() };
    let now = app.clock.now();
    let code = NewCode {
        digest: TokenDigest::of(client.as_bytes()),
        record: "{}".into(),
        expires_at: now,
        user: alice,
        client: client.clone(),
        consent: Some(NewConsent {
            id: TokenDigest::of(client.as_bytes()).as_bytes()[..16].try_into().unwrap(),
            consent,
        }),
        pushed: None,
    };
    app.store.create_code(code, Context::operator(now)).await.unwrap();
    client
}

async fn call(client: &Client, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    let method: Method = method.to_uppercase().parse().unwrap();
    let mut request = client.request(method, path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request.body(recipe("Stew").to_string().into()).unwrap()).await.status.as_u16()
}

#[tokio::test]
async fn recipe_without_owner_can_be_changed_by_every_user() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    app.store
        .delete_user(app.user("alice", Role::User).await.id, None, Context::operator(app.clock.now()))
        .await
        .unwrap();
    app.anonymous().put(&url, &recipe("Stew")).await.is(401);
    let changed = app.bob().await.put(&url, &recipe("Stew")).await.is(200).json();
    assert_eq!(changed["data"].get("ownerId"), None);
    app.bob().await.delete(&url).await.is(204);
}
