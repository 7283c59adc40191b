//! The permission matrix of the pages. The recipe in the paths is Alice's.

use accounts::Role;

use super::browser::{Browser, index_is_built};
use crate::app::{TestApp, recipe};

#[derive(Clone, Copy, Debug)]
enum Caller {
    Visitor,
    OtherUser,
    /// Reads only.
    Viewer,
    Owner,
    Admin,
}

const CALLERS: [Caller; 5] =
    [Caller::Visitor, Caller::OtherUser, Caller::Viewer, Caller::Owner, Caller::Admin];

// 303 of a visitor leads to the log-in, that of the others to the page after the change.
const MATRIX: &[(&str, &str, [u16; 5])] = &[
    ("get", "/", [200, 200, 200, 200, 200]),
    ("get", "/about", [200, 200, 200, 200, 200]),
    ("post", "/language", [303, 303, 303, 303, 303]),
    ("get", "/recipes", [200, 200, 200, 200, 200]),
    ("get", "/recipes/1", [200, 200, 200, 200, 200]),
    ("get", "/recipes/2", [404, 404, 404, 200, 200]),
    ("get", "/recipes/new", [303, 200, 403, 200, 200]),
    ("post", "/recipes/new", [403, 422, 403, 422, 422]),
    ("get", "/recipes/import", [303, 200, 403, 200, 200]),
    ("post", "/recipes/import", [303, 403, 403, 403, 403]),
    ("get", "/recipes/export", [303, 200, 200, 200, 200]),
    ("get", "/recipes/1/edit", [303, 403, 403, 200, 200]),
    ("get", "/recipes/2/edit", [303, 404, 404, 200, 200]),
    ("post", "/recipes/1/edit", [403, 403, 403, 412, 412]),
    ("post", "/recipes/2/edit", [403, 404, 404, 412, 412]),
    ("post", "/recipes/1/favourite", [303, 303, 303, 303, 303]),
    ("post", "/recipes/1/cooked", [303, 303, 303, 303, 303]),
    ("post", "/recipes/1/rating", [303, 422, 422, 422, 422]),
    ("get", "/recipes/1/delete", [303, 403, 403, 200, 200]),
    ("post", "/recipes/1/delete", [303, 403, 403, 412, 412]),
    ("post", "/recipes/2/delete", [303, 404, 403, 412, 412]),
    ("post", "/recipes/1/image", [303, 403, 403, 403, 403]),
    ("get", "/recipes/1/history", [200, 200, 200, 200, 200]),
    ("get", "/recipes/2/history", [404, 404, 404, 200, 200]),
    ("post", "/recipes/1/history", [303, 403, 403, 412, 412]),
    ("post", "/recipes/2/history", [303, 404, 403, 412, 412]),
    ("get", "/bin", [303, 200, 403, 200, 200]),
    ("post", "/bin", [303, 404, 403, 404, 404]),
    ("get", "/plan", [303, 200, 200, 200, 200]),
    ("post", "/plan", [303, 422, 422, 422, 422]),
    ("post", "/plan/meals/1", [303, 404, 404, 404, 404]),
    ("get", "/shopping-list", [303, 200, 200, 200, 200]),
    ("post", "/shopping-list", [303, 422, 422, 422, 422]),
    ("post", "/shopping-list/1", [303, 404, 404, 404, 404]),
    ("get", "/household", [303, 200, 200, 200, 200]),
    ("post", "/household", [303, 422, 422, 422, 422]),
    ("get", "/household/join", [303, 200, 200, 200, 200]),
    ("post", "/household/join", [303, 404, 404, 404, 404]),
    ("get", "/recipes/1/shares", [303, 403, 403, 200, 200]),
    ("get", "/recipes/2/shares", [303, 404, 403, 200, 200]),
    ("post", "/recipes/1/shares", [303, 403, 403, 200, 200]),
    ("post", "/recipes/2/shares", [303, 404, 403, 200, 200]),
    ("get", "/shared", [404, 404, 404, 404, 404]),
    ("get", "/log-in", [200, 303, 303, 303, 303]),
    ("post", "/log-in", [401, 401, 401, 401, 401]),
    ("post", "/log-out", [303, 303, 303, 303, 303]),
    ("get", "/sign-up", [200, 200, 200, 200, 200]),
    ("post", "/sign-up", [422, 422, 422, 422, 422]),
    ("get", "/account/sign-up", [200, 200, 200, 200, 200]),
    ("post", "/account/sign-up", [422, 422, 422, 422, 422]),
    ("get", "/forgotten-password", [200, 200, 200, 200, 200]),
    ("post", "/forgotten-password", [422, 422, 422, 422, 422]),
    ("get", "/account/reset-password", [200, 200, 200, 200, 200]),
    ("post", "/account/reset-password", [422, 422, 422, 422, 422]),
    ("get", "/account/verify-email", [200, 200, 200, 200, 200]),
    ("post", "/account/verify-email", [422, 422, 422, 422, 422]),
    ("get", "/account", [303, 200, 200, 200, 200]),
    ("post", "/account/profile", [303, 422, 422, 422, 422]),
    ("post", "/account/password", [303, 422, 422, 422, 422]),
    ("post", "/account/verification", [303, 303, 303, 303, 303]),
    ("post", "/account/tokens", [303, 422, 422, 422, 422]),
    ("post", "/account/delete", [303, 403, 403, 403, 403]),
    ("get", "/account/export", [303, 200, 200, 200, 200]),
    ("post", "/account/sessions", [303, 303, 303, 303, 303]),
    ("get", "/admin", [303, 403, 403, 403, 200]),
    ("get", "/admin/users", [303, 403, 403, 403, 200]),
    ("get", "/admin/users/1", [303, 403, 403, 403, 200]),
    ("post", "/admin/users/1", [303, 403, 403, 403, 303]),
    ("get", "/admin/invitations", [303, 403, 403, 403, 200]),
    ("post", "/admin/invitations", [303, 403, 403, 403, 200]),
    ("get", "/admin/audit", [303, 403, 403, 403, 200]),
    ("get", "/admin/clients", [303, 403, 403, 403, 200]),
    ("get", "/admin/webhooks", [303, 403, 403, 403, 200]),
    ("get", "/admin/first-run", [404, 404, 404, 404, 404]),
    ("post", "/admin/first-run", [422, 422, 422, 422, 422]),
];

