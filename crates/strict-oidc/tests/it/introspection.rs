//! Introspection and revocation.

use serde_json::{Map, Value, json};
use strict_oidc::{ErrorCode, GrantId, OAuthError, Parameters, TokenQuery, introspect, revoke};

use crate::server::{API, SECRET, Server, authenticated, refresh_form};

fn query(server: &Server, token: &str) -> TokenQuery {
    let form = Parameters::parse(&format!("token={token}&token_type_hint=anything")).unwrap();
    TokenQuery::read(&server.provider, &server.keys, &form, server.now).unwrap()
}

fn ask(server: &Server, client: &str, token: &str) -> Result<Map<String, Value>, OAuthError> {
    let query = query(server, token);
    let grant = query.needs().and_then(|id| server.grants.get(&id));
    introspect(&query, &authenticated(&server.clients[client]), grant)
}

fn end(server: &mut Server, client: &str, token: &str) -> Result<Option<GrantId>, OAuthError> {
    let query = query(server, token);
    let grant = query.needs().and_then(|id| server.grants.get(&id));
    let ended = revoke(&query, &authenticated(&server.clients[client]), grant)?;
    if let Some(ended) = ended {
        server.grants.remove(&ended);
    }
    Ok(ended)
}

#[track_caller]
fn is_inactive(answer: Result<Map<String, Value>, OAuthError>) {
    assert_eq!(json!(answer.unwrap()), json!({ "active": false }));
}

#[test]
fn a_client_may_ask_about_its_own_tokens() {
    let mut server = Server::new();
    let tokens = server.log_in("");
    let access = ask(&server, "c_web", &tokens.access_token).unwrap();
    for (name, value) in [
        ("active", json!(true)),
        ("sub", json!("7")),
        ("token_type", json!("Bearer")),
        ("client_id", json!("c_web")),
    ] {
        assert_eq!(access[name], value, "{name}");
    }
    let refresh = ask(&server, "c_web", &tokens.refresh_token.unwrap()).unwrap();
    assert_eq!(
        (&refresh["active"], &refresh["scope"]),
        (&json!(true), &json!("openid profile recipes:read"))
    );
}

#[test]
fn strangers_and_other_audiences_learn_nothing() {
    let mut server = Server::new();
    let tokens = server.log_in("");
    let refresh = tokens.refresh_token.clone().unwrap();
    is_inactive(ask(&server, "c_service", &tokens.access_token));
    is_inactive(ask(&server, "c_service", &refresh));
    server.client("c_service").serves = vec![API.into()];
    assert_eq!(ask(&server, "c_service", &tokens.access_token).unwrap()["active"], true);
    is_inactive(ask(&server, "c_service", &refresh));
    let refused = ask(&server, "c_browser", &tokens.access_token).unwrap_err();
    assert_eq!((refused.code(), refused.status()), (ErrorCode::InvalidClient, 401));
}

#[test]
fn invalid_ended_and_expired_tokens_are_inactive() {
    let mut server = Server::new();
    let tokens = server.log_in("");
    for token in ["x", "a.b.c", tokens.id_token.as_ref().unwrap()] {
        is_inactive(ask(&server, "c_web", token));
    }
    let old = tokens.refresh_token.unwrap();
    server.token(&refresh_form("c_web", &old)).unwrap();
    is_inactive(ask(&server, "c_web", &old));
    server.grants.clear();
    is_inactive(ask(&server, "c_web", &tokens.access_token));

    let tokens = server.log_in("");
    server.wait(600);
    is_inactive(ask(&server, "c_web", &tokens.access_token));
    let missing = Parameters::parse("").unwrap();
    assert!(TokenQuery::read(&server.provider, &server.keys, &missing, server.now).is_err());
}

#[test]
fn claims_that_were_verified_before_are_asked_about_without_the_token() {
    let mut server = Server::new();
    let tokens = server.log_in("");
    let read = query(&server, &tokens.access_token);
    let cached = TokenQuery::of_verified(read.access_claims().unwrap().clone());
    assert!(cached.needs().is_some() && cached.needs() == read.needs());
    let grant = cached.needs().and_then(|id| server.grants.get(&id));
    let ask = |query: &TokenQuery, grant| {
        introspect(query, &authenticated(&server.clients["c_web"]), grant).unwrap()
    };
    assert_eq!(ask(&cached, grant), ask(&read, grant));
    assert_eq!(ask(&cached, None)["active"], false, "the grant has ended");
    assert!(query(&server, &tokens.refresh_token.unwrap()).access_claims().is_none());
}

#[test]
fn each_token_of_a_client_ends_its_grant() {
    let mut server = Server::new();
    for choose in [
        |tokens: &strict_oidc::TokenResponse| tokens.access_token.clone(),
        |tokens: &strict_oidc::TokenResponse| tokens.refresh_token.clone().unwrap(),
    ] {
        let tokens = server.log_in("");
        assert!(end(&mut server, "c_web", &choose(&tokens)).unwrap().is_some());
        assert!(server.grants.is_empty());
        assert_eq!(end(&mut server, "c_web", &choose(&tokens)), Ok(None), "200 again");
    }
}

#[test]
fn another_client_ends_nothing() {
    let mut server = Server::new();
    let tokens = server.log_in("");
    for token in [&tokens.access_token, &tokens.refresh_token.unwrap(), "x"] {
        assert_eq!(end(&mut server, "c_browser", token), Ok(None));
    }
    assert_eq!(server.grants.len(), 1);
}

#[test]
fn a_token_without_a_user_is_introspected_and_not_revoked() {
    let mut server = Server::new();
    let form = format!("grant_type=client_credentials&client_id=c_service&client_secret={SECRET}");
    let token = server.token(&form).unwrap().access_token;
    assert_eq!(ask(&server, "c_service", &token).unwrap()["active"], true);
    let refused = end(&mut server, "c_service", &token).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::UnsupportedTokenType);
}
