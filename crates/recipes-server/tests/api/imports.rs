//! Imports: files, several files, pages, addresses, and what happens to recipes that are there already.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::get;
use axum::{Router, response::Html};
use http::{Method, StatusCode, header};
use recipes::LabelPolicy;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::app::{Answer, Client, TestApp, recipe};

pub(crate) const PAGE: &str = r#"<!doctype html><html lang="en"><script type="application/ld+json">{"@type": "Recipe", "name": "Soup",
    "recipeIngredient": ["1 l water"], "recipeInstructions": ["Boil it."], "totalTime": "PT10M", "video": {"name": "x"}}</script></html>"#;

async fn import(client: &Client, query: &str, media_type: &str, body: impl Into<Body>) -> Answer {
    let path = format!("/api/v1/recipes/import{query}");
    let request =
        client.request(Method::POST, &path).header(header::CONTENT_TYPE, media_type).body(body.into());
    client.send(request.unwrap()).await
}

fn summary(answer: &Answer) -> Value {
    answer.json()["data"]["summary"].clone()
}

async fn names(app: &TestApp) -> Vec<String> {
    let list = app.anonymous().get("/api/v1/recipes").await.is(200).json();
    list["data"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn page_is_imported_with_a_report() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let answer = import(&alice, "", "text/html", PAGE).await.is(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        answer.json()["data"]["items"],
        json!([{
            "number": 1, "format": "html", "result": "added", "id": 1, "name": "Soup", "leftOut": ["video"], "warnings": [],
            "errors": [], "taken": ["ingredients", "instructions", "language", "name", "totalTimeMinutes"],
        }])
    );
    let stored = app.anonymous().get("/api/v1/recipes/1").await.is(200).json();
    assert_eq!((&stored["data"]["totalTimeMinutes"], &stored["data"]["ownerId"]), (&json!(10), &json!(1)));
}

#[tokio::test]
async fn dry_run_writes_nothing() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let answer = import(&alice, "?dryRun=true", "text/html", PAGE).await.is(200);
    assert_eq!(summary(&answer)["valid"], 1);
    assert!(names(&app).await.is_empty());
}

#[tokio::test]
async fn recipe_that_is_there_is_skipped_updated_or_copied() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let one = json!([{ "name": "Soup", "source": { "url": "https://a.example/soup" }, "healthLabels": [], "cookTimeMinutes": 1,
        "prepTimeMinutes": null, "ingredients": ["water"] }]);
    let mut other = one.clone();
    other[0]["cookTimeMinutes"] = json!(2);
    let run = async |query: &str, body: &Value| {
        import(&alice, query, "application/json", body.to_string()).await.is(200)
    };
    assert_eq!(summary(&run("", &one).await)["added"], 1);
    assert_eq!(run("", &one).await.json()["data"]["items"][0]["id"], 1);
    assert_eq!(summary(&run("?onConflict=skip", &other).await)["alreadyThere"], 1);
    assert_eq!(summary(&run("?onConflict=update", &one).await)["alreadyThere"], 1);
    assert_eq!(summary(&run("?onConflict=update", &other).await)["updated"], 1);
    assert_eq!(alice.get("/api/v1/recipes/1").await.json()["data"]["cookTimeMinutes"], 2);
    assert_eq!(alice.get("/api/v1/recipes/1").await.json()["data"]["revision"], 2);
    assert_eq!(summary(&run("?onConflict=copy", &other).await)["added"], 1);
    // The same content of another user is none of Bob's.
    let bob = app.bob().await;
    let answer = import(&bob, "", "application/json", other.to_string()).await.is(200);
    assert_eq!(summary(&answer)["added"], 1);
    assert_eq!(names(&app).await.len(), 3);
}

#[tokio::test]
async fn one_error_stops_an_atomic_import_and_no_other() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let mut bad = recipe("Bad");
    bad["ingredients"] = json!([7]);
    let lines = [recipe("One"), bad, recipe("Two")].map(|line| line.to_string()).join("\n");
    let refused = import(&alice, "?mode=atomic", "application/x-ndjson", lines.clone()).await.is(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/1/ingredients/0");
    assert!(names(&app).await.is_empty());
    let answer = import(&alice, "", "application/x-ndjson", lines).await.is(200);
    assert_eq!(
        summary(&answer),
        json!({"valid": 0, "added": 2, "updated": 0, "alreadyThere": 0, "failed": 1})
    );
    assert_eq!(names(&app).await, ["One", "Two"]);
}

