//! The authorization server: a client logs a user in, gets tokens, and uses them at the API.

mod applications;
mod assertions;
mod attacks;
mod clients;
mod device;
mod dpop;
mod grants;
mod keys;
mod logouts;
mod management;
mod pushed;
mod registered;
mod requests;
mod resource_server;
mod revocations;
mod signed;
mod waiting;

use axum::body::Body;
use http::Method;
use strict_oidc::ClientKind;

use self::registered::{ISSUER, Registered, change, hidden, parameter, text};
use crate::app::{PASSWORD, TestApp};
use crate::pages::browser::{Browser, links};

#[tokio::test]
async fn metadata_names_the_public_url_and_the_keys_are_published() {
    let test = Registered::new(ClientKind::Web).await;
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let metadata = test.get(path, "").await.is(200).json();
        assert_eq!(metadata["issuer"], ISSUER);
        assert_eq!(metadata["token_endpoint"], format!("{ISSUER}/oauth/token"));
    }
    let answer = test.get("/oauth/jwks.json", "").await.is(200);
    assert_eq!(answer.header("cache-control"), "max-age=600");
    let jwks = answer.json();
    let algorithms: Vec<_> = jwks["keys"].as_array().unwrap().iter().map(|key| text(key, "alg")).collect();
    assert_eq!(algorithms.len(), 4, "{algorithms:?}");
    assert!(algorithms.contains(&"RS256".into()) && algorithms.contains(&"ES256".into()));
    assert!(jwks["keys"][0].get("d").is_none(), "no private key");
}

#[tokio::test]
async fn without_a_public_url_the_answer_tells_what_to_set() {
    let answer = TestApp::new().anonymous().get("/.well-known/openid-configuration").await.is(503).json();
    assert!(answer["error_description"].as_str().unwrap().contains("PUBLIC_URL"), "{answer}");
}

#[tokio::test]
async fn client_logs_a_user_in_and_reads_the_recipes_of_the_user() {
    let test = Registered::new(ClientKind::Web).await;
    let code = test.code(&[]).await;
    let tokens = test.redeem(&code).await.is(200).json();
    let id_token = strict_jose::inspect(&text(&tokens, "id_token")).unwrap();
    assert_eq!((&id_token.claims["iss"], &id_token.claims["aud"]), (&ISSUER.into(), &"c_kitchen".into()));
    assert_eq!(id_token.claims["nonce"], "a nonce");

    let access = test.app.bearing(text(&tokens, "access_token"));
    let user = access.get("/oauth/userinfo").await.is(200).json();
    assert_eq!((&user["sub"], &user["email"]), (&id_token.claims["sub"], &"ada@example.org".into()));
    assert!(user.get("name").is_none(), "the scope profile was not asked for");
    access.get("/api/v1/recipes").await.is(200);
    access.post("/api/v1/recipes", &crate::app::recipe("Soup")).await.is(403);
    access.get("/api/v1/users/me").await.is(403);
    access.get("/api/v1/admin/users").await.is(403);
    test.app.bearing(text(&tokens, "id_token")).get("/api/v1/users/me").await.is(401);
}

#[tokio::test]
async fn new_user_signs_up_on_the_way_to_an_application_or_a_device() {
    let test = Registered::new(ClientKind::Web).await;
    for (start, end) in [
        (format!("/oauth/authorize?{}", Registered::query(&[])), "/oauth/authorize?"),
        ("/device?user_code=BCDF-GHJK".to_owned(), "/device?user_code=BCDF-GHJK"),
    ] {
        let mut browser = Browser::new(&test.app);
        let asked = browser.get(&start).await.is(303).header("location").to_owned();
        let page = browser.get(&asked).await.is(200).text();
        let sign_up = links(&page, "/sign-up").remove(0);
        let form = browser.get(&sign_up).await.is(200);
        let is_of_client = end == "/oauth/authorize?";
        let targets = if is_of_client { " https://kitchen.example" } else { "" };
        let policy = form.header("content-security-policy");
        assert!(policy.ends_with(&format!("form-action 'self'{targets}")), "{policy}");
        // Who has an account goes on as well.
        let log_in = links(&form.text(), "/log-in").remove(0);
        let mut ada = Browser::new(&test.app);
        let return_to = hidden(&ada.get(&log_in).await.is(200).text(), "return_to");
        let fields = [("email", "ada@example.org"), ("password", PASSWORD), ("return_to", &*return_to)];
        let next = ada.submit(&log_in, "/log-in", &fields).await.is(303).header("location").to_owned();
        assert!(next.starts_with(end), "{next}");
        ada.get(&next).await.is(200);

        let email = format!("eve{}@example.org", end.len());
        let return_to = hidden(&form.text(), "return_to");
        let fields =
            [("name", "Eve"), ("email", &*email), ("password", PASSWORD), ("return_to", &*return_to)];
        let next = browser.submit(&sign_up, "/sign-up", &fields).await.is(303);
        let page = browser.get(next.header("location")).await.is(200).text();
        let shown = if is_of_client { "wants to:" } else { "BCDF-GHJK" };
        assert!(page.contains(shown), "{page}");
    }
}

