//! The consent page and its form.

use strict_oidc::{ClientFlag, ErrorCode, Next, Parameters, Scopes};

use crate::server::{API, CALLBACK, Server, consent_form, request, returned_error};

fn page(server: &Server, query: &str) -> strict_oidc::ConsentPage {
    match server.authorize(query) {
        Next::Consent(page) => page,
        next => panic!("no consent page: {next:?}"),
    }
}

#[track_caller]
fn is_forbidden(next: &Next) {
    assert!(matches!(next, Next::Show(page) if page.status == 403), "{next:?}");
}

#[test]
fn consent_is_asked_for_once_for_each_scope_and_resource() {
    let mut server = Server::new();
    let wishes = page(&server, &request("c_web", ""));
    let texts: Vec<_> = wishes.scopes.iter().map(|scope| scope.text.as_str()).collect();
    assert_eq!(texts, ["know that it is you", "see your name", "read your recipes"]);
    server.approve(&request("c_web", ""));
    assert!(matches!(server.authorize(&request("c_web", "")), Next::Issue(_)));
    assert!(matches!(server.authorize(&request("c_web", "scope=openid")), Next::Issue(_)), "fewer");
    for more in ["scope=openid+recipes:write", "prompt=consent", &format!("resource={API}")] {
        assert!(matches!(server.authorize(&request("c_web", more)), Next::Consent(_)), "{more}");
    }
}

#[test]
fn single_claims_are_part_of_the_consent() {
    let mut server = Server::new();
    let claims = "scope=openid&claims=%7B%22userinfo%22:%7B%22email%22:null,%22phone_number%22:null%7D%7D";
    let texts: Vec<_> =
        page(&server, &request("c_web", claims)).scopes.into_iter().map(|scope| scope.text).collect();
    assert_eq!(texts, ["know that it is you", "see your e-mail address"]);
    server.approve(&request("c_web", "scope=openid"));
    assert!(matches!(server.authorize(&request("c_web", claims)), Next::Consent(_)));
    // A claim of a scope that the client may not have is not sent.
    server.client("c_web").scopes = Scopes::parse("openid").unwrap();
    assert!(matches!(server.authorize(&request("c_web", claims)), Next::Issue(_)));
}

#[test]
fn a_first_party_client_needs_no_consent() {
    let mut server = Server::new();
    server.set_flag("c_web", ClientFlag::FirstParty);
    for more in ["", "prompt=consent", "prompt=none"] {
        assert!(matches!(server.authorize(&request("c_web", more)), Next::Issue(_)), "{more}");
    }
}

#[test]
fn a_native_client_without_https_is_asked_each_time() {
    let mut server = Server::new();
    let local = request("c_native", "").replace(CALLBACK, "http://127.0.0.1:5000/callback");
    server.approve(&local);
    assert!(matches!(server.authorize(&local), Next::Consent(_)), "any application can listen on the port");
    assert!(
        matches!(server.authorize(&request("c_native", "")), Next::Issue(_)),
        "https belongs to one application"
    );
}

#[test]
fn a_refusal_returns_access_denied() {
    let server = Server::new();
    let form = consent_form(&page(&server, &request("c_web", "")), "deny");
    assert_eq!(returned_error(&server.post_consent(&form)), "access_denied");
}

#[test]
fn the_ticket_fits_one_request_one_session_and_one_user() {
    let mut server = Server::new();
    let form = consent_form(&page(&server, &request("c_web", "")), "allow");
    assert!(matches!(server.post_consent(&form), Next::Issue(_)));

    is_forbidden(&server.post_consent(&form.replace("c_web", "c_browser")));
    is_forbidden(&server.post_consent(&form.replace("recipes%253Aread", "recipes%253Awrite")));
    is_forbidden(&server.post_consent(&form.replace("&ticket=", "&ticket=x")));
    for change in [
        |server: &mut Server| server.session.as_mut().unwrap().id = "s2".into(),
        |server: &mut Server| {
            server.session.as_mut().unwrap().subject = "8".into();
        },
    ] {
        let before = server.session.clone();
        change(&mut server);
        is_forbidden(&server.post_consent(&form));
        server.session = before;
    }
    server.session = None;
    assert!(!matches!(server.post_consent(&form), Next::Issue(_)), "logged out");
}

#[test]
fn a_consent_page_is_valid_for_ten_minutes_and_as_long_as_its_client() {
    let mut server = Server::new();
    let form = consent_form(&page(&server, &request("c_web", "")), "allow");
    server.wait(599);
    assert!(matches!(server.post_consent(&form), Next::Issue(_)));
    server.client("c_web").is_disabled = true;
    assert!(matches!(server.post_consent(&form), Next::Show(_)));
    server.client("c_web").is_disabled = false;
    server.wait(1);
    is_forbidden(&server.post_consent(&form));
}

#[test]
fn the_user_may_allow_less_than_shown_and_not_more() {
    let server = Server::new();
    let form = consent_form(&page(&server, &request("c_web", "")), "allow");
    let Next::Issue(approved) = server.post_consent(&format!("{form}&scope=openid&scope=profile")) else {
        panic!()
    };
    assert_eq!(approved.new_consent().unwrap().scopes.to_string(), "openid profile");
    for more in ["recipes:write", "email", "other"] {
        is_forbidden(&server.post_consent(&format!("{form}&scope=openid&scope={more}")));
    }
}

#[test]
fn an_incomplete_form_is_refused() {
    for form in [
        "",
        "request=a&ticket=b",
        "request=a&ticket=b&decision=maybe",
        "ticket=b&decision=allow",
        "request=a&ticket=b&decision=allow&decision=deny",
    ] {
        let refused = strict_oidc::ConsentForm::read(&Parameters::parse(form).unwrap()).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidRequest, "{form}");
    }
}
