//! The tokens of each grant: claims, audiences, algorithms, and one kind of token in place of another.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use strict_jose::{Algorithm, Key, Rules};
use strict_oidc::{
    AccessTokenVerifier, BearerToken, ClientFlag, ErrorCode, LogOutRequest, Parameters, SigningKeys,
    metadata, sign_userinfo, userinfo,
};

use crate::server::{
    API, ISSUER, NOW, OTHER_API, SECRET, Server, claims, code_form, is_refused, refresh_form, request,
    returned_error, signing_keys,
};

#[test]
fn an_access_token_has_the_claims_of_rfc_9068_and_no_personal_data() {
    let mut server = Server::new();
    let tokens = server.log_in("scope=openid+profile+email+recipes:read");
    let seen = strict_jose::inspect(&tokens.access_token).unwrap();
    assert_eq!((&seen.header["typ"], &seen.header["alg"]), (&json!("at+jwt"), &json!("ES256")));
    assert!(seen.header["kid"].is_string());
    let mut claims = seen.claims;
    let grant = server.grants.keys().next().unwrap().to_string();
    assert_eq!(claims["sid"], json!(grant));
    let jti = claims["jti"].take();
    assert!(jti.as_str().unwrap().len() >= 22);
    assert_eq!(
        claims,
        json!({
            "iss": ISSUER, "sub": "7", "aud": [API, ISSUER], "client_id": "c_web", "scope": "openid profile email recipes:read",
            "iat": NOW, "exp": NOW + 600, "jti": null, "sid": grant, "auth_time": NOW - 60, "acr": "aal1", "amr": ["pwd"],
        })
    );
}

#[test]
fn an_id_token_has_the_algorithm_of_its_client_and_no_claims_of_scopes() {
    let mut server = Server::new();
    let id_token = server.log_in("scope=openid+profile+email&nonce=n").id_token.unwrap();
    let seen = strict_jose::inspect(&id_token).unwrap();
    assert_eq!(seen.header["alg"], "RS256");
    let mut names: Vec<_> = seen.claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["acr", "amr", "at_hash", "aud", "auth_time", "exp", "iat", "iss", "nonce", "sid", "sub"]
    );
    assert_eq!((&seen.claims["aud"], &seen.claims["sub"]), (&json!("c_web"), &json!("7")));

    server.client("c_web").id_token_algorithm = Algorithm::EdDsa;
    server.set_flag("c_web", ClientFlag::IdTokenClaims);
    let id_token = server.log_in("scope=openid+profile").id_token.unwrap();
    let seen = strict_jose::inspect(&id_token).unwrap();
    assert_eq!((&seen.header["alg"], &seen.claims["name"]), (&json!("EdDSA"), &json!("Ada")));
    assert!(seen.claims.get("email").is_none());
}

#[test]
fn without_openid_there_is_no_id_token() {
    let mut server = Server::new();
    assert!(server.log_in("scope=recipes:read").id_token.is_none());
}

#[test]
fn a_named_resource_is_the_only_audience() {
    let mut server = Server::new();
    server.client("c_web").resources.push(OTHER_API.into());
    server.client("c_web").scopes = strict_oidc::Scopes::parse("openid recipes:read other").unwrap();
    for (more, audience, scope) in [
        (String::new(), json!([API, ISSUER]), "openid recipes:read"),
        (format!("resource={API}"), json!(API), "recipes:read"),
        (format!("resource={OTHER_API}"), json!(OTHER_API), "other"),
        (format!("resource={API}&resource={API}"), json!(API), "recipes:read"),
    ] {
        let tokens = server.log_in(&format!("scope=openid+recipes:read+other&{more}"));
        assert_eq!(claims(&tokens.access_token)["aud"], audience, "{more}");
        assert_eq!(tokens.scope.to_string(), scope, "{more}");
        assert!(tokens.id_token.is_some());
    }
    // The token request may choose, if the authorization request did not.
    let code = server.code("c_web", "scope=openid+recipes:read+other");
    let tokens = server.token(&format!("{}&resource={OTHER_API}", code_form("c_web", &code))).unwrap();
    assert_eq!(claims(&tokens.access_token)["aud"], OTHER_API);
    let code = server.code("c_web", &format!("scope=other+recipes:read&resource={API}"));
    is_refused(
        server.token(&format!("{}&resource={OTHER_API}", code_form("c_web", &code))),
        ErrorCode::InvalidTarget,
    );
}

#[test]
fn a_client_on_its_own_behalf_is_no_user() {
    let mut server = Server::new();
    let form = format!("grant_type=client_credentials&client_id=c_service&client_secret={SECRET}");
    let tokens = server.token(&form).unwrap();
    assert!(tokens.refresh_token.is_none() && tokens.id_token.is_none());
    assert_eq!(tokens.scope.to_string(), "recipes:read");
    let verifier = AccessTokenVerifier::new(ISSUER, API);
    let claims = verifier.verify(&tokens.access_token, &server.keys, server.now).unwrap();
    assert!(claims.is_client() && claims.sid.is_none() && claims.auth_time.is_none());
    assert!(server.grants.is_empty(), "nothing is stored");
    for scope in ["openid", "profile", "recipes:write", "other", "%22"] {
        is_refused(server.token(&format!("{form}&scope={scope}")), ErrorCode::InvalidScope);
    }
    is_refused(server.token(&format!("{form}&resource={OTHER_API}")), ErrorCode::InvalidTarget);
    let user = server.log_in("").access_token;
    assert!(!verifier.verify(&user, &server.keys, server.now).unwrap().is_client());
}

