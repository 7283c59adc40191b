//! The contract of the original API, as a client written for it sees it.

use http::Method;
use serde_json::json;

use crate::access_tokens::INSTANCE;
use crate::app::{PASSWORD, TestApp, recipe};

#[tokio::test]
async fn root_redirects_to_the_recipes() {
    let app = TestApp::new();
    let answer = app.anonymous().get("/").await.is(302);
    assert_eq!(answer.header("location"), "/api/v1/recipes");
}

#[tokio::test]
async fn recipe_list_is_ordered_by_id() {
    let app = TestApp::new();
    assert_eq!(app.anonymous().get("/api/v1/recipes").await.is(200).json(), json!({"data": []}));
    for name in ["Soup", "Bread", "Ale"] {
        app.alice().await.posts_recipe(name).await;
    }
    let list = app.anonymous().get("/api/v1/recipes").await.is(200).json();
    let seen: Vec<_> =
        list["data"].as_array().unwrap().iter().map(|r| (r["id"].as_i64(), r["name"].as_str())).collect();
    assert_eq!(seen, [(Some(1), Some("Soup")), (Some(2), Some("Bread")), (Some(3), Some("Ale"))]);
}

#[tokio::test]
async fn recipe_begins_with_the_original_fields_in_order() {
    let app = TestApp::new();
    let url = app.alice().await.posts_recipe("Chicken Vesuvio").await;
    let answer = app.anonymous().get(&url).await.is(200);
    let start = br#"{"data":{"id":1,"name":"Chicken Vesuvio","healthLabels":["Vegan"],"cookTimeMinutes":60,"prepTimeMinutes":10,"ingredients":["1/2 cup olive oil"],"#;
    assert!(answer.body.starts_with(start), "{:?}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn unknown_recipe_is_404() {
    let app = TestApp::new();
    for path in ["7", "abc", "0", "-1", "01", "1.0", "99999999999999999999", "%00", "1%2F2"] {
        let answer = app.anonymous().get(&format!("/api/v1/recipes/{path}")).await.is(404).json();
        assert_eq!(answer["status"], "error", "{path}");
        assert_eq!(answer["statusCode"], 404, "{path}");
        assert_eq!(answer["message"], "Recipe not found", "{path}");
    }
}

#[tokio::test]
async fn token_creates_replaces_and_deletes_recipes() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let created = alice.post("/api/v1/recipes", &recipe("Soup")).await.is(201);
    assert_eq!(created.json()["data"]["name"], "Soup");
    assert_eq!(created.header("location"), "/api/v1/recipes/1");

    let replaced = alice.put("/api/v1/recipes/1", &recipe("Stew")).await.is(200).json();
    assert_eq!((&replaced["data"]["name"], &replaced["data"]["id"]), (&json!("Stew"), &json!(1)));

    let deleted = alice.delete("/api/v1/recipes/1").await.is(204);
    assert!(deleted.body.is_empty());
    app.anonymous().get("/api/v1/recipes/1").await.is(404);
    alice.delete("/api/v1/recipes/1").await.is(404);
    alice.put("/api/v1/recipes/1", &recipe("Soup")).await.is(404);
}

