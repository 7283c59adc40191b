//! Metadata of the server and its resources.

use serde_json::{Map, Value, json};
use strict_jose::Algorithm;

use crate::claims;
use crate::provider::{Provider, Resource};

/// The metadata of the server, for `/.well-known/openid-configuration`
/// ([OpenID Connect Discovery §3](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata)) and
/// `/.well-known/oauth-authorization-server` ([RFC 8414 §2](https://www.rfc-editor.org/rfc/rfc8414#section-2)). Lists only what
/// is on.
///
/// ```
/// use strict_oidc::{Provider, metadata};
///
/// let metadata = metadata(&Provider::new("https://id.example")?);
/// assert_eq!(metadata["token_endpoint"], "https://id.example/oauth/token");
/// assert!(metadata.get("introspection_endpoint").is_none());
/// # Ok::<(), strict_oidc::InvalidIssuer>(())
/// ```
pub fn metadata(provider: &Provider) -> Map<String, Value> {
    let endpoints = &provider.endpoints;
    let of_resources = provider.resources.iter().flat_map(|resource| &resource.scopes);
    let scopes: Vec<_> =
        provider.identity_scopes.iter().chain(of_resources).map(|scope| &scope.scope).collect();
    let methods = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
    let with_none: Vec<_> = methods.iter().chain(&["none"]).collect();
    let mut metadata = Map::new();
    let mut set = |name: &str, value: Value| metadata.insert(name.to_owned(), value);
    set("issuer", provider.issuer().into());
    set("authorization_endpoint", endpoints.authorization.clone().into());
    set("token_endpoint", endpoints.token.clone().into());
    set("jwks_uri", endpoints.jwks.clone().into());
    set("userinfo_endpoint", endpoints.userinfo.clone().into());
    set("scopes_supported", json!(scopes));
    set("response_types_supported", json!(["code"]));
    set("response_modes_supported", json!(["query", "form_post"]));
    set("grant_types_supported", provider.grants.iter().map(|grant| grant.as_str()).collect());
    set("subject_types_supported", subject_types(provider));
    set("id_token_signing_alg_values_supported", names(&provider.id_token_algorithms));
    set("token_endpoint_auth_methods_supported", json!(with_none));
    set("token_endpoint_auth_signing_alg_values_supported", asymmetric());
    set("code_challenge_methods_supported", json!(["S256"]));
    set("claims_supported", json!(claims::supported(provider)));
    set("acr_values_supported", json!(provider.acr_values));
    set("prompt_values_supported", json!(["none", "login", "consent", "select_account", "create"]));
    set("claims_parameter_supported", true.into());
    set("request_parameter_supported", provider.accepts_request_objects.into());
    // References to other servers are never fetched; those of pushed requests are announced below.
    set("request_uri_parameter_supported", false.into());
    set("authorization_response_iss_parameter_supported", true.into());
    set("dpop_signing_alg_values_supported", asymmetric());
    if provider.signs_userinfo {
        set("userinfo_signing_alg_values_supported", names(&provider.id_token_algorithms));
    }
    if provider.accepts_request_objects {
        set("request_object_signing_alg_values_supported", asymmetric());
    }
    for (name, url) in [
        ("introspection", &endpoints.introspection),
        ("revocation", &endpoints.revocation),
        ("end_session", &endpoints.end_session),
        ("pushed_authorization_request", &endpoints.pushed_requests),
        ("device_authorization", &endpoints.device_authorization),
    ] {
        if let Some(url) = url {
            set(&format!("{name}_endpoint"), url.clone().into());
        }
    }
    if endpoints.introspection.is_some() {
        set("introspection_endpoint_auth_methods_supported", json!(methods));
    }
    if endpoints.revocation.is_some() {
        set("revocation_endpoint_auth_methods_supported", json!(with_none));
    }
    if endpoints.end_session.is_some() {
        set("backchannel_logout_supported", true.into());
        set("backchannel_logout_session_supported", true.into());
    }
    if !provider.resources.is_empty() {
        set("protected_resources", provider.resources.iter().map(|resource| resource.uri.as_str()).collect());
    }
    metadata
}

/// The metadata of a resource, for `/.well-known/oauth-protected-resource` of the API
/// ([RFC 9728 §2](https://www.rfc-editor.org/rfc/rfc9728#section-2)). Its 401 names that URL in `resource_metadata`.
///
/// ```
/// use strict_oidc::{Provider, Resource, resource_metadata};
///
/// let api = Resource::new("https://api.example/v1", [("recipes:read", "read your recipes")]);
/// let metadata = resource_metadata(&Provider::new("https://id.example")?, &api);
/// assert_eq!(metadata["authorization_servers"][0], "https://id.example");
/// # Ok::<(), strict_oidc::InvalidIssuer>(())
/// ```
pub fn resource_metadata(provider: &Provider, resource: &Resource) -> Map<String, Value> {
    let scopes: Vec<_> = resource.scopes.iter().map(|scope| &scope.scope).collect();
    [
        ("resource", resource.uri.clone().into()),
        ("authorization_servers", json!([provider.issuer()])),
        ("scopes_supported", json!(scopes)),
        ("bearer_methods_supported", json!(["header"])),
        ("dpop_signing_alg_values_supported", asymmetric()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect()
}

fn subject_types(provider: &Provider) -> Value {
    if provider.pairwise_salt.is_some() { json!(["public", "pairwise"]) } else { json!(["public"]) }
}

fn asymmetric() -> Value {
    let all: Vec<_> = Algorithm::ALL.iter().copied().filter(|algorithm| !algorithm.is_symmetric()).collect();
    names(&all)
}

fn names(algorithms: &[Algorithm]) -> Value {
    algorithms.iter().map(|algorithm| algorithm.name()).collect()
}
