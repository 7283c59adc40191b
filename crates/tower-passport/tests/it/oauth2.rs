//! `OAuth2`: successful log-ins and rejected ones.

mod flows;
mod setup;

use std::time::Duration;

use axum::Router;
use http::Method;
use http::request::Parts;
use secrecy::SecretString;
use serde_json::json;
use strict_jose::{Algorithm, Key};
use tower_passport::{
    Client, ClientAuthentication, Error, FlowCookies, HttpClient, LocalPath, Login, Network, OAuth2,
    Provider, ProviderError, ResponseMode, Userinfo, Verification, Verify,
};

use crate::browser::{Browser, Pairs, site, with};
use crate::identity_provider::{Answer, CLIENT_ID, CLIENT_SECRET, IdentityProvider, NOW, at};

/// Accepts all users except `mallory`; the store fails for `unlucky`.
struct Welcome;

impl Verify<Login> for Welcome {
    type User = String;

    async fn verify(&self, login: Login, _request: &Parts) -> Result<Verification<String>, Error> {
        match login.profile.subject.as_str() {
            "mallory" => Ok(None.into()),
            "unlucky" => Err(Error::new("the store is down")),
            subject => Ok(Some(format!("{}:{subject}", login.profile.provider)).into()),
        }
    }
}

fn described(provider: &IdentityProvider) -> Provider {
    let url = &provider.url;
    Provider {
        issuer: Some(url.clone()),
        scopes: vec!["profile".into(), "email".into()],
        ..Provider::new(
            "test",
            format!("{url}/authorize?tenant=1"),
            format!("{url}/token"),
            Userinfo::Get(format!("{url}/userinfo")),
        )
    }
}

fn client() -> Client {
    Client::new(CLIENT_ID, "https://recipes.example/callback").unwrap().secret(CLIENT_SECRET)
}

fn flows() -> FlowCookies {
    FlowCookies::new(&[7; 32]).unwrap()
}

fn http() -> HttpClient {
    HttpClient::new(Network::Loopback).unwrap()
}

fn strategy(provider: Provider) -> OAuth2<Welcome> {
    OAuth2::new(provider, client(), flows(), http(), Welcome).unwrap().clock(|| at(NOW))
}

async fn start() -> (IdentityProvider, Router) {
    let provider = IdentityProvider::start().await;
    let site = site(strategy(described(&provider)));
    (provider, site)
}

#[tokio::test]
async fn a_log_in_returns_the_user_to_the_requested_path() {
    let (provider, site) = start().await;
    let mut browser = Browser::default();
    let began = browser.get(&site, "/?return_to=/recipes%3Fpage%3D2").await;
    let answer = provider.consent(&began.location.unwrap());
    let seen = browser.come_back(&site, &answer).await;
    seen.is_signed_in("test:alice-7");
    assert_eq!(seen.location.as_deref(), Some("/recipes?page=2"));
    assert!(browser.cookies.is_empty(), "the cookie of the log-in is gone");
}

#[tokio::test]
async fn the_authorization_request_has_all_protections() {
    let (provider, site) = start().await;
    let seen = Browser::default().get(&site, "/").await;
    let url = url::Url::parse(&seen.location.unwrap()).unwrap();
    assert!(url.as_str().starts_with(&format!("{}/authorize?tenant=1&", provider.url)));
    let query: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["client_id"], CLIENT_ID);
    assert_eq!(query["redirect_uri"], "https://recipes.example/callback");
    assert_eq!(query["scope"], "profile email");
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!((query["state"].len(), query["code_challenge"].len()), (43, 43));
    let [cookie] = &seen.set_cookies[..] else { panic!("{:?}", seen.set_cookies) };
    assert!(cookie.starts_with("__Host-tower-passport-flow-"));
    assert!(cookie.ends_with("; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax"), "{cookie}");
    assert!(!cookie.contains(&query["state"]), "the cookie tells nothing");
}

