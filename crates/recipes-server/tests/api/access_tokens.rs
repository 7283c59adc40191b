//! Issuer and audience of access tokens, at a protected route.

use recipes_server::Clock;
use recipes_server::auth::access_tokens::TokenIssuer;
use serde_json::{Value, json};
use store::Instance;
use strict_jose::Key;

use crate::app::{Answer, Client, SECRET, TestApp};

const ME: &str = "/api/v1/users/me";

/// Sends a token with the session of this client and with these claims, signed by the server's own key.
async fn get_me(app: &TestApp, client: &Client, claims: Value) -> Answer {
    let now = app.clock.now().as_second();
    let mut all = json!({"id": 1, "sid": client.session(), "iat": now, "exp": now + 60});
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    app.bearing(Key::hs256(SECRET).unwrap().sign("at+jwt", &all).unwrap()).get(ME).await
}

#[tokio::test]
async fn token_of_another_issuer_or_audience_is_refused() {
    let app = TestApp::new();
    let alice = app.alice().await;
    get_me(&app, &alice, json!({"iss": INSTANCE, "aud": INSTANCE})).await.is(200);
    for claims in [
        json!({"iss": INSTANCE, "aud": "https://other.example"}),
        json!({"iss": "https://other.example", "aud": INSTANCE}),
        json!({"iss": INSTANCE}),
        json!({"aud": INSTANCE}),
        json!({}),
    ] {
        let refused = get_me(&app, &alice, claims.clone()).await.is(401);
        let challenge = refused.header("www-authenticate");
        assert!(challenge.contains(r#"error="invalid_token""#), "{claims}: {challenge}");
    }
}

#[tokio::test]
async fn token_without_issuer_and_audience_is_accepted_if_it_is_older_than_the_name_of_the_instance() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let named_at = app.clock.now().as_second();
    get_me(&app, &alice, json!({"iat": named_at - 1})).await.is(200);
    get_me(&app, &alice, json!({"iat": named_at - 1, "exp": named_at})).await.is(401);
    get_me(&app, &alice, json!({"iat": named_at})).await.is(401);
    get_me(&app, &alice, json!({"iat": named_at - 1, "aud": "https://other.example"})).await.is(401);
}

/// The name of the instance in its access tokens.
pub(crate) const INSTANCE: &str = "urn:uuid:019b7979-0000-7000-8000-000000000000";

pub(crate) fn issuer(clock: &Clock) -> TokenIssuer {
    let id = ids::Uid::parse(&INSTANCE["urn:uuid:".len()..]).unwrap();
    TokenIssuer::new(Key::hs256(SECRET).unwrap(), Instance { id, named_at: clock.now() }, None)
}
