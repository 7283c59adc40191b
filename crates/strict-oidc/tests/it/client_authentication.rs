//! Client authentication.

use serde_json::json;
use strict_jose::{Algorithm, Key, Typ};
use strict_oidc::{
    AssertionAudience, ClientSecret, Credentials, Digest, ErrorCode, Parameters, PresentedClient,
    SecretRecord, UnixTime,
};

use crate::server::{ISSUER, NOW, SECRET, Sent, Server, assertion, assertion_form, client_key, is_refused};

fn basic(id: &str, secret: &str) -> String {
    use base64::Engine;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}")))
}

fn authenticate(
    server: &mut Server,
    authorization: Option<&str>,
    form: &str,
) -> Result<(), strict_oidc::OAuthError> {
    let form = Parameters::parse(form).unwrap();
    server.authenticate(&form, Sent { authorization, ..Sent::default() }).map(drop)
}

#[test]
fn a_secret_is_sent_in_the_header_or_in_the_body() {
    let mut server = Server::new();
    let header = basic("c_web", SECRET);
    for (authorization, form) in [
        (Some(header.as_str()), ""),
        (Some(header.as_str()), "client_id=c_web"),
        (Some(header.replace("Basic", "basic").as_str()), ""),
        (None, &format!("client_id=c_web&client_secret={SECRET}")),
    ] {
        assert!(authenticate(&mut server, authorization, form).is_ok(), "{authorization:?} {form}");
    }
    // RFC 6749 §2.3.1: form-encoded in the header.
    assert!(authenticate(&mut server, Some(&basic("c%5Fweb", SECRET)), "").is_ok());
}

#[test]
fn other_credentials_are_refused() {
    let mut server = Server::new();
    for (authorization, form) in [
        (Some(basic("c_web", "wrong")), ""),
        (Some(basic("c_web", "")), ""),
        (Some(basic("c_unknown", SECRET)), ""),
        (Some("Basic ????".into()), ""),
        (Some("Basic".into()), ""),
        (Some("Bearer abc".into()), ""),
        (None, "client_id=c_web"),
        (None, "client_id=c_web&client_secret=wrong"),
        (None, "client_id=c_browser&client_secret=any"),
        (None, "client_id=c_keys&client_secret=any"),
        (None, "client_id=c_service"),
    ] {
        let refused = authenticate(&mut server, authorization.as_deref(), form).unwrap_err();
        assert_eq!(
            (refused.code(), refused.status()),
            (ErrorCode::InvalidClient, 401),
            "{authorization:?} {form}"
        );
        assert_eq!(refused.www_authenticate().is_some(), authorization.is_some(), "RFC 6749 §5.2");
    }
}

#[test]
fn two_methods_at_once_are_refused() {
    let mut server = Server::new();
    let header = basic("c_web", SECRET);
    let assertion = assertion(&json!({}));
    for (authorization, form) in [
        (Some(header.as_str()), format!("client_secret={SECRET}")),
        (Some(header.as_str()), assertion_form(&assertion)),
        (Some(header.as_str()), "client_id=c_browser".into()),
        (None, format!("client_secret={SECRET}&{}", assertion_form(&assertion))),
        (None, format!("client_id=c_web&client_secret={SECRET}&client_secret={SECRET}")),
        (None, "grant_type=client_credentials".into()),
    ] {
        is_refused(authenticate(&mut server, authorization, &form), ErrorCode::InvalidRequest);
    }
}

#[test]
fn credentials_in_the_url_are_refused() {
    let form = Parameters::parse("client_id=c_web").unwrap();
    for query in ["client_secret=a", "client_assertion=a", "a=b&client_secret=a"] {
        is_refused(PresentedClient::read(None, Some(query), &form), ErrorCode::InvalidRequest);
    }
    assert!(PresentedClient::read(None, Some("trace=1"), &form).is_ok());
}

