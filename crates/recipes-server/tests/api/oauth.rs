//! The authorization server: a client logs a user in, gets tokens, and uses them at the API.

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, header};
use recipes_server::provider::ClientRecord;
use serde_json::Value;
use store::ClientRow;
use strict_oidc::{Client as OAuthClient, ClientKind, ClientSecret, Digest, Random, RedirectUri, Scopes};

use crate::app::{Answer, PASSWORD, TestApp};

const ISSUER: &str = "https://id.example";
const CALLBACK: &str = "https://kitchen.example/callback";
const VERIFIER: &str = "a-verifier-of-at-least-43-characters-0123456789";

/// The service, a user and a registered client.
struct Registered {
    app: TestApp,
    secret: String,
}

fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).expect(page);
    rest.split_once('"').unwrap().0.replace("&#38;", "&").replace("&amp;", "&")
}

impl Registered {
    async fn new(kind: ClientKind) -> Self {
        let app = TestApp::at_public_url(ISSUER);
        app.signed_up("ada@example.org").await;
        let secret = ClientSecret::generate(&Random::new([7; 64]));
        let usual = OAuthClient::new("c_kitchen", "Kitchen <Timer>", kind);
        let record = ClientRecord {
            name: usual.name,
            kind,
            disabled: false,
            secrets: vec![secret.record()],
            redirect_uris: vec![RedirectUri::parse(CALLBACK, kind).unwrap()],
            grants: usual.grants,
            scopes: Scopes::parse("openid email offline_access recipes:read").unwrap(),
            flags: Vec::new(),
        };
        let created_at = app.clock.now();
        let row = ClientRow { id: "c_kitchen".into(), record: record.to_json().unwrap(), created_at };
        assert!(app.store.create_client(row).await.unwrap());
        Self { app, secret: secret.expose().to_owned() }
    }

    fn query(more: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Digest::of(VERIFIER).as_bytes());
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", "c_kitchen"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid email recipes:read"),
            ("state", "a state"),
            ("nonce", "a nonce"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        fields.extend(more);
        encoded(&fields)
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        let client = self.app.anonymous();
        client
            .send(
                client.request(Method::GET, path).header(header::COOKIE, cookie).body(Body::empty()).unwrap(),
            )
            .await
    }

    async fn post(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
        let client = self.app.anonymous();
        let request = client
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, cookie)
            .body(Body::from(encoded(fields)));
        client.send(request.unwrap()).await
    }

    /// Logs in at the page that the authorization endpoint redirects to. Answers with the cookie and the next address.
    async fn logs_in(&self, more: &[(&str, &str)]) -> (String, String) {
        let asked = self.get(&format!("/oauth/authorize?{}", Self::query(more)), "").await.is(303);
        let page = self.get(asked.header("location"), "").await.is(200);
        let return_to = hidden(&page.text(), "return_to");
        let fields = [("return_to", &*return_to), ("email", "ada@example.org"), ("password", PASSWORD)];
        let done = self.post("/oauth/log-in", "", &fields).await.is(303);
        let cookie = done.header("set-cookie").split(';').next().unwrap().to_owned();
        (cookie, done.header("location").to_owned())
    }

    /// Logs in and allows the request. Answers with the code.
    async fn code(&self, more: &[(&str, &str)]) -> String {
        let (cookie, next) = self.logs_in(more).await;
        let page = self.get(&next, &cookie).await.is(200).text();
        let (request, ticket) = (hidden(&page, "request"), hidden(&page, "ticket"));
        let fields = [("request", &*request), ("ticket", &*ticket), ("decision", "allow")];
        let done = self.post("/oauth/consent", &cookie, &fields).await.is(303);
        parameter(done.header("location"), "code")
    }

    async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("client_id", "c_kitchen"), ("client_secret", &self.secret)];
        all.extend(fields);
        self.post("/oauth/token", "", &all).await
    }

    async fn redeem(&self, code: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.token(&fields).await
    }

    async fn refresh(&self, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }
}

fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').unwrap();
    let found = form_urlencoded::parse(query.as_bytes()).find(|(own, _)| own == name);
    found.unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}

fn text(tokens: &Value, name: &str) -> String {
    tokens[name].as_str().unwrap_or_else(|| panic!("no {name} in {tokens}")).to_owned()
}

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
    let row = test.app.store.client("c_kitchen").await.unwrap().unwrap();
    let record = ClientRecord { disabled: true, ..ClientRecord::of(&row).unwrap() };
    assert!(test.app.store.replace_client(row, record.to_json().unwrap()).await.unwrap());
    test.app.bearing(text(&tokens, "access_token")).get("/api/v1/users/me").await.is(401);
    test.refresh(&text(&tokens, "refresh_token")).await.is(401);
}
