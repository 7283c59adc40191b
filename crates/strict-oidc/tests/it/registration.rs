//! The rules for registrations.

use strict_jose::Algorithm;
use strict_oidc::{Client, ClientFlag, ClientKind, Credentials, GrantType, Scopes};

use crate::server::{SECRET, Server, client};

#[track_caller]
fn check(kind: ClientKind, change: impl Fn(&mut Client), wanted: &str) {
    let server = Server::new();
    let mut client = client("c_new", kind);
    if kind == ClientKind::Service {
        client.scopes = Scopes::parse("recipes:read").unwrap();
    }
    assert!(client.check(&server.provider).is_ok());
    change(&mut client);
    let refused = client.check(&server.provider).unwrap_err();
    assert_eq!(refused.problems().len(), 1, "{refused}");
    assert!(refused.to_string().contains(wanted), "{refused}");
    assert!(!refused.to_string().contains(SECRET));
}

#[test]
fn a_registration_fits_its_kind() {
    use ClientKind::{Browser, Native, Service, Web};
    for id in ["7", "", "c_", "c_a b", "c_<script>", "user"] {
        check(Web, |client| client.id = id.into(), "the id of a client");
    }
    check(Web, |client| client.id = format!("c_{}", "a".repeat(127)), "the id of a client");
    for name in ["", "  ", "a\nb", &"a".repeat(101)] {
        check(Web, |client| client.name = name.into(), "the name of a client");
    }
    check(Web, |client| client.credentials = Credentials::None, "authenticate");
    check(Web, |client| client.credentials = Credentials::Secrets(vec![]), "authenticate");
    let secret = client("c_web", Web).credentials;
    check(Browser, |client| client.credentials = secret.clone(), "cannot keep a secret");
    check(Native, |client| client.grants.push(GrantType::ClientCredentials), "client_credentials");
    check(Service, |client| client.grants.push(GrantType::RefreshToken), "no users");
    check(Web, |client| client.redirect_uris.clear(), "redirect URI");
    check(Browser, |client| client.flags.push(ClientFlag::WithoutPkce), "PKCE");
    check(Web, |client| client.id_token_algorithm = Algorithm::Hs256, "RS256");
    check(Web, |client| client.backchannel_logout_uri = Some("ftp://a".into()), "back-channel");
    check(Web, |client| client.backchannel_logout_uri = Some("https://a/#b".into()), "back-channel");
    check(Web, |client| client.scopes = Scopes::parse("unknown").unwrap(), "unknown");
    check(Web, |client| client.resources.push("https://unknown.example".into()), "unknown");
    check(Service, |client| client.serves.push("https://unknown.example".into()), "unknown");
}
