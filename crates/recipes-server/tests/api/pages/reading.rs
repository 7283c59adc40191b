//! Pages that everyone may read.

use accounts::Role;
use recipes_server::use_cases::accounts::Reading;
use serde_json::{Value, json};

use super::browser::{Browser, index_is_built};
use crate::app::{TestApp, recipe};

#[tokio::test]
async fn home_is_a_page_for_browsers_and_a_redirect_for_programs() {
    let app = TestApp::new();
    app.alice().await.posts_recipe("Lentil soup").await;
    index_is_built(&app).await;
    for accept in [None, Some("*/*"), Some("application/json"), Some("application/json, text/html;q=0.9")] {
        let mut request = app.anonymous().request(http::Method::GET, "/");
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let answer = app.anonymous().send(request.body("".into()).unwrap()).await.is(302);
        assert_eq!(answer.header("location"), "/api/v1/recipes");
    }
    let page = Browser::new(&app).get("/").await.is(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text().contains("Lentil soup"));
}

#[tokio::test]
async fn empty_home_tells_how_to_begin() {
    let app = TestApp::new();
    index_is_built(&app).await;
    let page = Browser::new(&app).get("/").await.is(200).text();
    assert!(
        page.contains("There are no recipes yet") && page.contains("/log-in?return_to=%2Frecipes%2Fnew"),
        "{page}"
    );
    let mut alice = Browser::of(&app, "alice", Role::User).await;
    let page = alice.get("/").await.is(200).text();
    assert!(page.contains("class=\"button second\" href=\"/recipes/import\""), "{page}");
    for (path, text) in [
        ("/recipes?owner=me", "You have not written any recipe yet."),
        ("/recipes?favourite=true", "You have no favourites yet."),
        ("/recipes?owner=me&q=soup", "No recipe matches."),
        ("/recipes?favourite=true&label=vegan", "No recipe matches."),
    ] {
        let page = alice.get(path).await.is(200).text();
        assert!(page.contains(text), "{path}: {page}");
    }
}