#[tokio::test]
async fn sign_up_and_log_in_are_200_with_a_token() {
    let app = TestApp::new();
    let sign_up = json!({"name": "Ada", "email": "ada@example.org", "password": PASSWORD});
    let signed_up = app.anonymous().post("/api/v1/users/signup", &sign_up).await.is(200);
    let log_in = json!({"email": "ada@example.org", "password": PASSWORD});
    let logged_in = app.anonymous().post("/api/v1/users/login", &log_in).await.is(200);
    for answer in [signed_up, logged_in] {
        let body = answer.json();
        app.bearing(body["token"].as_str().unwrap()).post("/api/v1/recipes", &recipe("Soup")).await.is(201);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn token_is_an_hs256_jwt_with_id_iat_and_exp() {
    let app = TestApp::new();
    let sign_up = json!({"name": "Ada", "email": "ada@example.org", "password": PASSWORD});
    let answer = app.anonymous().post("/api/v1/users/signup", &sign_up).await.is(200).json();
    let inspected = strict_jose::inspect(answer["token"].as_str().unwrap()).unwrap();
    assert_eq!(inspected.header["alg"], "HS256");
    let now = app.clock.now().as_second();
    let claims = inspected.claims;
    let sid = &claims["sid"];
    let want = json!({
        "id": 1, "iat": now, "exp": now + 24 * 60 * 60, "sid": sid, "iss": INSTANCE, "aud": INSTANCE,
    });
    assert_eq!(claims, want);
    assert!(ids::SessionId::parse(claims["sid"].as_str().unwrap()).is_some(), "the id of the session");
}

#[tokio::test]
async fn privileged_route_without_token_is_401() {
    let app = TestApp::new();
    app.alice().await.posts_recipe("Soup").await;
    let anonymous = app.anonymous();
    for answer in [
        anonymous.post("/api/v1/recipes", &recipe("Stew")).await,
        anonymous.put("/api/v1/recipes/1", &recipe("Stew")).await,
        anonymous.delete("/api/v1/recipes/1").await,
        anonymous.get("/api/v1/users/me").await,
    ] {
        let answer = answer.is(401);
        assert_eq!(answer.json()["message"], "Unauthorized");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
}

#[tokio::test]
async fn body_can_be_a_nested_form() {
    let app = TestApp::new();
    let form = "name=Soup&healthLabels%5B%5D=Vegan&cookTimeMinutes=60&prepTimeMinutes=&\
                ingredients[]=salt&ingredients[]=water&author[name]=Ada";
    let created = app.alice().await.post_form("/api/v1/recipes", form).await.is(201).json();
    assert_eq!(created["data"]["ingredients"], json!(["salt", "water"]));
    assert_eq!(created["data"]["cookTimeMinutes"], 60);
    assert_eq!(created["data"]["prepTimeMinutes"], json!(null));
    assert_eq!(created["data"]["author"], json!({"name": "Ada"}));

    let sign_up = "=ignored&name=Ada&email=ada%40example.org&password=a+stitch+in+thyme";
    app.anonymous().post_form("/api/v1/users/signup", sign_up).await.is(200);
    app.anonymous().post_form("/api/v1/users/login", sign_up).await.is(200);
}

#[tokio::test]
async fn forms_of_browsers_and_frameworks_are_read() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let created =
        async |form: &str| alice.post_form("/api/v1/recipes", form).await.is(201).json()["data"].clone();
    // A deleted row, a spare empty row, blank author fields, no checkbox ticked, and a hidden field before a checkbox.
    let form = "utf8=%E2%9C%93&name=Soup&cookTimeMinutes=60&prepTimeMinutes=&description=&author[name]=&author[url]=&\
                ingredients[0]=salt&ingredients[2]=water&ingredients[10]=leek&ingredients[3]=&\
                instructions[0][text]=Stir&instructions[4][text]=Eat&instructions[4][minutes]=5&\
                instructions[5][text]=&instructions[5][minutes]=&visibility=public&visibility=private";
    let recipe = created(form).await;
    assert_eq!(recipe["ingredients"], json!(["salt", "water", "leek"]));
    assert_eq!(recipe["instructions"], json!([{ "text": "Stir" }, { "text": "Eat", "minutes": 5 }]));
    assert_eq!((&recipe["healthLabels"], &recipe["visibility"]), (&json!([]), &json!("private")));
    assert_eq!((recipe.get("author"), recipe.get("description")), (None, None));

    // A text area with one ingredient a line.
    let form = "name=Tea&cookTimeMinutes=5&prepTimeMinutes=0&ingredients=water%0D%0Atea%0D%0A&healthLabels=";
    assert_eq!(created(form).await["ingredients"], json!(["water", "tea"]));

    let sign_up = "name=Ada&email=&email=ada%40example.org&password=a+stitch+in+thyme&invitation=";
    app.anonymous().post_form("/api/v1/users/signup", sign_up).await.is(200);
    app.anonymous().post_form("/api/v1/users/login", sign_up).await.is(200);
}

#[tokio::test]
async fn values_without_meaning_are_accepted_in_json() {
    let app = TestApp::new();
    let mut body = recipe("Soup\n");
    for (field, value) in [
        ("description", json!("")),
        ("keywords", json!([""])),
        ("nutrition", json!({ "calories": "" })),
        ("yield", json!("")),
        ("servings", json!("")),
        ("author", json!({ "name": "", "url": "" })),
        ("ingredients", json!(["a\r", " ", "b\nc"])),
        ("instructions", json!(["", "Stir\r\nEat"])),
    ] {
        body[field] = value;
    }
    let soup = app.alice().await.post("/api/v1/recipes", &body).await.is(201).json()["data"].clone();
    assert_eq!(soup["name"], "Soup");
    assert_eq!(soup["ingredients"], json!(["a", "b", "c"]));
    assert_eq!(soup["instructions"], json!([{ "text": "Stir" }, { "text": "Eat" }]));
    assert_eq!(soup["keywords"], json!([]));
    for field in ["description", "nutrition", "yield", "servings", "author"] {
        assert_eq!(soup.get(field), None, "{field}");
    }
}

#[tokio::test]
async fn cross_origin_reads_are_allowed() {
    let app = TestApp::new();
    let request =
        app.anonymous().request(Method::GET, "/api/v1/recipes").header("origin", "https://a.example");
    let answer = app.anonymous().send(request.body("".into()).unwrap()).await.is(200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn trailing_slash_is_ignored() {
    let app = TestApp::new();
    let url = app.alice().await.posts_recipe("Soup").await;
    app.anonymous().get(&format!("{url}/")).await.is(200);
    app.anonymous().get("/api/v1/recipes/?limit=1").await.is(200);
    app.alice().await.post("/api/v1/recipes/", &recipe("Stew")).await.is(201);
}