#[test]
fn only_an_access_token_for_this_api_of_this_server_is_accepted() {
    let mut server = Server::new();
    let tokens = server.log_in("");
    let verifier = AccessTokenVerifier::new(ISSUER, API);
    let check = |token: &str, now: u64| {
        verifier.verify(token, &signing_keys(), strict_oidc::UnixTime(now)).map(drop).map_err(|error| {
            assert!(error.www_authenticate().unwrap().starts_with("Bearer error=\"invalid_token\""));
            error.status()
        })
    };
    assert_eq!(check(&tokens.access_token, NOW + 599), Ok(()));
    assert_eq!(check(&tokens.access_token, NOW + 600), Err(401));
    assert_eq!(check(tokens.id_token.as_ref().unwrap(), NOW), Err(401), "an ID token");
    assert_eq!(check(tokens.refresh_token.as_ref().unwrap(), NOW), Err(401), "a refresh token");
    let other = AccessTokenVerifier::new(ISSUER, OTHER_API);
    is_refused(other.verify(&tokens.access_token, &server.keys, server.now), ErrorCode::InvalidToken);
    let other = AccessTokenVerifier::new("https://other.example", API);
    is_refused(other.verify(&tokens.access_token, &server.keys, server.now), ErrorCode::InvalidToken);

    // The same claims, signed by a stranger, with the public key as a secret, and not at all.
    let claims = claims(&tokens.access_token);
    let kid = strict_jose::inspect(&tokens.access_token).unwrap().header["kid"].as_str().unwrap().to_owned();
    let stranger = Key::generate(Algorithm::Es256).unwrap().with_kid(&kid);
    assert_eq!(check(&stranger.sign("at+jwt", &claims).unwrap(), NOW), Err(401));
    let secret = Key::hs256(&[7; 32]).unwrap().with_kid(&kid);
    assert_eq!(check(&secret.sign("at+jwt", &claims).unwrap(), NOW), Err(401));
    assert_eq!(check("eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJub25lIn0.e30.", NOW), Err(401));
}

#[test]
fn signed_userinfo_is_for_its_client_and_is_neither_an_id_token_nor_a_hint() {
    let mut server = Server::new();
    let client = server.clients["c_web"].clone();
    let claims = json!({ "sub": "7", "name": "Ada", "exp": NOW + 600 });
    let claims = claims.as_object().unwrap();
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let client = {
            server.client("c_web").id_token_algorithm = algorithm;
            server.clients["c_web"].clone()
        };
        let signed = sign_userinfo(&server.provider, &client, claims.clone(), &server.keys).unwrap();
        let rules = Rules::typ("JWT").issuer(ISSUER).audience("c_web");
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        let verified = rules.clone().without_expiry().verify::<Value>(&signed, &server.keys, now).unwrap();
        assert_eq!(verified.algorithm, algorithm);
        assert_eq!(verified.claims, json!({ "sub": "7", "name": "Ada", "iss": ISSUER, "aud": "c_web" }));
        assert_eq!(rules.verify_bytes(&signed, &server.keys, now).unwrap_err().reason(), "missing_claim");
        let hint = Parameters::parse(&format!("id_token_hint={signed}")).unwrap();
        let log_out = LogOutRequest::read(&server.provider, &server.keys, &hint, server.now).unwrap();
        assert_eq!((log_out.client_id(), log_out.grant()), (None, None), "it is no hint");
        let next = server.authorize(&request("c_web", &format!("id_token_hint={signed}")));
        assert_eq!(returned_error(&next), "invalid_request");
    }
    let none = sign_userinfo(&server.provider, &client, claims.clone(), &SigningKeys::default());
    is_refused(none, ErrorCode::TemporarilyUnavailable);
}

#[test]
fn signed_userinfo_is_announced_and_registered_only_if_it_is_on() {
    let mut server = Server::new();
    server.set_flag("c_web", ClientFlag::SignedUserinfo);
    let name = "userinfo_signing_alg_values_supported";
    assert_eq!(metadata(&server.provider).get(name), None);
    let refused = server.clients["c_web"].check(&server.provider).unwrap_err();
    assert_eq!(refused.problems(), ["this server does not sign userinfo"]);
    server.provider.signs_userinfo = true;
    assert_eq!(metadata(&server.provider)[name], json!(["RS256", "ES256", "EdDSA"]));
    assert!(server.clients["c_web"].check(&server.provider).is_ok());
}

