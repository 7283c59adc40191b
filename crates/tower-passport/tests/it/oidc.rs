//! `Oidc`: successful log-ins and rejected ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use secrecy::SecretString;
use serde_json::{Value, json};
use strict_jose::{Algorithm, Key};
use tower_passport::{
    Client, Error, FlowCookies, HttpClient, InvalidSetup, LocalPath, Login, Logout, Network, Oidc,
    OidcProvider, Reason, ResponseMode, UserinfoUse, Verification, Verify,
};

use crate::browser::{Browser, site, with};
use crate::identity_provider::{Answer, CLIENT_ID, CLIENT_SECRET, IdentityProvider, NOW, at, rsa};

/// The user is a summary of the claims.
struct AsSaid;

impl Verify<Login> for AsSaid {
    type User = String;

    async fn verify(&self, login: Login, _request: &Parts) -> Result<Verification<String>, Error> {
        let profile = login.profile;
        let tenant = profile.claims["tid"].as_str().unwrap_or_default();
        let email = profile.email.unwrap_or_default();
        assert!(login.tokens.id_token.is_some() && profile.issuer.is_some());
        Ok(Some(format!(
            "{} <{email}> {}{tenant}",
            profile.subject,
            if profile.email_verified { "+" } else { "-" }
        ))
        .into())
    }
}

const ALICE: &str = "alice-7 <alice@example.com> +";

fn oidc(described: OidcProvider) -> Oidc<AsSaid> {
    let client = Client::new(CLIENT_ID, "https://recipes.example/callback").unwrap().secret(CLIENT_SECRET);
    let http = HttpClient::new(Network::Loopback).unwrap();
    Oidc::new(described, client, FlowCookies::new(&[7; 32]).unwrap(), http, AsSaid).unwrap().clock(|| at(NOW))
}

async fn start() -> (IdentityProvider, Router) {
    let provider = IdentityProvider::start().await;
    let site = site(oidc(OidcProvider::new("test", &provider.url)));
    (provider, site)
}

/// Logs in at a provider with these claims and returns the result.
async fn refused(change: impl FnOnce(&IdentityProvider), cause: &str) {
    let (provider, site) = start().await;
    change(&provider);
    let mut browser = Browser::default();
    browser.log_in(&site, &provider).await.is(400, cause);
    assert!(browser.cookies.is_empty());
}

async fn claims_are_refused(changes: Value, cause: &str) {
    refused(|provider| provider.now().claims = changes.clone(), cause).await;
}

#[tokio::test]
async fn a_log_in_returns_the_user() {
    let (provider, site) = start().await;
    let location = Browser::default().begin(&site).await;
    assert!(location.contains("&scope=openid+email+profile&") && location.contains("&nonce="), "{location}");
    Browser::default().log_in(&site, &provider).await.is_signed_in(ALICE);
    Browser::default().log_in(&site, &provider).await.is_signed_in(ALICE);
    let asked = ["/.well-known/openid-configuration", "/jwks"].map(|path| provider.asked(path));
    assert_eq!(asked, [1, 1], "metadata and keys are kept");
}

#[tokio::test]
async fn signed_claims_take_precedence_over_the_userinfo() {
    let (provider, site) = start().await;
    provider.now().claims = json!({ "email": "signed@example.com", "email_verified": false });
    Browser::default().log_in(&site, &provider).await.is_signed_in("alice-7 <signed@example.com> -");
}

#[tokio::test]
async fn the_userinfo_request_can_be_skipped() {
    let provider = IdentityProvider::start().await;
    let described = OidcProvider { userinfo: UserinfoUse::Skip, ..OidcProvider::new("test", &provider.url) };
    let site = site(oidc(described));
    Browser::default().log_in(&site, &provider).await.is_signed_in("alice-7 <> -");
    assert_eq!(provider.asked("/userinfo"), 0);
}

#[tokio::test]
async fn a_wrong_nonce_is_rejected() {
    claims_are_refused(json!({ "nonce": "of another log-in" }), "wrong_nonce").await;
    claims_are_refused(json!({ "nonce": null }), "missing_claim").await;
    claims_are_refused(json!({ "nonce": 7 }), "claims_shape").await;
}

