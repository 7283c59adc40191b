//! A whole log-in with every record of the catalogue.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, header};
use serde_json::{Value, json};
use tower_passport::providers::{Record, TokenEndpointAuth};
use tower_passport::{
    BoxStrategy, BufferedBody, Client, FlowCookies, HttpClient, Login, Network, OAuth2, Oidc,
};
use tower_passport::{LoggedIn, Outcome, Profile, ResponseMode, Strategy};
use url::Url;

use super::mock::{CLIENT_ID, CLIENT_SECRET, Form, Mock, Play, REDIRECT_URI, form_of};
use super::{value_of, written};

#[tokio::test]
async fn a_log_in_succeeds_with_every_record() {
    let mock = Mock::start().await;
    let samples: BTreeMap<String, Value> = serde_json::from_str(include_str!("samples.json")).unwrap();
    let mut failed = Vec::new();
    for record in written() {
        let id = record["id"].as_str().unwrap().to_owned();
        let sample = samples.get(&id).unwrap_or_else(|| panic!("{id} has no sample"));
        match log_in(&mock, &id, record, sample).await {
            Ok(profile) => assert_eq!(user(&profile), sample["user"], "{id}"),
            Err(why) => failed.push(format!("{id}: {why}")),
        }
    }
    assert_eq!((failed, mock.complaints()), (Vec::new(), Vec::new()));
    assert_eq!(samples.len(), written().len(), "a sample is of no provider");
}

/// The renamed parameters of two providers, repeated here so that a record cannot lose them unnoticed.
#[tokio::test]
async fn tiktok_and_wechat_get_renamed_parameters() {
    for (id, name) in [("tiktok", "client_key"), ("wechat", "appid")] {
        let record = tower_passport::providers::get(id).unwrap().oauth2(&[]).unwrap();
        let http = HttpClient::new(Network::Public).unwrap();
        let strategy = OAuth2::new(record, client(), flows(), http, who).unwrap().boxed();
        let (location, _) = begin(&strategy).await.unwrap();
        let query = form_of(location.query().unwrap().as_bytes());
        assert_eq!(
            (query.get(name).map(String::as_str), query.get("client_id")),
            (Some(CLIENT_ID), None),
            "{id}"
        );
    }
}

fn user(profile: &Profile) -> Value {
    let Profile { subject, email, email_verified, name, picture, .. } = profile;
    json!({ "subject": subject, "email": email, "email_verified": email_verified, "name": name, "picture": picture })
}

async fn who(login: Login) -> Result<Option<Profile>, Infallible> {
    Ok(Some(login.profile))
}

fn client() -> Client {
    Client::new(CLIENT_ID, REDIRECT_URI).unwrap()
}

fn flows() -> FlowCookies {
    FlowCookies::new(&[7; 32]).unwrap()
}

async fn log_in(mock: &Arc<Mock>, id: &str, record: Value, sample: &Value) -> Result<Profile, String> {
    let strategy = strategy(mock, id, &record)?;
    let record = filled(&record);
    // The strategy fetches the metadata of an OpenID provider first.
    mock.expect(id, play(&record, sample, &Form::new()));
    let (location, cookies) = begin(&strategy).await?;
    let query = form_of(location.query().unwrap_or_default().as_bytes());
    check_beginning(mock, id, &record, &location, &query)?;
    mock.expect(id, play(&record, sample, &query));

    let mut answer = vec![("code", format!("code of {id}")), ("state", query["state"].clone())];
    if let Some(issuer) = record["issuer"].as_str() {
        let tenant = sample["userinfo"]["tid"].as_str().unwrap_or_default();
        answer.push(("iss", mock.local(id, issuer).replace("{tenantid}", tenant)));
    }
    answer.extend(record["response_issuer"].as_str().map(|issuer| ("iss", issuer.to_owned())));
    let form_post = record["response_mode"] == "form_post";
    match strategy.authenticate(&callback(&answer, cookies, form_post)).await {
        Ok(Outcome::Accept(logged_in)) if logged_in.user.provider == id => Ok(logged_in.user),
        Ok(outcome) => Err(format!("{outcome:?}, {:?}", mock.complaints())),
        Err(error) => Err(format!("{error:?}, {:?}", mock.complaints())),
    }
}