#[test]
fn userinfo_wants_its_own_audience_openid_and_a_living_grant() {
    let mut server = Server::new();
    let at_userinfo = AccessTokenVerifier::new(ISSUER, ISSUER);
    let tokens = server.log_in("scope=openid+profile");
    let token = at_userinfo.verify(&tokens.access_token, &server.keys, server.now).unwrap();
    let (client, user) = (server.clients["c_web"].clone(), server.user.clone().unwrap());
    let grant = server.grants.values().next().unwrap().clone();
    let answer = userinfo(&server.provider, &token, &client, Some(&grant), Some(&user)).unwrap();
    assert_eq!(json!(answer), json!({ "sub": "7", "name": "Ada" }));

    is_refused(userinfo(&server.provider, &token, &client, None, Some(&user)), ErrorCode::InvalidToken);
    is_refused(userinfo(&server.provider, &token, &client, Some(&grant), None), ErrorCode::InvalidToken);
    let mut disabled = client.clone();
    disabled.is_disabled = true;
    is_refused(
        userinfo(&server.provider, &token, &disabled, Some(&grant), Some(&user)),
        ErrorCode::InvalidToken,
    );
    let mut other = grant.clone();
    other.id = strict_oidc::GrantId::from_bytes([0; 16]);
    is_refused(
        userinfo(&server.provider, &token, &client, Some(&other), Some(&user)),
        ErrorCode::InvalidToken,
    );

    let tokens = server.log_in("scope=recipes:read");
    let token = at_userinfo.verify(&tokens.access_token, &server.keys, server.now).unwrap();
    let refused = userinfo(&server.provider, &token, &client, Some(&grant), Some(&user)).unwrap_err();
    assert_eq!((refused.code(), refused.status()), (ErrorCode::InsufficientScope, 403));
    let tokens = server.log_in(&format!("resource={API}"));
    is_refused(at_userinfo.verify(&tokens.access_token, &server.keys, server.now), ErrorCode::InvalidToken);
}

#[test]
fn an_access_token_is_sent_once_and_never_in_the_url() {
    let form = |text| Parameters::parse(text).unwrap();
    assert_eq!(BearerToken::read(Some("Bearer a"), &form("")).unwrap().token(), "a");
    assert_eq!(BearerToken::read(None, &form("access_token=a")).unwrap().token(), "a");
    assert!(BearerToken::read(Some("DPoP a"), &form("")).unwrap().is_dpop());
    is_refused(BearerToken::read(Some("Bearer a"), &form("access_token=a")), ErrorCode::InvalidRequest);
    is_refused(BearerToken::read(None, &form("")), ErrorCode::InvalidToken);
    let nothing = BearerToken::read(None, &form("")).unwrap_err();
    assert_eq!(
        (nothing.status(), nothing.www_authenticate()),
        (401, Some("Bearer".into())),
        "RFC 6750 section 3.1"
    );
    is_refused(BearerToken::read(Some("Basic a"), &form("")), ErrorCode::InvalidToken);
}

#[test]
fn pairwise_subjects_are_the_same_in_all_tokens_of_a_client() {
    let mut server = Server::new();
    server.provider.pairwise_salt = Some([3; 32]);
    server.set_flag("c_web", ClientFlag::Pairwise);
    let tokens = server.log_in("");
    let id_token = tokens.id_token.unwrap();
    let subject = claims(&id_token)["sub"].as_str().unwrap().to_owned();
    assert_ne!(subject, "7");
    assert_eq!(claims(&tokens.access_token)["sub"], json!(subject));
    let refreshed = server.token(&refresh_form("c_web", &tokens.refresh_token.unwrap())).unwrap();
    assert_eq!(claims(&refreshed.id_token.unwrap())["sub"], json!(subject));
    let hint = request("c_web", &format!("id_token_hint={id_token}"));
    assert!(matches!(server.authorize(&hint), strict_oidc::Next::Issue(_)));
    let code = server.code("c_browser", "");
    assert_eq!(claims(&server.token(&code_form("c_browser", &code)).unwrap().access_token)["sub"], "7");
}

#[test]
fn responses_hide_their_tokens_in_debug_and_have_the_members_of_the_rfc() {
    let mut server = Server::new();
    let tokens = server.log_in("scope=recipes:read");
    assert_eq!(format!("{tokens:?}"), "TokenResponse { scope: Scopes([\"recipes:read\"]), .. }");
    let json = serde_json::to_value(&tokens).unwrap();
    let mut names: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["access_token", "expires_in", "refresh_token", "scope", "token_type"]);
}

#[test]
fn the_place_in_a_status_list_is_in_the_access_token() {
    let mut server = Server::new();
    let first = server.log_in("");
    assert!(claims(&first.access_token).get("status").is_none());
    let place = strict_oidc::StatusReference { idx: 7, uri: format!("{ISSUER}/oauth/status/0") };
    server.grants.values_mut().next().unwrap().status = Some(place);
    let second = server.token(&refresh_form("c_web", &first.refresh_token.unwrap())).unwrap();
    assert_eq!(claims(&second.access_token)["status"]["status_list"]["idx"], 7);
}