/// An attacker puts the code of their own log-in into the victim's callback (RFC 9700, section 4.5).
#[tokio::test]
async fn an_injected_code_is_rejected() {
    let (provider, site) = start().await;
    let stolen = provider.consent(&Browser::default().begin(&site).await);
    let mut browser = Browser::default();
    let answer = provider.consent(&browser.begin(&site).await);
    let code = &stolen.iter().find(|(name, _)| name == "code").unwrap().1;
    browser.come_back(&site, &with(&answer, "code", Some(code))).await.is(400, "invalid_grant");
}

#[tokio::test]
async fn every_claim_is_checked() {
    claims_are_refused(json!({ "iss": "https://evil.example" }), "wrong_issuer").await;
    claims_are_refused(json!({ "iss": null }), "missing_claim").await;
    claims_are_refused(json!({ "sub": null }), "missing_claim").await;
    claims_are_refused(json!({ "sub": "" }), "wrong_subject").await;
    claims_are_refused(json!({ "sub": "a".repeat(256) }), "wrong_subject").await;
    claims_are_refused(json!({ "aud": "another" }), "wrong_audience").await;
    claims_are_refused(json!({ "aud": null }), "missing_claim").await;
    claims_are_refused(json!({ "aud": [CLIENT_ID, "another"] }), "no_azp").await;
    claims_are_refused(json!({ "aud": [CLIENT_ID, "another"], "azp": "another" }), "wrong_azp").await;
    claims_are_refused(json!({ "azp": "another" }), "wrong_azp").await;
    claims_are_refused(json!({ "exp": NOW - 60 }), "expired").await;
    claims_are_refused(json!({ "exp": null }), "missing_claim").await;
    claims_are_refused(json!({ "iat": NOW + 61 }), "not_yet_valid").await;
    claims_are_refused(json!({ "iat": NOW - 3_660 }), "too_old").await;
    claims_are_refused(json!({ "iat": null }), "missing_claim").await;
    claims_are_refused(json!({ "at_hash": "77QmUPtjPfzWtF2AnpK9RQ" }), "wrong_at_hash").await;
    claims_are_refused(json!({ "at_hash": "" }), "wrong_at_hash").await;
}

#[tokio::test]
async fn optional_claims_are_accepted() {
    let (provider, site) = start().await;
    for changes in [
        json!({ "aud": [CLIENT_ID, "another"], "azp": CLIENT_ID }),
        json!({ "aud": [CLIENT_ID] }),
        json!({ "at_hash": null }),
        json!({ "exp": NOW - 59, "iat": NOW - 300 }),
        json!({ "iat": NOW + 60 }),
    ] {
        provider.now().claims = changes;
        Browser::default().log_in(&site, &provider).await.is_signed_in(ALICE);
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}.")
}

#[tokio::test]
async fn an_unsigned_id_token_is_rejected() {
    let forge = |claims: &Value| unsigned(&json!({ "alg": "none" }), claims);
    refused(|provider| provider.now().forge = Some(forge), "wrong_algorithm").await;
    let forge = |claims: &Value| unsigned(&json!({ "alg": "RS256", "kid": "rsa" }), claims);
    refused(|provider| provider.now().forge = Some(forge), "bad_signature").await;
}

#[tokio::test]
async fn an_id_token_signed_with_a_public_value_is_rejected() {
    let with_client_secret = |claims: &Value| {
        Key::hs256(CLIENT_SECRET.as_bytes()).unwrap().with_kid("rsa").sign("JWT", claims).unwrap()
    };
    refused(|provider| provider.now().forge = Some(with_client_secret), "wrong_algorithm").await;
    let with_public_key = |claims: &Value| {
        // `Key::hs256` rejects PEM and JWK, but cannot tell the bare modulus from a secret.
        let public: Value = serde_json::from_str(&rsa().to_public_jwk().unwrap()).unwrap();
        let modulus = URL_SAFE_NO_PAD.decode(public["n"].as_str().unwrap()).unwrap();
        Key::hs256(&modulus).unwrap().with_kid("rsa").sign("JWT", claims).unwrap()
    };
    refused(|provider| provider.now().forge = Some(with_public_key), "wrong_algorithm").await;
    let with_another_key = |claims: &Value| {
        Key::generate(Algorithm::Rs256).unwrap().with_kid("rsa").sign("JWT", claims).unwrap()
    };
    refused(|provider| provider.now().forge = Some(with_another_key), "bad_signature").await;
}

