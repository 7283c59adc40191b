//! The device grant.

use strict_oidc::{
    Decision, DeviceState, Digest, ErrorCode, Parameters, Session, UserCode, authorize_device,
};

use crate::server::{SECRET, Server, authenticated, is_refused, session};

const GRANT: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";

fn begin(server: &mut Server, form: &str) -> Result<strict_oidc::DeviceResponse, strict_oidc::OAuthError> {
    let random = server.random();
    let form = Parameters::parse(form).unwrap();
    let client = server.clients["c_web"].clone();
    let begun = authorize_device(&server.provider, &authenticated(&client), &form, &random, server.now)?;
    server.devices.insert(begun.record.device, begun.record);
    Ok(begun.response)
}

fn poll(
    server: &mut Server,
    device_code: &str,
) -> Result<strict_oidc::TokenResponse, strict_oidc::OAuthError> {
    let form = format!("grant_type={GRANT}&client_id=c_web&client_secret={SECRET}&device_code={device_code}");
    server.token(&form)
}

fn decide(server: &mut Server, user_code: &str, decision: Decision) {
    let code = UserCode::parse(user_code).unwrap().digest();
    let record = server.devices.values().find(|record| record.user_code == code).unwrap().clone();
    let client = server.clients["c_web"].clone();
    let page = record.page(&server.provider, &client, &server.visit()).unwrap();
    let state = record.decide(&client, &page.ticket, decision, &server.visit()).unwrap();
    server.devices.get_mut(&record.device).unwrap().state = state;
}

#[test]
fn a_user_approves_a_device_on_another_one() {
    let mut server = Server::new();
    let begun = begin(&mut server, "scope=openid+recipes:read").unwrap();
    assert_eq!((begun.expires_in, begun.interval), (600, 5));
    assert_eq!(begun.verification_uri, "https://id.example/device");
    assert!(begun.verification_uri_complete.ends_with(&begun.user_code));
    is_refused(poll(&mut server, &begun.device_code), ErrorCode::AuthorizationPending);
    decide(&mut server, &begun.user_code.to_lowercase(), Decision::Allow);
    server.wait(5);
    let tokens = poll(&mut server, &begun.device_code).unwrap();
    assert!(tokens.id_token.is_some() && tokens.refresh_token.is_some());
    is_refused(poll(&mut server, &begun.device_code), ErrorCode::InvalidGrant);
}

#[test]
fn a_refused_expired_or_foreign_device_gets_nothing() {
    let mut server = Server::new();
    let denied = begin(&mut server, "scope=openid").unwrap();
    decide(&mut server, &denied.user_code, Decision::Deny);
    is_refused(poll(&mut server, &denied.device_code), ErrorCode::AccessDenied);
    is_refused(poll(&mut server, "unknown"), ErrorCode::InvalidGrant);

    let foreign = begin(&mut server, "scope=openid").unwrap();
    server.devices.get_mut(&Digest::of(&foreign.device_code)).unwrap().client_id = "c_browser".into();
    is_refused(poll(&mut server, &foreign.device_code), ErrorCode::InvalidGrant);

    let late = begin(&mut server, "scope=openid").unwrap();
    decide(&mut server, &late.user_code, Decision::Allow);
    server.wait(600);
    is_refused(poll(&mut server, &late.device_code), ErrorCode::ExpiredToken);
}

#[test]
fn polling_too_fast_slows_the_device_down() {
    let mut server = Server::new();
    let begun = begin(&mut server, "scope=openid").unwrap();
    is_refused(poll(&mut server, &begun.device_code), ErrorCode::AuthorizationPending);
    server.wait(4);
    is_refused(poll(&mut server, &begun.device_code), ErrorCode::SlowDown);
    server.wait(9);
    is_refused(poll(&mut server, &begun.device_code), ErrorCode::SlowDown);
    server.wait(15);
    is_refused(poll(&mut server, &begun.device_code), ErrorCode::AuthorizationPending);
}

#[test]
fn the_page_is_for_one_user_and_one_device() {
    let mut server = Server::new();
    let [one, other] = ["scope=openid", "scope=openid"].map(|form| begin(&mut server, form).unwrap());
    let record = |server: &Server, code: &str| server.devices[&Digest::of(code)].clone();
    let (one, other) = (record(&server, &one.device_code), record(&server, &other.device_code));
    let client = server.clients["c_web"].clone();
    let page = one.page(&server.provider, &client, &server.visit()).unwrap();
    assert_eq!(page.client_name, "Kitchen Timer");
    let try_it = |server: &Server, record: &strict_oidc::DeviceRecord, ticket: &str| {
        record.decide(&client, ticket, Decision::Allow, &server.visit()).map_err(|page| page.status)
    };
    assert_eq!(try_it(&server, &other, &page.ticket), Err(403), "the page of another device");
    assert_eq!(try_it(&server, &one, "x"), Err(403));
    server.session = Some(Session { id: "s2".into(), ..session() });
    assert_eq!(try_it(&server, &one, &page.ticket), Err(403), "another session");
    server.session = None;
    assert_eq!(try_it(&server, &one, &page.ticket), Err(403), "logged out");
    server.session = Some(session());
    assert_eq!(try_it(&server, &one, &page.ticket), Ok(DeviceState::Approved(Box::new(session()))));
    let mut decided = one;
    decided.state = DeviceState::Denied;
    assert_eq!(try_it(&server, &decided, &page.ticket), Err(400), "decided before");
}

#[test]
fn a_device_asks_for_what_its_client_may_have() {
    let mut server = Server::new();
    for form in ["", "scope=unknown", "scope=openid+other", "scope=%22"] {
        is_refused(begin(&mut server, form), ErrorCode::InvalidScope);
    }
    is_refused(begin(&mut server, "scope=openid&resource=https://x.example"), ErrorCode::InvalidTarget);
    server.client("c_web").grants.clear();
    is_refused(begin(&mut server, "scope=openid"), ErrorCode::UnauthorizedClient);
}

#[test]
fn user_codes_are_eight_consonants() {
    let mut server = Server::new();
    for _ in 0..100 {
        let code = begin(&mut server, "scope=openid").unwrap().user_code;
        assert_eq!((code.len(), code.find('-')), (9, Some(4)));
        assert!(code.chars().all(|c| "BCDFGHJKLMNPQRSTVWXZ-".contains(c)), "{code}");
    }
    for text in ["", "BCDF", "BCDF-GHJKL", "ABCD-FGHJ", "BCDF_GHJK", "BCDF-GHJ\u{e9}"] {
        assert_eq!(UserCode::parse(text), None, "{text}");
    }
}
