//! Clients, administered over the API.

use accounts::audit::Filter;
use serde_json::{Value, json};
use store::Page;
use strict_jose::{Algorithm, Key};

use super::registered::{ISSUER, text};
use crate::app::TestApp;

const CLIENTS: &str = "/api/v1/admin/clients";

fn web() -> Value {
    json!({ "name": "Kitchen Timer", "kind": "web", "redirectUris": ["https://kitchen.example/callback"] })
}

async fn works(app: &TestApp, client: &str, secret: &str) -> bool {
    let form = format!("client_id={client}&client_secret={secret}&token=x");
    app.anonymous().post_form("/oauth/introspect", &form).await.status == 200
}

#[tokio::test]
async fn administrator_registers_changes_and_deletes_a_client() {
    let app = TestApp::at_public_url(ISSUER);
    let admin = app.admin().await;
    let created = admin.post(CLIENTS, &web()).await.is(201);
    let client = created.json()["data"].clone();
    let (id, secret) = (text(&client, "clientId"), text(&client, "clientSecret"));
    let url = created.header("location").to_owned();
    assert_eq!(url, format!("{CLIENTS}/{id}"));
    assert_eq!(client["scopes"], json!(["openid", "profile", "email", "offline_access", "recipes:read"]));
    assert!(works(&app, &id, &secret).await);

    let shown = admin.get(&url).await.is(200).json();
    assert_eq!(shown["data"].get("clientSecret"), None, "the secret is shown once");
    assert_eq!(admin.get(CLIENTS).await.is(200).json()["data"], json!([shown["data"]]));

    let flags = json!(["first-party", "", null, " "]);
    let patch =
        json!({ "name": "Timer", "flags": flags, "backchannelLogoutUri": "https://kitchen.example/out" });
    let changed = admin.patch(&url, &patch).await.is(200).json()["data"].clone();
    assert_eq!((&changed["name"], &changed["flags"]), (&"Timer".into(), &json!(["first-party"])));
    assert_eq!(changed["redirectUris"], client["redirectUris"], "other fields stay");
    admin.patch(&url, &json!({ "backchannelLogoutUri": null })).await.is(200);

    let rotated = admin.post(&format!("{url}/secret"), &json!({})).await.is(201).json();
    let new = text(&rotated["data"], "clientSecret");
    assert!(works(&app, &id, &new).await && works(&app, &id, &secret).await, "both are good for a day");
    app.clock.advance(std::time::Duration::from_hours(25));
    let admin = app.admin().await;
    assert!(works(&app, &id, &new).await && !works(&app, &id, &secret).await);

    admin.patch(&url, &json!({ "disabled": true })).await.is(200);
    assert!(!works(&app, &id, &new).await);
    admin.delete(&url).await.is(204);
    assert_eq!(admin.get(&url).await.is(404).json()["code"], "client_not_found");
    admin.delete(&url).await.is(404);

    let log = app.store.audit_log(Filter::default(), Page::longest(None)).await.unwrap().rows;
    let mut events: Vec<_> =
        log.iter().filter(|entry| entry.event.starts_with("client_")).map(|entry| &*entry.event).collect();
    events.dedup();
    assert_eq!(
        events,
        ["client_deleted", "client_changed", "client_secret_replaced", "client_changed", "client_created"]
    );
    assert!(log.iter().filter(|it| it.event.starts_with("client_")).all(|it| it.actor.user.is_some()));
}

#[tokio::test]
async fn registration_that_cannot_work_is_refused_with_every_reason() {
    let app = TestApp::at_public_url(ISSUER);
    let admin = app.admin().await;
    for (change, pointer) in [
        (json!({ "name": null }), "/name"),
        (json!({ "kind": "toaster" }), "/kind"),
        (json!({ "redirectUris": ["https://*.example/"] }), "/redirectUris"),
        (json!({ "redirectUris": "x" }), "/redirectUris"),
        (json!({ "scopes": ["a\"b"] }), "/scopes"),
        (json!({ "grants": ["password"] }), "/grants"),
        (json!({ "flags": ["admin"] }), "/flags"),
        (json!({ "jwks": { "keys": 1 } }), "/jwks"),
        (json!({ "idTokenAlgorithm": "none" }), "/idTokenAlgorithm"),
        (json!({ "assertionAudience": "x" }), "/assertionAudience"),
        (json!({ "scopes": ["recipes:cook"] }), ""),
        (json!({ "redirectUris": [] }), ""),
        (json!({ "audiences": ["https://evil.example"] }), ""),
    ] {
        let mut client = web();
        client.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = admin.post(CLIENTS, &client).await.is(422);
        assert_eq!(refused.refused_fields(), [pointer], "{change}");
    }
    let created = admin.post(CLIENTS, &web()).await.is(201);
    let url = created.header("location").to_owned();
    for change in [json!({ "scopes": ["recipes:cook"] }), json!({ "redirectUris": ["javascript:alert(1)"] })]
    {
        admin.patch(&url, &change).await.is(422);
    }
    assert_eq!(admin.get(CLIENTS).await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn client_with_keys_and_client_of_a_browser_have_no_secret() {
    let app = TestApp::at_public_url(ISSUER);
    let admin = app.admin().await;
    let key = Key::generate(Algorithm::Es256).unwrap().with_thumbprint_as_kid();
    let jwks: Value =
        serde_json::from_str(&format!("{{\"keys\":[{}]}}", key.to_public_jwk().unwrap())).unwrap();
    let mut with_keys = web();
    with_keys["jwks"] = jwks;
    let mut browser = web();
    browser["kind"] = "browser".into();
    for client in [with_keys, browser] {
        let created = admin.post(CLIENTS, &client).await.is(201);
        assert_eq!(created.json()["data"].get("clientSecret"), None);
        let url = format!("{}/secret", created.header("location"));
        assert_eq!(admin.post(&url, &json!({})).await.is(409).json()["code"], "client_has_no_secret");
    }
}
