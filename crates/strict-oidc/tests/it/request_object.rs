//! Signed authorization requests.

use serde_json::{Value, json};
use strict_jose::{Algorithm, Key};
use strict_oidc::Next;

use crate::server::{CALLBACK, CHALLENGE, ISSUER, NOW, Server, client_key, request, returned_error};

fn object(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": "c_keys", "aud": ISSUER, "exp": NOW + 60, "client_id": "c_keys", "response_type": "code",
        "redirect_uri": CALLBACK, "scope": "openid", "state": "signed", "code_challenge": CHALLENGE,
        "code_challenge_method": "S256", "max_age": 10000, "claims": { "userinfo": { "name": null } },
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn query(object: &str) -> String {
    format!(
        "client_id=c_keys&request={object}&scope=openid+recipes:write&state=unsigned&redirect_uri=https://evil.example"
    )
}

#[test]
fn only_the_signed_parameters_count() {
    let server = Server::new();
    for typ in ["oauth-authz-req+jwt", "JWT"] {
        let signed = client_key().sign(typ, &object(&json!({}))).unwrap();
        let Next::Consent(page) = server.authorize(&query(&signed)) else { panic!("no page") };
        assert_eq!(page.scopes.len(), 2, "openid, and the scope of the claim `name`");
        assert_eq!(page.form_action, "https://kitchen.example");
        assert_eq!(
            returned_error(
                &server.authorize(&query(
                    &client_key().sign(typ, &object(&json!({ "prompt": "none" }))).unwrap()
                ))
            ),
            "consent_required"
        );
    }
}

#[test]
fn a_wrong_object_is_shown() {
    let server = Server::new();
    let stranger = Key::generate(Algorithm::EdDsa).unwrap().with_kid("client");
    let sign = |changes: Value| client_key().sign("oauth-authz-req+jwt", &object(&changes)).unwrap();
    for signed in [
        stranger.sign("oauth-authz-req+jwt", &object(&json!({}))).unwrap(),
        client_key().sign("at+jwt", &object(&json!({}))).unwrap(),
        sign(json!({ "aud": "https://other.example" })),
        sign(json!({ "iss": "c_web" })),
        sign(json!({ "exp": NOW })),
        sign(json!({ "client_id": "c_web" })),
        sign(json!({ "request": "x" })),
        sign(json!({ "request_uri": "urn:x" })),
        "eyJhbGciOiJub25lIn0.e30.".into(),
        "x".into(),
    ] {
        assert!(matches!(server.authorize(&query(&signed)), Next::Show(_)), "{signed}");
    }
}

#[test]
fn an_object_is_refused_where_it_is_not_supported_and_never_ignored() {
    let mut server = Server::new();
    assert_eq!(returned_error(&server.authorize(&request("c_web", "request=eyJ"))), "request_not_supported");
    server.provider.accepts_request_objects = false;
    assert_eq!(returned_error(&server.authorize(&request("c_keys", "request=eyJ"))), "request_not_supported");
}