#[tokio::test]
async fn every_log_in_has_its_own_secrets() {
    let (_provider, site) = start().await;
    let mut browser = Browser::default();
    let [first, second] = [browser.begin(&site).await, browser.begin(&site).await];
    let parameter = |location: &str, name: &str| {
        url::Url::parse(location)
            .unwrap()
            .query_pairs()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .into_owned()
    };
    for name in ["state", "code_challenge"] {
        assert_ne!(parameter(&first, name), parameter(&second, name), "{name}");
    }
}

#[tokio::test]
async fn a_wrong_state_is_rejected_without_a_token_request() {
    let (provider, site) = start().await;
    let mut browser = Browser::default();
    let location = browser.begin(&site).await;
    let answer = provider.consent(&location);
    let state = &answer.iter().find(|(name, _)| name == "state").unwrap().1;
    let other_end = format!("{}{}", &state[..42], if state.ends_with('A') { "B" } else { "A" });
    for (state, cause) in [
        (Some("made up"), "unknown_state"),
        (Some(""), "no_state"),
        (None, "no_state"),
        // The name of the cookie contains only the start of the state; its value decides.
        (Some(other_end.as_str()), "wrong_state"),
    ] {
        browser.come_back(&site, &with(&answer, "state", state)).await.is(400, cause);
    }
    assert_eq!(provider.asked("/token"), 0);
    browser.come_back(&site, &answer).await.is_signed_in("test:alice-7");
}

#[tokio::test]
async fn a_state_of_another_browser_is_rejected() {
    let (provider, site) = start().await;
    let location = Browser::default().begin(&site).await;
    let mut victim = Browser::default();
    victim.begin(&site).await;
    victim.come_back(&site, &provider.consent(&location)).await.is(400, "unknown_state");
    assert_eq!(provider.asked("/token"), 0);
}

#[tokio::test]
async fn a_response_of_another_provider_is_rejected() {
    let (honest, evil) = (IdentityProvider::start().await, IdentityProvider::start().await);
    let at_honest = site(strategy(described(&honest)));
    let at_evil = site(strategy(Provider { id: "evil".into(), ..described(&evil) }));
    let mut browser = Browser::default();
    // The mix-up attack: the evil provider redirects the browser to the honest one, and its code comes back.
    let answer = honest.consent(&browser.begin(&at_evil).await);
    browser.clone().come_back(&at_honest, &answer).await.is(400, "another_provider");
    browser.clone().come_back(&at_evil, &answer).await.is(400, "wrong_issuer");
    assert_eq!((honest.asked("/token"), evil.asked("/token")), (0, 0), "the code was sent to no provider");
}

#[tokio::test]
async fn a_missing_issuer_is_rejected_if_the_provider_promises_it() {
    let provider = IdentityProvider::start().await;
    let site = site(strategy(Provider { names_its_issuer: true, ..described(&provider) }));
    let mut browser = Browser::default();
    let answer = provider.consent(&browser.begin(&site).await);
    let denied = with(&with(&answer, "iss", None), "error", Some("access_denied"));
    for without in [with(&answer, "iss", None), denied] {
        browser.clone().come_back(&site, &without).await.is(400, "no_issuer");
    }
    assert_eq!(provider.asked("/token"), 0);
    browser.come_back(&site, &answer).await.is_signed_in("test:alice-7");
}

