//! The modules of the OpenID certification plans for providers, by their names, as far as the protocol alone decides them: Basic,
//! Config, Form Post, RP-initiated logout, back-channel logout. Each row of [`MODULES`] names a module and the check of its
//! essential assertion.

use serde_json::{Value, json};
use strict_oidc::{
    AccessTokenVerifier, AuthorizationResponse, ClientFlag, LogInReason, LogOutNext, LogOutRequest,
    LoggedOut, Next, Parameters, ResponseMode, TokenResponse, logout_token, metadata, userinfo,
};

use crate::server::{
    CALLBACK, CHALLENGE, ISSUER, Server, claims, code_form, code_form_without_verifier, encoded,
    refresh_form, returned_error,
};

type Check = fn(&mut Suite);

/// Module, check.
const MODULES: &[(&str, Check)] = &[
    ("oidcc-server", happy_flow),
    ("oidcc-response-type-missing", |suite| {
        let query = suite.request("").replace("response_type=code", "");
        assert_eq!(returned_error(&suite.server.authorize(&query)), "invalid_request");
    }),
    ("oidcc-idtoken-signature", |suite| {
        let tokens = suite.log_in("");
        let header = strict_jose::inspect(&tokens.id_token.unwrap()).unwrap().header;
        assert!(header["alg"] == "RS256" && header["kid"].is_string());
    }),
    ("oidcc-idtoken-unsigned", |suite| {
        assert!(
            !metadata(&suite.server.provider)["id_token_signing_alg_values_supported"]
                .to_string()
                .contains("none")
        );
    }),
    ("oidcc-userinfo-get", |suite| {
        let tokens = suite.log_in("");
        assert_eq!(suite.userinfo(&tokens)["sub"], claims(tokens.id_token.as_ref().unwrap())["sub"]);
    }),
    ("oidcc-userinfo-post-header", |suite| {
        let tokens = suite.log_in("");
        assert_eq!(suite.userinfo(&tokens)["sub"], "7");
    }),
    ("oidcc-userinfo-post-body", |suite| {
        let tokens = suite.log_in("");
        let form = Parameters::parse(&format!("access_token={}", tokens.access_token)).unwrap();
        assert_eq!(strict_oidc::BearerToken::read(None, &form).unwrap().token(), tokens.access_token);
    }),
    ("oidcc-ensure-request-without-nonce-succeeds-for-code-flow", |suite| {
        let query = suite.request("").replace("&nonce=n", "");
        let tokens = suite.redeem(&query);
        assert!(claims(&tokens.id_token.unwrap()).get("nonce").is_none());
    }),
    ("oidcc-scope-profile", |suite| suite.check_scope("profile", &["name"])),
    ("oidcc-scope-email", |suite| suite.check_scope("email", &["email", "email_verified"])),
    ("oidcc-scope-address", |suite| suite.check_scope("address", &["address"])),
    ("oidcc-scope-phone", |suite| suite.check_scope("phone", &["phone_number"])),
    ("oidcc-scope-all", |suite| {
        suite.check_scope("profile+email+address+phone", &["name", "email", "address", "phone_number"]);
    }),
    ("oidcc-alternate-happy-flow", |suite| {
        let query: Vec<_> =
            suite.request("scope=profile+openid").split('&').rev().map(str::to_owned).collect();
        assert!(suite.redeem(&query.join("&")).id_token.is_some());
    }),
    ("oidcc-display-page", |suite| drop(suite.log_in("display=page"))),
    ("oidcc-display-popup", |suite| drop(suite.log_in("display=popup"))),
    ("oidcc-prompt-login", |suite| suite.check_second_log_in("prompt=login", LogInReason::Requested)),
    ("oidcc-prompt-none-not-logged-in", |suite| {
        suite.server.session = None;
        assert_eq!(returned_error(&suite.server.authorize(&suite.request("prompt=none"))), "login_required");
    }),
    ("oidcc-prompt-none-logged-in", |suite| {
        let first = claims(&suite.log_in("").id_token.unwrap());
        let second = claims(&suite.log_in("prompt=none").id_token.unwrap());
        assert!(first["sub"] == second["sub"] && first["auth_time"] == second["auth_time"]);
    }),
    ("oidcc-max-age-1", |suite| suite.check_second_log_in("max_age=1", LogInReason::TooOld)),
    ("oidcc-max-age-10000", |suite| {
        let first = claims(&suite.log_in("max_age=15000").id_token.unwrap());
        suite.server.wait(2);
        let second = claims(&suite.log_in("max_age=10000").id_token.unwrap());
        assert!(first["sub"] == second["sub"] && first["auth_time"] == second["auth_time"]);
    }),
    ("oidcc-ensure-request-with-unknown-parameter-succeeds", |suite| drop(suite.log_in("extra=foobar"))),
    ("oidcc-id-token-hint", |suite| {
        let hint = suite.log_in("").id_token.unwrap();
        suite.log_in(&format!("prompt=none&id_token_hint={hint}"));
    }),
    ("oidcc-login-hint", |suite| drop(suite.log_in("login_hint=ada%40example.org"))),
    ("oidcc-ui-locales", |suite| drop(suite.log_in("ui_locales=se"))),
    ("oidcc-claims-locales", |suite| drop(suite.log_in("claims_locales=se"))),
    ("oidcc-ensure-request-with-acr-values-succeeds", |suite| {
        assert_eq!(claims(&suite.log_in("acr_values=aal1+phr").id_token.unwrap())["acr"], "aal1");
    }),
    ("oidcc-codereuse", |suite| {
        let code = suite.code("");
        suite.server.token(&code_form_without_verifier("c_web", &code)).unwrap();
        let refused = suite.server.token(&code_form_without_verifier("c_web", &code)).unwrap_err();
        assert_eq!((refused.status(), refused.code().as_str()), (400, "invalid_grant"));
    }),
    ("oidcc-codereuse-30seconds", |suite| {
        let code = suite.code("");
        suite.server.token(&code_form_without_verifier("c_web", &code)).unwrap();
        suite.server.wait(30);
        assert!(suite.server.token(&code_form_without_verifier("c_web", &code)).is_err());
        assert!(suite.server.grants.is_empty(), "the access token of the first use is dead");
    }),
    ("oidcc-ensure-registered-redirect-uri", |suite| {
        let query = suite.request("").replace(CALLBACK, &format!("{CALLBACK}/other"));
        assert!(matches!(suite.server.authorize(&query), Next::Show(_)));
    }),
    // The transport is the server's: it answers a POST with 303 to the same request as GET.
    ("oidcc-ensure-post-request-succeeds", happy_flow),
    ("oidcc-server-client-secret-post", happy_flow),
    ("oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", |suite| {
        let query = suite.request("request_uri=https%3A%2F%2Fkitchen.example%2Fobject");
        assert!(matches!(suite.server.authorize(&query), Next::Show(_)));
        assert_eq!(metadata(&suite.server.provider)["request_uri_parameter_supported"], false);
    }),
    ("oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", |suite| {
        let query = suite.request("request=eyJhbGciOiJub25lIn0.e30.");
        assert_eq!(returned_error(&suite.server.authorize(&query)), "request_not_supported");
    }),
    ("oidcc-claims-essential", |suite| {
        let wanted = encoded(r#"{"userinfo":{"name":{"essential":true}}}"#);
        let tokens = suite.log_in(&format!("claims={wanted}"));
        assert_eq!(suite.userinfo(&tokens)["name"], "Ada");
        assert!(claims(&tokens.id_token.unwrap()).get("name").is_none());
    }),
    ("oidcc-ensure-request-object-with-redirect-uri", |suite| {
        let query =
            suite.request("request=eyJhbGciOiJub25lIn0.e30.").replace(CALLBACK, "https://evil.example");
        assert!(matches!(suite.server.authorize(&query), Next::Show(_)));
    }),
    ("oidcc-refresh-token", |suite| {
        let first = suite.log_in("scope=openid+offline_access&prompt=consent");
        suite.server.wait(1);
        let refresh = first.refresh_token.unwrap();
        assert_eq!(
            suite.server.token(&refresh_form("c_browser", &refresh)).unwrap_err().code().as_str(),
            "invalid_grant"
        );
        let second = suite.server.token(&refresh_form("c_web", &refresh)).unwrap();
        assert_ne!(first.access_token, second.access_token);
        let (first, second) = (claims(&first.id_token.unwrap()), claims(&second.id_token.unwrap()));
        for claim in ["iss", "sub", "aud", "auth_time", "azp"] {
            assert_eq!(first.get(claim), second.get(claim), "{claim}");
        }
        assert_ne!(first["iat"], second["iat"]);
    }),
    ("oidcc-ensure-request-with-valid-pkce-succeeds", |suite| {
        let query = suite.request(&format!("code_challenge={CHALLENGE}&code_challenge_method=S256"));
        let code = suite.code_of(&query);
        assert!(suite.server.token(&code_form("c_web", &code)).is_ok());
    }),
    ("oidcc-discovery-endpoint-verification", |suite| {
        let metadata = metadata(&suite.server.provider);
        assert_eq!(metadata["issuer"], ISSUER);
        for (name, value) in &metadata {
            let is_url = name.ends_with("_endpoint") || name == "jwks_uri";
            assert!(!is_url || value.as_str().unwrap().starts_with("https://"), "{name}");
        }
        for (name, value) in [
            ("id_token_signing_alg_values_supported", "RS256"),
            ("scopes_supported", "openid"),
            ("response_types_supported", "code"),
            ("subject_types_supported", "public"),
            ("grant_types_supported", "authorization_code"),
            ("code_challenge_methods_supported", "S256"),
        ] {
            assert!(metadata[name].as_array().unwrap().contains(&json!(value)), "{name}");
        }
        let jwks: Value = serde_json::from_str(&suite.server.keys.jwks().unwrap()).unwrap();
        let mut kids: Vec<_> =
            jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].to_string()).collect();
        kids.sort_unstable();
        kids.dedup();
        assert_eq!(kids.len(), 3);
    }),
    ("oidcc-rp-initiated-logout-discovery-endpoint-verification", |suite| {
        assert!(
            metadata(&suite.server.provider)["end_session_endpoint"]
                .as_str()
                .unwrap()
                .starts_with("https://")
        );
    }),
    ("oidcc-rp-initiated-logout", |suite| {
        suite.check_log_out("HINT&URI&state=a", Some("https://kitchen.example/bye?state=a"));
    }),
    ("oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", |suite| {
        suite.check_page("HINT&post_logout_redirect_uri=https://kitchen.example/other&state=a");
    }),
    ("oidcc-rp-initiated-logout-modified-id-token-hint", |suite| suite.check_page("UNSIGNED&URI&state=a")),
    ("oidcc-rp-initiated-logout-no-id-token-hint", |suite| suite.check_page("URI&state=a")),
    ("oidcc-rp-initiated-logout-no-params", |suite| suite.check_page("")),
    ("oidcc-rp-initiated-logout-no-post-logout-redirect-uri", |suite| {
        suite.check_log_out("HINT&state=a", None);
    }),
    ("oidcc-rp-initiated-logout-no-state", |suite| {
        suite.check_log_out("HINT&URI", Some("https://kitchen.example/bye"));
    }),
    ("oidcc-rp-initiated-logout-only-state", |suite| suite.check_page("state=a")),
    ("oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", |suite| {
        suite.check_page("HINT&URI%3Ffoo%3Dbar&state=a");
    }),
    ("oidcc-rp-initiated-logout-bad-id-token-hint", |suite| suite.check_page("STRANGER&URI&state=a")),
    ("oidcc-backchannel-logout-discovery-endpoint-verification", |suite| {
        let metadata = metadata(&suite.server.provider);
        assert!(
            metadata["backchannel_logout_supported"] == true
                && metadata["backchannel_logout_session_supported"] == true
        );
    }),
    ("oidcc-backchannel-rp-initiated-logout", |suite| {
        let id_token = claims(&suite.log_in("").id_token.unwrap());
        let grant = suite.server.grants.values().next().unwrap().clone();
        let (random, server) = (suite.server.random(), &suite.server);
        let logged_out = LoggedOut::Grant { subject: &grant.subject, grant: grant.id };
        let token = logout_token(
            &server.provider,
            &server.clients["c_web"],
            logged_out,
            &server.keys,
            (&random, server.now),
        );
        let token = claims(&token.unwrap());
        for claim in ["iss", "aud", "sub", "sid"] {
            assert_eq!(token[claim], id_token[claim], "{claim}");
        }
        assert!(token["jti"].is_string() && token["iat"].is_u64() && token.get("nonce").is_none());
    }),
];