#[tokio::test]
async fn only_the_registered_algorithms_are_accepted() {
    let provider = IdentityProvider::start().await;
    let key = Key::generate(Algorithm::Es256).unwrap().with_kid("ec");
    provider.now().signs_with = key.clone();
    provider.now().published = vec![rsa(), key];
    let described = OidcProvider::new("test", &provider.url);
    let default = site(oidc(described.clone()));
    Browser::default().log_in(&default, &provider).await.is(400, "wrong_algorithm");
    let es256 = site(oidc(OidcProvider { algorithms: vec![Algorithm::Es256], ..described.clone() }));
    Browser::default().log_in(&es256, &provider).await.is_signed_in(ALICE);
    provider.now().signs_with = rsa();
    Browser::default().log_in(&es256, &provider).await.is(400, "wrong_algorithm");

    let http = || HttpClient::new(Network::Loopback).unwrap();
    let client = Client::new(CLIENT_ID, "https://recipes.example/callback").unwrap();
    let hs256 = OidcProvider { algorithms: vec![Algorithm::Rs256, Algorithm::Hs256], ..described };
    let refused = Oidc::new(hs256, client, FlowCookies::new(&[7; 32]).unwrap(), http(), AsSaid).err();
    assert_eq!(refused, Some(InvalidSetup::Algorithm(Algorithm::Hs256)));
}

#[test]
fn invalid_setups_are_rejected_at_start_up() {
    let client = || Client::new(CLIENT_ID, "https://recipes.example/callback").unwrap();
    let refused = |provider: OidcProvider, client: Client| {
        let http = HttpClient::new(Network::Public).unwrap();
        Oidc::new(provider, client, FlowCookies::new(&[7; 32]).unwrap(), http, AsSaid).err()
    };
    let good = || OidcProvider::new("a", "https://a.example");
    let many = |template: &str| OidcProvider::multi_tenant("a", "https://a.example", template);
    assert_eq!(refused(good(), client()), None);
    assert_eq!(refused(many("https://a.example/{tenantid}/v2.0"), client()), None);
    for bad in ["https://a.example/v2.0", "https://a.example/{tenantid}/{tenantid}"] {
        assert_eq!(refused(many(bad), client()), Some(InvalidSetup::Template), "{bad}");
    }
    let scopes = vec!["email".into(), "openid email".into()];
    assert_eq!(refused(OidcProvider { scopes, ..good() }, client()), Some(InvalidSetup::NoOpenid));
    let pair = Key::generate(Algorithm::Es256).unwrap();
    for bad in [pair.public().unwrap(), Key::hs256(CLIENT_SECRET.as_bytes()).unwrap()] {
        assert_eq!(refused(good(), client().private_key(bad)), Some(InvalidSetup::ClientKey));
    }
    assert_eq!(refused(good(), client().private_key(pair)), None);
}

#[tokio::test]
async fn a_missing_id_token_is_rejected() {
    refused(|provider| provider.now().token_answer = json!({ "id_token": null }), "no_id_token").await;
    refused(|provider| provider.now().token_answer = json!({ "id_token": "" }), "malformed").await;
}

#[tokio::test]
async fn a_userinfo_of_another_user_is_rejected() {
    refused(|provider| provider.now().userinfo = json!({ "sub": "bob" }), "userinfo_subject").await;
    refused(|provider| provider.now().userinfo = json!({ "email": "bob@example.com" }), "userinfo_subject")
        .await;
}

