//! Pushed requests.

use strict_oidc::{ClientFlag, ErrorCode, Next, OAuthError, Parameters, push};

use crate::server::{CALLBACK, SECRET, Server, authenticated, request, returned_error};

fn push_as(server: &mut Server, client: &str, form: &str) -> Result<String, OAuthError> {
    let random = server.random();
    let form = Parameters::parse(form).unwrap();
    let record = server.clients[client].clone();
    let pushed = push(&server.provider, &authenticated(&record), &form, &server.visit(), &random)?;
    assert_eq!(pushed.response.expires_in, 60);
    server.pushed.insert(pushed.record.reference, pushed.record);
    Ok(format!("client_id={client}&request_uri={}", pushed.response.request_uri))
}

#[test]
fn a_pushed_request_is_used_once_by_its_client() {
    let mut server = Server::new();
    let form = format!("{}&client_secret={SECRET}", request("c_web", "nonce=n"));
    let query = push_as(&mut server, "c_web", &form).unwrap();
    assert!(!server.pushed.values().next().unwrap().query.contains(SECRET), "the secret is not stored");
    let foreign = query.replace("c_web", "c_browser");
    assert!(matches!(server.authorize(&foreign), Next::Show(_)));
    assert!(server.approve(&query).location().starts_with(CALLBACK));
    assert!(matches!(server.authorize(&query), Next::Show(_)), "used");
}

#[test]
fn a_pushed_request_expires() {
    let mut server = Server::new();
    let query = push_as(&mut server, "c_web", &request("c_web", "")).unwrap();
    server.wait(59);
    assert!(matches!(server.authorize(&query), Next::Consent(_)));
    server.wait(1);
    assert!(matches!(server.authorize(&query), Next::Show(_)));
    assert!(matches!(
        server.authorize("client_id=c_web&request_uri=https://evil.example/object"),
        Next::Show(_)
    ));
}

#[test]
fn parameters_outside_of_the_pushed_request_do_not_count() {
    let mut server = Server::new();
    let query = push_as(&mut server, "c_web", &request("c_web", "scope=openid")).unwrap();
    let changed = format!("{query}&scope=openid+recipes:write&redirect_uri=https://evil.example&state=other");
    let Next::Consent(page) = server.authorize(&changed) else { panic!("no page") };
    assert_eq!(page.scopes.len(), 1);
    assert_eq!(page.form_action, "https://kitchen.example");
}

#[test]
fn a_wrong_request_is_refused_when_it_is_pushed() {
    let mut server = Server::new();
    for (form, want) in [
        (request("c_web", "scope=other"), ErrorCode::InvalidScope),
        (request("c_web", "").replace(CALLBACK, "https://evil.example"), ErrorCode::InvalidRequest),
        (request("c_web", "").replace("S256", "plain"), ErrorCode::InvalidRequest),
        (request("c_web", "request_uri=urn:x"), ErrorCode::InvalidRequest),
        (request("c_browser", ""), ErrorCode::InvalidRequest),
    ] {
        assert_eq!(push_as(&mut server, "c_web", &form).unwrap_err().code(), want, "{form}");
    }
    assert!(server.pushed.is_empty());
}

#[test]
fn a_client_may_be_required_to_push() {
    let mut server = Server::new();
    server.set_flag("c_web", ClientFlag::RequirePar);
    assert_eq!(returned_error(&server.authorize(&request("c_web", ""))), "invalid_request");
    let query = push_as(&mut server, "c_web", &request("c_web", "")).unwrap();
    assert!(matches!(server.authorize(&query), Next::Consent(_)));
}

#[test]
fn a_demanded_log_in_works_with_a_pushed_request() {
    let mut server = Server::new();
    let query = push_as(&mut server, "c_web", &request("c_web", "prompt=login")).unwrap();
    let Next::LogIn(page) = server.authorize(&query) else { panic!("no log-in page") };
    server.session.as_mut().unwrap().authenticated_at = server.now;
    assert!(matches!(server.authorize(&page.return_to), Next::Consent(_)));
}
