//! Properties: no input panics, and no code is issued without a consent.

use proptest::prelude::*;
use strict_oidc::{
    BearerToken, ClaimsRequest, ClientKind, CodeChallenge, ConsentForm, DpopRequest, DpopRules,
    LogOutRequest, Next, Parameters, PresentedClient, Provider, RedirectUri, RefreshToken, Scopes,
    TokenQuery, TokenRequest, UserCode,
};

use crate::server::{SECRET, Server, consent_form, encoded, request};

/// Names of parameters that are read, and others.
fn name() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "client_id",
        "redirect_uri",
        "response_type",
        "response_mode",
        "scope",
        "state",
        "nonce",
        "prompt",
        "max_age",
        "claims",
        "acr_values",
        "id_token_hint",
        "login_hint",
        "resource",
        "request",
        "request_uri",
        "code_challenge",
        "code_challenge_method",
        "log_in_ticket",
        "dpop_jkt",
        "grant_type",
        "code",
        "refresh_token",
        "device_code",
        "code_verifier",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
        "token",
        "ticket",
        "decision",
        "post_logout_redirect_uri",
        "access_token",
    ];
    prop_oneof![9 => prop::sample::select(KNOWN).prop_map(str::to_owned), 1 => ".{0,8}"]
}

fn value() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "",
        "c_web",
        "c_keys",
        "c_native",
        "c_unknown",
        "code",
        "openid",
        "openid profile",
        "none",
        "login",
        "consent",
        "none login",
        "0",
        "18446744073709551615",
        "-1",
        "query",
        "form_post",
        "S256",
        "plain",
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        SECRET,
        "{}",
        "aal2",
        r#"{"id_token":{"acr":{"essential":true,"value":"phr"},"sub":{"value":"8"}}}"#,
        "https://kitchen.example/callback",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "a.b.c",
        "eyJhbGciOiJub25lIn0.e30.",
        "https://api.example/v1",
        "urn:ietf:params:oauth:request_uri:x",
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "allow",
    ];
    prop_oneof![4 => prop::sample::select(KNOWN).prop_map(str::to_owned), 1 => "\\PC{0,40}", 1 => any::<String>()]
}

fn query() -> impl Strategy<Value = String> {
    prop::collection::vec((name(), value()), 0..16).prop_map(|pairs| {
        let pairs: Vec<_> =
            pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        pairs.join("&")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_request_panics_and_none_is_issued_without_consent(base in any::<bool>(), more in query(), form in query()) {
        let mut server = Server::new();
        let query = if base { request("c_web", &more) } else { more };
        prop_assert!(!matches!(server.authorize(&query), Next::Issue(_)), "{}", query);
        let form = if base { format!("{form}&request={}", encoded(&query)) } else { form };
        if let Ok(form) = ConsentForm::read(&Parameters::parse(&form).unwrap()) {
            let next = strict_oidc::consent(&server.provider, server.clients.get("c_web"), &form, &server.visit());
            prop_assert!(!matches!(next, Next::Issue(_)));
        }
        if let Next::Return(response) = server.authorize(&query) {
            prop_assert!(response.location().starts_with("https://kitchen.example/callback?"), "{}", response.location());
        }
        server.session = None;
        server.authorize(&query);
    }

    #[test]
    fn an_issued_code_has_only_scopes_that_the_page_showed(more in query()) {
        let server = Server::new();
        if let Next::Consent(page) = server.authorize(&request("c_web", &more)) {
            let shown: Vec<_> = page.scopes.iter().map(|scope| scope.scope.clone()).collect();
            let Next::Issue(approved) = server.post_consent(&consent_form(&page, "allow")) else {
                return Err(TestCaseError::fail("not issued"));
            };
            let consent = approved.new_consent().unwrap();
            prop_assert!(consent.scopes.iter().all(|scope| shown.iter().any(|own| own == scope)));
        }
    }

    #[test]
    fn no_token_request_panics_or_succeeds_by_chance(form in query(), header in prop::option::of(any::<String>())) {
        let mut server = Server::new();
        let parsed = Parameters::parse(&form).unwrap();
        let _ = PresentedClient::read(header.as_deref(), Some(&form), &parsed);
        let _ = BearerToken::read(header.as_deref(), &parsed);
        let _ = TokenRequest::read(&parsed);
        let _ = TokenQuery::read(&server.provider, &server.keys, &parsed, server.now);
        let _ = LogOutRequest::read(&server.provider, &server.keys, &parsed, server.now)
            .map(|request| request.decide(&server.provider, server.clients.get("c_web"), &server.visit()));
        let is_own_secret = form.contains(SECRET);
        let answer = server.token_as(&form, crate::server::Sent { authorization: header.as_deref(), jkt: None });
        prop_assert!(answer.is_err() || is_own_secret, "{}", form);
    }

    #[test]
    fn no_text_panics(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let lossy = String::from_utf8_lossy(&bytes);
        for text in [text.as_str(), &lossy] {
            let _ = Parameters::parse(text).map(|parameters| parameters.to_query());
            let _ = Scopes::parse(text);
            let _ = ClaimsRequest::parse(text);
            let _ = CodeChallenge::parse(text).map(|challenge| challenge.accepts(text));
            let _ = RefreshToken::parse(text);
            let _ = UserCode::parse(text);
            let _ = Provider::new(text);
            for kind in [ClientKind::Web, ClientKind::Native] {
                let _ = RedirectUri::parse(text, kind).map(|uri| uri.allows(text));
            }
            let _ = DpopRules::default().verify(&DpopRequest::new("POST", "https://id.example", &[text]), Server::new().now);
        }
    }
}