#[tokio::test]
async fn second_use_of_a_code_ends_its_tokens() {
    let test = Registered::new(ClientKind::Web).await;
    let code = test.code(&[]).await;
    let tokens = test.redeem(&code).await.is(200).json();
    assert_eq!(test.redeem(&code).await.is(400).json()["error"], "invalid_grant");
    test.app.bearing(text(&tokens, "access_token")).get("/oauth/userinfo").await.is(401);
    test.app.bearing(text(&tokens, "access_token")).get("/api/v1/users/me").await.is(401);
    test.refresh(&text(&tokens, "refresh_token")).await.is(400);
}

#[tokio::test]
async fn refresh_token_rotates_and_its_reuse_ends_the_grant() {
    let test = Registered::new(ClientKind::Web).await;
    let first = text(&test.redeem(&test.code(&[]).await).await.is(200).json(), "refresh_token");
    let second = text(&test.refresh(&first).await.is(200).json(), "refresh_token");
    let third = text(&test.refresh(&second).await.is(200).json(), "refresh_token");
    assert_eq!(test.refresh(&first).await.is(400).json()["error"], "invalid_grant");
    assert_eq!(test.refresh(&third).await.is(400).json()["error"], "invalid_grant");
}

#[tokio::test]
async fn service_gets_a_token_that_is_no_users() {
    let test = Registered::new(ClientKind::Service).await;
    let fields = [("grant_type", "client_credentials"), ("scope", "recipes:read")];
    let tokens = test.token(&fields).await.is(200).json();
    let access = test.app.bearing(text(&tokens, "access_token"));
    access.post("/api/v1/recipes", &crate::app::recipe("Soup")).await.is(401);
    let wrong =
        [("client_id", "c_kitchen"), ("client_secret", "wrong"), ("grant_type", "client_credentials")];
    assert_eq!(test.post("/oauth/token", "", &wrong).await.is(401).json()["error"], "invalid_client");
}

#[tokio::test]
async fn denial_and_wrong_redirect_uri_give_no_code() {
    let test = Registered::new(ClientKind::Web).await;
    let (cookie, next) = test.logs_in(&[]).await;
    assert!(next.starts_with("/oauth/authorize?"), "{next}");
    let answer = test.get(&next, &cookie).await.is(200);
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://kitchen.example;"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    let page = answer.text();
    assert!(page.contains("Kitchen &#60;Timer&#62; wants to:"), "{page}");
    let (request, ticket) = (hidden(&page, "request"), hidden(&page, "ticket"));
    let fields = [("request", &*request), ("ticket", &*ticket), ("decision", "deny")];
    let denied = test.post("/oauth/consent", &cookie, &fields).await.is(303);
    let location = denied.header("location");
    assert_eq!(
        (parameter(location, "error"), parameter(location, "state")),
        ("access_denied".into(), "a state".into())
    );
    assert_eq!(parameter(location, "iss"), ISSUER);

    let query = Registered::query(&[]).replace("callback", "callback%2F");
    let page = test.get(&format!("/oauth/authorize?{query}"), &cookie).await.is(400).text();
    assert!(page.contains("https://kitchen.example/callback/"), "{page}");
}

#[tokio::test]
async fn form_of_another_site_is_refused_and_a_request_by_post_is_asked_again_by_get() {
    let test = Registered::new(ClientKind::Web).await;
    for path in ["/oauth/log-in", "/oauth/consent"] {
        let client = test.app.anonymous();
        let request = client.request(Method::POST, path).header("sec-fetch-site", "cross-site");
        client.send(request.body(Body::empty()).unwrap()).await.is(403);
    }
    let asked = test.post("/oauth/authorize", "", &[("client_id", "c_kitchen")]).await.is(303);
    assert_eq!(asked.header("location"), "/oauth/authorize?client_id=c_kitchen");
}

#[tokio::test]
async fn wrong_password_shows_the_page_again_and_sets_no_cookie() {
    let test = Registered::new(ClientKind::Web).await;
    let fields = [("return_to", "a=b"), ("email", "ada@example.org"), ("password", "wrong")];
    let answer = test.post("/oauth/log-in", "", &fields).await.is(422);
    assert!(answer.headers.get("set-cookie").is_none());
    assert!(answer.text().contains("is wrong"), "{}", answer.text());
}

#[tokio::test]
async fn disabled_client_is_refused_at_once() {
    let test = Registered::new(ClientKind::Web).await;
    let tokens = test.redeem(&test.code(&[]).await).await.is(200).json();
    change(&test.app, "c_kitchen", |record| record.disabled = true).await;
    test.app.bearing(text(&tokens, "access_token")).get("/api/v1/users/me").await.is(401);
    test.refresh(&text(&tokens, "refresh_token")).await.is(401);
}
