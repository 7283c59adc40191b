//! The decision at the authorization endpoint.

use strict_oidc::{ClientFlag, LogInReason, Next, ResponseMode, UnixTime};

use crate::server::{NOW, Server, request, returned_error};

#[track_caller]
fn check_error(server: &Server, more: &str, want: &str) {
    assert_eq!(returned_error(&server.authorize(&request("c_web", more))), want, "{more}");
}

#[track_caller]
fn log_in(next: Next) -> strict_oidc::LogIn {
    match next {
        Next::LogIn(log_in) => log_in,
        next => panic!("no log-in page: {next:?}"),
    }
}

#[test]
fn unknown_and_disabled_clients_are_shown_an_error_and_never_redirected() {
    let mut server = Server::new();
    for query in [
        "",
        "response_type=code",
        &request("c_unknown", ""),
        &request("c_web", "client_id=c_web"),
        &request("c_web", "client_id=c_native"),
    ] {
        assert!(matches!(server.authorize(query), Next::Show(_)), "{query}");
    }
    server.client("c_web").is_disabled = true;
    assert!(matches!(server.authorize(&request("c_web", "")), Next::Show(_)));
}

#[test]
fn implicit_and_hybrid_responses_are_refused() {
    let server = Server::new();
    for (kind, want) in [
        ("token", "unsupported_response_type"),
        ("id_token", "unsupported_response_type"),
        ("code+id_token", "unsupported_response_type"),
        ("none", "unsupported_response_type"),
        ("", "invalid_request"),
    ] {
        let query = request("c_web", "").replace("response_type=code", &format!("response_type={kind}"));
        assert_eq!(returned_error(&server.authorize(&query)), want, "{kind}");
    }
}

#[test]
fn pkce_with_s256_is_required() {
    let mut server = Server::new();
    let without = request("c_web", "").replace("code_challenge", "other");
    assert_eq!(returned_error(&server.authorize(&without)), "invalid_request");
    for (from, to) in [
        ("code_challenge_method=S256", "code_challenge_method=plain"),
        ("code_challenge_method=S256", ""),
        ("code_challenge=E9", "code_challenge=F"),
        ("code_challenge=", "other="),
    ] {
        let query = request("c_web", "").replace(from, to);
        assert_eq!(returned_error(&server.authorize(&query)), "invalid_request", "{to}");
    }
    server.set_flag("c_web", ClientFlag::WithoutPkce);
    assert!(matches!(server.authorize(&without), Next::Consent(_)));
    let plain = request("c_web", "").replace("S256", "plain");
    assert_eq!(returned_error(&server.authorize(&plain)), "invalid_request", "also with the flag");
}

#[test]
fn a_parameter_that_is_read_may_be_sent_once() {
    let server = Server::new();
    for name in [
        "state",
        "nonce",
        "scope",
        "prompt",
        "max_age",
        "response_type",
        "response_mode",
        "code_challenge",
        "claims",
        "code_challenge_method",
        "login_hint",
        "acr_values",
        "id_token_hint",
        "ui_locales",
        "registration",
        "dpop_jkt",
    ] {
        let query = format!("{}&{name}=a&{name}=b", request("c_web", ""));
        assert_eq!(returned_error(&server.authorize(&query)), "invalid_request", "{name}");
    }
    assert!(matches!(server.authorize(&request("c_web", "extra=1&extra=2")), Next::Consent(_)));
    // Where the redirect URI is read from is not known then.
    for name in ["request", "request_uri"] {
        let query = format!("{}&{name}=a&{name}=b", request("c_web", ""));
        assert!(matches!(server.authorize(&query), Next::Show(_)), "{name}");
    }
    let Next::Return(response) = server.authorize(&request("c_web", "state=other")) else {
        panic!("not returned")
    };
    assert!(!response.fields().iter().any(|(name, _)| *name == "state"), "neither of two states comes back");
}

#[test]
fn the_response_mode_is_query_or_form_post() {
    let server = Server::new();
    for mode in ["fragment", "web_message", "query.jwt"] {
        check_error(&server, &format!("response_mode={mode}"), "invalid_request");
    }
    for (more, want) in [
        ("", ResponseMode::Query),
        ("response_mode=query", ResponseMode::Query),
        ("response_mode=form_post", ResponseMode::FormPost),
    ] {
        let Next::Return(response) = server.authorize(&request("c_web", &format!("prompt=none&{more}")))
        else {
            panic!("not returned")
        };
        assert_eq!(response.mode(), want);
    }
}