#[test]
fn two_secrets_overlap_during_a_rotation() {
    let mut server = Server::new();
    let new = ClientSecret::generate(&server.random());
    let old = SecretRecord { digest: Digest::of(SECRET), expires_at: Some(UnixTime(NOW + 60)) };
    server.client("c_web").credentials = Credentials::Secrets(vec![old, new.record()]);
    let [old, new] = [SECRET, new.expose()].map(|secret| format!("client_id=c_web&client_secret={secret}"));
    server.wait(59);
    assert!(authenticate(&mut server, None, &old).is_ok() && authenticate(&mut server, None, &new).is_ok());
    server.wait(1);
    assert!(authenticate(&mut server, None, &old).is_err() && authenticate(&mut server, None, &new).is_ok());
}

#[test]
fn an_assertion_is_used_once() {
    let mut server = Server::new();
    let form = assertion_form(&assertion(&json!({})));
    assert!(server.token(&form).is_ok());
    is_refused(server.token(&form), ErrorCode::InvalidClient);
    let other = assertion_form(&assertion(&json!({ "jti": "two" })));
    assert!(server.token(&other).is_ok());
}

#[test]
fn an_assertion_for_another_server_client_or_time_is_refused() {
    let mut server = Server::new();
    let token_endpoint = format!("{ISSUER}/oauth/token");
    for changes in [
        json!({ "aud": "https://other.example" }),
        json!({ "aud": [ISSUER] }),
        json!({ "aud": [ISSUER, "https://other.example"] }),
        json!({ "aud": token_endpoint }),
        json!({ "aud": null }),
        json!({ "iss": "c_web" }),
        json!({ "sub": "c_web" }),
        json!({ "jti": null }),
        json!({ "exp": NOW - 30 }),
        json!({ "exp": NOW + 3601 }),
        json!({ "nbf": NOW + 31 }),
    ] {
        let Ok(assertion) = std::panic::catch_unwind(|| assertion(&changes)) else { continue };
        is_refused(authenticate(&mut server, None, &assertion_form(&assertion)), ErrorCode::InvalidClient);
    }
    let stranger = Key::generate(Algorithm::EdDsa).unwrap().with_kid("client");
    let claims = json!({ "iss": "c_keys", "sub": "c_keys", "aud": ISSUER, "jti": "x", "exp": NOW + 60 });
    for assertion in [
        stranger.sign("JWT", &claims).unwrap(),
        client_key().sign("at+jwt", &claims).unwrap(),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjX2tleXMifQ.".into(),
        "x".into(),
    ] {
        is_refused(authenticate(&mut server, None, &assertion_form(&assertion)), ErrorCode::InvalidClient);
    }
    for typ in [Typ::Named("client-authentication+jwt"), Typ::Named("JWT"), Typ::Absent] {
        let assertion = client_key().sign(typ, &claims).unwrap();
        assert!(authenticate(&mut server, None, &assertion_form(&assertion)).is_ok());
        server.assertions.clear();
    }
}

#[test]
fn a_client_may_be_allowed_older_audiences() {
    let mut server = Server::new();
    server.client("c_keys").assertion_audience = AssertionAudience::TokenEndpoint;
    for (jti, audience) in
        [json!(ISSUER), json!([ISSUER]), json!(format!("{ISSUER}/oauth/token"))].iter().enumerate()
    {
        let assertion = assertion(&json!({ "aud": audience, "jti": jti.to_string() }));
        assert!(authenticate(&mut server, None, &assertion_form(&assertion)).is_ok(), "{audience}");
    }
    let other = assertion(&json!({ "aud": "https://other.example" }));
    is_refused(authenticate(&mut server, None, &assertion_form(&other)), ErrorCode::InvalidClient);
}

#[test]
fn the_type_of_an_assertion_and_its_client_are_read() {
    let mut server = Server::new();
    let good = assertion_form(&assertion(&json!({})));
    is_refused(
        authenticate(&mut server, None, &good.replace("jwt-bearer", "saml2-bearer")),
        ErrorCode::InvalidRequest,
    );
    is_refused(authenticate(&mut server, None, &format!("{good}&client_id=c_web")), ErrorCode::InvalidClient);
    assert!(authenticate(&mut server, None, &format!("{good}&client_id=c_keys")).is_ok());
}

#[test]
fn a_secret_is_hidden_by_debug() {
    let form = Parameters::parse("client_id=c_web&client_secret=hunter2").unwrap();
    let printed = format!("{:?}", PresentedClient::read(None, None, &form).unwrap());
    assert!(!printed.contains("hunter2"), "{printed}");
}