/// A server as certification sees it: a confidential client without PKCE, two users' worth of claims, log-out on.
struct Suite {
    server: Server,
    mode: ResponseMode,
}

impl Suite {
    fn new(mode: ResponseMode) -> Self {
        let mut server = Server::new();
        server.set_flag("c_web", ClientFlag::WithoutPkce);
        server.provider.endpoints.end_session = Some(format!("{ISSUER}/oauth/logout"));
        for (scope, text) in [("address", "see your address"), ("phone", "see your phone number")] {
            server.provider.identity_scopes.push(strict_oidc::ScopeText::new(scope, text));
        }
        server.client("c_web").scopes =
            strict_oidc::Scopes::parse("openid profile email address phone offline_access").unwrap();
        let user = server.user.take().unwrap();
        server.user = Some(user.with("address", json!({ "country": "DE" })).with("phone_number", "+49 30 1"));
        server.session.as_mut().unwrap().authenticated_at = server.now;
        Self { server, mode }
    }

    /// A request as the suite sends it: no PKCE.
    fn request(&self, more: &str) -> String {
        let scope = if more.contains("scope=") { "" } else { "&scope=openid" };
        let response_mode = if self.mode == ResponseMode::FormPost { "&response_mode=form_post" } else { "" };
        format!(
            "client_id=c_web&redirect_uri={CALLBACK}&response_type=code&state=xyz&nonce=n{scope}{response_mode}&{more}"
        )
    }