#[tokio::test]
async fn denied_consent_is_403() {
    let (_provider, site) = start().await;
    let mut browser = Browser::default();
    let location = browser.begin(&site).await;
    let state = url::Url::parse(&location)
        .unwrap()
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    let denied: Pairs = vec![("error".into(), "access_denied".into()), ("state".into(), state)];
    let seen = browser.come_back(&site, &denied).await;
    seen.is(403, "consent_denied");
    assert_eq!(
        seen.body,
        r#"{"error":"access_denied","error_description":"The log-in was cancelled by you or by the provider."}"#
    );
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn error_responses_need_the_state_of_this_browser() {
    let (provider, site) = start().await;
    let mut browser = Browser::default();
    let location = browser.begin(&site).await;
    let fails = async |error: &str, state: Option<&str>| {
        let answer = provider.consent(&location);
        let answer = with(&with(&answer, "code", None), "error", Some(error));
        let answer = state.map_or(answer.clone(), |state| with(&answer, "state", Some(state)));
        browser.clone().come_back(&site, &answer).await
    };
    fails("access_denied", Some("")).await.is(400, "no_state");
    fails("access_denied", Some("other")).await.is(400, "unknown_state");
    fails("login_required", None).await.is(403, "interaction_required");
    for error in ["server_error", "temporarily_unavailable", "invalid_scope", "<script>\u{7}"] {
        let seen = fails(error, None).await;
        seen.is(503, "temporarily_unavailable");
        assert!(seen.body.contains("The server cannot check credentials now."), "the code is for the log");
        let plain: String = error.chars().filter(char::is_ascii_graphic).collect();
        assert_eq!(seen.error, Some(format!("the provider answered {plain:?} (no description)")));
    }
}

#[tokio::test]
async fn broken_responses_are_rejected() {
    let (provider, site) = start().await;
    let mut browser = Browser::default();
    let answer = provider.consent(&browser.begin(&site).await);
    browser.clone().come_back(&site, &with(&answer, "code", None)).await.is(400, "no_code");
    browser.clone().come_back(&site, &with(&answer, "code", Some(""))).await.is(400, "no_code");
    browser.clone().come_back(&site, &with(&answer, "code", Some("guessed"))).await.is(400, "invalid_grant");
    for twice in ["state", "code", "iss"] {
        let mut answer = answer.clone();
        let again = answer.iter().find(|(name, _)| name == twice).unwrap().clone();
        answer.push(again);
        browser.clone().come_back(&site, &answer).await.is(400, "parameter_twice");
    }
    browser.get(&site, "/callback?state=%ff").await.is(400, "not_utf8");
}

#[tokio::test]
async fn return_to_another_site_is_rejected() {
    let (_provider, site) = start().await;
    for bad in [
        "https://evil.example",
        "//evil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
        "",
        "recipes",
        "/%C3%A9",
    ] {
        Browser::default().get(&site, &format!("/?return_to={bad}")).await.is(400, "return_to");
    }
    Browser::default().get(&site, "/?return_to=/a&return_to=/b").await.is(400, "return_to");
}

#[tokio::test]
async fn a_failed_provider_is_503_and_the_log_in_can_be_retried() {
    let (provider, site) = start().await;
    for (path, answer, error) in [
        (
            "/token",
            Answer::Status(500),
            "no usable response from the provider: the response has the status 500 Internal Server Error",
        ),
        (
            "/token",
            Answer::Status(404),
            "no usable response from the provider: the response has the status 404 Not Found",
        ),
        (
            "/token",
            Answer::Endless,
            "no usable response from the provider: a response of more than 262144 bytes",
        ),
        (
            "/token",
            Answer::RedirectTo(format!("{}/userinfo", provider.url)),
            "no usable response from the provider: the response has the status 307 Temporary Redirect",
        ),
        (
            "/token",
            Answer::Text("<html>".into()),
            "the provider broke the protocol: a token response that cannot be read",
        ),
        (
            "/token",
            Answer::Text("{}".into()),
            "the provider broke the protocol: a token response without access_token",
        ),
        (
            "/token",
            Answer::Text(r#"{"access_token":"a","access_token":"b"}"#.into()),
            "the provider broke the protocol: a token response that cannot be read",
        ),
        (
            "/token",
            Answer::Text(r#"{"access_token":"a","token_type":"mac"}"#.into()),
            "the provider broke the protocol: a token that is not a bearer token",
        ),
        (
            "/token",
            Answer::Text(r#"{"error":"invalid_client","error_description":"Who?"}"#.into()),
            r#"the provider answered "invalid_client" (Who?)"#,
        ),
        (
            "/userinfo",
            Answer::Status(503),
            "no usable response from the provider: the response has the status 503 Service Unavailable",
        ),
        (
            "/userinfo",
            Answer::Text("[]".into()),
            "the provider broke the protocol: a profile without the user's id",
        ),
        (
            "/userinfo",
            Answer::Text("no".into()),
            "the provider broke the protocol: a userinfo response that is not JSON",
        ),
    ] {
        provider.now().answers = [(path, answer)].into();
        let mut browser = Browser::default();
        let seen = browser.log_in(&site, &provider).await;
        seen.is(503, "temporarily_unavailable");
        assert_eq!(seen.error.as_deref(), Some(error));
        assert_eq!(browser.cookies.len(), 1, "the log-in is not over");
    }
    assert_eq!(provider.asked("/userinfo"), 3, "no redirect is followed");
}

#[tokio::test]
async fn an_unresponsive_provider_times_out() {
    let provider = IdentityProvider::start().await;
    let impatient = http().timeout(Duration::from_millis(300));
    let strategy = OAuth2::new(described(&provider), client(), flows(), impatient, Welcome).unwrap();
    let site = site(strategy.clock(|| at(NOW)));
    provider.now().answers = [("/token", Answer::Hanging)].into();
    let seen = Browser::default().log_in(&site, &provider).await;
    seen.is(503, "temporarily_unavailable");
    assert_eq!(seen.error.as_deref(), Some("no usable response from the provider: no response after 300ms"));
}

#[tokio::test]
async fn the_verification_decides_about_the_user() {
    let (provider, site) = start().await;
    provider.now().userinfo = json!({ "sub": "mallory" });
    let seen = Browser::default().log_in(&site, &provider).await;
    seen.is(403, "unknown_user");
    assert!(seen.body.contains("This account may not log in here."));
    provider.now().userinfo = json!({ "sub": "unlucky" });
    Browser::default().log_in(&site, &provider).await.is(503, "temporarily_unavailable");
}

#[tokio::test]
async fn a_subject_is_a_string_or_an_integer() {
    let (provider, site) = start().await;
    provider.now().userinfo = json!({ "sub": 9_007_199_254_740_993_u64 });
    Browser::default().log_in(&site, &provider).await.is_signed_in("test:9007199254740993");
    for none in [json!(1.5), json!(""), json!(null), json!([1]), json!(true)] {
        provider.now().userinfo = json!({ "sub": none });
        Browser::default().log_in(&site, &provider).await.is(503, "temporarily_unavailable");
    }
}

#[tokio::test]
async fn a_form_post_response_is_read_from_the_body_with_a_cross_site_cookie() {
    let provider = IdentityProvider::start().await;
    let site = site(strategy(described(&provider)).response_mode(ResponseMode::FormPost));
    let mut browser = Browser::default();
    let began = browser.get(&site, "/").await;
    assert!(began.set_cookies[0].ends_with("; HttpOnly; Secure; SameSite=None"), "{:?}", began.set_cookies);
    let location = began.location.unwrap();
    assert!(location.contains("&response_mode=form_post"));
    let answer = provider.consent(&location);
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&answer).finish();
    browser.clone().come_back(&site, &answer).await.is(400, "response_mode");
    let another = form.replace("state=", "state=x");
    browser.clone().ask(&site, Method::POST, "/callback", another).await.is(400, "unknown_state");
    browser.ask(&site, Method::POST, "/callback", form).await.is_signed_in("test:alice-7");
}

#[tokio::test]
async fn a_form_post_response_must_be_a_form() {
    let provider = IdentityProvider::start().await;
    let site = site(strategy(described(&provider)).response_mode(ResponseMode::FormPost));
    for content_type in [None, Some("text/plain"), Some("application/json"), Some("multipart/form-data")] {
        let request = http::Request::post("/callback");
        let request =
            content_type.into_iter().fold(request, |request, value| request.header("content-type", value));
        let request = request.body(axum::body::Body::from("code=a&state=b")).unwrap();
        let response = tower::ServiceExt::oneshot(site.clone(), request).await.unwrap();
        let rejection = response.extensions().get::<tower_passport::Rejection>().unwrap();
        assert_eq!(
            (response.status().as_u16(), rejection.cause()),
            (400, "content_type"),
            "{content_type:?}"
        );
    }
}

#[tokio::test]
async fn a_head_request_does_not_use_up_the_code() {
    let (provider, site) = start().await;
    let mut browser = Browser::default();
    let answer = provider.consent(&browser.begin(&site).await);
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&answer).finish();
    for method in [Method::HEAD, Method::POST] {
        let seen = browser.ask(&site, method, &format!("/callback?{query}"), String::new()).await;
        seen.is(400, "method");
    }
    assert_eq!(provider.asked("/token"), 0);
    browser.come_back(&site, &answer).await.is_signed_in("test:alice-7");
}

#[tokio::test]
async fn clients_authenticate_as_configured() {
    let provider = IdentityProvider::start().await;
    let log_in = async |client: Client, how: ClientAuthentication| {
        let described = Provider { client_authentication: how, ..described(&provider) };
        let strategy = OAuth2::new(described, client, flows(), http(), Welcome).unwrap().clock(|| at(NOW));
        Browser::default().log_in(&site(strategy), &provider).await
    };
    log_in(client(), ClientAuthentication::Basic).await.is_signed_in("test:alice-7");
    let (form, authorization) = provider.now().token_request.clone();
    assert!(
        authorization.is_some() && !form.contains_key("client_id") && !form.contains_key("client_secret")
    );

    log_in(client(), ClientAuthentication::Post).await.is_signed_in("test:alice-7");
    let (form, authorization) = provider.now().token_request.clone();
    assert!(authorization.is_none() && form["client_secret"] == CLIENT_SECRET);

    let key = Key::generate(Algorithm::Es256).unwrap().with_kid("ours");
    let public = Client::new(CLIENT_ID, "https://recipes.example/callback").unwrap();
    log_in(public.clone().private_key(key.clone()), ClientAuthentication::Basic)
        .await
        .is_signed_in("test:alice-7");
    let (form, authorization) = provider.now().token_request.clone();
    assert!(authorization.is_none() && !form.contains_key("client_secret"));
    let rules = strict_jose::Rules::typ("JWT").issuer(CLIENT_ID).audience(&provider.url).subject(CLIENT_ID);
    let rules = rules.require("jti").max_age(Duration::from_mins(1));
    rules.verify_bytes(&form["client_assertion"], &key.public().unwrap(), at(NOW)).unwrap();

    let wrong = public.clone().secret("not the secret");
    let seen = log_in(wrong, ClientAuthentication::Basic).await;
    seen.is(503, "temporarily_unavailable");
    assert_eq!(seen.error.as_deref(), Some(r#"the provider answered "invalid_client" (no description)"#));
    log_in(public, ClientAuthentication::Basic).await.is(503, "temporarily_unavailable");
    assert_eq!(provider.now().token_request.0["client_id"], CLIENT_ID);
}

#[tokio::test]
async fn parameters_can_be_renamed() {
    let provider = IdentityProvider::start().await;
    let strategy = strategy(Provider {
        scope_separator: ",".into(),
        parameters: vec![("access_type".into(), "offline".into())],
        renamed: vec![("scope".into(), "permissions".into()), ("code".into(), "auth_code".into())],
        ..described(&provider)
    });
    let site = site(strategy);
    let mut browser = Browser::default();
    let location = browser.begin(&site).await;
    assert!(location.contains("&permissions=profile%2Cemail&"), "{location}");
    assert!(location.ends_with("&access_type=offline"), "{location}");
    let mut answer = provider.consent(&location);
    for (name, _) in &mut answer {
        *name = name.replace("code", "auth_code");
    }
    browser.come_back(&site, &answer).await.is(400, "invalid_grant");
    let (form, _) = provider.now().token_request.clone();
    assert!(form.contains_key("auth_code") && !form.contains_key("code"));
}

#[tokio::test]
async fn tokens_can_be_refreshed() {
    let provider = IdentityProvider::start().await;
    let strategy = strategy(described(&provider));
    let refreshed = strategy.refresh(&SecretString::from("refresh me")).await.unwrap().unwrap();
    assert_eq!(refreshed.expires_in, Some(Duration::from_hours(1)));
    assert!(strategy.refresh(&SecretString::from("revoked")).await.unwrap().is_none());
    provider.now().answers = [("/token", Answer::Status(502))].into();
    let error = strategy.refresh(&SecretString::from("refresh me")).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(ProviderError::Http(_))));
}

#[tokio::test]
async fn a_log_in_can_be_begun_with_parameters() {
    let (provider, site) = start().await;
    let strategy = strategy(described(&provider));
    let (head, ()) = http::Request::new(()).into_parts();
    let page = LocalPath::parse("/kitchen").unwrap();
    let redirect = strategy.begin(&head, page, &[("login_hint", "a b")]).unwrap();
    let location = redirect.location().to_str().unwrap();
    assert!(location.ends_with("&login_hint=a+b"), "{location}");
    let cookie = redirect.cookies()[0].to_str().unwrap();
    let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
    let mut browser = Browser { cookies: [(name.to_owned(), value.to_owned())].into() };
    let seen = browser.come_back(&site, &provider.consent(location)).await;
    seen.is_signed_in("test:alice-7");
    assert_eq!(seen.location.as_deref(), Some("/kitchen"));
    let error = strategy.begin(&head, LocalPath::root(), &[("state", "mine")]).unwrap_err();
    assert!(error.is_misconfigured());
}

#[tokio::test]
async fn a_later_parameter_replaces_an_earlier_one() {
    let provider = IdentityProvider::start().await;
    let strategy = strategy(Provider {
        parameters: vec![("prompt".into(), "consent".into()), ("access_type".into(), "offline".into())],
        renamed: vec![("client_id".into(), "client_key".into()), ("scope".into(), "permissions".into())],
        ..described(&provider)
    });
    let (head, ()) = http::Request::new(()).into_parts();
    let begin = |parameters: &[(&str, &str)]| strategy.begin(&head, LocalPath::root(), parameters);
    let more = [("prompt", "none"), ("scope", "profile calendar"), ("prompt", "login")];
    let redirect = begin(&more).unwrap();
    let url = url::Url::parse(redirect.location().to_str().unwrap()).unwrap();
    let all = |name: &str| -> Vec<String> {
        url.query_pairs().filter(|(known, _)| known == name).map(|(_, value)| value.into_owned()).collect()
    };
    assert_eq!((all("prompt"), all("access_type")), (vec!["login".into()], vec!["offline".into()]));
    assert_eq!((all("permissions"), all("scope")), (vec!["profile calendar".into()], vec![]));
    for own in ["client_key", "permissions", "client_id", "state"] {
        assert!(begin(&[(own, "mine")]).unwrap_err().is_misconfigured(), "{own}");
    }
}

#[tokio::test]
async fn a_log_in_needs_random_bytes() {
    let provider = IdentityProvider::start().await;
    let strategy = strategy(described(&provider)).randomness(|_| Err(std::io::Error::other("dry")));
    Browser::default().get(&site(strategy), "/").await.is(503, "temporarily_unavailable");
}

#[tokio::test]
async fn debug_shows_no_secrets() {
    let provider = IdentityProvider::start().await;
    let strategy = strategy(described(&provider));
    let printed = format!("{strategy:?} {:?} {:?}", client(), flows());
    assert!(!printed.contains("secret of the client") && !printed.contains('7'), "{printed}");
}
