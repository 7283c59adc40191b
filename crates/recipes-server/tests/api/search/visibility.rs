//! A private recipe is in no other user's results, counts, facets, suggestions, corrections or changes, and one for members in none of an
//! anonymous client.

use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

use super::{fresh, fresh_with, with};
use crate::app::{Client, TestApp};

/// Who writes and who reads.
const USERS: usize = 3;

/// A recipe: its owner, its visibility now, its visibility at first, whether it is deleted.
type Case = (usize, &'static str, &'static str, bool);

const VISIBILITIES: &[&str] = &["public", "members", "private"];

async fn users(app: &TestApp) -> [Client; USERS] {
    let named = async |name| app.signed_up(&format!("{name}@example.org")).await.client;
    [named("ada").await, named("ben").await, named("cleo").await]
}

/// A word in the name, the ingredients, the labels and the keywords of this recipe only.
fn word(number: usize) -> String {
    format!("zq{}x", ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel"][number])
}

fn body(number: usize, visibility: &str) -> Value {
    let word = word(number);
    let members = json!({
        "visibility": visibility,
        "ingredients": [format!("{word} leaves")], "healthLabels": [word], "keywords": [word], "cuisine": [word],
        "category": [word], "author": {"name": word},
    });
    with(&format!("Common {word}"), members)
}

/// Every route that lists recipes or tells of them, with the words of the recipe.
fn routes(number: usize) -> Vec<String> {
    let word = word(number);
    let misspelt = word.replace("zq", "zk");
    [
        format!("?q={word}"),
        format!("?q={misspelt}"),
        format!("?q={}", &word[..5]),
        format!("?q=%22common+{word}%22"),
        format!("?label={word}"),
        format!("?ingredient={word}"),
        format!("?cuisine={word}&sort=name"),
        format!("?category={word}&sort=-updatedAt"),
        format!("?keyword={word}&sort=-id"),
        format!("?author={word}&view=summary"),
        "?q=common".to_owned(),
        "?visibility=private".to_owned(),
        "?visibility=members".to_owned(),
        "?owner=2&sort=createdAt".to_owned(),
        "?sort=relevance".to_owned(),
        "?limit=100&fields=name".to_owned(),
        String::new(),
        format!("/facets?q={word}"),
        "/facets".to_owned(),
        "/facets?owner=1".to_owned(),
        format!("/suggest?q={word}"),
        format!("/suggest?q={}", &word[..4]),
        "/suggest?q=common".to_owned(),
    ]
    .map(|route| format!("/api/v1/recipes{route}"))
    .to_vec()
}

const CHANGES: &str = "/api/v1/recipes/changes";

/// The recipes that the feed of changes tells of since a position, and whether each is gone.
async fn changes(client: &Client, position: &str) -> Vec<(u64, bool)> {
    let page = client.get(&format!("{CHANGES}?since={position}")).await.is(200).json();
    let changes = page["data"].as_array().unwrap().iter();
    changes.map(|change| (change["id"].as_u64().unwrap(), change.get("deleted").is_some())).collect()
}

#[test]
fn private_recipes_are_nowhere_in_the_answers_to_others() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 4, failure_persistence: None, ..Default::default() });
    let visibility = || proptest::sample::select(VISIBILITIES);
    let case = (0..USERS, visibility(), visibility(), proptest::bool::weighted(0.2));
    let outcome = runner.run(&vec(case, 1..=8), |cases| {
        runtime.block_on(check(&cases));
        Ok(())
    });
    outcome.unwrap();
}

async fn check(cases: &[Case]) {
    let app = TestApp::new();
    let users = users(&app).await;
    let position = app.anonymous().get(CHANGES).await.is(200).json()["position"].as_str().unwrap().to_owned();
    for (number, (owner, visibility, was, is_deleted)) in cases.iter().enumerate() {
        let created = users[*owner].post("/api/v1/recipes", &body(number, was)).await.is(201);
        let url = created.header("location");
        if was != visibility {
            users[*owner].put(url, &body(number, visibility)).await.is(200);
        }
        if *is_deleted {
            users[*owner].delete(url).await.is(204);
        }
    }
    let admin = app.admin().await;
    let anonymous = app.anonymous();
    let readers = users.iter().enumerate().map(|(number, user)| (Some(number), user));
    for (reader, client) in readers.chain([(None, &anonymous)]) {
        let is_seen = |owner: usize, visibility: &str| match visibility {
            "public" => true,
            "members" => reader.is_some(),
            _ => Some(owner) == reader,
        };
        let may_read = |(owner, visibility, _, is_deleted): &Case| !is_deleted && is_seen(*owner, visibility);
        let readable = cases.iter().filter(|case| may_read(case)).count();
        let was_readable =
            |(owner, visibility, was, _): &Case| is_seen(*owner, visibility) || is_seen(*owner, was);
        let told = (1..).zip(cases).filter(|(_, case)| was_readable(case));
        let told: Vec<(u64, bool)> = told.map(|(id, case)| (id, !may_read(case))).collect();
        assert_eq!(changes(client, &position).await, told, "{reader:?}");
        for (number, case) in cases.iter().enumerate() {
            for route in routes(number) {
                let answer = fresh_with(client, &route, "count=exact").await.is(200);
                for (other, hidden) in cases.iter().enumerate().filter(|(_, case)| !may_read(case)) {
                    let text = answer.text();
                    let word = word(other);
                    // What the client itself has sent may come back.
                    let text = text.replace(&format!("\"didYouMean\":\"{word}\""), "LEAK");
                    assert!(
                        !text.contains(&word) && !text.contains("LEAK"),
                        "{reader:?} {hidden:?} {route}: {text}"
                    );
                }
                let json = answer.json();
                if let Some(total) = json["totalCount"].as_u64().or(json["data"]["total"].as_u64()) {
                    assert!(total <= readable as u64, "{reader:?} {route}: {total}");
                }
            }
            let route = format!("/api/v1/recipes?q={}", word(number));
            let found = fresh(client, &route).await.is(200).json()["data"].as_array().unwrap().len();
            assert_eq!(found, usize::from(may_read(case)), "{reader:?} {case:?}");
        }
        let total = fresh(client, "/api/v1/recipes/facets").await.is(200).json()["data"]["total"].clone();
        assert_eq!(total, readable, "{reader:?}");
    }
    // The administrator reads all of them.
    let told: Vec<(u64, bool)> = (1..).zip(cases).map(|(id, (.., is_deleted))| (id, *is_deleted)).collect();
    assert_eq!(changes(&admin, &position).await, told);
    let all = cases.iter().filter(|(.., is_deleted)| !is_deleted).count();
    assert_eq!(fresh(&admin, "/api/v1/recipes/facets").await.is(200).json()["data"]["total"], all);
}
