//! The faults of the original API that are fixed on purpose: one test for each.

use accounts::Role;
use http::{Method, header};
use recipes_server::passwords::Scheme;
use serde_json::{Value, json};
use store::Viewer;
use strict_jose::Key;

use crate::app::{PASSWORD, SECRET, TestApp, recipe};

const SIGN_UP: &str = "/api/v1/users/signup";
const LOG_IN: &str = "/api/v1/users/login";

fn ada(password: &str) -> Value {
    json!({"name": "Ada", "email": "ada@example.org", "password": password})
}

#[tokio::test]
async fn wrong_password_and_unknown_email_are_the_same_401() {
    let app = TestApp::new();
    app.anonymous().post(SIGN_UP, &ada(PASSWORD)).await.is(200);
    let wrong = app.anonymous().post(LOG_IN, &ada("another password")).await.is(401);
    let unknown = json!({"email": "unknown@example.org", "password": PASSWORD});
    let unknown = app.anonymous().post(LOG_IN, &unknown).await.is(401);
    let nonsense = app.anonymous().post(LOG_IN, &json!({"email": "hello", "password": "x"})).await.is(401);
    for answer in [&wrong, &unknown, &nonsense] {
        assert_eq!(answer.json()["message"], "Unable to login");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let without_id = |answer: &crate::app::Answer| {
        let mut body = answer.json();
        body["requestId"].take();
        body
    };
    assert_eq!(without_id(&wrong), without_id(&unknown));
    assert_eq!(without_id(&wrong), without_id(&nonsense));
}

#[tokio::test]
async fn duplicate_email_is_409_in_any_case() {
    let app = TestApp::new();
    app.anonymous().post(SIGN_UP, &ada(PASSWORD)).await.is(200);
    let again = json!({"name": "Eve", "email": " ADA@example.ORG", "password": PASSWORD});
    let answer = app.anonymous().post(SIGN_UP, &again).await.is(409);
    assert_eq!(answer.json()["message"], "Email already exists!");
}

#[tokio::test]
async fn missing_fields_are_422_and_named() {
    let app = TestApp::new();
    let sign_up = app.anonymous().post(SIGN_UP, &json!({})).await.is(422);
    assert_eq!(sign_up.refused_fields(), ["/name", "/email", "/password"]);
    let log_in = app.anonymous().post(LOG_IN, &json!({"email": 7})).await.is(422);
    assert_eq!(log_in.refused_fields(), ["/email", "/password"]);
    let recipe = app.alice().await.post("/api/v1/recipes", &json!({})).await.is(422);
    assert_eq!(
        recipe.refused_fields(),
        ["/name", "/healthLabels", "/cookTimeMinutes", "/prepTimeMinutes", "/ingredients"]
    );
}

#[tokio::test]
async fn invalid_token_is_json_401_with_a_challenge() {
    let app = TestApp::new();
    let answer = app.bearing("nonsense").get("/api/v1/users/me").await.is(401);
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.header("www-authenticate").contains(r#"error="invalid_token""#));
    assert_eq!(answer.json()["code"], "invalid_token");
}

#[tokio::test]
async fn token_of_a_deleted_user_is_rejected() {
    let app = TestApp::new();
    let alice = app.alice().await;
    alice.get("/api/v1/users/me").await.is(200);
    app.store
        .delete_user(app.user("alice", Role::User).await.id, None, store::Context::operator(app.clock.now()))
        .await
        .unwrap();
    let answer = alice.get("/api/v1/users/me").await.is(401);
    assert!(answer.header("www-authenticate").contains("invalid_token"));
    // Ids are never reused, so the token does not become the token of the next user.
    app.bob().await;
    alice.get("/api/v1/users/me").await.is(401);
}

#[tokio::test]
async fn sign_up_without_email_is_422() {
    let app = TestApp::new();
    for email in [json!(null), json!(""), json!("hello"), json!("a@"), json!(7), json!({"$ne": null})] {
        let body = json!({"name": "Ada", "email": email, "password": PASSWORD});
        assert_eq!(app.anonymous().post(SIGN_UP, &body).await.is(422).refused_fields(), ["/email"]);
    }
}

#[tokio::test]
async fn signed_claims_without_a_valid_user_are_401() {
    let app = TestApp::new();
    let sid = app.alice().await.session();
    let key = Key::hs256(SECRET).unwrap();
    let exp = app.clock.now().as_second() + 60;
    for id in [json!(null), json!("1abc"), json!("1"), json!(0), json!(-1), json!(1.5), json!([1]), json!(2)]
    {
        let token = key.sign("at+jwt", &json!({"id": id, "sid": sid, "iat": 0, "exp": exp})).unwrap();
        app.bearing(token).get("/api/v1/users/me").await.is(401);
    }
    let empty = key.sign("at+jwt", &json!({})).unwrap();
    app.bearing(empty).get("/api/v1/users/me").await.is(401);
    for sid in [json!(null), json!(1), json!(""), json!("x"), json!(sid.replace('-', "")), json!([sid])] {
        let token = key.sign("at+jwt", &json!({"id": 1, "sid": sid, "iat": 0, "exp": exp})).unwrap();
        app.bearing(token).get("/api/v1/users/me").await.is(401);
    }
    let without_session = key.sign("at+jwt", &json!({"id": 1, "iat": 0, "exp": exp})).unwrap();
    app.bearing(without_session).get("/api/v1/users/me").await.is(401);
    let good = key.sign("at+jwt", &json!({"id": 1, "sid": sid, "iat": 0, "exp": exp})).unwrap();
    app.bearing(good).get("/api/v1/users/me").await.is(200);
}

#[tokio::test]
async fn trailing_text_after_a_token_is_rejected() {
    let app = TestApp::new();
    let token = app.alice().await.token().to_owned();
    let me = |authorization: String| {
        let request = app.anonymous().request(Method::GET, "/api/v1/users/me");
        request.header(header::AUTHORIZATION, authorization).body("".into()).unwrap()
    };
    app.anonymous().send(me(format!("bearer {token}"))).await.is(200);
    for header in [format!("Bearer {token} junk"), format!("Bearer {token}, x")] {
        let status = app.anonymous().send(me(header.clone())).await.status.as_u16();
        assert!(matches!(status, 400 | 401), "{header}: {status}");
    }
}

#[tokio::test]
async fn other_algorithms_and_critical_headers_are_rejected() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
    let app = TestApp::new();
    let sid = app.alice().await.session();
    let exp = app.clock.now().as_second() + 60;
    let claims = json!({"id": 1, "sid": sid, "iat": 0, "exp": exp}).to_string();
    for (algorithm, header) in [
        (aws_lc_rs::hmac::HMAC_SHA256, json!({"alg": "HS256", "typ": "at+jwt"})),
        (aws_lc_rs::hmac::HMAC_SHA512, json!({"alg": "HS512", "typ": "at+jwt"})),
        (aws_lc_rs::hmac::HMAC_SHA384, json!({"alg": "HS384", "typ": "at+jwt"})),
        (aws_lc_rs::hmac::HMAC_SHA256, json!({"alg": "HS256", "typ": "at+jwt", "crit": ["x"], "x": 1})),
        (aws_lc_rs::hmac::HMAC_SHA256, json!({"alg": "none", "typ": "at+jwt"})),
        (aws_lc_rs::hmac::HMAC_SHA256, json!({"alg": "HS256", "typ": "refresh+jwt"})),
    ] {
        let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(&claims));
        let key = aws_lc_rs::hmac::Key::new(algorithm, SECRET);
        let signature = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
        let token = format!("{signed}.{}", BASE64.encode(signature));
        let wanted = if header == json!({"alg": "HS256", "typ": "at+jwt"}) { 200 } else { 401 };
        let answer = app.bearing(token).get("/api/v1/users/me").await;
        assert_eq!(answer.status.as_u16(), wanted, "{header}");
    }
}

