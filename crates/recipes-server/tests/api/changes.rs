//! The feed of changes.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::app::{Client, TestApp, recipe};

const CHANGES: &str = "/api/v1/recipes/changes";

/// A program that follows.
struct Follower {
    client: Client,
    position: String,
}

impl Follower {
    async fn begin(client: Client) -> Self {
        let begin = client.get(CHANGES).await.is(200).json();
        assert_eq!((&begin["data"], &begin["hasMore"]), (&json!([]), &json!(false)));
        Self { client, position: begin["position"].as_str().unwrap().to_owned() }
    }

    async fn page(&mut self, rest: &str) -> Value {
        let page = self.client.get(&format!("{CHANGES}?since={}{rest}", self.position)).await.is(200);
        assert_eq!(page.header("cache-control"), "no-store");
        let page = page.json();
        page["position"].as_str().unwrap().clone_into(&mut self.position);
        page
    }

    /// What has changed: the name of each recipe, and the ids of those that are gone.
    async fn next(&mut self) -> Vec<String> {
        changes(&self.page("").await)
    }
}

fn changes(page: &Value) -> Vec<String> {
    let show = |change: &Value| {
        if let Some(name) = change["recipe"]["name"].as_str() {
            assert_eq!(change["recipe"]["id"], change["id"]);
            name.to_owned()
        } else {
            assert_eq!(change, &json!({ "id": change["id"], "deleted": true }));
            format!("-{}", change["id"])
        }
    };
    page["data"].as_array().unwrap().iter().map(show).collect()
}

fn private(name: &str) -> Value {
    let mut recipe = recipe(name);
    recipe["visibility"] = "private".into();
    recipe
}

#[tokio::test]
async fn followers_see_each_change_once() {
    let app = TestApp::new();
    let alice = app.alice().await;
    alice.posts_recipe("Before").await;
    let mut follower = Follower::begin(app.anonymous()).await;
    assert_eq!(follower.next().await, [""; 0]);
    let soup = alice.posts_recipe("Soup").await;
    alice.posts_recipe("Bread").await;
    assert_eq!(follower.next().await, ["Soup", "Bread"]);
    assert_eq!(follower.next().await, [""; 0]);
    alice.put(&soup, &recipe("Stew")).await.is(200);
    alice.patch("/api/v1/recipes/1", &json!({ "name": "Older" })).await.is(200);
    assert_eq!(follower.next().await, ["Older", "Stew"], "in the order of the ids");
    alice.delete(&soup).await.is(204);
    assert_eq!(follower.next().await, ["-2"]);
    alice.post("/api/v1/recipes/bin/2/restore", &json!({})).await.is(200);
    assert_eq!(follower.next().await, ["Stew"]);
    alice.delete(&soup).await.is(204);
    alice.delete("/api/v1/recipes/bin/2").await.is(204);
    assert_eq!(follower.next().await, ["-2"], "once, not for good once more");
    assert_eq!(follower.next().await, [""; 0]);
}

#[tokio::test]
async fn private_recipes_are_told_to_no_other_user() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let mut followers = Vec::new();
    for client in [app.anonymous(), app.bob().await, app.alice().await, app.admin().await] {
        followers.push(Follower::begin(client).await);
    }
    let secret =
        alice.post("/api/v1/recipes", &private("Secret")).await.is(201).header("location").to_owned();
    let soup = alice.posts_recipe("Soup").await;
    let mut told = async |want: [&[&str]; 4]| {
        for (follower, want) in followers.iter_mut().zip(want) {
            assert_eq!(follower.next().await, want);
        }
    };
    told([&["Soup"], &["Soup"], &["Secret", "Soup"], &["Secret", "Soup"]]).await;
    alice.put(&secret, &private("Still secret")).await.is(200);
    alice.put(&soup, &private("My soup")).await.is(200);
    let own: &[&str] = &["Still secret", "My soup"];
    told([&["-2"], &["-2"], own, own]).await;
    alice.put(&soup, &private("My soup only")).await.is(200);
    told([&[], &[], &["My soup only"], &["My soup only"]]).await;
    alice.delete(&soup).await.is(204);
    alice.delete(&secret).await.is(204);
    told([&[], &[], &["-1", "-2"], &["-1", "-2"]]).await;
    bob.posts_recipe("Bread").await;
    let all: &[&str] = &["Bread"];
    told([all; 4]).await;
}

