//! New recipes, changes and deletion.

use accounts::Role;
use serde_json::json;

use super::browser::{Browser, field, index_is_built};
use crate::app::{TestApp, recipe};

const NEW: [(&str, &str); 8] = [
    ("name", "Lentil soup"),
    ("ingredients", "200 g lentils\r\n1 onion\r\n"),
    ("prepTimeMinutes", "10"),
    ("cookTimeMinutes", ""),
    ("healthLabels", "Vegan"),
    ("instructions[0][text]", "Chop.\r\nCook."),
    ("instructions[0][minutes]", "5"),
    ("visibility", "public"),
];

#[tokio::test]
async fn user_writes_changes_and_deletes_a_recipe() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let answer = browser.submit("/recipes/new", "/recipes/new", &NEW).await.is(303);
    assert_eq!(answer.header("location"), "/recipes/1?done=saved");
    let page = browser.get("/recipes/1?done=saved").await.is(200).text();
    assert!(
        page.contains("Saved.") && page.contains("200 g lentils") && page.contains("/recipes/1/edit"),
        "{page}"
    );
    let stored = app.anonymous().get("/api/v1/recipes/1").await.is(200).json();
    assert_eq!(
        stored["data"]["instructions"],
        json!([{ "text": "Chop.", "minutes": 5 }, { "text": "Cook." }])
    );

    let form = browser.get("/recipes/1/edit").await.is(200).text();
    let mut fields = NEW.to_vec();
    let revision = field(&form, "revision");
    fields[0].1 = "Red lentil soup";
    fields.push(("revision", &revision));
    browser.submit("/recipes/1/edit", "/recipes/1/edit", &fields).await.is(303);
    let form = browser.get("/recipes/1/delete").await.is(200).text();
    assert!(form.contains("Red lentil soup"));
    let revision = field(&form, "revision");
    let answer =
        browser.submit("/recipes/1/delete", "/recipes/1/delete", &[("revision", &revision)]).await.is(303);
    assert_eq!(answer.header("location"), "/?done=deleted");
    browser.get("/recipes/1").await.is(404);
}

#[tokio::test]
async fn new_recipe_is_saved_and_its_picture_comes_next() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let page = browser.get("/recipes/new").await.is(200).text();
    assert!(page.contains("Save and add a picture") && page.contains("href=\"/recipes/import\""), "{page}");
    let fields = [&NEW[..], &[("next", "picture")]].concat();
    let answer = browser.submit("/recipes/new", "/recipes/new", &fields).await.is(303);
    assert_eq!(answer.header("location"), "/recipes/1/edit?done=saved#pictures");
    let page = browser.get("/recipes/1/edit?done=saved").await.is(200).text();
    for part in ["Saved.", "id=\"pictures\"", "A picture is saved on its own", "href=\"#pictures\""] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let link = "href=\"/recipes/1/edit#pictures\">Add a picture</a>";
    assert!(browser.get("/recipes/1").await.text().contains(link));
    assert!(!Browser::new(&app).get("/recipes/1").await.text().contains(link));
    let jpeg = crate::images::picture(40, 30, 90, image::ImageFormat::Jpeg);
    browser.upload("/recipes/1/edit", "/recipes/1/image", &[("step", "")], &jpeg).await.is(303);
    assert!(!browser.get("/recipes/1").await.text().contains(link));
}

#[tokio::test]
async fn problems_are_told_in_words_for_cooks() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let fields = [
        ("name", ""),
        ("ingredients", "Water\r\nSa\u{1}lt"),
        ("servings", "many"),
        ("prepTimeMinutes", "soon"),
        ("cookTimeMinutes", ""),
        ("difficulty", "9"),
        ("language", "!"),
        ("instructions[0][text]", "Stir."),
        ("instructions[0][minutes]", "long"),
    ];
    let page = browser.submit("/recipes/new", "/recipes/new", &fields).await.is(422).text();
    for part in [
        "must be a number above 0, at most",
        "or stay empty",
        "Line 2: must be",
        "Step 1: must be a whole number of minutes",
        "must be the short name of a language",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    for word in ["or null", "BCP 47", "control character", "must be an object"] {
        assert!(!page.contains(word), "{word} in {page}");
    }
}

#[tokio::test]
async fn problems_keep_everything_that_was_typed() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let mut fields = NEW.to_vec();
    (fields[0].1, fields[3].1) = ("", "soon");
    let page = browser.submit("/recipes/new", "/recipes/new", &fields).await.is(422).text();
    for part in [
        "id=\"name-error-1\"",
        "id=\"cookTimeMinutes-error-1\"",
        "value=\"soon\"",
        "200 g lentils\n1 onion",
        "Chop.\nCook.",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(page.contains("value=\"Vegan\" checked"), "{page}");
    fields.push(("more", "steps"));
    let page = browser.submit("/recipes/new", "/recipes/new", &fields).await.is(200).text();
    assert_eq!(page.matches("class=\"step-block\"").count(), 4);
}

