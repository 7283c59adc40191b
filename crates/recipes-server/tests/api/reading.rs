//! Who reads: `READING=members`, an instance of a household or a company; and recipes for members.

use http::Method;
use recipes_server::use_cases::accounts::Reading;
use serde_json::{Value, json};

use crate::app::{TestApp, recipe};
use crate::pages::browser::Browser;

const PATHS: [&str; 8] = [
    "/api/v1/recipes",
    "/api/v1/recipes?limit=1",
    "/api/v1/recipes?q=soup",
    "/api/v1/recipes/1",
    "/api/v1/recipes/facets",
    "/api/v1/recipes/suggest?q=s",
    "/api/v1/health-labels",
    "/api/v1/recipes/changes",
];

#[tokio::test]
async fn only_members_read_where_the_operator_says_so() {
    let app = TestApp::with_settings(|settings| settings.reading = Reading::Members);
    app.alice().await.posts_recipe("Soup").await;
    // Once in the caches of responses.
    app.bob().await.get("/api/v1/recipes/1").await.is(200);
    for path in PATHS {
        for method in [Method::GET, Method::HEAD] {
            let request =
                app.anonymous().request(method.clone(), path).body(axum::body::Body::empty()).unwrap();
            let refused = app.anonymous().send(request).await.is(401);
            assert_eq!(refused.header("www-authenticate"), "Bearer", "{method} {path}");
            assert!(!refused.text().contains("Soup"));
        }
        for client in [app.bob().await, app.admin().await, app.program(&["recipes:read"]).await] {
            client.get(path).await.is(200);
        }
        app.program(&["recipes:write"]).await.get(path).await.is(403);
    }
    app.anonymous().get("/healthz").await.is(200);
    app.anonymous().get("/api/v1/openapi.json").await.is(200);
}

#[tokio::test]
async fn cookie_of_an_ended_session_reads_nothing_where_only_members_read() {
    let app = TestApp::with_settings(|settings| settings.reading = Reading::Members);
    app.alice().await.posts_recipe("Soup").await;
    let request =
        app.anonymous().request(Method::GET, "/api/v1/recipes/1").header("cookie", "__Host-token=stale");
    let refused = app.anonymous().send(request.body(axum::body::Body::empty()).unwrap()).await.is(401);
    assert!(refused.header("set-cookie").starts_with("__Host-token=; "), "no page can delete it");
    let request =
        app.anonymous().request(Method::GET, "/api/v1/recipes/1").header("authorization", "JWT x.y.z");
    let refused = app.anonymous().send(request.body(axum::body::Body::empty()).unwrap()).await.is(401);
    assert!(refused.json()["message"].as_str().unwrap().contains("must begin with Bearer"));
}

fn with_visibility(visibility: &str) -> Value {
    let mut fondue = recipe("Fondue");
    fondue["visibility"] = json!(visibility);
    fondue
}

#[tokio::test]
async fn recipe_for_members_is_read_by_users_and_by_no_anonymous_client() {
    let app = TestApp::new();
    let (alice, anonymous) = (app.alice().await, app.anonymous());
    let created = alice.post("/api/v1/recipes", &with_visibility("members")).await.is(201);
    let url = created.header("location").to_owned();
    assert_eq!(created.json()["data"]["visibility"], "members");
    let readers = [app.bob().await, app.viewer().await, app.program(&["recipes:read"]).await];
    for client in &readers {
        client.get(&url).await.is(200);
        assert_eq!(client.get("/api/v1/recipes").await.is(200).json()["data"].as_array().unwrap().len(), 1);
    }
    anonymous.get(&url).await.is(404);
    anonymous.get(&format!("{url}/label-hints")).await.is(404);
    anonymous.get(&format!("{url}/revisions")).await.is(404);
    anonymous.get(&format!("{url}/revisions/1")).await.is(404);
    app.viewer().await.get(&format!("{url}/revisions/1")).await.is(200);
    anonymous.get(&format!("{url}.md")).await.is(404);
    assert_eq!(anonymous.get("/api/v1/recipes").await.is(200).json()["data"], json!([]));
    for (client, lines) in [(&anonymous, 0), (&readers[1], 1)] {
        let all = client.request(Method::GET, "/api/v1/recipes").header("accept", "application/x-ndjson");
        let all = client.send(all.body("".into()).unwrap()).await.is(200).text();
        assert_eq!(all.lines().count(), lines, "{all}");
    }
    let page = url.strip_prefix("/api/v1").unwrap();
    Browser::new(&app).get(page).await.is(404);
    let html = Browser::of(&app, "bob", accounts::Role::User).await.get(page).await.is(200).text();
    assert!(html.contains("For members"), "{html}");
    app.bob().await.put(&url, &recipe("Stew")).await.is(403);
    app.bob().await.put(&format!("{url}/favourite"), &json!({})).await.is(204);
}

#[tokio::test]
async fn cached_response_is_not_served_after_a_recipe_became_one_for_members() {
    let app = TestApp::new();
    let (alice, anonymous) = (app.alice().await, app.anonymous());
    let url = alice.posts_recipe("Fondue").await;
    for _ in 0..2 {
        let etag = anonymous.get(&url).await.is(200).header("etag").to_owned();
        alice.put(&url, &with_visibility("members")).await.is(200);
        app.bob().await.get(&url).await.is(200);
        anonymous.get(&url).await.is(404);
        let request = anonymous.request(Method::GET, &url).header("if-none-match", &etag);
        anonymous.send(request.body("".into()).unwrap()).await.is(404);
        alice.put(&url, &with_visibility("public")).await.is(200);
    }
    alice.put(&url, &with_visibility("everybody")).await.is(422);
}
