//! The JWKS and the states of keys.

use strict_jose::{Algorithm, Key, KeySet};
use strict_oidc::{AccessTokenVerifier, ErrorCode, KeyState, Provider, SigningKeys};

use crate::server::{API, ISSUER, Server, is_refused};

fn with_states(states: &[(KeyState, &Key)]) -> SigningKeys {
    let rsa = Key::from_pem(Algorithm::Rs256, include_bytes!("keys/rsa-pkcs8.pem")).unwrap().with_kid("rsa");
    let others = states.iter().map(|(state, key)| (*state, (*key).clone()));
    SigningKeys::new(others.chain([(KeyState::Current, rsa)]))
}

#[test]
fn a_token_is_valid_as_long_as_its_key_is_published() {
    let mut server = Server::new();
    let [old, new] = ["old", "new"].map(|kid| Key::generate(Algorithm::Es256).unwrap().with_kid(kid));
    server.keys = with_states(&[(KeyState::Current, &old), (KeyState::Next, &new)]);
    let tokens = server.log_in("");
    assert_eq!(strict_jose::inspect(&tokens.access_token).unwrap().header["kid"], "old");
    let verifier = AccessTokenVerifier::new(ISSUER, API);

    server.keys = with_states(&[(KeyState::Previous, &old), (KeyState::Current, &new)]);
    assert!(verifier.verify(&tokens.access_token, &server.keys, server.now).is_ok());
    let later = server.log_in("").access_token;
    assert_eq!(strict_jose::inspect(&later).unwrap().header["kid"], "new");

    server.keys = with_states(&[(KeyState::Retired, &old), (KeyState::Current, &new)]);
    is_refused(verifier.verify(&tokens.access_token, &server.keys, server.now), ErrorCode::InvalidToken);
}

#[test]
fn a_retired_key_verifies_hints_only() {
    let mut server = Server::new();
    let [old, new] = ["old", "new"].map(|kid| Key::generate(Algorithm::Es256).unwrap().with_kid(kid));
    server.client("c_web").id_token_algorithm = Algorithm::Es256;
    server.keys = with_states(&[(KeyState::Current, &old)]);
    let hint = server.log_in("").id_token.unwrap();
    server.keys = with_states(&[(KeyState::Retired, &old), (KeyState::Current, &new)]);
    let query = crate::server::request("c_web", &format!("id_token_hint={hint}"));
    assert!(matches!(server.authorize(&query), strict_oidc::Next::Issue(_)));
    server.keys = with_states(&[(KeyState::Current, &new)]);
    assert_eq!(crate::server::returned_error(&server.authorize(&query)), "invalid_request");
}

#[test]
fn the_jwks_has_public_keys_of_three_states_and_is_never_empty() {
    let keys = [1, 2, 3, 4].map(|kid| Key::generate(Algorithm::EdDsa).unwrap().with_kid(kid.to_string()));
    let states = [KeyState::Next, KeyState::Current, KeyState::Previous, KeyState::Retired];
    let signing = SigningKeys::new(states.into_iter().zip(keys));
    let jwks = signing.jwks().unwrap();
    assert!(!jwks.contains("\"d\":"));
    let published = KeySet::from_jwks(&jwks).unwrap();
    assert_eq!(published.iter().filter_map(Key::kid).collect::<Vec<_>>(), ["1", "2", "3"]);

    let refused = SigningKeys::default().jwks().unwrap_err();
    assert_eq!((refused.code(), refused.status()), (ErrorCode::TemporarilyUnavailable, 503));
    assert!(Provider::new(ISSUER).is_ok());
}

#[test]
fn without_a_key_tokens_wait() {
    let mut server = Server::new();
    let code = server.code("c_web", "");
    server.keys = SigningKeys::default();
    is_refused(server.token(&crate::server::code_form("c_web", &code)), ErrorCode::TemporarilyUnavailable);
}
