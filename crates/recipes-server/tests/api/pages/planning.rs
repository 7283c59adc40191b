//! The meal plan, the shopping list and the household.

use accounts::Role;

use super::browser::{Browser, field};
use crate::app::{TestApp, recipe};

/// The addresses of the forms that begin with this path.
fn actions(page: &str, path: &str) -> Vec<String> {
    let form = format!("action=\"{path}");
    let parts = page.split(&form).skip(1);
    parts.map(|rest| format!("{path}{}", rest.split('"').next().unwrap())).collect()
}

#[tokio::test]
async fn recipe_is_planned_and_shopped_from_its_page() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let mut soup = recipe("Soup");
    soup["servings"] = 2.into();
    alice.post("/api/v1/recipes", &soup).await.is(201);
    let mut browser = Browser::new(&app);
    assert!(!browser.get("/recipes/1").await.is(200).text().contains("action=\"/plan\""));
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let page = browser.get("/recipes/1").await.is(200).text();
    let date = field(&page, "date\" type=\"date");
    let fields = [("recipe", "1"), ("date", &*date), ("servings", "3")];
    let answer = browser.submit("/recipes/1", "/plan", &fields).await.is(303);
    let week = answer.header("location").to_owned();
    let page = browser.get(&week).await.is(200).text();
    assert!(page.contains("href=\"/recipes/1\" dir=\"auto\">Soup</a> <small>for 3</small>"), "{page}");
    assert!(page.contains("Planned."));
    browser.submit("/recipes/1", "/shopping-list", &fields).await.is(303);
    let week = [("from", &*date), ("to", &*date)];
    browser.submit("/plan", "/shopping-list", &week).await.is(303);
    let page = browser.get("/shopping-list").await.is(200).text();
    assert!(page.contains("<span dir=\"auto\">1 1/2 cups olive oil</span>"), "{page}");
    let page = browser.get("/plan").await.text();
    let meal = actions(&page, "/plan/meals/").remove(0);
    browser.submit("/plan", &meal, &[("from", &*date)]).await.is(303);
    assert!(!browser.get("/plan").await.text().contains("Soup"));
    browser.submit("/plan", "/plan", &[("date", &*date), ("note", "<Out>")]).await.is(303);
    assert!(browser.get("/plan").await.text().contains("&#60;Out&#62;"));
    let page = browser.submit("/plan", "/plan", &[("date", "2020-01-01"), ("note", "typed")]).await.is(422);
    assert!(page.text().contains("value=\"typed\""));
}

#[tokio::test]
async fn planned_recipe_in_the_bin_is_named_without_a_link() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    app.alice().await.posts_recipe("Soup").await;
    let date = field(&browser.get("/recipes/1").await.is(200).text(), "date\" type=\"date");
    browser.submit("/plan", "/plan", &[("recipe", "1"), ("date", &*date)]).await.is(303);
    let link = "href=\"/recipes/1\" dir=\"auto\">Soup</a>";
    assert!(browser.get("/plan").await.is(200).text().contains(link));
    app.alice().await.delete("/api/v1/recipes/1").await.is(204);
    let page = browser.get("/plan").await.is(200).text();
    assert!(page.contains("<span dir=\"auto\">Soup</span> <small>(Bin)</small>"), "{page}");
    assert!(!page.contains(link), "{page}");
    app.alice().await.post("/api/v1/recipes/bin/1/restore", &serde_json::json!({})).await.is(200);
    assert!(browser.get("/plan").await.is(200).text().contains(link));
}

#[tokio::test]
async fn private_recipe_is_not_named_in_a_shared_plan() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let mut secret = recipe("Secret");
    secret["visibility"] = "private".into();
    alice.post("/api/v1/recipes", &secret).await.is(201);
    let mut hers = Browser::of(&app, "alice", Role::User).await;
    let mut his = Browser::of(&app, "bob", Role::User).await;
    let page = hers.get("/recipes/1").await.is(200).text();
    let date = field(&page, "date\" type=\"date");
    hers.submit("/plan", "/plan", &[("recipe", "1"), ("date", &*date)]).await.is(303);
    let page = hers.submit("/household", "/household", &[("action", "invite")]).await.is(200).text();
    let code = page.split("/household/join?code=").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let join = his.get(&format!("/household/join?code={code}")).await.is(200).text();
    assert!(join.contains(&code));
    his.submit("/household/join", "/household/join", &[("code", &*code)]).await.is(303);
    his.submit("/household/join", "/household/join", &[("code", "other")]).await.is(404);
    let page = his.get("/plan").await.is(200).text();
    assert!(page.contains("A recipe that you cannot read") && !page.contains("Secret"), "{page}");
    assert!(hers.get("/plan").await.text().contains("Secret"));
    let page = his.get("/household").await.is(200).text();
    assert!(page.contains("<li dir=\"auto\">alice</li><li dir=\"auto\">bob</li>"), "{page}");
    his.submit("/household", "/household", &[("action", "leave")]).await.is(303);
    assert!(!his.get("/plan").await.text().contains("cannot read"));
}