#[tokio::test]
async fn an_old_authentication_is_rejected_with_max_age() {
    let provider = IdentityProvider::start().await;
    let strategy = oidc(OidcProvider::new("test", &provider.url)).max_age(Duration::from_mins(5));
    let site = site(strategy);
    let location = Browser::default().begin(&site).await;
    assert!(location.ends_with("&max_age=300"), "{location}");
    for (auth_time, cause) in [
        (json!(null), "no_auth_time"),
        (json!(NOW - 361), "old_login"),
        (json!(NOW + 61), "old_login"),
        (json!(-1), "no_auth_time"),
        (json!("now"), "claims_shape"),
    ] {
        provider.now().claims = json!({ "auth_time": auth_time });
        Browser::default().log_in(&site, &provider).await.is(400, cause);
    }
    provider.now().claims = json!({ "auth_time": NOW - 360 });
    Browser::default().log_in(&site, &provider).await.is_signed_in(ALICE);
}

#[tokio::test]
async fn the_response_must_name_the_issuer_if_the_provider_promises_it() {
    let (provider, site) = start().await;
    let mut browser = Browser::default();
    let answer = provider.consent(&browser.begin(&site).await);
    browser
        .clone()
        .come_back(&site, &with(&answer, "iss", Some("https://evil.example")))
        .await
        .is(400, "wrong_issuer");
    browser.clone().come_back(&site, &with(&answer, "iss", None)).await.is(400, "no_issuer");
    let error = with(&with(&answer, "iss", Some("https://evil.example")), "error", Some("access_denied"));
    browser.clone().come_back(&site, &error).await.is(400, "wrong_issuer");
    assert_eq!(provider.asked("/token"), 0);
}

#[tokio::test]
async fn a_provider_without_the_promise_need_not_name_its_issuer() {
    let (provider, site) = start().await;
    provider.now().metadata = json!({ "authorization_response_iss_parameter_supported": null });
    let mut browser = Browser::default();
    let answer = provider.consent(&browser.begin(&site).await);
    browser.come_back(&site, &with(&answer, "iss", None)).await.is_signed_in(ALICE);
}

#[tokio::test]
async fn unusable_metadata_are_503() {
    for (metadata, error) in [
        (
            json!({ "issuer": "https://evil.example" }),
            "no usable response from the provider: the response is the metadata of another issuer",
        ),
        (
            json!({ "jwks_uri": null }),
            "no usable response from the provider: the response is no provider metadata: missing field `jwks_uri`",
        ),
        (
            json!({ "authorization_endpoint": null }),
            "the provider broke the protocol: no authorization_endpoint",
        ),
        (json!({ "token_endpoint": null }), "the provider broke the protocol: no token_endpoint"),
        (
            json!({ "authorization_endpoint": "http://evil.example/" }),
            "the provider broke the protocol: an authorization_endpoint that is not https",
        ),
        (
            json!({ "authorization_endpoint": "javascript:alert(1)" }),
            "the provider broke the protocol: an authorization_endpoint that is not https",
        ),
    ] {
        let (provider, site) = start().await;
        provider.now().metadata = metadata;
        let seen = Browser::default().get(&site, "/").await;
        seen.is(503, "temporarily_unavailable");
        assert!(seen.error.as_deref().is_some_and(|seen| seen.starts_with(error)), "{seen:?}");
    }
}

/// The metadata name addresses of the internal network (server-side request forgery).
#[tokio::test]
async fn private_addresses_in_metadata_are_not_connected_to() {
    for endpoint in ["token_endpoint", "userinfo_endpoint", "jwks_uri"] {
        let (provider, site) = start().await;
        provider.now().metadata = json!({ (endpoint): "https://169.254.169.254/latest/meta-data" });
        let seen = Browser::default().log_in(&site, &provider).await;
        seen.is(503, "temporarily_unavailable");
        assert!(seen.error.unwrap().contains("the client may not connect to"), "{endpoint}");
    }
}

