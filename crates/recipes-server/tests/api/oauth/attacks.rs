//! What must not work, from outside: each attack and its refusal.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, header};
use serde_json::json;
use strict_oidc::{ClientFlag, ClientKind, Scopes};

use super::registered::{CALLBACK, ISSUER, Registered, VERIFIER, change, hidden, parameter, register, text};
use crate::app::PASSWORD;

/// The query of a good request with one part replaced.
fn query_with(part: &str, instead: &str) -> String {
    let query = Registered::query(&[]);
    assert!(query.contains(part), "{query}");
    query.replace(part, instead)
}

impl Registered {
    /// The error that the request of a logged-out user brings to the client.
    async fn error_at_client(&self, query: &str) -> String {
        let answer = self.get(&format!("/oauth/authorize?{query}"), "").await.is(303);
        let location = answer.header("location");
        assert!(location.starts_with(CALLBACK), "{location}");
        assert_eq!(parameter(location, "iss"), ISSUER);
        parameter(location, "error")
    }

    /// The consent page and the cookie of its browser.
    async fn consent_page(&self) -> (String, String) {
        let (cookie, next) = self.logs_in(&[]).await;
        (self.get(&next, &cookie).await.is(200).text(), cookie)
    }

    async fn error_of(&self, fields: &[(&str, &str)]) -> String {
        text(&self.token(fields).await.is(400).json(), "error")
    }
}

#[tokio::test]
async fn other_redirect_uri_than_the_registered_one_is_shown_and_never_followed() {
    let test = Registered::new(ClientKind::Web).await;
    let good = "redirect_uri=https%3A%2F%2Fkitchen.example%2Fcallback";
    for other in [
        "https://kitchen.example/callback/",
        "https://kitchen.example/Callback",
        "https://KITCHEN.example/callback",
        "https://kitchen.example:8443/callback",
        "https://ada@kitchen.example/callback",
        "https://kitchen.example/callback#fragment",
        "https://kitchen.example/call%62ack",
        "https://kitchen.example/*",
        "https://kitchen.example/callback?next=https://evil.example",
        "https://kitchen.example.evil.example/callback",
        "http://kitchen.example/callback",
        "javascript:alert(1)",
    ] {
        let uri = form_urlencoded::Serializer::new(String::new()).append_pair("redirect_uri", other).finish();
        let answer = test.get(&format!("/oauth/authorize?{}", query_with(good, &uri)), "").await.is(400);
        assert!(answer.headers.get(header::LOCATION).is_none(), "{other}");
    }
    let twice = format!("{}&{good}", Registered::query(&[]));
    test.get(&format!("/oauth/authorize?{twice}"), "").await.is(400);
    let without = query_with(&format!("{good}&"), "");
    test.get(&format!("/oauth/authorize?{without}"), "").await.is(400);
}

#[tokio::test]
async fn request_without_pkce_or_with_plain_is_refused() {
    let test = Registered::new(ClientKind::Web).await;
    let plain = query_with("code_challenge_method=S256", "code_challenge_method=plain");
    assert_eq!(test.error_at_client(&plain).await, "invalid_request");
    let none = query_with("&code_challenge_method=S256", "");
    let none = none.split("&code_challenge=").next().unwrap();
    assert_eq!(test.error_at_client(none).await, "invalid_request");
}

#[tokio::test]
async fn implicit_and_hybrid_response_types_and_fragments_are_refused() {
    let test = Registered::new(ClientKind::Web).await;
    for kind in ["token", "id_token", "code+id_token", "code+token"] {
        let query = query_with("response_type=code", &format!("response_type={kind}"));
        assert_eq!(test.error_at_client(&query).await, "unsupported_response_type", "{kind}");
    }
    let fragment = Registered::query(&[("response_mode", "fragment")]);
    assert_eq!(test.error_at_client(&fragment).await, "invalid_request");
}

