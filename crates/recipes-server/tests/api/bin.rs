//! The bin of deleted recipes: `/api/v1/recipes/bin`.

use serde_json::{Value, json};

use crate::app::{Client, TestApp, recipe};

async fn names(client: &Client) -> Vec<String> {
    let list = client.get("/api/v1/recipes/bin").await.is(200).json();
    list["data"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

fn in_bin(url: &str) -> String {
    url.replace("/recipes/", "/recipes/bin/")
}

#[tokio::test]
async fn deleted_recipe_is_only_in_the_bin_and_comes_back_as_it_was() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    alice.put(&url, &recipe("Lentil soup")).await.is(200);
    let before = alice.get(&url).await.is(200);
    alice.put(&format!("{url}/favourite"), &json!({})).await.is(204);
    let deleted = alice.delete(&url).await.is(204);
    assert!(deleted.body.is_empty(), "as the original API");

    assert_eq!(alice.get(&url).await.is(404).json()["message"], "Recipe not found");
    for address in ["", "/revisions", "/revisions/1", "/label-hints", "/cooked"] {
        alice.get(&format!("{url}{address}")).await.is(404);
    }
    alice.delete(&url).await.is(404);
    alice.put(&url, &recipe("Stew")).await.is(404);
    for list in ["/api/v1/recipes", "/api/v1/recipes?q=lentil", "/api/v1/recipes?owner=me"] {
        assert_eq!(alice.get(list).await.is(200).json()["data"], json!([]), "{list}");
    }
    let list = alice.get("/api/v1/recipes/bin").await.is(200);
    let entry = &list.json()["data"][0];
    assert_eq!((&entry["id"], &entry["name"]), (&json!(1), &json!("Lentil soup")));
    assert_eq!((&entry["ownerId"], &entry["deletedBy"]), (&entry["ownerId"], &entry["ownerId"]));
    let now = app.clock.now();
    let until = now + std::time::Duration::from_hours(30 * 24);
    assert_eq!((&entry["deletedAt"], &entry["keptUntil"]), (&json!(now), &json!(until)));
    assert_eq!(list.header("cache-control"), "no-store");

    let restored = alice.post(&format!("{}/restore", in_bin(&url)), &json!({})).await.is(200);
    assert_eq!((restored.json(), restored.header("etag")), (before.json(), before.header("etag")));
    assert_eq!(alice.get(&url).await.is(200).json(), before.json());
    let found = alice.get("/api/v1/recipes?q=lentil&favourite=true").await.is(200).json();
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(names(&alice).await, [""; 0]);
    alice.get(&format!("{url}/revisions/1")).await.is(200);
    alice.post(&format!("{}/restore", in_bin(&url)), &json!({})).await.is(404);
}

#[tokio::test]
async fn recipe_that_is_deleted_for_good_is_gone_and_its_id_is_not_used_again() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    alice.delete(&in_bin(&url)).await.is(404);
    alice.delete(&url).await.is(204);
    alice.delete(&in_bin(&url)).await.is(204);
    alice.delete(&in_bin(&url)).await.is(404);
    assert_eq!(names(&alice).await, [""; 0]);
    assert_eq!(alice.posts_recipe("Stew").await, "/api/v1/recipes/2");
    alice.post("/api/v1/recipes/bin/x/restore", &json!({})).await.is(404);
}

#[tokio::test]
async fn private_recipes_are_in_the_bin_of_their_owner_only() {
    let app = TestApp::new();
    let (alice, bob, admin) = (app.alice().await, app.bob().await, app.admin().await);
    let mut private = recipe("My secret");
    private["visibility"] = json!("private");
    let url = alice.post("/api/v1/recipes", &private).await.is(201).header("location").to_owned();
    let public = alice.posts_recipe("Soup").await;
    alice.delete(&url).await.is(204);
    alice.delete(&public).await.is(204);
    assert_eq!(names(&bob).await, [""; 0]);
    for url in [&url, &public] {
        bob.post(&format!("{}/restore", in_bin(url)), &json!({})).await.is(404);
        bob.delete(&in_bin(url)).await.is(404);
    }
    assert_eq!(names(&alice).await, ["Soup", "My secret"]);
    assert_eq!(names(&admin).await, ["Soup", "My secret"]);
    app.anonymous().get("/api/v1/recipes/bin").await.is(401);
    let page = alice.get("/api/v1/recipes/bin?limit=1").await.is(200).json();
    let next = format!("/api/v1/recipes/bin?limit=1&cursor={}", page["nextCursor"].as_str().unwrap());
    let last = alice.get(&next).await.is(200).json();
    assert_eq!((&last["data"][0]["name"], last.get("nextCursor")), (&json!("My secret"), None::<&Value>));
    admin.post(&format!("{}/restore", in_bin(&url)), &json!({})).await.is(200);
    alice.get(&url).await.is(200);
    bob.get(&url).await.is(404);
}

#[tokio::test]
async fn only_administrators_delete_communal_recipes_for_good() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let new = store::NewRecipe::new(
        &recipes::Draft::parse(recipe("Bread").as_object().unwrap(), recipes::Scalars::Typed).unwrap(),
        ids::Uid::new(app.clock.now(), [7; 10]),
        None,
    );
    let id = app.store.create_recipe(new, store::Context::operator(app.clock.now())).await.unwrap().id;
    let url = format!("/api/v1/recipes/{id}");
    alice.delete(&url).await.is(204);
    assert_eq!(alice.delete(&in_bin(&url)).await.is(403).json()["code"], "admin_required");
    assert_eq!(names(&bob).await, ["Bread"]);
    bob.post(&format!("{}/restore", in_bin(&url)), &json!({})).await.is(200);
    bob.delete(&url).await.is(204);
    app.admin().await.delete(&in_bin(&url)).await.is(204);
}

#[tokio::test]
async fn bin_can_be_off() {
    let app = TestApp::with_settings(|settings| settings.bin_days = 0);
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    alice.delete(&url).await.is(204);
    assert_eq!(names(&alice).await, [""; 0]);
    alice.post(&format!("{}/restore", in_bin(&url)), &json!({})).await.is(404);
}

#[tokio::test]
async fn recipe_that_was_imported_again_is_not_doubled() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    let whole = alice.get(&url).await.is(200).json()["data"].clone();
    alice.delete(&url).await.is(204);
    alice.post("/api/v1/recipes/import", &whole).await.is(200);
    let refused = alice.post(&format!("{}/restore", in_bin(&url)), &json!({})).await.is(409).json();
    assert_eq!(refused["code"], "uid_taken");
    alice.delete("/api/v1/recipes/2").await.is(204);
    alice.post(&format!("{}/restore", in_bin(&url)), &json!({})).await.is(200);
}
