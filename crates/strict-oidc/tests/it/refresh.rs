//! Refresh tokens: rotation, reuse, scopes.

use strict_oidc::{ClientKind, ErrorCode, GrantType, RefreshToken, Scopes, TokenResponse};

use crate::server::{API, OTHER_API, SECRET, Sent, Server, claims, code_form, is_refused, refresh_form};

fn token(response: &TokenResponse) -> String {
    response.refresh_token.clone().unwrap()
}

#[test]
fn each_token_is_used_once_and_its_successor_works() {
    let mut server = Server::new();
    let first = server.log_in("nonce=n");
    server.wait(100);
    let second = server.token(&refresh_form("c_web", &token(&first))).unwrap();
    server.wait(100);
    let third = server.token(&refresh_form("c_web", &token(&second))).unwrap();
    assert_ne!(token(&first), token(&second));
    assert_ne!(token(&second), token(&third));
    assert_ne!(first.access_token, second.access_token);
    let (before, after) = (claims(&first.id_token.unwrap()), claims(&second.id_token.unwrap()));
    for claim in ["iss", "sub", "aud", "auth_time", "sid"] {
        assert_eq!(before[claim], after[claim], "{claim}");
    }
    assert_ne!(before["iat"], after["iat"]);
    assert!(after.get("nonce").is_none());
}

#[test]
fn a_repeated_request_gets_the_same_successor_for_a_minute() {
    let mut server = Server::new();
    let first = token(&server.log_in(""));
    let second = token(&server.token(&refresh_form("c_web", &first)).unwrap());
    server.wait(59);
    assert_eq!(token(&server.token(&refresh_form("c_web", &first)).unwrap()), second);
    server.wait(1);
    let replaced = token(&server.token(&refresh_form("c_web", &first)).unwrap());
    assert_ne!(replaced, second, "the answer with the second token was lost");
    is_refused(server.token(&refresh_form("c_web", &second)), ErrorCode::InvalidGrant);
    assert!(server.grants.is_empty(), "or a thief has it");
}

#[test]
fn reuse_of_an_older_token_ends_the_grant() {
    let mut server = Server::new();
    let first = token(&server.log_in(""));
    let second = token(&server.token(&refresh_form("c_web", &first)).unwrap());
    let third = token(&server.token(&refresh_form("c_web", &second)).unwrap());
    is_refused(server.token(&refresh_form("c_web", &first)), ErrorCode::InvalidGrant);
    is_refused(server.token(&refresh_form("c_web", &third)), ErrorCode::InvalidGrant);
    assert!(server.grants.is_empty());
}

#[test]
fn a_forged_token_of_a_known_grant_does_not_end_it() {
    let mut server = Server::new();
    let first = token(&server.log_in(""));
    let grant = RefreshToken::parse(&first).unwrap().grant().to_string();
    // The `sid` of an ID token is the start of the refresh token. The rest is secret.
    let forged = format!("{}{}", &grant[..21], "A".repeat(65));
    is_refused(server.token(&refresh_form("c_web", &forged)), ErrorCode::InvalidGrant);
    assert!(server.token(&refresh_form("c_web", &first)).is_ok());
}

#[test]
fn a_token_belongs_to_one_client() {
    let mut server = Server::new();
    let first = token(&server.log_in(""));
    is_refused(server.token(&refresh_form("c_browser", &first)), ErrorCode::InvalidGrant);
    assert!(server.token(&refresh_form("c_web", &first)).is_ok());
}

#[test]
fn a_refresh_cannot_add_scopes() {
    let mut server = Server::new();
    let first = token(&server.log_in("scope=openid+recipes:read"));
    for scope in ["recipes:write", "openid+recipes:read+profile", "%22"] {
        let form = format!("{}&scope={scope}", refresh_form("c_web", &first));
        is_refused(server.token(&form), ErrorCode::InvalidScope);
    }
    let fewer = server.token(&format!("{}&scope=recipes:read", refresh_form("c_web", &first))).unwrap();
    assert_eq!(fewer.scope.to_string(), "recipes:read");
    assert!(fewer.id_token.is_none());
    let all = server.token(&refresh_form("c_web", &token(&fewer))).unwrap();
    assert_eq!(all.scope.to_string(), "openid recipes:read", "fewer scopes are for one access token");
}

