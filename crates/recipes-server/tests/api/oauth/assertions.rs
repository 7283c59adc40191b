//! Clients that sign assertions instead of sending a secret (`private_key_jwt`, RFC 7523).

use serde_json::{Value, json};
use strict_jose::{Algorithm, Key};
use strict_oidc::{AssertionAudience, ClientKind};

use super::registered::{CALLBACK, ISSUER, Registered, VERIFIER, change, register};
use crate::app::{Answer, TestApp};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(super) fn jwks(key: &Key) -> String {
    format!("{{\"keys\":[{}]}}", key.to_public_jwk().unwrap())
}

pub(super) fn new_key() -> Key {
    Key::generate(Algorithm::Es256).unwrap().with_thumbprint_as_kid()
}

struct Signing {
    test: Registered,
    key: Key,
}

impl Signing {
    async fn new() -> Self {
        let app = TestApp::at_public_url(ISSUER);
        app.signed_up("ada@example.org").await;
        let key = new_key();
        let secret = register(&app, "c_kitchen", ClientKind::Web, |record| {
            record.secrets.clear();
            record.jwks = Some(jwks(&key));
        })
        .await;
        register(&app, "c_other", ClientKind::Web, |_| ()).await;
        Self { test: Registered { app, secret }, key }
    }

    fn claims(&self, jti: &str) -> Value {
        let now = self.test.app.clock.now().as_second();
        json!({ "iss": "c_kitchen", "sub": "c_kitchen", "aud": ISSUER, "jti": jti, "exp": now + 60, "iat": now })
    }

    async fn introspects(&self, assertion: &str) -> Answer {
        let fields = [("client_assertion_type", TYPE), ("client_assertion", assertion), ("token", "x")];
        self.test.post("/oauth/introspect", "", &fields).await
    }

    fn signed(&self, claims: &Value) -> String {
        self.key.sign("JWT", claims).unwrap()
    }
}

#[tokio::test]
async fn assertion_authenticates_once() {
    let test = Signing::new().await;
    let assertion = test.signed(&test.claims("1"));
    test.introspects(&assertion).await.is(200);
    let again = test.introspects(&assertion).await.is(401).json();
    assert_eq!(again["error"], "invalid_client");
    assert!(again["error_description"].as_str().unwrap().contains("used before"), "{again}");
    test.introspects(&test.signed(&test.claims("2"))).await.is(200);
}

#[tokio::test]
async fn code_is_exchanged_with_an_assertion_and_not_with_a_secret() {
    let test = Signing::new().await;
    let code = test.test.code(&[]).await;
    assert_eq!(test.test.redeem(&code).await.is(401).json()["error"], "invalid_client");
    let assertion = test.signed(&test.claims("1"));
    let fields = [
        ("client_assertion_type", TYPE),
        ("client_assertion", &*assertion),
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    test.test.post("/oauth/token", "", &fields).await.is(200);
}

#[tokio::test]
async fn assertion_of_another_client_for_another_audience_or_with_another_key_is_refused() {
    let test = Signing::new().await;
    let with = |name: &str, value: Value| {
        let mut claims = test.claims("1");
        claims[name] = value;
        claims
    };
    let mut without_id = test.claims("1");
    without_id.as_object_mut().unwrap().remove("jti");
    let endpoint = format!("{ISSUER}/oauth/token");
    for claims in [
        with("aud", "https://evil.example".into()),
        with("aud", endpoint.clone().into()),
        with("aud", json!([ISSUER])),
        with("iss", "c_other".into()),
        with("sub", "c_other".into()),
        with("exp", 1.into()),
        with("exp", (test.test.app.clock.now().as_second() + 7200).into()),
        without_id,
    ] {
        test.introspects(&test.signed(&claims)).await.is(401);
    }
    let stranger = new_key().sign("JWT", &test.claims("1")).unwrap();
    test.introspects(&stranger).await.is(401);
    let assertion = test.signed(&test.claims("1"));
    let both = [
        ("client_assertion_type", TYPE),
        ("client_assertion", &*assertion),
        ("client_secret", "x"),
        ("token", "x"),
    ];
    test.test.post("/oauth/introspect", "", &both).await.is(400);
    test.introspects(&assertion).await.is(200);

    change(&test.test.app, "c_kitchen", |record| {
        record.assertion_audience = AssertionAudience::TokenEndpoint;
    })
    .await;
    let mut claims = test.claims("for the endpoint");
    claims["aud"] = endpoint.into();
    test.introspects(&test.signed(&claims)).await.is(200);
}