#[tokio::test]
async fn unknown_label_is_an_error_where_only_known_ones_are_allowed() {
    let app = TestApp::with_settings(|settings| settings.labels = LabelPolicy::Known);
    let labelled = |name: &str, label: &str| {
        let mut recipe = recipe(name);
        recipe["healthLabels"] = json!([label]);
        recipe
    };
    let recipes = json!([labelled("Bread", "Glutenfree"), labelled("Soup", "Vegan")]).to_string();
    let answer = import(&app.alice().await, "", "application/json", recipes).await.is(200);
    assert_eq!(names(&app).await, ["Soup"]);
    let errors = &answer.json()["data"]["items"][0]["errors"];
    assert_eq!(errors[0]["pointer"], "/healthLabels/0");
    assert_eq!(errors[0]["message"], "is not a known label; did you mean \"Gluten-Free\"?");
}

#[tokio::test]
async fn several_files_are_parts_of_one_body() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let part = |name: &str, text: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let body =
        part("soup.html", PAGE) + &part("egg.cook", "Boil @eggs{2}.") + &part("empty", "") + "--x--\r\n";
    let answer = import(&alice, "", "multipart/form-data; boundary=x", body).await.is(200).json();
    let items = answer["data"]["items"].as_array().unwrap();
    assert_eq!((&items[0]["file"], &items[0]["name"]), (&json!("soup.html"), &json!("Soup")));
    assert_eq!((&items[1]["file"], &items[1]["name"]), (&json!("egg.cook"), &json!("egg")));
    import(&alice, "", "multipart/form-data", "x").await.is(400);
    import(&alice, "", "multipart/form-data; boundary=x", "--x\r\n").await.is(400);
}

#[tokio::test]
async fn report_is_streamed_as_lines() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let lines: Vec<_> = (0..150).map(|n| recipe(&format!("Soup {n}")).to_string()).collect();
    let request = alice
        .request(Method::POST, "/api/v1/recipes/import")
        .header(header::ACCEPT, "application/x-ndjson")
        .body(Body::from(lines.join("\n")));
    let answer = alice.send(request.unwrap()).await.is(200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let report: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((report.len(), &report[149]["number"]), (151, &json!(150)));
    assert_eq!(report[150]["summary"]["added"], 150);
}

#[tokio::test]
async fn wrong_parameters_and_files_are_named() {
    let app = TestApp::new();
    let alice = app.alice().await;
    for (query, message) in [
        ("?mode=atomicc", "mode cannot be \"atomicc\"; did you mean \"atomic\"?"),
        ("?onConflict=replace", "onConflict cannot be \"replace\"; known values: skip, update, copy"),
        ("?dry=1", "Unknown query parameter \"dry\"; did you mean \"dryRun\"?"),
    ] {
        assert_eq!(import(&alice, query, "text/plain", "x").await.is(400).json()["message"], message);
    }
    import(&alice, "?format=docx", "text/plain", "x").await.is(400);
    let refused = import(&alice, "", "application/pdf", "%PDF-1.7").await.is(422).json();
    assert_eq!(refused["errors"][0]["message"], "is a PDF, not a file of recipes");
    let account = r#"{"name":"Ada","email":"ada@example.com","password":"x"}"#;
    import(&alice, "", "application/json", account).await.is(422);
    import(&alice, "", "application/json", "").await.is(422);
    import(&app.anonymous(), "", "text/html", PAGE).await.is(401);
}

#[tokio::test]
async fn body_beyond_the_limit_is_413() {
    let app = TestApp::new();
    let alice = app.alice().await;
    import(&alice, "", "text/plain", vec![b' '; (32 << 20) + 1]).await.is(413);
}

