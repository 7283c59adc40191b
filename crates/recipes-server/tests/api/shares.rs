//! Share links: each shows one recipe to visitors without an account.

use accounts::Role;
use recipes_server::use_cases::accounts::Reading;
use serde_json::{Value, json};

use crate::app::{Client, TestApp, recipe};
use crate::pages::browser::Browser;

/// A private recipe of Alice.
async fn secret(alice: &Client) -> String {
    let mut secret = recipe("Secret");
    secret["visibility"] = json!("private");
    alice.post("/api/v1/recipes", &secret).await.is(201).header("location").to_owned()
}

async fn share(client: &Client, recipe: &str, body: &Value) -> Value {
    client.post(&format!("{recipe}/shares"), body).await.is(201).json()["data"].take()
}

fn shared(share: &Value) -> String {
    format!("/api/v1/shared-recipe?token={}", share["token"].as_str().unwrap())
}

/// The page, without the site.
fn page(share: &Value) -> String {
    let url = share["url"].as_str().unwrap();
    url.strip_prefix("http://localhost").unwrap_or_else(|| panic!("{url}")).to_owned()
}

#[tokio::test]
async fn link_shows_a_private_recipe_and_nothing_else() {
    for reading in [Reading::Public, Reading::Members] {
        let app = TestApp::with_settings(|settings| settings.reading = reading);
        let alice = app.alice().await;
        let (url, other) = (secret(&alice).await, secret(&alice).await);
        let link = share(&alice, &url, &json!({})).await;
        assert_eq!(link.get("expiresAt"), None);
        let read = app.anonymous().get(&shared(&link)).await.is(200);
        assert_eq!(read.header("cache-control"), "private, no-cache");
        assert_eq!(read.json(), alice.get(&url).await.is(200).json());
        let shown = Browser::new(&app).get(&page(&link)).await.is(200);
        assert_eq!((shown.header("x-robots-tag"), shown.header("cache-control")), ("noindex", "no-store"));
        let html = shown.text();
        assert!(
            html.contains("<h1 dir=\"auto\">Secret</h1>") && html.contains("application/ld+json"),
            "{html}"
        );
        // What leads to the address of the recipe, where it does not exist for this visitor.
        for absent in ["/edit\"", "/history\"", "class=\"amounts\"", ".md\""] {
            assert!(!html.contains(absent), "{absent}: {html}");
        }
        let hidden = if reading == Reading::Public { 404 } else { 401 };
        for path in [&url, &other] {
            app.anonymous().get(path).await.is(hidden);
            app.bob().await.get(path).await.is(404);
        }
        let listed = app.bob().await.get("/api/v1/recipes").await.is(200).json();
        assert_eq!(listed["data"], json!([]));
    }
}

#[tokio::test]
async fn link_ends_when_it_is_revoked_or_expires() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = secret(&alice).await;
    let (kept, revoked) = (share(&alice, &url, &json!({})).await, share(&alice, &url, &json!({})).await);
    let brief = share(&alice, &url, &json!({"expiresAt": "2026-01-01T13:00:00Z"})).await;
    assert_eq!(brief["expiresAt"], "2026-01-01T13:00:00Z");
    let shares = format!("{url}/shares");
    let listed = alice.get(&shares).await.is(200).json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 3);
    assert!(listed["data"][0].get("token").is_none(), "it is not stored");
    let export = alice.get("/api/v1/users/me/export").await.is(200);
    assert_eq!(export.json()["shares"].as_array().unwrap().len(), 3);
    assert_eq!(export.json()["shares"][2]["expiresAt"], "2026-01-01T13:00:00Z");
    assert!(!export.text().contains(kept["token"].as_str().unwrap()));
    let address = format!("{shares}/{}", revoked["id"].as_str().unwrap());
    alice.delete(&address).await.is(204);
    assert_eq!(alice.delete(&address).await.is(404).json()["code"], "share_not_found");
    app.clock.advance(std::time::Duration::from_hours(1));
    for (link, status) in [(&kept, 200), (&revoked, 404), (&brief, 404)] {
        app.anonymous().get(&shared(link)).await.is(status);
        Browser::new(&app).get(&page(link)).await.is(status);
    }
    assert_eq!(alice.get(&shares).await.is(200).json()["data"].as_array().unwrap().len(), 1);
    for time in [
        "2026-01-01T12:00:00Z",
        "soon",
        "2027-01-01",
        "2027-01-01T12:00:00",
        "2027-01-01T12:00:00Z ",
        "2027-01-01T12:00:00Z[Europe/Paris]",
    ] {
        let refused = alice.post(&shares, &json!({ "expiresAt": time })).await.is(422);
        assert_eq!(refused.refused_fields(), ["/expiresAt"], "{time}");
    }
    app.anonymous().get("/api/v1/shared-recipe").await.is(400);
    app.anonymous().get("/api/v1/shared-recipe?token=guess").await.is(404);
    Browser::new(&app).get("/shared?token=guess").await.is(404);
}

