//! Codes at the token endpoint.

use strict_oidc::{ClientFlag, ErrorCode, Outcome, Parameters, TokenCall, TokenRequest};

use crate::server::{
    CALLBACK, SECRET, Sent, Server, VERIFIER, authenticated, claims, code_form, code_form_without_verifier,
    is_refused, request,
};

#[test]
fn a_code_becomes_tokens_once() {
    let mut server = Server::new();
    let code = server.code("c_web", "nonce=n&scope=openid+recipes:read");
    let tokens = server.token(&code_form("c_web", &code)).unwrap();
    assert_eq!((tokens.token_type, tokens.expires_in), ("Bearer", 600));
    assert_eq!(tokens.scope.to_string(), "openid recipes:read");
    assert_eq!(claims(&tokens.id_token.unwrap())["nonce"], "n");
    assert_eq!(server.grants.len(), 1);

    is_refused(server.token(&code_form("c_web", &code)), ErrorCode::InvalidGrant);
    assert!(server.grants.is_empty(), "the second use ends the grant of the first");
}

#[test]
fn a_second_use_long_after_still_ends_the_grant() {
    let mut server = Server::new();
    let code = server.code("c_web", "");
    server.token(&code_form("c_web", &code)).unwrap();
    server.wait(3600);
    is_refused(server.token(&code_form("c_web", &code)), ErrorCode::InvalidGrant);
    assert!(server.grants.is_empty());
}

#[test]
fn of_parallel_uses_one_wins_and_its_grant_ends() {
    let mut server = Server::new();
    let code = server.code("c_web", "");
    let form = Parameters::parse(&code_form("c_web", &code)).unwrap();
    let request = TokenRequest::read(&form).unwrap();
    // All of 64 requests read the code before one of them writes.
    let client = server.clients["c_web"].clone();
    let decisions: Vec<_> = (0..64)
        .map(|_| {
            let random = server.random();
            let call = TokenCall {
                provider: &server.provider,
                client: authenticated(&client),
                jkt: None,
                random: &random,
                now: server.now,
            };
            request.decide(&call, server.find(request.needs())).unwrap()
        })
        .collect();
    let answers: Vec<_> = decisions
        .into_iter()
        .map(|decision| {
            let outcome = server.apply(decision.change());
            decision.answer(outcome, &server.keys).is_ok()
        })
        .collect();
    assert_eq!(answers.iter().filter(|is_ok| **is_ok).count(), 1);
    assert!(server.grants.is_empty());
}

#[test]
fn a_code_expires_after_sixty_seconds() {
    let mut server = Server::new();
    let [early, late] = [server.code("c_web", ""), server.code("c_web", "")];
    server.wait(59);
    assert!(server.token(&code_form("c_web", &early)).is_ok());
    server.wait(1);
    is_refused(server.token(&code_form("c_web", &late)), ErrorCode::InvalidGrant);
}

#[test]
fn the_verifier_must_fit_and_a_wrong_one_burns_the_code() {
    let mut server = Server::new();
    let wrong = [
        String::new(),
        "&code_verifier=".into(),
        format!("&code_verifier={}", VERIFIER.replace('d', "e")),
        "&code_verifier=short".into(),
        "&code_verifier=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into(),
        format!("&code_verifier={VERIFIER}&code_verifier={VERIFIER}"),
    ];
    for verifier in wrong {
        let code = server.code("c_web", "");
        let form = code_form_without_verifier("c_web", &code) + &verifier;
        assert!(server.token(&form).is_err(), "{verifier}");
        assert!(server.token(&code_form("c_web", &code)).is_err(), "{verifier}: the code is burnt");
    }
    assert!(server.grants.is_empty());
}

#[test]
fn a_verifier_without_a_challenge_is_a_downgrade() {
    let mut server = Server::new();
    server.set_flag("c_web", ClientFlag::WithoutPkce);
    let without = request("c_web", "").replace("code_challenge", "other");
    let code = |server: &mut Server| server.approve(&without).fields()[0].1.clone();
    let downgraded = code(&mut server);
    is_refused(server.token(&code_form("c_web", &downgraded)), ErrorCode::InvalidGrant);
    let plain = code(&mut server);
    assert!(server.token(&code_form_without_verifier("c_web", &plain)).is_ok());
}