    fn respond(&mut self, query: &str) -> AuthorizationResponse {
        let response = self.server.approve(query);
        assert_eq!(response.mode(), self.mode);
        assert!(
            response.fields().contains(&("state", "xyz".into()))
                && response.fields().contains(&("iss", ISSUER.into()))
        );
        response
    }

    fn code_of(&mut self, query: &str) -> String {
        self.respond(query).fields()[0].1.clone()
    }

    fn code(&mut self, more: &str) -> String {
        let query = self.request(more);
        self.code_of(&query)
    }

    fn redeem(&mut self, query: &str) -> TokenResponse {
        let code = self.code_of(query);
        assert!(code.len() >= 43, "256 bits");
        self.server.token(&code_form_without_verifier("c_web", &code)).unwrap()
    }

    fn log_in(&mut self, more: &str) -> TokenResponse {
        let query = self.request(more);
        self.redeem(&query)
    }

    fn userinfo(&self, tokens: &TokenResponse) -> Value {
        let server = &self.server;
        let verifier = AccessTokenVerifier::new(ISSUER, ISSUER);
        let token = verifier.verify(&tokens.access_token, &server.keys, server.now).unwrap();
        let grant = server.grants.values().find(|grant| Some(grant.id.to_string()) == token.sid);
        json!(
            userinfo(&server.provider, &token, &server.clients["c_web"], grant, server.user.as_ref())
                .unwrap()
        )
    }

