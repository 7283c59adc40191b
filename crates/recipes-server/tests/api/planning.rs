//! The meal plan, the shopping list, and the household that shares them.

mod household;
mod shopping_list;

use accounts::Role;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::app::{Client, TestApp, recipe};

impl TestApp {
    /// This many days from today.
    fn day(&self, days: i32) -> String {
        let today: Date = self.clock.now().to_string()[..10].parse().unwrap();
        today.saturating_add(days.days()).to_string()
    }
}

async fn meals(client: &Client, query: &str) -> Vec<(String, Value)> {
    let plan = client.get(&format!("/api/v1/plan{query}")).await.is(200).json();
    let days = plan["data"]["days"].as_array().unwrap().iter();
    let of_day = |day: &Value| {
        let date = day["date"].as_str().unwrap().to_owned();
        day["meals"].as_array().unwrap().iter().map(|meal| (date.clone(), meal.clone())).collect::<Vec<_>>()
    };
    days.flat_map(of_day).collect()
}

#[tokio::test]
async fn days_are_replaced_and_meals_are_added_and_removed() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    bob.posts_recipe("Soup").await;
    let plan = json!({ "days": [
        { "date": app.day(1), "meals": [{ "recipeId": 1, "servings": 2.50 }, { "note": " Salad " }] },
        { "date": app.day(2), "meals": [{ "note": "Out" }] },
    ]});
    alice.put("/api/v1/plan", &plan).await.is(204);
    let all = meals(&alice, "").await;
    let (date, soup) = &all[0];
    assert_eq!((date, &soup["name"], &soup["recipeId"]), (&app.day(1), &json!("Soup"), &json!(1)));
    assert_eq!((&soup["servings"], &soup["available"]), (&json!(2.5), &json!(true)));
    assert_eq!((all.len(), &all[1].1["note"], &all[2].0), (3, &json!("Salad"), &app.day(2)));
    alice.put("/api/v1/plan", &json!({ "days": [{ "date": app.day(1) }] })).await.is(204);
    assert_eq!(meals(&alice, "").await.len(), 1);
    assert_eq!(meals(&bob, "").await, []);

    let body = json!({ "date": app.day(2), "recipeId": 1, "servings": 4, "note": "late" });
    let added = alice.post("/api/v1/plan/meals", &body).await.is(201);
    let query = format!("?from={0}&to={0}", app.day(2));
    let of_day = meals(&alice, &query).await;
    assert_eq!((of_day.len(), &of_day[1].1["id"]), (2, &added.json()["data"]["id"]));
    let address = added.header("location").to_owned();
    assert_eq!(bob.delete(&address).await.is(404).json()["code"], "meal_not_found");
    alice.delete(&address).await.is(204);
    alice.delete(&address).await.is(404);
    alice.delete("/api/v1/plan/meals/x").await.is(404);

    let export = alice.get("/api/v1/users/me/export").await.is(200).json();
    assert_eq!(export["plan"][0]["note"], "Out");
    assert_eq!(export["household"]["members"][0]["name"], "alice");
}

#[tokio::test]
async fn viewer_plans_and_shops_with_recipes_for_members() {
    let app = TestApp::new();
    let (alice, vera) = (app.alice().await, app.viewer().await);
    let mut fondue = recipe("Fondue");
    fondue["visibility"] = json!("members");
    let url = alice.post("/api/v1/recipes", &fondue).await.is(201).header("location").to_owned();
    vera.post("/api/v1/plan/meals", &json!({ "date": app.day(0), "recipeId": 1 })).await.is(201);
    vera.post("/api/v1/shopping-list", &json!({ "recipes": [{ "recipeId": 1 }] })).await.is(204);
    vera.post(&format!("{url}/cooked"), &json!({})).await.is(201);
    let available = async || meals(&vera, "").await[0].1["available"].clone();
    assert_eq!(available().await, true);
    fondue["visibility"] = json!("private");
    alice.put(&url, &fondue).await.is(200);
    assert_eq!(available().await, false);
}

