//! Invalid setups are errors at start-up.

use tower_passport::{
    Client, FlowCookies, HttpClient, InvalidSetup, Network, OAuth2, ProfilePointers, Provider, Userinfo,
};

use super::{Welcome, client, flows};

#[test]
fn invalid_setups_are_rejected_at_start_up() {
    for bad in [
        "/callback",
        "recipes.example/callback",
        "http://recipes.example/callback",
        "https://a/#b",
        "ftp://a/b",
    ] {
        assert!(matches!(Client::new("id", bad), Err(InvalidSetup::RedirectUri(_))), "{bad}");
    }
    for good in
        ["https://recipes.example/callback?x=1", "http://127.0.0.1:3000/callback", "http://localhost/c"]
    {
        assert!(Client::new("id", good).is_ok(), "{good}");
    }
    assert_eq!(FlowCookies::new(&[0; 31]).unwrap_err(), InvalidSetup::ShortSecret);

    let good = || Provider::new("a", "https://a.example/a", "https://a.example/t", Userinfo::TokenResponse);
    let refused = |provider: Provider| {
        let http = HttpClient::new(Network::Public).unwrap();
        OAuth2::new(provider, client(), flows(), http, Welcome).err()
    };
    assert_eq!(refused(good()), None);
    let endpoint = |name| Some(InvalidSetup::Endpoint(name));
    let inward = "https://169.254.169.254/latest".to_owned();
    assert_eq!(refused(Provider { token_endpoint: inward.clone(), ..good() }), endpoint("token_endpoint"));
    assert_eq!(refused(Provider { userinfo: Userinfo::Get(inward), ..good() }), endpoint("userinfo"));
    let plain = "http://a.example/a".to_owned();
    assert_eq!(
        refused(Provider { authorization_endpoint: plain, ..good() }),
        endpoint("authorization_endpoint")
    );
    for own in ["state", "scope", "client_key"] {
        let parameters = vec![(own.into(), "fixed".into())];
        let renamed = vec![("client_id".into(), "client_key".into())];
        let refused = refused(Provider { parameters, renamed, ..good() });
        assert_eq!(refused, Some(InvalidSetup::Parameter(own.into())));
    }
    assert_eq!(refused(Provider { names_its_issuer: true, ..good() }), Some(InvalidSetup::NoIssuer));
    let userinfo_headers = vec![("bad header".into(), "x".into())];
    assert_eq!(
        refused(Provider { userinfo_headers, ..good() }),
        Some(InvalidSetup::Header("bad header".into()))
    );
    let profile = ProfilePointers::subject("id");
    assert_eq!(refused(Provider { profile, ..good() }), Some(InvalidSetup::Pointer("id".into())));
    let shared = client().private_key(strict_jose::Key::hs256(&[7; 32]).unwrap());
    let http = HttpClient::new(Network::Public).unwrap();
    let refused = OAuth2::new(good(), shared, flows(), http, Welcome).err();
    assert_eq!(refused, Some(InvalidSetup::ClientKey));
}
