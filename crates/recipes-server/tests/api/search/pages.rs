//! Pages of searches: cursors, links and totals in every order.

use serde_json::{Value, json};

use super::{fresh, fresh_with, names, with};
use crate::app::{Client, TestApp};

const SORTS: [&str; 12] = [
    "",
    "&sort=relevance",
    "&sort=id",
    "&sort=-id",
    "&sort=name",
    "&sort=-name",
    "&sort=createdAt",
    "&sort=-createdAt",
    "&sort=updatedAt",
    "&sort=-updatedAt",
    "&sort=totalTimeMinutes",
    "&sort=-totalTimeMinutes",
];

/// Twenty recipes, many of them alike.
async fn shelf(app: &TestApp) -> Client {
    let alice = app.alice().await;
    for number in 0..20 {
        let name = format!("{} soup", ["Tomato", "Garlic", "tomato"][number % 3]);
        let minutes = if number % 5 == 0 { json!(null) } else { json!(number % 4 * 10) };
        let members =
            json!({"totalTimeMinutes": minutes, "cookTimeMinutes": null, "healthLabels": ["Vegan"]});
        alice.post("/api/v1/recipes", &with(&name, members)).await.is(201);
        app.clock.advance(std::time::Duration::from_secs((number % 2) as u64));
    }
    alice
}

fn ids(page: &Value) -> Vec<i64> {
    page["data"].as_array().unwrap().iter().map(|recipe| recipe["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn pages_joined_are_the_whole_search_by_cursor_and_by_link() {
    let app = TestApp::new();
    let alice = shelf(&app).await;
    for sort in SORTS {
        let search = format!("/api/v1/recipes?q=soup&label=vegan{sort}");
        let whole = ids(&fresh(&alice, &search).await.is(200).json());
        assert_eq!(whole.len(), 20, "{sort}");
        for limit in [3, 7, 20] {
            let (mut by_cursor, mut path) = (Vec::new(), format!("{search}&limit={limit}"));
            loop {
                let answer = fresh(&alice, &path).await.is(200);
                let page = answer.json();
                assert!(ids(&page).len() <= limit);
                by_cursor.extend(ids(&page));
                let next = page["nextCursor"].as_str();
                assert_eq!(next.is_some(), answer.headers.contains_key("link"));
                let Some(next) = next else { break };
                // The link is the same page as the cursor with the same parameters.
                let link = answer.header("link").split(['<', '>']).nth(1).unwrap().to_owned();
                let linked = fresh(&alice, &link).await.is(200);
                path = format!("{search}&limit={limit}&cursor={next}");
                assert_eq!(linked.body, fresh(&alice, &path).await.is(200).body);
            }
            assert_eq!(by_cursor, whole, "{sort} {limit}");
        }
    }
}

#[tokio::test]
async fn total_is_counted_if_the_client_asks() {
    let app = TestApp::new();
    let alice = shelf(&app).await;
    for (query, want) in [("q=tomato&limit=2", 13), ("sort=name&limit=2", 20), ("q=zzz", 0)] {
        let path = format!("/api/v1/recipes?{query}");
        let answer = fresh_with(&alice, &path, "count=exact").await.is(200);
        assert_eq!(answer.header("preference-applied"), "count=exact");
        assert_eq!(answer.json()["totalCount"], want, "{query}");
        assert_eq!(alice.get(&path).await.json().get("totalCount"), None);
    }
}

#[tokio::test]
async fn cursor_of_another_search_is_400() {
    let app = TestApp::new();
    let alice = shelf(&app).await;
    let page = fresh(&alice, "/api/v1/recipes?q=soup&limit=2").await.is(200).json();
    let cursor = page["nextCursor"].as_str().unwrap();
    for other in ["q=tomato", "q=soup&label=vegan", "q=soup&sort=name", "sort=id", "limit=5", "q=soup&q2"] {
        let answer = alice.get(&format!("/api/v1/recipes?{other}&cursor={cursor}")).await.is(400);
        assert!(answer.json()["message"].as_str().unwrap().len() > 20);
    }
    let list = alice.get("/api/v1/recipes?limit=2").await.is(200).json();
    let of_list = list["nextCursor"].as_str().unwrap();
    alice.get(&format!("/api/v1/recipes?q=soup&cursor={of_list}")).await.is(400);
    alice.get(&format!("/api/v1/recipes?q=soup&limit=5&cursor={cursor}")).await.is(200);
}

/// A page by relevance keeps the order of its first page while others write.
#[tokio::test]
async fn pages_go_on_while_recipes_are_written() {
    let app = TestApp::new();
    let alice = shelf(&app).await;
    for sort in SORTS {
        let search = format!("/api/v1/recipes?q=soup+-zebra{sort}");
        let whole = ids(&fresh(&alice, &search).await.is(200).json());
        let mut page = fresh(&alice, &format!("{search}&limit=6")).await.is(200).json();
        let mut walked = ids(&page);
        while let Some(next) = page["nextCursor"].as_str() {
            alice.posts_recipe("Zebra soup").await;
            page = fresh(&alice, &format!("{search}&limit=6&cursor={next}")).await.is(200).json();
            walked.extend(ids(&page));
        }
        assert_eq!(walked, whole, "{sort}");
    }
}

#[tokio::test]
async fn large_page_is_sent_in_parts_and_complete() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let text = "salt ".repeat(700);
    for number in 0..60 {
        let members = json!({"instructions": [text, text], "description": "large"});
        alice.post("/api/v1/recipes", &with(&format!("Large {number}"), members)).await.is(201);
    }
    let page = fresh(&alice, "/api/v1/recipes?q=large&sort=id").await.is(200);
    assert!(page.body.len() > 400_000);
    let want: Vec<_> = (0..60).map(|number| format!("Large {number}")).collect();
    assert_eq!(names(&page.json()), want);
    let summary = alice.get("/api/v1/recipes?view=summary").await.is(200);
    assert!(summary.body.len() < 40_000);
    assert_eq!(names(&summary.json()), want);
}