#[tokio::test]
async fn parameter_that_comes_twice_is_refused() {
    let test = Registered::new(ClientKind::Web).await;
    let twice = format!("{}&scope=openid", Registered::query(&[]));
    assert_eq!(test.error_at_client(&twice).await, "invalid_request");
    let code = test.code(&[]).await;
    let fields = [("grant_type", "authorization_code"), ("code", &*code), ("code", &*code)];
    assert_eq!(test.error_of(&fields).await, "invalid_request");
}

#[tokio::test]
async fn prompt_none_without_a_session_is_an_error_and_no_page() {
    let test = Registered::new(ClientKind::Web).await;
    assert_eq!(test.error_at_client(&Registered::query(&[("prompt", "none")])).await, "login_required");
}

#[tokio::test]
async fn code_needs_its_verifier() {
    let test = Registered::new(ClientKind::Web).await;
    for verifier in [None, Some("another-verifier-of-at-least-43-characters-01")] {
        let code = test.code(&[("prompt", "consent")]).await;
        let mut fields =
            vec![("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", CALLBACK)];
        fields.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        assert_eq!(test.error_of(&fields).await, "invalid_grant", "{verifier:?}");
    }
}

/// An attacker who removes the challenge from a request would have a code that needs no verifier. The client still sends its own.
#[tokio::test]
async fn verifier_for_a_code_without_a_challenge_is_refused() {
    let test = Registered::new(ClientKind::Web).await;
    change(&test.app, "c_kitchen", |record| record.flags = vec![ClientFlag::WithoutPkce]).await;
    let query = Registered::query(&[]);
    let without = query.split("&code_challenge=").next().unwrap();
    assert_eq!(test.redeem(&test.allowed(without).await).await.is(400).json()["error"], "invalid_grant");
    let code = test.allowed(without).await;
    let fields = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", CALLBACK)];
    test.token(&fields).await.is(200);
}

#[tokio::test]
async fn code_is_for_its_client_its_redirect_uri_and_a_minute() {
    let test = Registered::new(ClientKind::Web).await;
    let secret = register(&test.app, "c_other", ClientKind::Web, |_| ()).await;
    let code = test.code(&[]).await;
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_id", "c_other"),
        ("client_secret", &secret),
    ];
    let answer = test.post("/oauth/token", "", &fields).await.is(400).json();
    assert_eq!(answer["error"], "invalid_grant");

    let code = test.code(&[("prompt", "consent")]).await;
    fields.truncate(4);
    fields[1].1 = &code;
    fields[2].1 = "https://kitchen.example/callback/";
    assert_eq!(test.error_of(&fields).await, "invalid_grant");

    let code = test.code(&[("prompt", "consent")]).await;
    test.app.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(test.redeem(&code).await.is(400).json()["error"], "invalid_grant");
}

#[tokio::test]
async fn code_that_is_used_by_many_at_once_gives_no_token_that_lives() {
    let test = Registered::new(ClientKind::Web).await;
    let code = test.code(&[]).await;
    let uses = (0..16).map(|_| test.redeem(&code));
    let answers = futures_util::future::join_all(uses).await;
    let good: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(good.len(), 1);
    let access = test.app.bearing(text(&good[0].json(), "access_token"));
    access.get("/oauth/userinfo").await.is(401);
    access.post("/api/v1/recipes", &json!({})).await.is(401);
}

#[tokio::test]
async fn markup_in_a_request_is_text_on_the_pages() {
    let test = Registered::new(ClientKind::Web).await;
    let markup = "\"><script>alert(1)</script>";
    let more = [("login_hint", markup), ("ui_locales", markup)];
    let asked = test.get(&format!("/oauth/authorize?{}", Registered::query(&more)), "").await.is(303);
    let page = test.get(asked.header("location"), "").await.is(200).text();
    assert!(!page.contains("<script"), "{page}");
    let state = query_with("state=a+state", "state=%22%3E%3Cscript%3E");
    let (cookie, _) = test.logs_in(&[]).await;
    let page = test.get(&format!("/oauth/authorize?{state}"), &cookie).await.is(200).text();
    assert!(!page.contains("<script"), "{page}");
}