/// A site with a recipe.
pub(crate) async fn site() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new()
        .route("/soup", get(|| async { Html(PAGE) }))
        .route("/moved", get(|| async { Redirect::permanent("/soup") }))
        .route("/inside", get(|| async { Redirect::temporary("http://169.254.169.254/latest/meta-data") }))
        .route("/loop", get(|| async { Redirect::temporary("/loop") }))
        .route("/closed", get(|| async { (StatusCode::FORBIDDEN, "no robots").into_response() }))
        .route("/large", get(|| async { vec![b' '; 6 << 20] }))
        .route(
            "/pictured/{file}",
            get(move |Path(file): Path<String>| async move { page_with_picture(address, &file) }),
        )
        .route("/dish.jpg", get(|| async { crate::images::picture(64, 48, 9, image::ImageFormat::Jpeg) }));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

fn page_with_picture(site: SocketAddr, file: &str) -> Html<String> {
    let image = format!(r#"{{"image": "http://{site}/{file}", "@type""#);
    let page = PAGE.replace(r#"{"@type""#, &image);
    Html(page.replace("Soup", &format!("Soup with {file}")))
}

#[tokio::test]
async fn picture_of_a_page_comes_with_the_recipe() {
    let (app, site) = (TestApp::new(), site().await);
    let alice = app.alice().await;
    let from = async |file: &str| {
        let body = json!({ "url": format!("http://{site}/pictured/{file}") });
        let report = alice.post("/api/v1/recipes/import", &body).await.is(200).json();
        report["data"]["items"][0]["warnings"].to_string()
    };
    assert_eq!(from("dish.jpg").await, "[]");
    let warnings = from("gone.jpg").await;
    let status = "gone.jpg cannot be fetched: the site answers with the status 404";
    assert!(warnings.contains("a picture was left out: ") && warnings.contains(status), "{warnings}");
    assert!(from("soup").await.contains("is no JPEG, PNG, WebP or GIF"));
    let list = alice.get("/api/v1/recipes?fields=image").await.is(200).json();
    let widths: Vec<_> =
        list["data"].as_array().unwrap().iter().map(|it| it["image"]["width"].clone()).collect();
    assert_eq!(widths, [json!(64), json!(null), json!(null)]);
}

#[tokio::test]
async fn recipe_comes_from_an_address() {
    let (app, site) = (TestApp::new(), site().await);
    let alice = app.alice().await;
    let from = async |path: &str| {
        let body = json!({ "url": format!("http://{site}{path}") });
        alice.post("/api/v1/recipes/import", &body).await
    };
    assert_eq!(summary(&from("/soup").await.is(200))["added"], 1);
    assert_eq!(summary(&from("/moved").await.is(200))["added"], 1);
    for (path, message) in [
        (
            "/closed",
            "cannot be fetched: the site answers with the status 403; open it in a browser, and send its source as",
        ),
        ("/loop", "cannot be fetched: the site answers with the status 307"),
        ("/inside", "is not fetched: the service may not connect to "),
        ("/large", "cannot be fetched: a response of more than 5242880 bytes"),
    ] {
        let refused = from(path).await.is(422).json();
        assert_eq!(refused["errors"][0]["pointer"], "/url");
        assert!(refused["errors"][0]["message"].as_str().unwrap().starts_with(message), "{refused}");
    }
    for url in ["http://10.0.0.1/", "file:///etc/passwd", "x", "https://user:password@example.com/"] {
        alice.post("/api/v1/recipes/import", &json!({ "url": url })).await.is(422);
    }
}

#[tokio::test]
async fn source_of_a_page_takes_the_place_of_its_address() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let body = json!({ "html": PAGE, "url": "https://closed.example/soup" });
    alice.post("/api/v1/recipes/import", &body).await.is(200);
    let stored = alice.get("/api/v1/recipes/1").await.json();
    assert_eq!(stored["data"]["source"]["url"], "https://closed.example/soup");
    // The page has changed, and its name too.
    let body = json!({ "html": PAGE.replace("Soup", "Best soup"), "url": "https://closed.example/soup" });
    let answer = alice.post("/api/v1/recipes/import?onConflict=update", &body).await.is(200);
    assert_eq!(summary(&answer)["updated"], 1);
    assert_eq!(names(&app).await, ["Best soup"]);
    alice.post("/api/v1/recipes/import", &json!({ "url": "" })).await.is(422);
    // A recipe with these members is a file.
    let recipe = r#"{"url":"x","html":"y","@type":"Recipe","name":"Stew","recipeIngredient":["water"]}"#;
    import(&alice, "", "application/json", recipe).await.is(200);
}