#[tokio::test]
async fn plan_of_other_users_recipes_has_no_content_of_private_ones() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let url = bob.posts_recipe("Secret").await;
    let body = json!({ "date": app.day(0), "recipeId": 1, "servings": 4 });
    alice.post("/api/v1/plan/meals", &body).await.is(201);
    let mut private = recipe("Secret");
    private["visibility"] = json!("private");
    bob.put(&url, &private).await.is(200);
    let meal = meals(&alice, "").await[0].1.clone();
    assert_eq!((&meal["available"], &meal["recipeId"], meal.get("name")), (&json!(false), &json!(1), None));
    // It can be moved, but not be planned by others.
    let moved =
        json!({ "days": [{ "date": app.day(0) }, { "date": app.day(1), "meals": [{ "recipeId": 1 }] }] });
    alice.put("/api/v1/plan", &moved).await.is(204);
    let eve = app.member("eve", Role::User).await;
    let errors = eve.post("/api/v1/plan/meals", &body).await.is(422).json()["errors"].clone();
    assert_eq!(errors[0]["pointer"], "/recipeId");
    let errors = eve.put("/api/v1/plan", &moved).await.is(422).json()["errors"].clone();
    assert_eq!(errors[0]["pointer"], "/days/1/meals/0/recipeId");
    bob.delete(&url).await.is(204);
    let meal = meals(&alice, "").await[0].1.clone();
    assert_eq!((&meal["recipeId"], meal.get("name")), (&json!(1), None), "it is in the bin");
    bob.delete("/api/v1/recipes/bin/1").await.is(204);
    let meal = meals(&alice, "").await[0].1.clone();
    assert_eq!((&meal["available"], meal.get("recipeId")), (&json!(false), None));
}

#[tokio::test]
async fn planned_recipe_keeps_its_name_in_the_bin_and_comes_back_with_its_link() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    let body = json!({ "date": app.day(0), "recipeId": 1, "servings": 4 });
    alice.post("/api/v1/plan/meals", &body).await.is(201);
    let address = alice.post("/api/v1/plan/calendar", &json!({})).await.is(201).header("location").to_owned();
    let link = alice.post(&format!("{url}/shares"), &json!({})).await.is(201).json();
    let link = format!("/api/v1/shared-recipe?token={}", link["data"]["token"].as_str().unwrap());
    let before = meals(&alice, "").await;
    alice.delete(&url).await.is(204);
    let meal = meals(&alice, "").await[0].1.clone();
    assert_eq!(
        (&meal["recipeId"], &meal["name"], &meal["available"]),
        (&json!(1), &json!("Soup"), &json!(false))
    );
    let calendar = app.anonymous().get(&address).await.is(200).text();
    assert!(calendar.contains("SUMMARY:Soup (4)\r\n") && !calendar.contains("URL:"), "{calendar}");
    app.anonymous().get(&link).await.is(404);
    // What a client has read it may write again.
    let days = json!({ "days": [{ "date": app.day(0), "meals": [{ "recipeId": 1, "servings": 4 }] }] });
    alice.put("/api/v1/plan", &days).await.is(204);
    // Nothing to buy for it.
    alice.post("/api/v1/shopping-list", &json!({ "plan": { "from": app.day(0) } })).await.is(204);
    assert_eq!(alice.get("/api/v1/shopping-list").await.is(200).json()["data"], json!([]));

    alice.post("/api/v1/recipes/bin/1/restore", &json!({})).await.is(200);
    let meal = meals(&alice, "").await[0].1.clone();
    assert_eq!((&meal["available"], &meal["name"]), (&before[0].1["available"], &before[0].1["name"]));
    app.anonymous().get(&link).await.is(200);
}