#[tokio::test]
async fn every_page_answers_each_caller_as_the_matrix_says() {
    let app = TestApp::new();
    let alice = app.alice().await;
    alice.posts_recipe("Soup").await;
    let mut private = recipe("Secret");
    private["visibility"] = "private".into();
    alice.post("/api/v1/recipes", &private).await.is(201);
    app.admin().await;
    index_is_built(&app).await;
    let mut wrong = Vec::new();
    for (method, path, statuses) in MATRIX {
        for (caller, expected) in CALLERS.iter().zip(statuses) {
            let mut browser = match caller {
                Caller::Visitor => Browser::new(&app),
                Caller::OtherUser => Browser::of(&app, "bob", Role::User).await,
                Caller::Viewer => Browser::of(&app, "vera", Role::Viewer).await,
                Caller::Owner => Browser::of(&app, "alice", Role::User).await,
                Caller::Admin => Browser::of(&app, "root", Role::Admin).await,
            };
            let answer = if *method == "get" {
                browser.get(path).await
            } else {
                let with_form = if matches!(caller, Caller::Visitor) { "/log-in" } else { "/account" };
                browser.submit(with_form, path, &[]).await
            };
            if answer.status.as_u16() != *expected {
                wrong.push(format!("{method} {path} by {caller:?}: {} instead of {expected}", answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn matrix_has_every_page() {
    let app = TestApp::new();
    let in_matrix = |path: &str| MATRIX.iter().any(|(_, listed, _)| *listed == path);
    for path in recipes_server::web::PATHS {
        // Each has tests of its own.
        let is_file = ["/-/{file}", "/manifest.webmanifest", "/sw.js"].contains(path);
        let is_of_new_resource = [
            "/recipes/{id}/cooked/{entry}",
            "/account/sessions/{id}",
            "/account/tokens/{id}",
            "/admin/invitations/{id}",
            "/recipes/{id}/shares/{share}",
        ]
        .contains(path);
        assert!(is_file || is_of_new_resource || in_matrix(&path.replace("{id}", "1")), "{path}");
        let request = app.anonymous().request(http::Method::TRACE, path);
        // 405: there is a route.
        app.anonymous().send(request.body("".into()).unwrap()).await.is(405);
    }
}

#[tokio::test]
async fn pages_are_for_sessions_and_not_for_programs() {
    let app = TestApp::new();
    let program = app.program(&["recipes:read", "recipes:write", "account"]).await;
    for path in ["/recipes", "/account", "/recipes/new", "/admin"] {
        let request = program.request(http::Method::GET, path).header("accept", "text/html");
        program.send(request.body("".into()).unwrap()).await.is(403);
    }
}
