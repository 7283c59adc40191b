//! Pictures of recipes that are in the bin, and of former revisions.

use serde_json::{Value, json};

use super::{jpeg, with_steps};
use crate::app::{Client, TestApp, recipe};

async fn stored(client: &Client, url: &str) -> Value {
    client.get(url).await.is(200).json()["data"].clone()
}

#[tokio::test]
async fn recipe_comes_out_of_the_bin_with_its_pictures() {
    let app = TestApp::new();
    let (alice, admin) = (app.alice().await, app.admin().await);
    let url = with_steps(&alice).await;
    let addresses = [format!("{url}/image"), format!("{url}/steps/2/image")];
    for (address, shade) in addresses.iter().zip([1, 2]) {
        alice.put_bytes(address, "image/jpeg", jpeg(shade)).await.is(200);
    }
    let before = stored(&alice, &url).await;
    let bytes = alice.get(&addresses[0]).await.is(200).body;
    alice.delete(&url).await.is(204);
    for client in [&alice, &admin] {
        for address in &addresses {
            assert_eq!(client.get(address).await.is(404).json()["code"], "image_not_found");
        }
        client.get(before["image"]["url"].as_str().unwrap()).await.is(404);
    }
    let binned = url.replace("/recipes/", "/recipes/bin/");
    alice.post(&format!("{binned}/restore"), &json!({})).await.is(200);
    assert_eq!(stored(&alice, &url).await, before);
    assert_eq!(alice.get(&addresses[0]).await.is(200).body, bytes);
    alice.get(&addresses[1]).await.is(200);
    alice.delete(&url).await.is(204);
    alice.delete(&binned).await.is(204);
    alice.get(&addresses[0]).await.is(404);
}

#[tokio::test]
async fn history_names_changes_of_pictures_and_shows_none() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = with_steps(&alice).await;
    let address = format!("{url}/image");
    alice.put_bytes(&address, "image/jpeg", jpeg(1)).await.is(200);
    alice.put_bytes(&format!("{url}/steps/1/image"), "image/jpeg", jpeg(1)).await.is(200);
    alice.put_bytes(&address, "image/jpeg", jpeg(2)).await.is(200);
    alice.delete(&address).await.is(204);
    let list = alice.get(&format!("{url}/revisions")).await.is(200).json();
    let summaries: Vec<_> = list["data"].as_array().unwrap().iter().map(|it| it["summary"].clone()).collect();
    assert_eq!(summaries, ["Removed image", "Changed image", "Added stepImages", "Added image", "Created"]);
    let former = stored(&alice, &format!("{url}/revisions/4")).await;
    assert_eq!((former.get("image"), former.get("stepImages"), &former["revision"]), (None, None, &json!(4)));
    assert_eq!(alice.get(&format!("{url}/revisions/1/diff?to=4")).await.is(200).json()["data"], json!([]));

    alice.put_bytes(&address, "image/jpeg", jpeg(3)).await.is(200);
    let image = stored(&alice, &url).await["image"].clone();
    let restored = alice.post(&format!("{url}/revisions/2/restore"), &json!({})).await.is(200).json();
    assert_eq!((&restored["data"]["image"], &restored["data"]["stepImages"][0]["step"]), (&image, &json!(1)));
    alice.delete(&address).await.is(204);
    let restored = alice.post(&format!("{url}/revisions/2/restore"), &json!({})).await.is(200).json();
    assert_eq!(restored["data"].get("image"), None);
    alice.get(&address).await.is(404);
}

#[tokio::test]
async fn picture_of_when_a_recipe_was_private_is_not_published_with_it() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let mut secret = recipe("Secret");
    secret["visibility"] = json!("private");
    let url = alice.post("/api/v1/recipes", &secret).await.is(201).header("location").to_owned();
    let address = format!("{url}/image");
    let set = alice.put_bytes(&address, "image/jpeg", jpeg(1)).await.is(200).json();
    alice.put_bytes(&address, "image/jpeg", jpeg(2)).await.is(200);
    alice.put(&url, &recipe("Public")).await.is(200);
    let private = alice.get(set["data"]["url"].as_str().unwrap()).await.is(200);
    let shown = app.anonymous().get(&address).await.is(200);
    assert_eq!(private.body, shown.body, "the picture before is kept nowhere");
    app.anonymous().get(&format!("{url}/revisions/2")).await.is(404);
    let list = app.anonymous().get(&format!("{url}/revisions")).await.is(200).json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}
