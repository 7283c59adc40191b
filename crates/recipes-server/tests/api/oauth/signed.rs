//! Signed requests (RFC 9101), signed userinfo, pairwise subjects.

use serde_json::{Value, json};
use strict_oidc::{ClientFlag, ClientKind, RedirectUri};

use super::assertions::{jwks, new_key};
use super::registered::{CALLBACK, ISSUER, Registered, change, encoded, hidden, parameter, register, text};
use crate::app::TestApp;

#[tokio::test]
async fn only_what_is_signed_counts() {
    let app = TestApp::at_public_url(ISSUER);
    app.signed_up("ada@example.org").await;
    let key = new_key();
    let secret = register(&app, "c_kitchen", ClientKind::Web, |record| {
        record.secrets.clear();
        record.jwks = Some(jwks(&key));
    })
    .await;
    let test = Registered { app, secret };
    let mut claims: Value = json!({ "iss": "c_kitchen", "aud": ISSUER });
    let now = test.app.clock.now().as_second();
    claims["exp"] = (now + 300).into();
    for (name, value) in form_urlencoded::parse(Registered::query(&[]).as_bytes()) {
        claims[&*name] = value.into_owned().into();
    }
    let signed = key.sign("oauth-authz-req+jwt", &claims).unwrap();
    let query =
        encoded(&[("client_id", "c_kitchen"), ("request", &signed), ("scope", "openid recipes:write")]);
    let (cookie, next) = test.logs_in_for(&query).await;
    let page = test.get(&next, &cookie).await.is(200).text();
    assert!(page.contains("see your e-mail address") && !page.contains("create, change"), "{page}");
    let (request, ticket) = (hidden(&page, "request"), hidden(&page, "ticket"));
    let fields = [("request", &*request), ("ticket", &*ticket), ("decision", "allow")];
    let done = test.post("/oauth/consent", &cookie, &fields).await.is(303);
    assert_eq!(parameter(done.header("location"), "state"), "a state");

    let forged = new_key().sign("oauth-authz-req+jwt", &claims).unwrap();
    let query = encoded(&[("client_id", "c_kitchen"), ("request", &forged), ("redirect_uri", CALLBACK)]);
    let refused = test.get(&format!("/oauth/authorize?{query}"), &cookie).await.is(400).text();
    assert!(refused.contains("request object"), "{refused}");
}

#[tokio::test]
async fn userinfo_is_signed_for_a_client_that_wants_it() {
    let test = Registered::new(ClientKind::Web).await;
    change(&test.app, "c_kitchen", |record| record.flags = vec![ClientFlag::SignedUserinfo]).await;
    let tokens = test.redeem(&test.code(&[]).await).await.is(200).json();
    let answer = test.app.bearing(text(&tokens, "access_token")).get("/oauth/userinfo").await.is(200);
    assert_eq!(answer.header("content-type"), "application/jwt");
    let signed = strict_jose::inspect(&answer.text()).unwrap();
    assert_eq!(signed.claims["aud"], "c_kitchen");
    assert_eq!((&signed.claims["iss"], &signed.claims["email"]), (&ISSUER.into(), &"ada@example.org".into()));
    assert_eq!(signed.header["alg"], "RS256");
    test.app.bearing(answer.text()).get("/api/v1/users/me").await.is(401);
}

#[tokio::test]
async fn pairwise_clients_see_different_users_that_stay_the_same() {
    let test = Registered::new(ClientKind::Web).await;
    let subject =
        |tokens: &Value| text(&strict_jose::inspect(&text(tokens, "id_token")).unwrap().claims, "sub");
    let public = subject(&test.redeem(&test.code(&[]).await).await.is(200).json());
    change(&test.app, "c_kitchen", |record| record.flags = vec![ClientFlag::Pairwise]).await;
    let tokens = test.redeem(&test.code(&[]).await).await.is(200).json();
    let own = subject(&tokens);
    assert_ne!(own, public);
    assert_eq!(subject(&test.redeem(&test.code(&[]).await).await.is(200).json()), own);
    let access = test.app.bearing(text(&tokens, "access_token"));
    assert_eq!(access.get("/oauth/userinfo").await.is(200).json()["sub"], own);
    access.get("/api/v1/recipes").await.is(200);

    change(&test.app, "c_kitchen", |record| {
        let elsewhere = "https://elsewhere.example/callback";
        record.redirect_uris = vec![RedirectUri::parse(elsewhere, ClientKind::Web).unwrap()];
    })
    .await;
    let refreshed = test.refresh(&text(&tokens, "refresh_token")).await.is(200).json();
    assert_ne!(subject(&refreshed), own, "the subject belongs to the host of the client");
    let metadata = test.get("/.well-known/openid-configuration", "").await.json();
    assert_eq!(metadata["subject_types_supported"], json!(["public", "pairwise"]));
}