#[tokio::test]
async fn items_are_ticked_on_a_page_and_a_changed_one_is_shown_again() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    assert!(browser.get("/shopping-list").await.is(200).text().contains("Nothing to buy"));
    for item in ["2 eggs", "<Milk>"] {
        browser.submit("/shopping-list", "/shopping-list", &[("item", item)]).await.is(303);
    }
    let page = browser.get("/shopping-list").await.text();
    let items = actions(&page, "/shopping-list/");
    assert!(page.contains("<span dir=\"auto\">&#60;Milk&#62;</span>"), "{page}");
    browser.submit("/shopping-list", &items[1], &[("ticked", "true"), ("version", "1")]).await.is(303);
    assert!(browser.get("/shopping-list").await.text().contains("<s dir=\"auto\">&#60;Milk&#62;</s>"));
    browser.submit("/shopping-list", "/shopping-list", &[("item", "3 eggs")]).await.is(303);
    let answer = browser.submit("/shopping-list", &items[0], &[("ticked", "true"), ("version", "1")]).await;
    let page = answer.is(409).text();
    assert!(
        page.contains("Another user has changed") && page.contains("<span dir=\"auto\">5 eggs</span>"),
        "{page}"
    );
    browser.submit("/shopping-list", &items[1], &[("ticked", "false"), ("version", "1")]).await.is(303);
    browser.submit("/shopping-list", &items[1], &[("ticked", "true"), ("version", "1")]).await.is(303);
    browser.submit("/shopping-list", "/shopping-list", &[("clear", "ticked")]).await.is(303);
    let page = browser.get("/shopping-list").await.text();
    assert!(!page.contains("Milk") && page.contains("5 eggs"));
    browser.submit("/shopping-list", &items[0], &[("remove", "true")]).await.is(303);
    // Another user has removed it.
    browser.submit("/shopping-list", &items[0], &[("ticked", "true"), ("version", "2")]).await.is(303);
    let page = browser.submit("/shopping-list", "/shopping-list", &[("item", " ")]).await.is(422).text();
    assert!(page.contains("Add an item: is required"), "{page}");
}

#[tokio::test]
async fn links_of_a_household_have_the_host_of_the_request() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    browser.host = Some("kitchen.lan:8080");
    for (action, link) in [
        ("invite", "http://kitchen.lan:8080/household/join?code="),
        ("calendar", "http://kitchen.lan:8080/api/v1/plan/calendar.ics?key="),
    ] {
        let page = browser.submit("/household", "/household", &[("action", action)]).await.is(200).text();
        assert!(page.contains(&format!(">{link}")), "{page}");
    }
    let alice = app.alice().await;
    alice.posts_recipe("Soup").await;
    let plan = serde_json::json!({ "date": "2026-01-02", "recipeId": 1 });
    alice.post("/api/v1/plan/meals", &plan).await.is(201);
    let create =
        alice.request(http::Method::POST, "/api/v1/plan/calendar").header("host", "kitchen.lan:8080");
    let create = create.header("content-type", "application/json");
    let url = alice.send(create.body("{}".into()).unwrap()).await.is(201).json()["data"]["url"].take();
    let path = url.as_str().unwrap().strip_prefix("http://kitchen.lan:8080").unwrap().to_owned();
    let read = app.anonymous().request(http::Method::GET, &path).header("host", "kitchen.lan:8080");
    let calendar = app.anonymous().send(read.body("".into()).unwrap()).await.is(200).text();
    assert!(calendar.contains("URL:http://kitchen.lan:8080/recipes/1\r\n"), "{calendar}");
}

#[tokio::test]
async fn calendar_address_is_shown_once_and_can_be_revoked() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let page = browser.submit("/household", "/household", &[("action", "calendar")]).await.is(200).text();
    let key = page.split("calendar.ics?key=").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let address = format!("/api/v1/plan/calendar.ics?key={key}");
    app.anonymous().get(&address).await.is(200);
    assert!(!browser.get("/household").await.is(200).text().contains(&key));
    browser.submit("/household", "/household", &[("action", "revoke")]).await.is(303);
    app.anonymous().get(&address).await.is(404);
}