#[tokio::test]
async fn invalid_plans_are_refused_with_every_problem() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let pointers = async |body: Value| {
        let errors = alice.put("/api/v1/plan", &body).await.is(422).json()["errors"].clone();
        let errors = errors.as_array().unwrap().iter();
        errors.map(|error| error["pointer"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let date = app.day(1);
    for (days, wanted) in [
        (json!(null), vec!["/days"]),
        (json!(7), vec!["/days"]),
        (json!([{ "meals": 1 }, 7]), vec!["/days/1", "/days/0/date", "/days/0/meals"]),
        (json!([{ "date": "2026-2-1" }]), vec!["/days/0/date"]),
        (json!([{ "date": "2026-W01-5" }]), vec!["/days/0/date"]),
        (json!([{ "date": format!("{date} ") }]), vec!["/days/0/date"]),
        (json!([{ "date": date }, { "date": date }]), vec!["/days/1/date"]),
        (json!([{ "date": date, "meals": [{}, { "servings": 2 }] }]), vec!["/days/0/meals/1"]),
        (json!([{ "date": date, "meals": [{ "servings": 2, "note": "x" }] }]), vec!["/days/0/meals/0"]),
        (
            json!([{ "date": date, "meals": [{ "recipeId": "1", "servings": 0, "note": "a\u{0}" }] }]),
            vec!["/days/0/meals/0/recipeId", "/days/0/meals/0/servings", "/days/0/meals/0/note"],
        ),
        (json!([{ "date": "1999-01-01" }]), vec!["/days/0/date"]),
        (json!([{ "date": app.day(367) }]), vec!["/days/0/date"]),
        (json!([{ "date": date, "meals": vec![json!({ "note": "x" }); 21] }]), vec!["/days/0/meals"]),
    ] {
        assert_eq!(pointers(json!({ "days": days })).await, wanted, "{days}");
    }
    let note = json!({ "date": date, "note": "x" });
    for _ in 0..20 {
        alice.post("/api/v1/plan/meals", &note).await.is(201);
    }
    assert_eq!(alice.post("/api/v1/plan/meals", &note).await.is(409).json()["code"], "too_many_meals");
    for query in [
        "?from=x",
        "?from=2026-W01-5",
        "?from=2026-01-02&to=2026-01-01",
        "?from=2026-01-01&to=2027-01-03",
        "?day=1",
    ] {
        alice.get(&format!("/api/v1/plan{query}")).await.is(400);
    }
}

#[tokio::test]
async fn form_may_send_a_plan() {
    let app = TestApp::new();
    let alice = app.alice().await;
    alice.posts_recipe("Soup").await;
    alice
        .post_form("/api/v1/plan/meals", &format!("date={}&recipeId=1&servings=2&note=", app.day(0)))
        .await
        .is(201);
    // With a gap, a spare row, and a day without meals.
    let days = format!(
        "days[0][date]={}&days[0][meals][0][note]=Out&days[0][meals][4][recipeId]=1&days[0][meals][5][note]=\
         &days[0][meals][5][recipeId]=&days[2][date]={}&days[3][date]=",
        app.day(20),
        app.day(21)
    );
    let request = alice.request(http::Method::PUT, "/api/v1/plan");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(days.into());
    alice.send(request.unwrap()).await.is(204);
    let replaced =
        alice.get(&format!("/api/v1/plan?from={}&to={}", app.day(20), app.day(21))).await.is(200).json();
    let of_day = |day: usize| replaced["data"]["days"][day]["meals"].as_array().unwrap().len();
    assert_eq!([of_day(0), of_day(1)], [2, 0]);
    alice.post_form("/api/v1/shopping-list", "items=Milk").await.is(204);
    let items = alice.get("/api/v1/shopping-list").await.is(200).json();
    assert_eq!((meals(&alice, "").await.len(), &items["data"][0]["text"]), (1, &json!("Milk")));
}

#[tokio::test]
async fn calendar_has_the_plan_for_everyone_who_knows_its_address() {
    let app = TestApp::at_public_url("https://home.example/recipes");
    let alice = app.alice().await;
    alice.posts_recipe("Soup").await;
    let calendar = "/api/v1/plan/calendar";
    alice.delete(calendar).await.is(404);
    let body = json!({ "date": app.day(3), "recipeId": 1, "servings": 4 });
    alice.post("/api/v1/plan/meals", &body).await.is(201);
    let url = alice.post(calendar, &json!({})).await.is(201).json()["data"]["url"].clone();
    let path = url.as_str().unwrap().strip_prefix("https://home.example/recipes").unwrap().to_owned();
    let feed = app.anonymous().get(&path).await.is(200);
    assert_eq!(feed.header("content-type"), "text/calendar; charset=utf-8");
    assert_eq!(feed.header("cache-control"), "no-store");
    let text = feed.text();
    let date = app.day(3).replace('-', "");
    for line in [
        &format!("DTSTART;VALUE=DATE:{date}"),
        "SUMMARY:Soup (4)",
        "URL:https://home.example/recipes/recipes/1",
    ] {
        assert!(text.contains(&format!("{line}\r\n")), "{line} in {text}");
    }
    alice.post(calendar, &json!({})).await.is(201);
    assert_eq!(app.anonymous().get(&path).await.is(404).json()["code"], "calendar_not_found");
    alice.delete(calendar).await.is(204);
    for query in ["", "?key=", "?key=x"] {
        app.anonymous().get(&format!("/api/v1/plan/calendar.ics{query}")).await.is(404);
    }
}
