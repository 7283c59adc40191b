//! The catalogue of providers: every record is well formed, and a log-in with it succeeds.

mod mock;
mod table;
mod walk;

use std::collections::BTreeSet;

use serde_json::Value;
use strict_jose::Algorithm;
use tower_passport::providers::{self, InvalidSettings, Record};
use url::Url;

const FILES: [&str; 2] =
    [include_str!("../../src/providers/oauth2.json"), include_str!("../../src/providers/openid.json")];

/// The records of the files, as JSON.
fn written() -> Vec<Value> {
    FILES.iter().flat_map(|file| serde_json::from_str::<Vec<Value>>(file).unwrap()).collect()
}

#[test]
fn there_are_at_least_sixty_records_with_unique_ids() {
    let all = providers::all();
    assert_eq!(all.len(), written().len(), "every record that is written down can be read");
    assert!(all.len() >= 60, "{}", all.len());
    assert!(all.is_sorted_by(|one, next| one.id < next.id), "an id is there twice");
    for record in all {
        assert_eq!(providers::get(&record.id).map(|found| &*found.name), Some(&*record.name));
    }
    assert!(providers::get("thieves").is_none());
    let names: BTreeSet<_> = all.iter().map(|record| record.name.to_lowercase()).collect();
    assert_eq!(names.len(), all.len(), "a name is there twice");
    // The setting `base` replaces the whole server.
    let place =
        |record: &Value| record["issuer"].as_str().or(record["token_endpoint"].as_str()).unwrap().to_owned();
    let fixed = |place: &String| !place.starts_with("{base}") && !place.starts_with("https://{domain}");
    let places: Vec<_> = written().iter().map(place).filter(fixed).collect();
    let distinct: BTreeSet<_> = places.iter().collect();
    assert_eq!(distinct.len(), places.len(), "a provider is there twice");
}

#[test]
fn every_record_is_well_formed() {
    for record in written() {
        let id = record["id"].as_str().unwrap();
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(id.starts_with(|first: char| first.is_ascii_lowercase()) && id.bytes().all(is_name), "{id}");
        assert!(!record["name"].as_str().unwrap().trim().is_empty(), "{id} has a name");
        check_date(id, record["checked_on"].as_str().unwrap());
        check_url(id, &record, record["documentation"].as_str().unwrap(), &[]);
        check_members(id, &record);
        check_pointers(id, &record);
        for text in texts(&record) {
            for junk in ["TODO", "FIXME", "XXX", "YOUR_", "example.com/", "[subdomain]", "<", "\n"] {
                assert!(!text.contains(junk), "{id}: {text:?} is a placeholder");
            }
        }
    }
}

fn check_date(id: &str, date: &str) {
    let parts: Vec<u32> = date.split('-').map(|part| part.parse().unwrap()).collect();
    let [year, month, day] = parts[..] else { panic!("{id}: {date}") };
    let is_date = date.len() == 10 && (1..=12).contains(&month) && (1..=31).contains(&day);
    assert!(is_date && (2026..2100).contains(&year), "{id} was checked on a day: {date}");
}

/// Checks that a URL uses `https` and has no unknown placeholder.
fn check_url(id: &str, record: &Value, url: &str, at_login: &[&str]) {
    let mut filled = url.replace("{base}", "https://base.example");
    let settings = record["settings"].as_object().into_iter().flat_map(|settings| settings.keys());
    for name in settings.map(String::as_str).chain(at_login.iter().copied()) {
        filled = filled.replace(&format!("{{{name}}}"), "filled.example");
    }
    assert!(!filled.contains(['{', '}', '[', ']', ' ']), "{id}: nothing fills a place in {url}");
    let parsed = Url::parse(&filled).unwrap_or_else(|error| panic!("{id}: {url}: {error}"));
    assert_eq!(parsed.scheme(), "https", "{id}: {url}");
    assert!(parsed.host_str().is_some_and(|host| host.contains('.')), "{id}: {url}");
    assert!(parsed.username().is_empty() && parsed.port().is_none(), "{id}: {url}");
}

fn check_members(id: &str, record: &Value) {
    let auth = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
    let algorithms: Vec<_> = Algorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric()).collect();
    if let Some(issuer) = record["issuer"].as_str() {
        check_url(id, record, issuer, &["tenantid"]);
        assert!(
            record["authentication"].is_null() || auth.contains(&record["authentication"].as_str().unwrap())
        );
        for name in record["algorithms"].as_array().into_iter().flatten() {
            let known = algorithms.iter().any(|algorithm| algorithm.name() == name);
            assert!(known, "{id}: {name} is symmetric or unknown");
        }
        if let Some(scopes) = record["scopes"].as_array() {
            assert!(scopes.iter().any(|scope| scope == "openid"), "{id} asks for an ID token");
        }
        return;
    }
    assert!(auth.contains(&record["authentication"].as_str().unwrap()), "{id}");
    check_url(id, record, record["authorization_endpoint"].as_str().unwrap(), &[]);
    check_url(id, record, record["token_endpoint"].as_str().unwrap(), &[]);
    let at_login = ["openid", "uid", "access_token"];
    for url in record["userinfo"].as_object().into_iter().flat_map(|userinfo| userinfo.values()) {
        check_url(id, record, url.as_str().unwrap(), &at_login);
    }
    if let Some(url) = record["emails"]["url"].as_str() {
        check_url(id, record, url, &[]);
    }
}

