//! Redirect URIs of requests: the same text as the registered one, or an error page.

use strict_oidc::Next;

use crate::server::{CALLBACK, Server, encoded, request};

#[test]
fn another_redirect_uri_is_shown_and_never_redirected_to() {
    let server = Server::new();
    for uri in [
        "https://kitchen.example/callback/",
        "https://kitchen.example/Callback",
        "https://KITCHEN.example/callback",
        "HTTPS://kitchen.example/callback",
        "https://kitchen.example:443/callback",
        "https://kitchen.example:8443/callback",
        "https://user@kitchen.example/callback",
        "https://kitchen.example/callback#",
        "https://kitchen.example/callback#fragment",
        "https://kitchen.example/callback?",
        "https://kitchen.example/callback?a=b",
        "https://kitchen.example/%63allback",
        "https://kitchen.example/x/../callback",
        "https://kitchen.example/callback%2f..%2fevil",
        "https://kitchen.example/callback ",
        "https://kitchen.example/*",
        "https://kitchen.example.evil.example/callback",
        "https://kitchen.example@evil.example/callback",
        "https://kitchen.example\\@evil.example/callback",
        "http://kitchen.example/callback",
        "//kitchen.example/callback",
        "/callback",
        "javascript:alert(1)",
        "https://kitchen.example/callback\0",
        "",
    ] {
        let query = request("c_web", "").replace(CALLBACK, &encoded(uri));
        let Next::Show(page) = server.authorize(&query) else { panic!("accepted: {uri:?}") };
        assert_eq!(page.status, 400);
        if !uri.is_empty() {
            assert_eq!(page.given.as_deref(), Some(uri));
            assert_eq!(page.registered, [CALLBACK]);
        }
    }
}

#[test]
fn a_missing_or_second_redirect_uri_is_shown() {
    let server = Server::new();
    let without = request("c_web", "").replace("redirect_uri", "other");
    assert!(matches!(server.authorize(&without), Next::Show(_)));
    for second in [CALLBACK, "https://evil.example/"] {
        let query = request("c_web", &format!("redirect_uri={second}"));
        assert!(matches!(server.authorize(&query), Next::Show(_)), "{second}");
    }
}

#[test]
fn a_native_client_on_this_machine_may_use_any_port() {
    let server = Server::new();
    let query = request("c_native", "").replace(CALLBACK, "http://127.0.0.1:49152/callback");
    let Next::Consent(page) = server.authorize(&query) else { panic!("refused") };
    assert_eq!(page.form_action, "http://127.0.0.1:49152");
    let other = request("c_native", "").replace(CALLBACK, "http://127.0.0.1:49152/other");
    assert!(matches!(server.authorize(&other), Next::Show(_)));
}