#[tokio::test]
async fn rotated_keys_are_fetched_at_once() {
    let (provider, site) = start().await;
    Browser::default().log_in(&site, &provider).await.is_signed_in(ALICE);
    let new = Key::generate(Algorithm::Rs256).unwrap().with_kid("new");
    provider.now().signs_with = new.clone();
    provider.now().published = vec![new];
    // The set was fetched in this second, so the next fetch is not allowed yet.
    Browser::default().log_in(&site, &provider).await.is(503, "temporarily_unavailable");
    assert_eq!(provider.asked("/jwks"), 1);

    let provider = IdentityProvider::start().await;
    let seconds = Arc::new(AtomicU64::new(NOW));
    let told = Arc::clone(&seconds);
    let strategy =
        oidc(OidcProvider::new("test", &provider.url)).clock(move || at(told.load(Ordering::Relaxed)));
    let site = crate::browser::site(strategy);
    Browser::default().log_in(&site, &provider).await.is_signed_in(ALICE);
    let new = provider.now().published[0].clone().with_kid("new");
    provider.now().signs_with = new.clone();
    provider.now().published = vec![new];
    seconds.store(NOW + 10, Ordering::Relaxed);
    Browser::default().log_in(&site, &provider).await.is_signed_in(ALICE);
    assert_eq!(provider.asked("/jwks"), 2);
}

#[tokio::test]
async fn an_unreachable_key_server_is_503() {
    let (provider, site) = start().await;
    provider.now().answers = [("/jwks", Answer::Status(500))].into();
    Browser::default().log_in(&site, &provider).await.is(503, "temporarily_unavailable");
}

#[tokio::test]
async fn a_provider_can_have_many_tenants() {
    let provider = IdentityProvider::start().await;
    let template = format!("{}/{{tenantid}}/v2.0", provider.url);
    let site = site(oidc(OidcProvider::multi_tenant("many", &provider.url, &template)));
    let of_tenant = |tenant: &str| format!("{}/{tenant}/v2.0", provider.url);
    provider.now().metadata =
        json!({ "issuer": template, "authorization_response_iss_parameter_supported": null });
    let log_in = async |claims: Value| {
        provider.now().claims = claims;
        let mut browser = Browser::default();
        let answer = provider.consent(&browser.begin(&site).await);
        browser.come_back(&site, &with(&answer, "iss", None)).await
    };
    log_in(json!({ "iss": of_tenant("9188-40ad"), "tid": "9188-40ad" }))
        .await
        .is_signed_in(&format!("{ALICE}9188-40ad"));
    log_in(json!({ "iss": of_tenant("9188-40ad"), "tid": "0000" })).await.is(400, "wrong_issuer");
    log_in(json!({ "iss": of_tenant("9188-40ad") })).await.is(400, "wrong_issuer");
    log_in(json!({ "iss": template, "tid": "{tenantid}" })).await.is(400, "wrong_issuer");
    log_in(json!({ "iss": "https://evil.example/a/v2.0", "tid": "a" })).await.is(400, "wrong_issuer");
}

#[tokio::test]
async fn form_post_and_client_authentication_follow_the_provider() {
    let provider = IdentityProvider::start().await;
    provider.now().metadata = json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] });
    let strategy = oidc(OidcProvider::new("test", &provider.url)).response_mode(ResponseMode::FormPost);
    let site = site(strategy);
    let mut browser = Browser::default();
    let answer = provider.consent(&browser.begin(&site).await);
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&answer).finish();
    browser.ask(&site, http::Method::POST, "/callback", form).await.is_signed_in(ALICE);
    assert_eq!(provider.now().token_request.0["client_secret"], CLIENT_SECRET);
}

fn request(uri: &str, cookies: &str) -> Parts {
    http::Request::get(uri).header("cookie", cookies).body(()).unwrap().into_parts().0
}

fn pair(set_cookie: &http::HeaderValue) -> &str {
    set_cookie.to_str().unwrap().split(';').next().unwrap()
}