/// RFC 6901: empty, or members behind slashes, where `~` stands only before 0 and 1.
fn check_pointers(id: &str, record: &Value) {
    let emails = record["emails"].as_object().into_iter().flatten().filter(|(name, _)| *name != "url");
    let profile = record["profile"].as_object().unwrap();
    assert!(profile.contains_key("subject"), "{id}");
    for (name, pointer) in profile.iter().chain(emails) {
        let pointer = pointer.as_str().unwrap();
        assert!(pointer.starts_with('/') || (pointer.is_empty() && name == "items"), "{id}: {pointer}");
        let escapes_are_good =
            pointer.split('~').skip(1).all(|rest| rest.starts_with('0') || rest.starts_with('1'));
        assert!(escapes_are_good, "{id}: {pointer}");
    }
    let email = profile.contains_key("email") || record["emails"].is_object();
    assert!(email || !profile.contains_key("email_verified"), "{id}: email_verified without email");
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_settings_of_a_record_are_all_declared_and_used() {
    for record in providers::all() {
        let values: Vec<_> = record.settings.keys().map(|name| (name.as_str(), value_of(name))).collect();
        let written = written().into_iter().find(|written| written["id"] == *record.id).unwrap();
        for (name, about) in &record.settings {
            let place = format!("{{{name}}}");
            let is_used = texts(&written).iter().any(|text| text.contains(&place));
            assert!(is_used && !about.is_empty(), "{}: the setting {name} is for nothing", record.id);
            let without: Vec<_> = values.iter().copied().filter(|(given, _)| given != name).collect();
            let error =
                if record.is_openid() { record.oidc(&without).err() } else { record.oauth2(&without).err() };
            assert!(matches!(error, Some(InvalidSettings::Missing { .. })), "{}: {error:?}", record.id);
        }
        let (oauth2, oidc) = (record.oauth2(&values), record.oidc(&values));
        assert!(oauth2.is_ok() != oidc.is_ok(), "{} is of one kind", record.id);
        let other = if record.is_openid() { oauth2.err() } else { oidc.err() };
        assert!(matches!(other, Some(InvalidSettings::OpenId | InvalidSettings::OAuth2)), "{}", record.id);
    }
}

/// A valid value for the setting with this name.
fn value_of(name: &str) -> &'static str {
    match name {
        "base" => "https://base.example",
        "domain" => "tenant.example",
        _ => "tenant-1",
    }
}

#[test]
fn invalid_records_are_rejected() {
    let good = r#"{"id": "a", "name": "A", "checked_on": "2026-11-23", "pkce": "required",
        "documentation": "https://a.example/", "issuer": "https://a.example", "profile": {"subject": "/sub"}}"#;
    assert!(Record::parse(good).is_ok());
    for (from, to, why) in [
        (r#""id""#, r#""ID""#, "this is not the record of a provider"),
        (r#""required""#, r#""maybe""#, "this is not the record of a provider"),
        (
            r#""issuer""#,
            r#""token_endpoint""#,
            r#"the record "a" must have an issuer, or else endpoints and userinfo"#,
        ),
        (r#""name""#, r#""algorithms": ["none"], "name""#, r#""none" is not a signature algorithm"#),
        (
            r#""name""#,
            r#""token_endpoint": "https://a.example/t", "name""#,
            r#"the record "a" must have an issuer, or else endpoints and userinfo"#,
        ),
    ] {
        assert_eq!(Record::parse(&good.replace(from, to)).unwrap_err().to_string(), why);
    }
}

#[test]
fn a_record_can_require_the_issuer_in_every_response() {
    let record = Record::parse(
        r#"{
            "id": "a", "name": "A", "checked_on": "2026-11-26", "pkce": "documented", "documentation": "https://a.example",
            "authorization_endpoint": "https://a.example/a", "token_endpoint": "https://a.example/t",
            "response_issuer": "https://a.example", "userinfo": {"get": "https://a.example/me"},
            "profile": {"subject": "/id"}
        }"#,
    );
    let provider = record.unwrap().oauth2(&[]).unwrap();
    assert_eq!((provider.issuer.as_deref(), provider.names_its_issuer), (Some("https://a.example"), true));
    let github = providers::get("github").unwrap().oauth2(&[]).unwrap();
    assert_eq!(
        (github.issuer.as_deref(), github.names_its_issuer),
        (Some("https://github.com/login/oauth"), true)
    );
    let discord = providers::get("discord").unwrap().oauth2(&[]).unwrap();
    assert_eq!((discord.issuer, discord.names_its_issuer), (None, false));
}