#[tokio::test]
async fn deleted_id_is_not_reused() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let first = alice.posts_recipe("Soup").await;
    alice.delete(&first).await.is(204);
    assert_eq!(alice.posts_recipe("Stew").await, "/api/v1/recipes/2");
}

#[tokio::test]
async fn concurrent_writes_are_all_stored() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let posts = (0..64).map(|n| {
        let client = app.bearing(alice.token());
        tokio::spawn(async move { client.posts_recipe(&format!("Soup {n}")).await })
    });
    let mut urls = Vec::new();
    for post in posts.collect::<Vec<_>>() {
        urls.push(post.await.unwrap());
    }
    urls.sort();
    urls.dedup();
    assert_eq!(urls.len(), 64);
    assert_eq!(app.store.count_recipes(Viewer::Admin).await.unwrap(), 64);
}

#[tokio::test]
async fn recipe_of_another_user_is_403() {
    let app = TestApp::new();
    let soup = app.alice().await.posts_recipe("Soup").await;
    let bob = app.bob().await;
    assert_eq!(bob.put(&soup, &recipe("Mine")).await.is(403).json()["code"], "not_the_owner");
    bob.delete(&soup).await.is(403);
    app.admin().await.put(&soup, &recipe("Better soup")).await.is(200);
    app.alice().await.delete(&soup).await.is(204);
}