#[tokio::test]
async fn log_in_page_leads_only_to_this_service() {
    let test = Registered::new(ClientKind::Web).await;
    for target in
        ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "\r\nx: y"]
    {
        let fields = [("return_to", target), ("email", "ada@example.org"), ("password", PASSWORD)];
        let answer = test.post("/oauth/log-in", "", &fields).await.is(303);
        let location = answer.header("location");
        assert!(location.starts_with("/oauth/authorize?"), "{location}");
        assert!(answer.headers.get("x").is_none());
    }
}

#[tokio::test]
async fn consent_of_another_session_or_for_more_scopes_is_refused() {
    let test = Registered::new(ClientKind::Web).await;
    let (page, cookie) = test.consent_page().await;
    let (_, other_cookie) = test.consent_page().await;
    let (request, ticket) = (hidden(&page, "request"), hidden(&page, "ticket"));
    let form = |request: &str, cookie: &str| {
        let (request, cookie) = (request.to_owned(), cookie.to_owned());
        let (test, ticket) = (&test, ticket.clone());
        async move {
            let fields = [("request", &*request), ("ticket", &*ticket), ("decision", "allow")];
            let answer = test.post("/oauth/consent", &cookie, &fields).await;
            (answer.status, answer.headers.get("location").map(|to| to.to_str().unwrap().to_owned()))
        }
    };
    let has_code = |answer: &(http::StatusCode, Option<String>)| {
        answer.1.as_ref().is_some_and(|location| location.contains("code="))
    };
    let more = request.replace("recipes%3Aread", "recipes%3Aread+offline_access");
    assert_ne!(more, request);
    for (request, cookie) in [(&more, &cookie), (&request, &other_cookie), (&request, &String::new())] {
        let answer = form(request, cookie).await;
        assert!(!has_code(&answer), "{answer:?}");
    }
    assert!(has_code(&form(&request, &cookie).await), "the form itself is good");
}

#[tokio::test]
async fn scope_that_the_client_may_not_have_is_refused() {
    let test = Registered::new(ClientKind::Web).await;
    let more = query_with("scope=openid+email+recipes%3Aread", "scope=openid+recipes%3Awrite");
    assert_eq!(test.error_at_client(&more).await, "invalid_scope");
}

#[tokio::test]
async fn refresh_brings_no_more_scopes_and_nothing_for_another_client() {
    let test = Registered::new(ClientKind::Web).await;
    let secret = register(&test.app, "c_other", ClientKind::Web, |_| ()).await;
    let code = test.code(&[]).await;
    let token = text(&test.redeem(&code).await.is(200).json(), "refresh_token");
    let wider =
        [("grant_type", "refresh_token"), ("refresh_token", &*token), ("scope", "openid offline_access")];
    assert_eq!(test.error_of(&wider).await, "invalid_scope");
    let other = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*token),
        ("client_id", "c_other"),
        ("client_secret", &*secret),
    ];
    assert_eq!(test.post("/oauth/token", "", &other).await.is(400).json()["error"], "invalid_grant");
}

#[tokio::test]
async fn client_authenticates_once_and_never_in_the_query() {
    let test = Registered::new(ClientKind::Web).await;
    let fields = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let in_query = format!("/oauth/token?client_id=c_kitchen&client_secret={}", test.secret);
    let answer = test.post(&in_query, "", &fields).await;
    assert!([400, 401].contains(&answer.status.as_u16()), "{}", answer.status);
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("c_kitchen:{}", test.secret));
    let client = test.app.anonymous();
    let body =
        format!("grant_type=refresh_token&refresh_token=x&client_id=c_kitchen&client_secret={}", test.secret);
    let request = client
        .request(Method::POST, "/oauth/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::AUTHORIZATION, format!("Basic {basic}"))
        .body(axum::body::Body::from(body));
    let answer = client.send(request.unwrap()).await.is(400).json();
    assert_eq!(answer["error"], "invalid_request");
}