#[tokio::test]
async fn strangers_learn_nothing_of_links() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = secret(&alice).await;
    let link = share(&alice, &url, &json!({})).await;
    let bob = app.bob().await;
    let shares = format!("{url}/shares");
    bob.get(&shares).await.is(404);
    bob.post(&shares, &json!({})).await.is(404);
    bob.delete(&format!("{shares}/{}", link["id"].as_str().unwrap())).await.is(404);
    app.admin().await.get(&shares).await.is(200);
    // The link ends with the account, and here the private recipe does, too.
    let id = app.user("alice", Role::User).await.id;
    app.admin().await.delete(&format!("/api/v1/admin/users/{id}")).await.is(204);
    app.anonymous().get(&shared(&link)).await.is(404);
}

#[tokio::test]
async fn link_has_the_host_of_the_request_or_the_public_url() {
    for (app, site) in [
        (TestApp::new(), "http://kitchen.lan:8080"),
        (TestApp::at_public_url("https://home.example/recipes"), "https://home.example/recipes"),
    ] {
        let alice = app.alice().await;
        let url = format!("{}/shares", alice.posts_recipe("Soup").await.replace("/recipes/api", "/api"));
        let request = alice.request(http::Method::POST, &url).header("host", "kitchen.lan:8080");
        let request = request.header("content-type", "application/json");
        let link = alice.send(request.body("{}".into()).unwrap()).await.is(201).json()["data"]["url"].take();
        assert!(link.as_str().unwrap().starts_with(&format!("{site}/shared?token=")), "{link}");
    }
}

#[tokio::test]
async fn owner_manages_links_in_the_pages() {
    let app = TestApp::new();
    let url = secret(&app.alice().await).await;
    let recipe = url.strip_prefix("/api/v1").unwrap().to_owned();
    let shares = format!("{recipe}/shares");
    let mut alice = Browser::of(&app, "alice", Role::User).await;
    assert!(alice.get(&recipe).await.is(200).text().contains(&format!("href=\"{shares}\"")));
    for days in ["-1", "0", "3661", "a week"] {
        alice.submit(&shares, &shares, &[("days", days)]).await.is(400);
    }
    let html = alice.submit(&shares, &shares, &[("days", "7")]).await.is(200).text();
    let (_, link) = html.split_once("id=\"new-link\">").unwrap();
    let link = link.split('<').next().unwrap().strip_prefix("http://localhost").unwrap();
    assert!(Browser::new(&app).get(link).await.is(200).text().contains("<h1 dir=\"auto\">Secret</h1>"));
    let html = alice.get(&shares).await.is(200).text();
    assert!(html.contains("expires 2026-01-08 12:00 UTC") && !html.contains("new-link"), "{html}");
    let (_, share) = html.split_once(&format!("action=\"{shares}/")).unwrap();
    let revoke = format!("{shares}/{}", share.split('"').next().unwrap());
    alice.post(&revoke, &[("form_token", "guess")]).await.is(403);
    alice.submit(&shares, &revoke, &[]).await.is(303);
    Browser::new(&app).get(link).await.is(404);
}