#[tokio::test]
async fn long_password_is_not_truncated() {
    let app = TestApp::new();
    let long = "correct horse battery staple ".repeat(4);
    app.anonymous().post(SIGN_UP, &ada(&long)).await.is(200);
    app.anonymous().post(LOG_IN, &ada(&long[..72])).await.is(401);
    app.anonymous().post(LOG_IN, &ada(&long)).await.is(200);
    let longest = "0123456789abcdef".repeat(64);
    let eve = json!({"name": "Eve", "email": "eve@example.org", "password": longest});
    app.anonymous().post(SIGN_UP, &eve).await.is(200);
}

#[tokio::test]
async fn bcrypt_refuses_passwords_over_72_bytes() {
    let app = TestApp::hashing_with(Scheme::Bcrypt { cost: 10 });
    let long = "correct horse battery staple ".repeat(3);
    let answer = app.anonymous().post(SIGN_UP, &ada(&long)).await.is(422);
    assert_eq!(answer.refused_fields(), ["/password"]);
    app.anonymous().post(SIGN_UP, &ada(&long[..72])).await.is(200);
}

#[tokio::test]
async fn json_syntax_error_is_400_with_the_position_only() {
    let app = TestApp::new();
    let request = app.alice().await.request(Method::POST, "/api/v1/recipes");
    let request =
        request.header(header::CONTENT_TYPE, "application/json").body("{\"name\":\n <script>".into());
    let answer = app.alice().await.send(request.unwrap()).await.is(400).json();
    assert_eq!(answer["message"], "The body is not valid JSON (line 2, column 2)");
}

#[tokio::test]
async fn missing_array_is_422() {
    let app = TestApp::new();
    let mut soup = recipe("Soup");
    soup.as_object_mut().unwrap().remove("ingredients");
    assert_eq!(
        app.alice().await.post("/api/v1/recipes", &soup).await.is(422).refused_fields(),
        ["/ingredients"]
    );
}

#[tokio::test]
async fn original_hashes_log_in_and_are_upgraded() {
    let app = TestApp::new();
    // A hash by the tutorial's program: bcrypt, cost 10, "ten little onions".
    let hash = "$2b$10$JqHnCPAjfonbA8mcRtM2GuS1vl5OQfN6PE.hM/NhKR6lRcOlHSSlG";
    app.imported_user("hou@example.com", hash).await;
    let log_in = json!({"email": "hou@example.com", "password": "ten little onions"});
    for _ in 0..2 {
        app.anonymous().post(LOG_IN, &log_in).await.is(200);
        let email = accounts::Email::parse("hou@example.com").unwrap();
        let (_, stored) = app.store.user_by_email(&email).await.unwrap().unwrap();
        assert!(stored.unwrap().as_str().starts_with("$argon2id$"));
    }
    let wrong = json!({"email": "hou@example.com", "password": "ten little onion"});
    app.anonymous().post(LOG_IN, &wrong).await.is(401);
}