#[tokio::test]
async fn userinfo_accepts_only_access_tokens_with_openid() {
    let test = Registered::new(ClientKind::Web).await;
    let tokens = test.redeem(&test.code(&[]).await).await.is(200).json();
    test.app.bearing(text(&tokens, "id_token")).get("/oauth/userinfo").await.is(401);
    test.app.bearing("eyJ.e30.x").get("/oauth/userinfo").await.is(401);
    test.app.anonymous().get("/oauth/userinfo").await.is(401);

    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*text(&tokens, "refresh_token")),
        ("scope", "recipes:read"),
    ];
    let narrow = test.token(&fields).await.is(200).json();
    test.app.bearing(text(&narrow, "access_token")).get("/oauth/userinfo").await.is(403);
}

/// Header and claims as they are, with another algorithm or another signature.
#[tokio::test]
async fn unsigned_tokens_and_tokens_of_confused_keys_are_refused() {
    let test = Registered::new(ClientKind::Web).await;
    let tokens = test.redeem(&test.code(&[]).await).await.is(200).json();
    let token = text(&tokens, "access_token");
    let claims = token.split('.').nth(1).unwrap();
    let head = |alg: &str| URL_SAFE_NO_PAD.encode(json!({"typ": "at+jwt", "alg": alg}).to_string());
    let jwks = test.get("/oauth/jwks.json", "").await.is(200).text();
    let signed_input = format!("{}.{claims}", head("HS256"));
    let public_as_secret = hmac::Key::new(hmac::HMAC_SHA256, jwks.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&public_as_secret, signed_input.as_bytes()));
    for forged in [format!("{}.{claims}.", head("none")), format!("{signed_input}.{signature}")] {
        test.app.bearing(&*forged).get("/oauth/userinfo").await.is(401);
        test.app.bearing(&*forged).get("/api/v1/recipes").await.is(401);
    }
}

#[tokio::test]
async fn disabled_and_deleted_users_lose_what_they_gave() {
    for deletes in [false, true] {
        let test = Registered::new(ClientKind::Web).await;
        let (cookie, next) = test.logs_in(&[]).await;
        let tokens = test.redeem(&test.code(&[]).await).await.is(200).json();
        let admin = test.app.admin().await;
        if deletes {
            admin.delete("/api/v1/admin/users/1").await.is(204);
        } else {
            admin.patch("/api/v1/admin/users/1", &json!({"disabled": true})).await.is(200);
        }
        let access = test.app.bearing(text(&tokens, "access_token"));
        access.get("/oauth/userinfo").await.is(401);
        access.get("/api/v1/recipes").await.is(401);
        assert_eq!(
            test.refresh(&text(&tokens, "refresh_token")).await.is(400).json()["error"],
            "invalid_grant"
        );
        let again = test.get(&next, &cookie).await.is(303);
        assert!(again.header("location").starts_with("/oauth/log-in"), "{}", again.header("location"));
    }
}

#[tokio::test]
async fn token_for_another_api_is_refused_here() {
    let test = Registered::at(
        crate::app::TestApp::accounts_only(ISSUER, &["https://kitchen.example/api"]),
        ClientKind::Web,
    )
    .await;
    let secret = register(&test.app, "c_other", ClientKind::Service, |record| {
        record.audiences = vec!["https://kitchen.example/api".into()];
        record.redirect_uris.clear();
        record.scopes = Scopes::parse("recipes:read").unwrap();
    })
    .await;
    let fields =
        [("client_id", "c_other"), ("client_secret", &*secret), ("grant_type", "client_credentials")];
    let tokens = test.post("/oauth/token", "", &fields).await.is(200).json();
    let token = text(&tokens, "access_token");
    let claims = strict_jose::inspect(&token).unwrap().claims;
    assert!(!claims["aud"].to_string().contains("id.example/api"), "{}", claims["aud"]);
    test.app.bearing(&*token).get("/api/v1/users/me").await.is(401);
}