    fn check_scope(&mut self, scope: &str, wanted: &[&str]) {
        let tokens = self.log_in(&format!("scope=openid+{scope}"));
        let (answer, id_token) = (self.userinfo(&tokens), claims(tokens.id_token.as_ref().unwrap()));
        for claim in wanted {
            assert!(answer.get(claim).is_some(), "{claim} is missing in userinfo");
            assert!(id_token.get(claim).is_none(), "{claim} is in the ID token");
        }
    }

    fn check_second_log_in(&mut self, more: &str, reason: LogInReason) {
        let first = claims(&self.log_in("").id_token.unwrap());
        self.server.wait(2);
        let query = self.request(more);
        let Next::LogIn(page) = self.server.authorize(&query) else { panic!("no log-in page") };
        assert_eq!(page.reason, reason);
        self.server.session.as_mut().unwrap().authenticated_at = self.server.now;
        let second = claims(&self.redeem(&page.return_to).id_token.unwrap());
        assert!(second["auth_time"].as_u64() > first["auth_time"].as_u64());
    }

    /// Logs in and out. Words in capitals stand for parameters.
    fn log_out(&mut self, query: &str) -> LogOutNext {
        let hint = self.log_in("").id_token.unwrap();
        let payload = hint.split('.').nth(1).unwrap();
        let stranger =
            strict_jose::Key::hs256(&[1; 32]).unwrap().with_kid("x").sign("JWT", &claims(&hint)).unwrap();
        let query = query
            .replace("HINT", &format!("id_token_hint={hint}"))
            .replace("UNSIGNED", &format!("id_token_hint=eyJhbGciOiJub25lIn0.{payload}."))
            .replace("STRANGER", &format!("id_token_hint={stranger}"))
            .replace("URI", "post_logout_redirect_uri=https://kitchen.example/bye");
        let server = &self.server;
        let parameters = Parameters::parse(&query).unwrap();
        let request = LogOutRequest::read(&server.provider, &server.keys, &parameters, server.now).unwrap();
        let client = request.client_id().and_then(|id| server.clients.get(id));
        request.decide(&server.provider, client, &server.visit()).unwrap()
    }

    fn check_log_out(&mut self, query: &str, location: Option<&str>) {
        assert_eq!(self.log_out(query), LogOutNext::LogOut { location: location.map(str::to_owned) });
        self.server.session = None;
        assert_eq!(returned_error(&self.server.authorize(&self.request("prompt=none"))), "login_required");
    }

    fn check_page(&mut self, query: &str) {
        let next = self.log_out(query);
        assert!(matches!(next, LogOutNext::Confirm { .. }), "{next:?}");
    }
}

fn happy_flow(suite: &mut Suite) {
    let tokens = suite.log_in("");
    assert_eq!(tokens.expires_in, 600);
    let id_token = claims(&tokens.id_token.unwrap());
    assert_eq!(
        (&id_token["nonce"], &id_token["aud"], &id_token["iss"]),
        (&json!("n"), &json!("c_web"), &json!(ISSUER))
    );
    assert!(id_token["at_hash"].is_string() && id_token.get("name").is_none());
}

#[test]
fn every_module_of_the_plans_passes() {
    assert_eq!(MODULES.len(), 52);
    for (module, check) in MODULES {
        println!("{module}");
        check(&mut Suite::new(ResponseMode::Query));
    }
}

#[test]
fn every_module_of_basic_passes_with_form_post() {
    for (module, check) in &MODULES[..38] {
        println!("{module}");
        check(&mut Suite::new(ResponseMode::FormPost));
    }
}