#[test]
fn a_code_belongs_to_one_client() {
    let mut server = Server::new();
    let code = server.code("c_web", "");
    is_refused(server.token(&code_form("c_browser", &code)), ErrorCode::InvalidGrant);
    assert!(server.token(&code_form("c_web", &code)).is_ok(), "another client cannot burn it");
    is_refused(server.token(&code_form("c_browser", &code)), ErrorCode::InvalidGrant);
    assert_eq!(server.grants.len(), 1, "nor end its grant");
}

#[test]
fn the_redirect_uri_is_that_of_the_request() {
    let mut server = Server::new();
    for uri in ["https://kitchen.example/callback/", "https://evil.example/", ""] {
        let code = server.code("c_web", "");
        is_refused(server.token(&code_form("c_web", &code).replace(CALLBACK, uri)), ErrorCode::InvalidGrant);
    }
    let code = server.code("c_web", "");
    let without = code_form("c_web", &code).replace("redirect_uri", "other");
    is_refused(server.token(&without), ErrorCode::InvalidGrant);
}

#[test]
fn unknown_codes_and_disabled_users_get_nothing() {
    let mut server = Server::new();
    is_refused(server.token(&code_form("c_web", "unknown")), ErrorCode::InvalidGrant);
    is_refused(server.token(&code_form("c_web", "")), ErrorCode::InvalidRequest);
    let code = server.code("c_web", "");
    server.user = None;
    is_refused(server.token(&code_form("c_web", &code)), ErrorCode::InvalidGrant);
}

#[test]
fn unknown_and_forbidden_grants_are_refused() {
    let mut server = Server::new();
    let as_web = |more: &str| format!("client_id=c_web&client_secret={SECRET}&{more}");
    for (more, want) in [
        ("grant_type=password&username=a&password=b", ErrorCode::UnsupportedGrantType),
        ("grant_type=implicit", ErrorCode::UnsupportedGrantType),
        ("grant_type=", ErrorCode::InvalidRequest),
        ("code=a", ErrorCode::InvalidRequest),
        ("grant_type=authorization_code&code=a&code=b", ErrorCode::InvalidRequest),
        ("grant_type=refresh_token&refresh_token=x", ErrorCode::InvalidGrant),
    ] {
        is_refused(server.token(&as_web(more)), want);
    }
    server.client("c_web").grants.clear();
    is_refused(server.token(&as_web("grant_type=client_credentials")), ErrorCode::UnauthorizedClient);
    is_refused(
        server.token("grant_type=client_credentials&client_id=c_browser"),
        ErrorCode::UnauthorizedClient,
    );
}

#[test]
fn a_code_that_names_a_dpop_key_needs_a_proof_of_it() {
    let mut server = Server::new();
    for (jkt, is_ok) in [(Some("key"), true), (Some("other"), false), (None, false)] {
        let code = server.code("c_web", "dpop_jkt=key");
        let tokens = server.token_as(&code_form("c_web", &code), Sent { jkt, ..Sent::default() });
        assert_eq!(tokens.is_ok(), is_ok, "{jkt:?}");
    }
    server.set_flag("c_web", ClientFlag::RequireDpop);
    let code = server.code("c_web", "");
    is_refused(server.token(&code_form("c_web", &code)), ErrorCode::InvalidDpopProof);
}

#[test]
fn a_lost_race_and_a_missing_row_are_ordinary_answers() {
    let mut server = Server::new();
    for outcome in [Outcome::Replayed, Outcome::Gone] {
        let code = server.code("c_web", "");
        let request = TokenRequest::read(&Parameters::parse(&code_form("c_web", &code)).unwrap()).unwrap();
        let random = server.random();
        let client = server.clients["c_web"].clone();
        let call = TokenCall {
            provider: &server.provider,
            client: authenticated(&client),
            jkt: None,
            random: &random,
            now: server.now,
        };
        let decision = request.decide(&call, server.find(request.needs())).unwrap();
        is_refused(decision.answer(outcome, &server.keys), ErrorCode::InvalidGrant);
    }
}