#[test]
fn scopes_that_were_taken_from_the_client_end_at_the_next_refresh() {
    let mut server = Server::new();
    let first = token(&server.log_in("scope=openid+recipes:read"));
    server.client("c_web").scopes = Scopes::parse("openid").unwrap();
    assert_eq!(server.token(&refresh_form("c_web", &first)).unwrap().scope.to_string(), "openid");
}

#[test]
fn a_refresh_cannot_change_the_resource() {
    let mut server = Server::new();
    server.client("c_web").resources.push(OTHER_API.into());
    let first = token(&server.log_in(&format!("resource={API}")));
    let form = refresh_form("c_web", &first);
    is_refused(server.token(&format!("{form}&resource={OTHER_API}")), ErrorCode::InvalidTarget);
    assert_eq!(claims(&server.token(&form).unwrap().access_token)["aud"], API);
}

#[test]
fn an_idle_or_old_grant_ends() {
    let mut server = Server::new();
    let day = 24 * 3600;
    let idle = token(&server.log_in(""));
    server.wait(30 * day);
    is_refused(server.token(&refresh_form("c_web", &idle)), ErrorCode::InvalidGrant);
    assert!(server.grants.is_empty());

    let mut used = token(&server.log_in(""));
    for _ in 0..18 {
        server.wait(20 * day);
        used = token(&server.token(&refresh_form("c_web", &used)).unwrap());
    }
    server.wait(5 * day);
    is_refused(server.token(&refresh_form("c_web", &used)), ErrorCode::InvalidGrant);
}

#[test]
fn disabled_users_and_clients_get_nothing() {
    let mut server = Server::new();
    let first = token(&server.log_in(""));
    server.client("c_web").is_disabled = true;
    is_refused(server.token(&refresh_form("c_web", &first)), ErrorCode::InvalidClient);
    server.client("c_web").is_disabled = false;
    server.user = None;
    is_refused(server.token(&refresh_form("c_web", &first)), ErrorCode::InvalidGrant);
}

#[test]
fn a_refresh_token_is_for_clients_with_the_grant() {
    let mut server = Server::new();
    for (client, more, want) in [
        ("c_web", "", true),
        ("c_native", "", true),
        ("c_browser", "", false),
        ("c_browser", "scope=openid+offline_access", true),
    ] {
        let code = server.code(client, more);
        assert_eq!(
            server.token(&code_form(client, &code)).unwrap().refresh_token.is_some(),
            want,
            "{client} {more}"
        );
    }
    assert_eq!(server.clients["c_web"].kind, ClientKind::Web);
    server.client("c_web").grants.retain(|grant| *grant != GrantType::RefreshToken);
    assert!(server.log_in("").refresh_token.is_none());
}

#[test]
fn the_tokens_of_a_public_client_are_bound_to_its_dpop_key() {
    let mut server = Server::new();
    let with = |jkt| Sent { jkt, ..Sent::default() };
    let code = server.code("c_native", "");
    let first = server.token_as(&code_form("c_native", &code), with(Some("key"))).unwrap();
    assert_eq!(first.token_type, "DPoP");
    assert_eq!(claims(&first.access_token)["cnf"]["jkt"], "key");
    for jkt in [None, Some("other")] {
        is_refused(
            server.token_as(&refresh_form("c_native", &token(&first)), with(jkt)),
            ErrorCode::InvalidGrant,
        );
    }
    assert!(server.token_as(&refresh_form("c_native", &token(&first)), with(Some("key"))).is_ok());

    // A confidential client authenticates, so it may change its key (RFC 9449 §5).
    let code = server.code("c_web", "");
    let first = server.token_as(&code_form("c_web", &code), with(Some("key"))).unwrap();
    let form = format!(
        "grant_type=refresh_token&client_id=c_web&client_secret={SECRET}&refresh_token={}",
        token(&first)
    );
    let second = server.token_as(&form, with(Some("other"))).unwrap();
    assert_eq!(claims(&second.access_token)["cnf"]["jkt"], "other");
}
