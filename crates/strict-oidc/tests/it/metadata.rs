//! Metadata, and the names of servers.

use serde_json::json;
use strict_oidc::{GrantType, Provider, metadata, resource_metadata};

use crate::server::{API, ISSUER, Server};

#[test]
fn the_metadata_lists_only_what_is_on() {
    let mut provider = Provider::new(ISSUER).unwrap();
    let off = metadata(&provider);
    for name in [
        "introspection_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
        "pushed_authorization_request_endpoint",
        "device_authorization_endpoint",
        "backchannel_logout_supported",
        "request_object_signing_alg_values_supported",
        "protected_resources",
    ] {
        assert!(!off.contains_key(name), "{name}");
    }
    assert_eq!(off["subject_types_supported"], json!(["public"]));
    assert!(!off["grant_types_supported"].to_string().contains("device_code"));

    let endpoints = &mut provider.endpoints;
    for endpoint in [
        &mut endpoints.introspection,
        &mut endpoints.revocation,
        &mut endpoints.end_session,
        &mut endpoints.pushed_requests,
        &mut endpoints.device_authorization,
    ] {
        *endpoint = Some(format!("{ISSUER}/on"));
    }
    provider.grants.push(GrantType::DeviceCode);
    provider.pairwise_salt = Some([1; 32]);
    let on = metadata(&provider);
    for name in
        ["introspection", "revocation", "end_session", "pushed_authorization_request", "device_authorization"]
    {
        assert_eq!(on[&format!("{name}_endpoint")], format!("{ISSUER}/on"));
    }
    assert_eq!(on["subject_types_supported"], json!(["public", "pairwise"]));
    assert_eq!(on["backchannel_logout_session_supported"], true);
}

#[test]
fn resources_and_their_scopes_are_listed() {
    let server = Server::new();
    let metadata = metadata(&server.provider);
    assert!(metadata["scopes_supported"].as_array().unwrap().contains(&json!("recipes:read")));
    assert_eq!(metadata["protected_resources"][0], API);
    let resource = resource_metadata(&server.provider, &server.provider.resources[0]);
    assert_eq!(
        json!(resource),
        json!({
            "resource": API,
            "authorization_servers": [ISSUER],
            "scopes_supported": ["recipes:read", "recipes:write"],
            "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": metadata["dpop_signing_alg_values_supported"],
        })
    );
}

#[test]
fn an_issuer_is_one_text() {
    for good in [
        "https://id.example",
        "https://id.example/tenant",
        "http://localhost:3000",
        "http://127.0.0.1:1",
        "http://[::1]",
    ] {
        assert!(Provider::new(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "id.example",
        "http://id.example",
        "https://id.example/",
        "https://id.example?a",
        "https://id.example#a",
        "https://user@id.example",
        "ftp://id.example",
        "https://id.example/\u{e9}",
        "https://",
        " https://id.example",
        "http://127.0.0.1.evil.example",
        "HTTPS://id.example",
    ] {
        assert!(Provider::new(bad).is_err(), "{bad}");
    }
}
