//! The table of client kinds and grants. Each database runs it.

use serde_json::Value;
use strict_oidc::{ClientKind, GrantType};

use super::registered::{ISSUER, Registered, register, text};
use crate::app::TestApp;

const KINDS: [ClientKind; 4] =
    [ClientKind::Web, ClientKind::Browser, ClientKind::Native, ClientKind::Service];

/// What the token endpoint answers to a client that was registered for this grant.
async fn answer(kind: ClientKind, grant: GrantType) -> String {
    let app = TestApp::at_public_url(ISSUER);
    app.signed_up("ada@example.org").await;
    let secret = register(&app, "c_kitchen", kind, |record| {
        // More than a registration accepts: the endpoint must not depend on it.
        record.grants = GrantType::ALL.to_vec();
    })
    .await;
    let test = Registered { app, secret };
    let own: Vec<(&str, &str)> = if kind.is_confidential() {
        vec![("client_id", "c_kitchen"), ("client_secret", &test.secret)]
    } else {
        vec![("client_id", "c_kitchen")]
    };
    let post = async |fields: &[(&str, &str)]| -> Value {
        let mut all = own.clone();
        all.extend(fields);
        test.post("/oauth/token", "", &all).await.json()
    };
    let code = async || {
        let code = test.code_for("openid offline_access recipes:read").await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", super::registered::CALLBACK),
            ("code_verifier", super::registered::VERIFIER),
        ];
        post(&fields).await
    };
    let tokens = match grant {
        GrantType::AuthorizationCode => code().await,
        GrantType::RefreshToken => {
            let first = text(&code().await, "refresh_token");
            post(&[("grant_type", "refresh_token"), ("refresh_token", &first)]).await
        }
        GrantType::ClientCredentials => {
            post(&[("grant_type", "client_credentials"), ("scope", "recipes:read")]).await
        }
        GrantType::DeviceCode => {
            let mut all = own.clone();
            all.push(("scope", "openid recipes:read"));
            let codes = test.post("/oauth/device", "", &all).await.is(200).json();
            let (device, typed) = (text(&codes, "device_code"), text(&codes, "user_code"));
            let (cookie, _) = test.logs_in(&[]).await;
            let page = test.post("/device", &cookie, &[("user_code", &typed)]).await.is(200).text();
            let ticket = super::registered::hidden(&page, "ticket");
            let fields = [("user_code", &*typed), ("ticket", &*ticket), ("decision", "allow")];
            test.post("/device/decide", &cookie, &fields).await.is(200);
            post(&[("grant_type", grant.as_str()), ("device_code", &device)]).await
        }
    };
    let Some(access) = tokens["access_token"].as_str() else { return text(&tokens, "error") };
    let read = test.app.bearing(access).get("/api/v1/recipes").await.status.as_u16();
    format!("{}{read}", if tokens["refresh_token"].is_string() { "refresh " } else { "" })
}

#[tokio::test]
async fn every_kind_of_client_uses_every_grant_as_the_table_says() {
    // A token of a client on its own behalf belongs to no user: the recipe API refuses it.
    let table = [
        (GrantType::AuthorizationCode, ["refresh 200", "refresh 200", "refresh 200", "refresh 200"]),
        (GrantType::RefreshToken, ["refresh 200", "refresh 200", "refresh 200", "refresh 200"]),
        (GrantType::ClientCredentials, ["401", "unauthorized_client", "unauthorized_client", "401"]),
        (GrantType::DeviceCode, ["refresh 200", "200", "refresh 200", "200"]),
    ];
    for (grant, wanted) in table {
        for (kind, want) in KINDS.into_iter().zip(wanted) {
            assert_eq!(answer(kind, grant).await, want, "{kind:?} with {}", grant.as_str());
        }
    }
}

#[tokio::test]
async fn registration_refuses_the_grants_that_a_kind_may_not_have() {
    let app = TestApp::at_public_url(ISSUER);
    let admin = app.admin().await;
    let callback = "https://kitchen.example/callback";
    for (kind, grant, want) in [
        ("web", "client_credentials", 201),
        ("service", "client_credentials", 201),
        ("browser", "client_credentials", 422),
        ("native", "client_credentials", 422),
        ("service", "authorization_code", 422),
        ("service", "urn:ietf:params:oauth:grant-type:device_code", 422),
        ("native", "urn:ietf:params:oauth:grant-type:device_code", 201),
    ] {
        let scopes = if grant == "client_credentials" { ["recipes:read"] } else { ["openid"] };
        let client = serde_json::json!({
            "name": "Timer", "kind": kind, "grants": [grant], "redirectUris": [callback], "scopes": scopes,
        });
        admin.post("/api/v1/admin/clients", &client).await.is(want);
    }
}