#[tokio::test]
async fn ended_session_loses_nothing_that_was_typed() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let token = field(&browser.get("/recipes/new").await.text(), "form_token");
    let session = std::mem::take(&mut browser.cookies);
    let sent = [&[("form_token", &*token)], &NEW[..]].concat();
    let page = browser.post("/recipes/new", &sent).await.is(403).text();
    assert!(page.contains("Your session has ended") && page.contains("200 g lentils"), "{page}");
    // The user logs in again in another tab, and sends the form with the token that it has now.
    browser.cookies = session;
    let token = field(&page, "form_token");
    let stale = [&[("form_token", &*token)], &NEW[..]].concat();
    let page = browser.post("/recipes/new", &stale).await.is(403).text();
    let token = field(&page, "form_token");
    let sent = [&[("form_token", &*token)], &NEW[..]].concat();
    browser.post("/recipes/new", &sent).await.is(303);
}

#[tokio::test]
async fn both_versions_are_shown_when_another_user_has_saved_meanwhile() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let revision = field(&browser.get("/recipes/1/edit").await.text(), "revision");
    alice.put(&url, &recipe("Soup of the other")).await.is(200);
    let mine = [&NEW[..], &[("revision", &*revision)]].concat();
    let page = browser.submit("/recipes/1/edit", "/recipes/1/edit", &mine).await.is(412).text();
    assert!(page.contains("Soup of the other") && page.contains("value=\"Lentil soup\""), "{page}");
    assert_eq!(alice.get(&url).await.json()["data"]["name"], "Soup of the other");
    // Sent again by the user who has seen the other version.
    let seen = field(&page, "revision");
    let mine = [&NEW[..], &[("revision", &*seen)]].concat();
    browser.submit("/recipes/1/edit", "/recipes/1/edit", &mine).await.is(303);
    assert_eq!(alice.get(&url).await.json()["data"]["name"], "Lentil soup");

    let stale = [("revision", "1")];
    browser.submit("/recipes/1/delete", "/recipes/1/delete", &stale).await.is(412);
    alice.get(&url).await.is(200);
}

#[tokio::test]
async fn what_the_form_does_not_show_is_kept() {
    let app = TestApp::new();
    let mut body = recipe("Soup");
    body["nutrition"] = json!({ "calories": 240 });
    body["extra"] = json!({ "shelf": 3 });
    app.alice().await.post("/api/v1/recipes", &body).await.is(201);
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let fields = [&NEW[..], &[("revision", "1")]].concat();
    browser.submit("/recipes/1/edit", "/recipes/1/edit", &fields).await.is(303);
    let stored = app.anonymous().get("/api/v1/recipes/1").await.json();
    assert_eq!(
        (&stored["data"]["nutrition"]["calories"], &stored["data"]["extra"]["shelf"]),
        (&240.into(), &3.into())
    );
}

#[tokio::test]
async fn user_sets_and_removes_pictures() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    browser.submit("/recipes/new", "/recipes/new", &NEW).await.is(303);
    let (form, action) = ("/recipes/1/edit", "/recipes/1/image");
    let jpeg = crate::images::picture(400, 300, 90, image::ImageFormat::Jpeg);
    let answer = browser.upload(form, action, &[("step", "")], &jpeg).await.is(303);
    assert_eq!(answer.header("location"), "/recipes/1?done=saved");
    browser.upload(form, action, &[("step", "2")], &jpeg).await.is(303);
    let page = browser.get("/recipes/1").await.is(200).text();
    assert!(page.contains("src=\"/api/v1/recipes/1/image?size=large"), "{page}");
    assert!(page.contains("src=\"/api/v1/recipes/1/steps/2/image?size=large"), "{page}");
    assert!(page.contains("\"image\":[\"http://"), "{page}");
    index_is_built(&app).await;
    let cards = browser.get("/").await.is(200).text();
    assert!(cards.contains("src=\"/api/v1/recipes/1/image?size=small"), "{cards}");
    assert!(cards.contains("srcset=\"/api/v1/recipes/1/image?size=small"), "{cards}");
    // Saving the recipe keeps them.
    let edit = browser.get(form).await.text();
    let revision = field(&edit, "revision");
    browser.submit(form, form, &[&NEW[..], &[("revision", &revision)]].concat()).await.is(303);
    for (fields, file, problem) in [
        (&[("step", "")][..], &b""[..], "Choose a picture first."),
        (&[("step", "")], b"text", "The picture is no JPEG, PNG, WebP or GIF"),
        (&[("remove", "1"), ("step", "1")], b"", "There is no such picture"),
    ] {
        let page = browser.upload(form, action, fields, file).await.text();
        assert!(page.contains(problem) && page.contains("Lentil soup"), "{page}");
    }
    browser.post(action, &[("form_token", "wrong")]).await.is(403);
    browser.upload(form, action, &[("remove", "1"), ("step", "")], b"").await.is(303);
    let stored = app.anonymous().get("/api/v1/recipes/1").await.is(200).json();
    assert_eq!((stored["data"].get("image"), &stored["data"]["stepImages"][0]["step"]), (None, &json!(2)));
}