#[tokio::test]
async fn pages_load_from_this_service_only_and_contain_no_inline_script_or_style() {
    let app = TestApp::new();
    app.alice().await.posts_recipe("Soup").await;
    index_is_built(&app).await;
    let mut browser = Browser::of_new_user(&app, "ada@example.org").await;
    for path in ["/", "/recipes", "/recipes/1", "/about", "/account", "/recipes/new", "/nowhere"] {
        let page = browser.get(path).await;
        let policy = page.header("content-security-policy").to_owned();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        let referrer = if path == "/nowhere" { "no-referrer" } else { "same-origin" };
        assert_eq!(page.header("referrer-policy"), referrer, "{path}");
        let html = page.text();
        assert!(
            !html.contains("style=\"") && !html.contains("<style") && !html.contains(" onclick="),
            "{path}"
        );
        for script in html.split("<script").skip(1) {
            assert!(
                script.starts_with(" src=\"/-/") || script.starts_with(" type=\"application/ld+json\""),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_the_name_of_their_content() {
    let app = TestApp::new();
    let mut browser = Browser::new(&app);
    let page = browser.get("/about").await.text();
    let name = page.split("href=\"/-/pages.").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let style = browser.get(&format!("/-/pages.{name}")).await.is(200);
    assert_eq!(style.header("cache-control"), "public, max-age=31536000, immutable");
    browser.get("/-/pages.other.css").await.is(404);
    let script = page.split("src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(browser.get(&script).await.is(200).body.len() <= 20 << 10, "the script is at most 20 KB");
    let manifest = browser.get("/manifest.webmanifest").await.is(200).json();
    assert_eq!(manifest["start_url"], "/");
    assert!(browser.get("/sw.js").await.is(200).text().contains(&script));
}

#[tokio::test]
async fn recipe_is_a_page_with_its_data_and_json_for_programs() {
    let app = TestApp::new();
    let mut body = recipe("Soup <b>& co</b>");
    body["instructions"] = json!([{ "section": "Base", "text": "Chop.", "minutes": 75 }]);
    body["source"] = json!({ "url": "https://example.com/soup" });
    body["nutrition"] = json!({ "calories": "240 kcal" });
    let url = app.alice().await.post("/api/v1/recipes", &body).await.is(201).header("location").to_owned();
    let path = url.strip_prefix("/api/v1").unwrap();
    let page = Browser::new(&app).get(path).await.is(200).text();
    assert!(page.contains("Soup &#60;b&#62;&#38; co&#60;/b&#62;") && !page.contains("<b>&"), "{page}");
    for part in [
        "1/2 cup olive oil",
        "Chop.",
        "1\u{a0}h\u{a0}15\u{a0}min",
        "Base",
        "example.com",
        "240 kcal",
        "Vegan",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let data = page.split("<script type=\"application/ld+json\">").nth(1).unwrap();
    let data: Value = serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
    assert_eq!((&data["@type"], &data["name"]), (&"Recipe".into(), &"Soup <b>& co</b>".into()));
    assert!(data["url"].as_str().unwrap().ends_with(path) && data["totalTime"].is_string(), "{data}");

    let request = app.anonymous().request(http::Method::GET, path).header("accept", "application/json");
    let answer = app.anonymous().send(request.body("".into()).unwrap()).await.is(200);
    assert_eq!(answer.body, app.anonymous().get(&url).await.body);
    let request = app.anonymous().request(http::Method::GET, path).header("accept", "image/png");
    app.anonymous().send(request.body("".into()).unwrap()).await.is(406);
}

#[tokio::test]
async fn recipe_is_scaled_converted_and_downloaded_by_links() {
    let app = TestApp::new();
    let mut body = recipe("Soup");
    body["servings"] = 4.into();
    body["ingredients"] = json!(["1/2 cup olive oil", "salt"]);
    app.alice().await.post("/api/v1/recipes", &body).await.is(201);
    let mut browser = Browser::new(&app);
    let page = browser.get("/recipes/1?servings=8&utm_source=mail").await.is(200).text();
    for part in [
        "<span dir=\"auto\">1 cup olive oil",
        "/recipes/1?servings=7#",
        "/recipes/1?servings=9#",
        "\"1/2 cup olive oil\"",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let page = browser.get("/recipes/1?servings=4&unit=metric").await.is(200).text();
    assert!(page.contains("ml olive oil") && page.contains("Converted amounts are rounded."), "{page}");
    for impossible in ["servings=0", "servings=1000000", "scale=x", "unit=stone"] {
        let page = browser.get(&format!("/recipes/1?{impossible}")).await.is(200).text();
        assert!(page.contains("<span dir=\"auto\">1/2 cup olive oil"), "{impossible}");
    }
    let markdown = browser.get("/recipes/1.md").await.is(200);
    assert_eq!(markdown.header("content-type"), "text/markdown; charset=utf-8");
    assert!(markdown.text().contains("- 1/2 cup olive oil"));
}

#[tokio::test]
async fn user_keeps_favourites_and_a_log_of_what_was_cooked() {
    let app = TestApp::new();
    app.alice().await.posts_recipe("Soup").await;
    app.alice().await.posts_recipe("Stew").await;
    index_is_built(&app).await;
    let mut bob = Browser::of(&app, "bob", Role::User).await;
    let answer = bob.submit("/recipes/1", "/recipes/1/favourite", &[("wish", "add")]).await.is(303);
    assert_eq!(answer.header("location"), "/recipes/1");
    assert!(bob.get("/recipes/1").await.text().contains("Remove from favourites"));
    let favourites = bob.get("/recipes?favourite=true").await.is(200).text();
    assert!(favourites.contains("Soup") && !favourites.contains("Stew"), "{favourites}");
    bob.submit("/recipes/1", "/recipes/1/favourite", &[("wish", "remove")]).await.is(303);
    assert!(bob.get("/recipes/1").await.text().contains("Add to favourites"));

    let fields = [("date", "2025-12-31"), ("note", "Less <salt>")];
    bob.submit("/recipes/1", "/recipes/1/cooked", &fields).await.is(303);
    let page = bob.get("/recipes/1").await.text();
    assert!(page.contains("2025-12-31") && page.contains("Less &#60;salt&#62;"), "{page}");
    bob.submit("/recipes/1", "/recipes/1/cooked", &[("date", "2999-12-31")]).await.is(422);
    let entry = page.split("action=\"/recipes/1/cooked/").nth(1).unwrap().split('"').next().unwrap();
    bob.submit("/recipes/1", &format!("/recipes/1/cooked/{entry}"), &[]).await.is(303);
    assert!(!bob.get("/recipes/1").await.text().contains("2025-12-31"));

    let mut anyone = Browser::new(&app);
    let page = anyone.get("/recipes/1").await.text();
    assert!(!page.contains("favourite") && !page.contains("cooked"), "{page}");
    anyone.get("/recipes?favourite=true").await.is(303);
    bob.post("/recipes/1/favourite", &[("form_token", "x"), ("wish", "add")]).await.is(403);
}

#[tokio::test]
async fn user_rates_a_recipe_with_one_button_and_all_users_see_the_average() {
    let app = TestApp::new();
    let alice = app.alice().await;
    alice.posts_recipe("Soup").await;
    alice.posts_recipe("Stew").await;
    index_is_built(&app).await;
    let mut bob = Browser::of(&app, "bob", Role::User).await;
    let page = bob.get("/recipes/2").await.is(200).text();
    let star = |number: u8, name: &str, is_pressed: bool, star: char| {
        format!(
            "name=\"rating\" value=\"{number}\" aria-label=\"{name}\" aria-pressed=\"{is_pressed}\">{star}</button>"
        )
    };
    for button in [star(1, "1 star", false, '☆'), star(5, "5 stars", false, '☆')] {
        assert!(page.contains(&button), "{button} in {page}");
    }
    assert!(!page.contains("Remove my rating") && !page.contains("★"), "{page}");
    let answer = bob.submit("/recipes/2", "/recipes/2/rating", &[("rating", "4")]).await.is(303);
    assert_eq!(answer.header("location"), "/recipes/2#rating");
    alice.put("/api/v1/recipes/2/rating", &json!({ "rating": 5 })).await.is(204);
    alice.put("/api/v1/recipes/1/rating", &json!({ "rating": 1 })).await.is(204);
    let page = bob.get("/recipes/2").await.is(200).text();
    for part in [
        star(3, "3 stars", false, '★'),
        star(4, "4 stars", true, '★'),
        star(5, "5 stars", false, '☆'),
        "★ 4.5 <small>(2)</small>".to_owned(),
        "4.5 out of 5 stars; Ratings: 2".to_owned(),
        "\"ratingValue\":4.5".to_owned(),
    ] {
        assert!(page.contains(&part), "{part} in {page}");
    }
    let list = Browser::new(&app).get("/recipes?sort=-rating").await.is(200).text();
    assert!(list.contains("<option value=\"-rating\" selected>Best rated</option>"), "{list}");
    let (best, worst) = (list.find("★ 4.5</b>").unwrap(), list.find("★ 1.0</b>").unwrap());
    assert!(best < worst && list.rfind("Stew").unwrap() < list.rfind("Soup").unwrap(), "{list}");

    bob.submit("/recipes/2", "/recipes/2/rating", &[("wish", "remove")]).await.is(303);
    let page = bob.get("/recipes/2").await.text();
    assert!(page.contains("5.0 out of 5 stars; Ratings: 1") && !page.contains("Remove my rating"), "{page}");
    bob.submit("/recipes/2", "/recipes/2/rating", &[("rating", "9")]).await.is(422);
    bob.post("/recipes/2/rating", &[("form_token", "x"), ("rating", "1")]).await.is(403);
    let page = Browser::new(&app).get("/recipes/2").await.text();
    assert!(page.contains("★ 5.0") && !page.contains("/rating\""), "{page}");
}

#[tokio::test]
async fn search_filters_and_pages() {
    let app = TestApp::new();
    let alice = app.alice().await;
    for number in 0..30 {
        let mut body = recipe(&format!("Dish {number}"));
        body["healthLabels"] = if number == 7 { json!(["Gluten-Free"]) } else { json!(["Vegan"]) };
        body["ingredients"] = if number == 8 { json!(["1 leek"]) } else { json!(["salt"]) };
        alice.post("/api/v1/recipes", &body).await.is(201);
    }
    index_is_built(&app).await;
    let mut browser = Browser::new(&app);
    // As the form sends it: with all its empty fields, and with a parameter of another site.
    let empty = "/recipes?q=&maxTotalMinutes=&ingredient=&sort=&utm_source=news";
    let page = browser.get(empty).await.is(200).text();
    assert_eq!(page.matches("class=\"card ").count(), 24);
    let next = page.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let next = next.replace("&#38;", "&");
    assert_eq!(browser.get(&next).await.is(200).text().matches("class=\"card ").count(), 6);
    let found = browser.get("/recipes?label=gluten-free").await.is(200).text();
    assert!(found.contains("Dish 7") && !found.contains("Dish 8"), "{found}");
    let found = browser.get("/recipes?ingredient=leek,+").await.is(200).text();
    assert!(found.contains("Dish 8") && !found.contains("Dish 7"), "{found}");
    let found = browser.get("/recipes?q=nothing+like+it").await.is(200).text();
    assert!(found.contains("No recipe matches"), "{found}");
    browser.get("/recipes?maxTotalMinutes=soon").await.is(400);
    browser.get("/recipes?q=dish&cursor=x").await.is(400);
}

#[tokio::test]
async fn errors_are_pages_with_the_request_id_for_browsers_only() {
    let app = TestApp::new();
    let answer = Browser::new(&app).get("/recipes/999").await.is(404);
    let id = answer.header("x-request-id").to_owned();
    assert!(answer.text().contains(&id) && answer.text().contains("Not found"));
    assert_eq!(
        Browser::new(&app).get("/api/v1/recipes/999").await.is(404).json()["code"],
        "recipe_not_found"
    );
    assert_eq!(app.anonymous().get("/recipes/999").await.is(404).json()["code"], "recipe_not_found");
}

#[tokio::test]
async fn private_recipe_is_404_for_others_and_a_page_for_its_owner() {
    let app = TestApp::new();
    let mut body = recipe("Secret sauce");
    body["visibility"] = "private".into();
    app.alice().await.post("/api/v1/recipes", &body).await.is(201);
    Browser::new(&app).get("/recipes/1").await.is(404);
    Browser::of(&app, "bob", Role::User).await.get("/recipes/1").await.is(404);
    let page = Browser::of(&app, "alice", Role::User).await.get("/recipes/1").await.is(200).text();
    assert!(page.contains("Private"), "{page}");
}

#[tokio::test]
async fn pages_lead_to_the_log_in_where_only_members_read() {
    let app = TestApp::with_settings(|settings| settings.reading = Reading::Members);
    app.alice().await.posts_recipe("Lentil soup").await;
    index_is_built(&app).await;
    let mut member = Browser::of(&app, "bob", Role::User).await;
    for (path, here) in
        [("/", "%2F"), ("/recipes?q=soup", "%2Frecipes%3Fq%3Dsoup"), ("/recipes/1", "%2Frecipes%2F1")]
    {
        let answer = Browser::new(&app).get(path).await.is(303);
        assert_eq!(answer.header("location"), format!("/log-in?return_to={here}"));
        assert!(member.get(path).await.is(200).text().contains("Lentil soup"));
    }
    Browser::new(&app).get("/log-in").await.is(200);
    Browser::new(&app).get("/about").await.is(200);
}

#[tokio::test]
async fn pages_speak_the_language_of_the_browser_or_the_chosen_one() {
    let app = TestApp::new();
    let mut browser = Browser::new(&app);
    browser.language = "de-AT,de;q=0.9";
    assert!(browser.get("/about").await.text().contains("<html lang=\"de\" dir=\"ltr\">"));
    assert!(browser.get("/nowhere").await.text().contains("Nicht gefunden"));
    let answer = browser.post("/language", &[("language", "en"), ("return_to", "/about")]).await.is(303);
    assert_eq!(answer.header("location"), "/about");
    assert!(browser.get("/about").await.text().contains("<html lang=\"en\" dir=\"ltr\">"));
    let answer =
        browser.post("/language", &[("language", "en"), ("return_to", "//evil.example")]).await.is(303);
    assert_eq!(answer.header("location"), "/");
}

#[tokio::test]
async fn addresses_of_pages_follow_the_public_url() {
    let app = TestApp::at_public_url("https://home.example/recipes");
    app.alice().await.posts_recipe("Soup").await;
    index_is_built(&app).await;
    let mut browser = Browser::new(&app);
    // A proxy that passes the path on, and one that removes it.
    for path in ["/recipes/", "/"] {
        let page = browser.get(path).await.is(200).text();
        assert!(
            page.contains("href=\"/recipes/recipes/1\"") && page.contains("href=\"/recipes/-/pages."),
            "{page}"
        );
        assert!(!page.contains("href=\"/-/") && !page.contains("action=\"/recipes\""), "{page}");
    }
    for path in ["/recipes/recipes/1", "/recipes/1"] {
        let page = browser.get(path).await.is(200).text();
        assert!(page.contains("https://home.example/recipes/recipes/1"), "{path}: {page}");
    }
    let answer = browser.get("/recipes/account").await.is(303);
    assert_eq!(answer.header("location"), "/recipes/log-in?return_to=%2Faccount");
}