/// The strategy of a record, with its hosts replaced by the mock server.
fn strategy(mock: &Mock, id: &str, record: &Value) -> Result<BoxStrategy<LoggedIn<Profile>>, String> {
    let mut here = record.clone();
    for pointer in [
        "/issuer",
        "/tenants_at",
        "/authorization_endpoint",
        "/token_endpoint",
        "/userinfo/get",
        "/userinfo/post",
        "/emails/url",
    ] {
        if let Some(url) = here.pointer_mut(pointer) {
            *url = mock.local(id, url.as_str().unwrap()).into();
        }
    }
    let record = Record::parse(&here.to_string()).map_err(|error| error.to_string())?;
    let base = mock.local(id, value_of("base"));
    let value = |name| if name == "base" { &*base } else { value_of(name) };
    let settings: Vec<_> = record.settings.keys().map(|name| (name.as_str(), value(name))).collect();
    let client = match record.authentication {
        TokenEndpointAuth::None => client(),
        TokenEndpointAuth::PrivateKeyJwt => client().private_key(mock.client_key.clone()),
        _ => client().secret(CLIENT_SECRET),
    };
    let http = HttpClient::new(Network::Loopback).map_err(|error| error.to_string())?;
    if record.is_openid() {
        let provider = record.oidc(&settings).map_err(|error| error.to_string())?;
        let oidc = Oidc::new(provider, client, flows(), http, who).map_err(|error| error.to_string())?;
        return Ok(oidc.response_mode(record.response_mode()).boxed());
    }
    assert_eq!(record.response_mode(), ResponseMode::Query);
    let provider = record.oauth2(&settings).map_err(|error| error.to_string())?;
    Ok(OAuth2::new(provider, client, flows(), http, who).map_err(|error| error.to_string())?.boxed())
}

/// The record with the values of its settings.
fn filled(record: &Value) -> Value {
    let settings = record["settings"].as_object().into_iter().flat_map(|settings| settings.keys());
    let fill = |text: String, name: &String| text.replace(&format!("{{{name}}}"), value_of(name));
    serde_json::from_str(&settings.fold(record.to_string(), fill)).unwrap()
}

fn play(record: &Value, sample: &Value, query: &Form) -> Play {
    Play {
        record: record.clone(),
        sample: sample.clone(),
        code_challenge: query.get("code_challenge").cloned().unwrap_or_default(),
        nonce: query.get("nonce").cloned(),
        code: format!("code of {}", record["id"].as_str().unwrap()),
    }
}

async fn begin(strategy: &BoxStrategy<LoggedIn<Profile>>) -> Result<(Url, String), String> {
    let (request, ()) = Request::get("https://recipes.example/login").body(()).unwrap().into_parts();
    match strategy.authenticate(&request).await {
        Ok(Outcome::Redirect(redirect)) => {
            let cookie = |set: &HeaderValue| set.to_str().unwrap().split(';').next().unwrap().to_owned();
            let cookies: Vec<_> = redirect.cookies().iter().map(cookie).collect();
            Ok((Url::parse(redirect.location().to_str().unwrap()).unwrap(), cookies.join("; ")))
        }
        other => Err(format!("a log-in begins with {other:?}")),
    }
}

fn check_beginning(
    mock: &Mock,
    id: &str,
    record: &Value,
    location: &Url,
    query: &Form,
) -> Result<(), String> {
    let endpoint = match record["authorization_endpoint"].as_str() {
        Some(endpoint) => mock.local(id, endpoint),
        None => format!("{}/{id}/authorize", mock.origin),
    };
    let mut want = Form::new();
    let separator = record["scope_separator"].as_str().unwrap_or(" ");
    let scopes: Vec<&str> = match record["scopes"].as_array() {
        Some(scopes) => scopes.iter().map(|scope| scope.as_str().unwrap()).collect(),
        None if record["issuer"].is_string() => vec!["openid", "email", "profile"],
        None => Vec::new(),
    };
    if !scopes.is_empty() {
        want.insert("scope".into(), scopes.join(separator));
    }
    let client_id = record["renamed"]["client_id"].as_str().unwrap_or("client_id");
    for (name, value) in [
        ("response_type", "code"),
        (client_id, CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("code_challenge_method", "S256"),
    ] {
        want.insert(name.into(), value.into());
    }
    if let Some(mode) = record["response_mode"].as_str() {
        want.insert("response_mode".into(), mode.into());
    }
    for (name, value) in record["parameters"].as_object().into_iter().flatten() {
        want.insert(name.clone(), value.as_str().unwrap().into());
    }
    let secrets = ["state", "code_challenge", "nonce"];
    let is_openid = record["issuer"].is_string();
    let random = |name: &&str| *name != "nonce" || is_openid;
    let is_long = |name: &str| query.get(name).is_some_and(|value| value.len() >= 43);
    if let Some(short) = secrets.into_iter().filter(random).find(|name| !is_long(name)) {
        return Err(format!("{short} can be guessed"));
    }
    let mut found = query.clone();
    found.retain(|name, _| !secrets.contains(&name.as_str()));
    let at = location.as_str().split('?').next().unwrap();
    if (at, &found) != (endpoint.as_str(), &want) {
        return Err(format!("begins at {at} with {found:?} and not at {endpoint} with {want:?}"));
    }
    Ok(())
}

fn callback(answer: &[(&str, String)], cookies: String, form_post: bool) -> Parts {
    let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish();
    let request = if form_post {
        let body = BufferedBody(Bytes::from(text));
        Request::post(REDIRECT_URI)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .extension(body)
    } else {
        Request::get(format!("{REDIRECT_URI}?{text}"))
    };
    request.header(header::COOKIE, cookies).body(()).unwrap().into_parts().0
}
