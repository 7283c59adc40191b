//! `READING=members`: an instance of a household or a company.

use http::Method;
use recipes_server::use_cases::accounts::Reading;

use crate::app::TestApp;

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
    app.anonymous().send(request.body(axum::body::Body::empty()).unwrap()).await.is(401);
}