#[tokio::test]
async fn a_log_out_continues_at_the_provider() {
    let provider = IdentityProvider::start().await;
    let strategy = oidc(OidcProvider::new("test", &provider.url)).randomness(|place| {
        place.fill(0);
        Ok(())
    });
    let id_token = SecretString::from("eyJ.eyJ.sig");
    let logout = Logout {
        id_token_hint: Some(&id_token),
        post_logout_redirect_uri: Some("https://recipes.example/goodbye?a=b"),
        return_to: None,
    };
    let here = request("/logout", "");
    let state = "A".repeat(43);
    assert_eq!(
        strategy.log_out(&here, logout).await.unwrap().unwrap().location().to_str().unwrap(),
        format!(
            "{}/logout?client_id=recipes&id_token_hint=eyJ.eyJ.sig&post_logout_redirect_uri=https%3A%2F%2Frecipes.example%2Fgoodbye%3Fa%3Db&state={state}",
            provider.url
        )
    );
    let bare = strategy.log_out(&here, Logout::default()).await.unwrap().unwrap();
    assert_eq!(bare.location().to_str().unwrap(), format!("{}/logout?client_id=recipes", provider.url));
    assert!(bare.cookies().is_empty());
    provider.now().metadata = json!({ "end_session_endpoint": null });
    let without = oidc(OidcProvider::new("test", &provider.url));
    assert_eq!(without.log_out(&here, logout).await.unwrap(), None);
}

#[tokio::test]
async fn a_log_out_ends_in_the_browser_that_began_it() {
    let provider = IdentityProvider::start().await;
    let strategy = oidc(OidcProvider::new("test", &provider.url));
    let page = LocalPath::parse("/goodbye/alice").unwrap();
    let logout = Logout {
        post_logout_redirect_uri: Some("https://recipes.example/goodbye"),
        return_to: Some(&page),
        ..Logout::default()
    };
    let begun = strategy.log_out(&request("/logout", ""), logout).await.unwrap().unwrap();
    let state = begun.location().to_str().unwrap().split_once("&state=").unwrap().1;
    let (back, cookie) = (format!("/goodbye?state={state}"), pair(&begun.cookies()[0]));
    let ended = strategy.logged_out(&request(&back, cookie)).unwrap();
    assert_eq!(ended.location(), "/goodbye/alice");
    assert!(ended.cookies()[0].to_str().unwrap().contains("=; Max-Age=0"));
    for (uri, cookies) in [
        ("/goodbye", cookie),
        ("/goodbye?state=made-up", cookie),
        (&*format!("{back}&state={state}"), cookie),
        (&*back, ""),
    ] {
        assert_eq!(strategy.logged_out(&request(uri, cookies)).unwrap_err().reason(), Reason::InvalidRequest);
    }
    // A log-out cannot end a log-in, and the reverse.
    let log_in = strategy.begin(&request("/", ""), page, &[]).await.unwrap();
    let location = log_in.location().to_str().unwrap();
    let state = location.split_once("&state=").unwrap().1.split('&').next().unwrap();
    let back = request(&format!("/goodbye?state={state}"), pair(&log_in.cookies()[0]));
    assert!(strategy.logged_out(&back).is_err());
    let site = site(strategy);
    let (name, value) = cookie.split_once('=').unwrap();
    let mut browser = Browser { cookies: [(name.to_owned(), value.to_owned())].into() };
    let state = begun.location().to_str().unwrap().split_once("&state=").unwrap().1;
    browser.get(&site, &format!("/callback?code=a&state={state}")).await.is(400, "another_provider");
}

#[tokio::test]
async fn tokens_can_be_refreshed_and_log_ins_begun_with_parameters() {
    let provider = IdentityProvider::start().await;
    let strategy = oidc(OidcProvider::new("test", &provider.url));
    let refreshed = strategy.refresh(&SecretString::from("refresh me")).await.unwrap().unwrap();
    assert!(refreshed.id_token.is_none(), "it is not verified");
    assert!(strategy.refresh(&SecretString::from("revoked")).await.unwrap().is_none());

    let (head, ()) = http::Request::new(()).into_parts();
    let begin =
        async |parameters: &[(&str, &str)]| strategy.begin(&head, LocalPath::root(), parameters).await;
    let redirect = begin(&[("prompt", "login")]).await.unwrap();
    assert!(redirect.location().to_str().unwrap().ends_with("&prompt=login"));
    let more = begin(&[("scope", "openid calendar")]).await.unwrap();
    assert!(more.location().to_str().unwrap().contains("&scope=openid+calendar&"));
    for own in ["nonce", "max_age", "redirect_uri", "scope"] {
        assert!(begin(&[(own, "1")]).await.unwrap_err().is_misconfigured(), "{own}");
    }
}