#[test]
fn every_response_has_iss_and_the_state() {
    let mut server = Server::new();
    for response in [
        server.approve(&request("c_web", "")),
        match server.authorize(&request("c_web", "prompt=none&max_age=1")) {
            Next::Return(response) => response,
            next => panic!("not returned: {next:?}"),
        },
    ] {
        let fields = response.fields();
        assert!(
            fields.contains(&("iss", "https://id.example".into()))
                && fields.contains(&("state", "xyz".into()))
        );
        assert!(response.location().starts_with("https://kitchen.example/callback?"));
    }
}

#[test]
fn prompt_none_never_shows_a_page() {
    let mut server = Server::new();
    check_error(&server, "prompt=none", "consent_required");
    check_error(&server, "prompt=none&max_age=10", "login_required");
    check_error(
        &server,
        "prompt=none&claims=%7B%22id_token%22:%7B%22sub%22:%7B%22value%22:%228%22%7D%7D%7D",
        "login_required",
    );
    let aal2 =
        "claims=%7B%22id_token%22:%7B%22acr%22:%7B%22essential%22:true,%22value%22:%22aal2%22%7D%7D%7D";
    check_error(&server, &format!("prompt=none&{aal2}"), "interaction_required");
    check_error(&server, "prompt=none+login", "invalid_request");
    check_error(&server, "prompt=other", "invalid_request");
    server.approve(&request("c_web", ""));
    assert!(matches!(server.authorize(&request("c_web", "prompt=none")), Next::Issue(_)));
    server.session = None;
    check_error(&server, "prompt=none", "login_required");
}

#[test]
fn a_demanded_log_in_is_satisfied_by_a_later_session_and_only_for_its_request() {
    let mut server = Server::new();
    for (more, reason) in [
        ("prompt=login", LogInReason::Requested),
        ("prompt=select_account", LogInReason::SelectAccount),
        ("prompt=create", LogInReason::SignUp),
        ("max_age=10", LogInReason::TooOld),
    ] {
        server.session.as_mut().unwrap().authenticated_at = UnixTime(NOW - 60);
        server.now = UnixTime(NOW);
        let page = log_in(server.authorize(&request("c_web", more)));
        assert_eq!(page.reason, reason);
        assert_eq!(log_in(server.authorize(&page.return_to)).reason, reason, "the same old session");

        server.session.as_mut().unwrap().authenticated_at = UnixTime(NOW + 20);
        server.now = UnixTime(NOW + 40);
        assert!(matches!(server.authorize(&page.return_to), Next::Consent(_)), "{more}");
        let ticket = page.return_to.split("log_in_ticket=").nth(1).unwrap();
        let other = request("c_web", &format!("{more}&nonce=other&log_in_ticket={ticket}"));
        assert!(matches!(server.authorize(&other), Next::LogIn(_)), "{more}: the ticket of another request");
        server.now = UnixTime(NOW + 601);
        assert!(matches!(server.authorize(&page.return_to), Next::LogIn(_)), "{more}: an old ticket");
    }
}

#[test]
fn a_forged_log_in_ticket_counts_as_none() {
    let server = Server::new();
    let consent_ticket = match server.authorize(&request("c_web", "")) {
        Next::Consent(page) => page.ticket,
        next => panic!("no consent page: {next:?}"),
    };
    for ticket in ["", "a.b.c", &consent_ticket] {
        let query = request("c_web", &format!("prompt=login&log_in_ticket={ticket}"));
        assert!(matches!(server.authorize(&query), Next::LogIn(_)), "{ticket}");
    }
}

#[test]
fn a_hint_at_another_user_demands_a_log_in_once() {
    let mut server = Server::new();
    let id_token = server.log_in("").id_token.unwrap();
    let query = request("c_web", &format!("id_token_hint={id_token}"));
    assert!(matches!(server.authorize(&query), Next::Issue(_)));
    server.session.as_mut().unwrap().subject = "8".into();
    let page = log_in(server.authorize(&query));
    assert_eq!(page.reason, LogInReason::OtherUser);
    server.session.as_mut().unwrap().authenticated_at = UnixTime(NOW);
    assert_eq!(returned_error(&server.authorize(&page.return_to)), "login_required", "no loop");

    // Tokens of another kind, another client or a stranger are no hints.
    let access = server.log_in("prompt=consent").access_token;
    for hint in [access.as_str(), "eyJhbGciOiJub25lIn0.e30.", "x"] {
        check_error(&server, &format!("id_token_hint={hint}"), "invalid_request");
    }
    let query = request("c_browser", &format!("id_token_hint={id_token}"));
    assert_eq!(returned_error(&server.authorize(&query)), "invalid_request");
}

