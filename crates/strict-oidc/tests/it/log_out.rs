//! RP-initiated log-out and logout tokens.

use serde_json::json;
use strict_jose::{Algorithm, Key, Rules};
use strict_oidc::{
    ClientFlag, GrantId, LogOutNext, LogOutRequest, LoggedOut, Parameters, confirm_log_out, logout_token,
};

use crate::server::{ISSUER, NOW, Server, claims};

fn log_out(server: &Server, query: &str) -> LogOutNext {
    let parameters = Parameters::parse(query).unwrap();
    let request = LogOutRequest::read(&server.provider, &server.keys, &parameters, server.now).unwrap();
    let client = request.client_id().and_then(|id| server.clients.get(id));
    request.decide(&server.provider, client, &server.visit()).unwrap()
}

#[track_caller]
fn ends_at_a_page(next: &LogOutNext) {
    assert!(matches!(next, LogOutNext::Confirm { .. }), "{next:?}");
}

const BYE: &str = "post_logout_redirect_uri=https://kitchen.example/bye";

#[test]
fn a_good_hint_and_a_registered_uri_return_to_the_client_with_state_only() {
    let mut server = Server::new();
    let hint = server.log_in("").id_token.unwrap();
    for (more, want) in [
        ("&state=a+b", Some("https://kitchen.example/bye?state=a+b")),
        ("", Some("https://kitchen.example/bye")),
        ("&client_id=c_web", Some("https://kitchen.example/bye")),
    ] {
        let next = log_out(&server, &format!("id_token_hint={hint}&{BYE}{more}"));
        assert_eq!(next, LogOutNext::LogOut { location: want.map(Into::into) });
    }
    assert_eq!(log_out(&server, &format!("id_token_hint={hint}")), LogOutNext::LogOut { location: None });
    server.wait(30 * 24 * 3600);
    assert!(
        matches!(log_out(&server, &format!("id_token_hint={hint}&{BYE}")), LogOutNext::LogOut { .. }),
        "expired"
    );
}

#[test]
fn every_other_request_ends_at_a_page() {
    let mut server = Server::new();
    let tokens = server.log_in("");
    let hint = tokens.id_token.unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", hint.split('.').nth(1).unwrap());
    let stranger =
        Key::generate(Algorithm::Es256).unwrap().with_kid("x").sign("JWT", &claims(&hint)).unwrap();
    for query in [
        String::new(),
        "state=a".into(),
        BYE.into(),
        format!("client_id=c_web&{BYE}"),
        format!("id_token_hint={unsigned}&{BYE}"),
        format!("id_token_hint={stranger}&{BYE}"),
        format!("id_token_hint={}&{BYE}", tokens.access_token),
        format!("id_token_hint={hint}&{BYE}/"),
        format!("id_token_hint={hint}&{BYE}?foo=bar"),
        format!("id_token_hint={hint}&post_logout_redirect_uri=https://evil.example"),
        format!("id_token_hint={hint}&client_id=c_browser&{BYE}"),
    ] {
        ends_at_a_page(&log_out(&server, &query));
    }
    let twice = Parameters::parse(&format!("id_token_hint={hint}&id_token_hint={hint}")).unwrap();
    assert!(LogOutRequest::read(&server.provider, &server.keys, &twice, server.now).is_err());
}

#[test]
fn the_hint_of_another_user_ends_no_session() {
    let mut server = Server::new();
    let hint = server.log_in("").id_token.unwrap();
    server.session.as_mut().unwrap().subject = "8".into();
    ends_at_a_page(&log_out(&server, &format!("id_token_hint={hint}&{BYE}")));
}

#[test]
fn the_page_is_confirmed_by_its_own_ticket() {
    let mut server = Server::new();
    let LogOutNext::Confirm { ticket } = log_out(&server, "") else { panic!("no page") };
    assert_eq!(confirm_log_out(&ticket, &server.visit()).unwrap(), LogOutNext::LogOut { location: None });
    assert_eq!(confirm_log_out("x", &server.visit()).unwrap_err().status, 403);
    let strict_oidc::Next::Consent(page) = server.authorize(&crate::server::request("c_web", "")) else {
        panic!()
    };
    assert!(confirm_log_out(&page.ticket, &server.visit()).is_err(), "the ticket of another page");
    server.session.as_mut().unwrap().id = "s2".into();
    assert!(confirm_log_out(&ticket, &server.visit()).is_err(), "of another session");
    server.session = None;
    assert_eq!(log_out(&server, ""), LogOutNext::LogOut { location: None }, "nothing to confirm");
}

#[test]
fn a_logout_token_names_the_user_the_grant_and_the_event() {
    let mut server = Server::new();
    server.provider.pairwise_salt = Some([3; 32]);
    server.set_flag("c_web", ClientFlag::Pairwise);
    let id_token = claims(&server.log_in("").id_token.unwrap());
    let grant = server.grants.values().next().unwrap().clone();
    let random = server.random();
    let sign = |logged_out| {
        let client = &server.clients["c_web"];
        logout_token(&server.provider, client, logged_out, &server.keys, (&random, server.now)).unwrap()
    };
    let token = sign(LoggedOut::Grant { subject: &grant.subject, grant: grant.id });
    let rules = Rules::typ("logout+jwt").issuer(ISSUER).audience("c_web").require("jti");
    rules
        .verify_bytes(
            &token,
            &server.keys,
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(NOW),
        )
        .unwrap();
    let seen = claims(&token);
    assert_eq!((&seen["sub"], &seen["sid"]), (&id_token["sub"], &id_token["sid"]));
    assert_eq!(seen["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    assert_eq!((&seen["iat"], &seen["exp"]), (&json!(NOW), &json!(NOW + 120)));
    assert!(seen.get("nonce").is_none());
    let seen = claims(&sign(LoggedOut::Everywhere { subject: &grant.subject }));
    assert!(seen.get("sid").is_none() && seen["sub"] == id_token["sub"]);
    assert!(GrantId::parse(id_token["sid"].as_str().unwrap()).is_some());
}
