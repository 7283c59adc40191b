//! Favourites: `PUT` and `DELETE /api/v1/recipes/{id}/favourite`, the filter, and the export.

use serde_json::json;

use super::{found, fresh};
use crate::app::TestApp;

#[tokio::test]
async fn favourites_are_a_filter_of_lists_and_facets() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let mut urls = Vec::new();
    for name in ["Soup", "Bread", "Salad"] {
        urls.push(bob.posts_recipe(name).await);
    }
    assert_eq!(found(&alice, "favourite=true").await, [""; 0]);
    for url in [&urls[2], &urls[0], &urls[0]] {
        alice.put(&format!("{url}/favourite"), &json!({})).await.is(204);
    }
    assert_eq!(found(&alice, "favourite=true").await, ["Soup", "Salad"]);
    assert_eq!(found(&alice, "favourite=true&sort=name").await, ["Salad", "Soup"]);
    assert_eq!(found(&bob, "favourite=true").await, [""; 0], "of the caller only");
    let facets = fresh(&alice, "/api/v1/recipes/facets?favourite=true").await.is(200).json();
    assert_eq!(facets["data"]["total"], 2);

    let first = fresh(&alice, "/api/v1/recipes?favourite=true&limit=1").await.is(200).json();
    let cursor = first["nextCursor"].as_str().unwrap();
    assert_eq!(found(&alice, &format!("favourite=true&limit=1&cursor={cursor}")).await, ["Salad"]);

    for _ in 0..2 {
        alice.delete(&format!("{}/favourite", urls[0])).await.is(204);
    }
    assert_eq!(found(&alice, "favourite=true").await, ["Salad"]);
    bob.delete(&urls[2]).await.is(204);
    assert_eq!(found(&alice, "favourite=true").await, [""; 0]);
}

#[tokio::test]
async fn recipe_that_the_caller_may_not_read_is_no_favourite() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let url = bob.posts_recipe("Soup").await;
    let favourite = format!("{url}/favourite");
    alice.put(&favourite, &json!({})).await.is(204);
    let mut private = crate::app::recipe("Soup");
    private["visibility"] = json!("private");
    bob.put(&url, &private).await.is(200);
    assert_eq!(found(&alice, "favourite=true").await, [""; 0], "private by now");
    alice.put(&favourite, &json!({})).await.is(404);
    alice.delete(&favourite).await.is(204);
    alice.delete(&favourite).await.is(404);
    for absent in ["/api/v1/recipes/99/favourite", "/api/v1/recipes/abc/favourite"] {
        assert_eq!(alice.put(absent, &json!({})).await.is(404).json()["code"], "recipe_not_found");
    }
    let anonymous = app.anonymous();
    for (client, query) in
        [(&anonymous, "favourite=true"), (&alice, "favourite=false"), (&alice, "favourite=yes")]
    {
        client.get(&format!("/api/v1/recipes?{query}")).await.is(400);
    }
}

#[tokio::test]
async fn favourites_are_in_the_export_of_their_user() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let url = bob.posts_recipe("Soup").await;
    alice.put(&format!("{url}/favourite"), &json!({})).await.is(204);
    let export = alice.get("/api/v1/users/me/export").await.is(200).json();
    assert_eq!(export["favourites"], json!([{"recipeId": 1, "addedAt": app.clock.now().to_string()}]));
    let export = bob.get("/api/v1/users/me/export").await.is(200).json();
    assert_eq!(export["favourites"], json!([]));
}