#[test]
fn a_stronger_factor_is_asked_for_only_if_the_user_has_it() {
    let mut server = Server::new();
    let essential = |acr: &str| {
        format!(
            "claims=%7B%22id_token%22:%7B%22acr%22:%7B%22essential%22:true,%22values%22:%5B%22{acr}%22%5D%7D%7D%7D"
        )
    };
    for more in ["acr_values=aal2", "acr_values=phr+aal2", &essential("aal2")] {
        let Next::SecondFactor(factor) = server.authorize(&request("c_web", more)) else { panic!("{more}") };
        assert_eq!(factor.acr, "aal2");
    }
    // What cannot be reached is ignored if it is a wish, and refused if it is essential.
    assert!(matches!(server.authorize(&request("c_web", "acr_values=phr")), Next::Consent(_)));
    assert!(matches!(server.authorize(&request("c_web", "acr_values=1")), Next::Consent(_)));
    check_error(&server, &essential("phr"), "unmet_authentication_requirements");
    server.session.as_mut().unwrap().acr = "aal2".into();
    assert!(matches!(server.authorize(&request("c_web", &essential("aal2"))), Next::Consent(_)));
    assert!(matches!(server.authorize(&request("c_web", &essential("aal1"))), Next::Consent(_)));
}

#[test]
fn a_second_factor_after_a_demanded_log_in_is_no_loop() {
    let mut server = Server::new();
    let page = log_in(server.authorize(&request("c_web", "prompt=login&acr_values=aal2")));
    server.session.as_mut().unwrap().authenticated_at = UnixTime(NOW);
    let Next::SecondFactor(factor) = server.authorize(&page.return_to) else { panic!("no factor page") };
    server.session.as_mut().unwrap().acr = "aal2".into();
    assert!(matches!(server.authorize(&factor.return_to), Next::Consent(_)));
}

#[test]
fn a_scope_that_the_client_may_not_have_is_refused_and_an_unknown_one_is_ignored() {
    let server = Server::new();
    check_error(&server, "scope=openid+other", "invalid_scope");
    check_error(&server, "scope=openid+%22", "invalid_scope");
    check_error(&server, "scope=unknown", "invalid_scope");
    check_error(&server, "scope=", "invalid_scope");
    let Next::Consent(page) = server.authorize(&request("c_web", "scope=openid+unknown")) else { panic!() };
    assert_eq!(page.scopes.len(), 1);
}

#[test]
fn other_parameters_are_checked() {
    let mut server = Server::new();
    for (more, want) in [
        ("max_age=-1", "invalid_request"),
        ("max_age=%2B1", "invalid_request"),
        ("max_age=x", "invalid_request"),
        ("claims=%5B%5D", "invalid_request"),
        ("resource=https://unknown.example", "invalid_target"),
        ("resource=https://other.example", "invalid_target"),
        ("resource=https://api.example/v1&resource=https://other.example", "invalid_target"),
        ("registration=%7B%7D", "registration_not_supported"),
        ("request=eyJ", "request_not_supported"),
    ] {
        check_error(&server, more, want);
    }
    server.client("c_web").grants.clear();
    check_error(&server, "", "unauthorized_client");
}

#[test]
fn markup_from_the_url_is_encoded_in_the_response_and_absent_from_its_description() {
    let server = Server::new();
    let query = request("c_web", "prompt=none").replace("state=xyz", "state=%22%3E%3Cscript%3E");
    let Next::Return(response) = server.authorize(&query) else { panic!("not returned") };
    assert!(!response.location().contains(['<', '>', '"']), "{}", response.location());
    let Next::Return(response) =
        server.authorize(&request("c_web", "resource=https://%22%3Cscript%3E\u{e9}"))
    else {
        panic!("not returned")
    };
    let (_, description) = response.fields().iter().find(|(name, _)| *name == "error_description").unwrap();
    assert!(description.is_ascii() && !description.contains('"'), "{description}");
}