#[tokio::test]
async fn long_lists_come_in_pages_with_the_members_that_are_wanted() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let mut follower = Follower::begin(app.anonymous()).await;
    for name in ["A", "B", "C"] {
        alice.posts_recipe(name).await;
    }
    alice.delete("/api/v1/recipes/2").await.is(204);
    let first = follower.page("&limit=2&fields=name").await;
    assert_eq!(
        first["data"],
        json!([{ "id": 1, "recipe": { "id": 1, "name": "A" } }, { "id": 2, "deleted": true }])
    );
    assert_eq!(first["hasMore"], true);
    let second = follower.page("&limit=2&view=summary&wait=20").await;
    assert_eq!((changes(&second), &second["hasMore"]), (vec!["C".to_owned()], &json!(false)));
    assert_eq!(follower.next().await, [""; 0]);
}

#[tokio::test]
async fn large_recipes_come_in_several_parts() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let mut follower = Follower::begin(app.anonymous()).await;
    for number in 1..=8 {
        let mut large = recipe(&format!("Soup {number}"));
        large["ingredients"] = vec!["x".repeat(400); 100].into();
        alice.post("/api/v1/recipes", &large).await.is(201);
    }
    for number in [2, 8] {
        alice.delete(&format!("/api/v1/recipes/{number}")).await.is(204);
    }
    let want = ["Soup 1", "-2", "Soup 3", "Soup 4", "Soup 5", "Soup 6", "Soup 7", "-8"];
    assert_eq!(follower.next().await, want);
}

#[tokio::test]
async fn change_wakes_those_that_wait() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let mut followers = [
        Follower::begin(app.anonymous()).await,
        Follower::begin(app.anonymous()).await,
        Follower::begin(app.bob().await).await,
    ];
    let [one, two, three] = &mut followers;
    let post = async {
        sleep(Duration::from_millis(200)).await;
        // It wakes them, but there is nothing for them to see.
        alice.post("/api/v1/recipes", &private("Secret")).await.is(201);
        sleep(Duration::from_millis(1_500)).await;
        alice.posts_recipe("Soup").await;
        Instant::now()
    };
    let all = async {
        let (a, b, c, at) =
            tokio::join!(one.page("&wait=20"), two.page("&wait=20"), three.page("&wait=20"), post);
        for page in [a, b, c] {
            assert_eq!(changes(&page), ["Soup"]);
        }
        at.elapsed()
    };
    let late = timeout(Duration::from_secs(20), all).await.unwrap();
    assert!(late < Duration::from_secs(15), "{late:?}");
}

#[tokio::test]
async fn wait_ends_without_a_change_and_when_the_service_ends() {
    let app = TestApp::new();
    let mut follower = Follower::begin(app.anonymous()).await;
    let begun = Instant::now();
    assert_eq!(changes(&follower.page("&wait=1").await), [""; 0]);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let draining = app.anonymous().service.draining().clone();
    let end = async {
        sleep(Duration::from_millis(100)).await;
        draining.begin();
    };
    let answered = async { tokio::join!(follower.page("&wait=25"), end).0 };
    let page = timeout(Duration::from_secs(10), answered).await.unwrap();
    assert_eq!(changes(&page), [""; 0]);
    let begun = Instant::now();
    follower.page("&wait=25").await;
    assert!(begun.elapsed() < Duration::from_secs(10), "also those that come later");
}

#[tokio::test]
async fn unknown_positions_are_410_and_wrong_parameters_400() {
    let (app, other) = (TestApp::new(), TestApp::new());
    let client = app.anonymous();
    let foreign = Follower::begin(other.anonymous()).await.position;
    let own = Follower::begin(app.anonymous()).await.position;
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(&own).unwrap()).unwrap();
    let made = ["x/9:5:", "a-b-c", "\u{e4}", &format!("{text}|x"), &format!("{text}9999999999")]
        .map(|text| URL_SAFE_NO_PAD.encode(text));
    for position in
        [&*foreign, "", "1", "%20", "===", "w6Q", "_w"].into_iter().chain(made.iter().map(|it| &**it))
    {
        let unknown = client.get(&format!("{CHANGES}?since={position}&wait=25")).await.is(410).json();
        assert_eq!(unknown["code"], "position_unknown", "{position}");
        assert!(unknown["message"].as_str().unwrap().contains("without since"));
    }
    for (query, message) in [
        ("wait=26", "wait must be a whole number of seconds from 0 to 25"),
        ("wait=-1", "wait must be a whole number of seconds from 0 to 25"),
        ("limit=0", "limit must be a whole number from 1 to 1000"),
        ("sinse=x", "Unknown query parameter \"sinse\"; did you mean \"since\"?"),
        ("view=short", "view must be \"full\" or \"summary\""),
    ] {
        assert_eq!(client.get(&format!("{CHANGES}?{query}")).await.is(400).json()["message"], message);
    }
}
