//! Flow cookies.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tower_passport::{FlowCookies, OAuth2};

use super::{Welcome, client, described, http, start, strategy};
use crate::browser::{Browser, site};
use crate::identity_provider::{IdentityProvider, NOW, at};

#[tokio::test]
async fn log_ins_in_two_tabs_do_not_interfere() {
    let (provider, site) = start().await;
    let mut browser = Browser::default();
    let tabs = [browser.get(&site, "/?return_to=/a").await, browser.get(&site, "/?return_to=/b").await];
    let answers = tabs.map(|began| provider.consent(&began.location.unwrap()));
    for (answer, page) in answers.iter().zip(["/a", "/b"]).rev() {
        let seen = browser.come_back(&site, answer).await;
        seen.is_signed_in("test:alice-7");
        assert_eq!(seen.location.as_deref(), Some(page));
    }
}

#[tokio::test]
async fn abandoned_log_ins_are_evicted() {
    let (provider, site) = start().await;
    let mut browser = Browser::default();
    let mut last = String::new();
    for _ in 0..20 {
        last = browser.begin(&site).await;
        assert!(browser.cookies.len() <= 4);
    }
    browser.come_back(&site, &provider.consent(&last)).await.is_signed_in("test:alice-7");
}

#[tokio::test]
async fn a_new_log_in_does_not_end_log_ins_of_other_strategies() {
    let (provider, site) = start().await;
    let another =
        OAuth2::new(described(&provider), client(), FlowCookies::new(&[8; 32]).unwrap(), http(), Welcome);
    let another = crate::browser::site(another.unwrap().clock(|| at(NOW)));
    let mut browser = Browser::default();
    for name in ["__Host-login-theme", "__Host-tower-passport-flow-theme"] {
        browser.cookies.insert(name.into(), "dark".into());
    }
    let there = provider.consent(&browser.begin(&another).await);
    for _ in 0..5 {
        browser.begin(&site).await;
    }
    assert_eq!(browser.cookies.len(), 2 + 1 + 4);
    browser.come_back(&another, &there).await.is_signed_in("test:alice-7");
}

#[tokio::test]
async fn an_expired_log_in_is_removed_by_the_next_one() {
    let provider = IdentityProvider::start().await;
    let seconds = Arc::new(AtomicU64::new(NOW));
    let told = Arc::clone(&seconds);
    let site = site(strategy(described(&provider)).clock(move || at(told.load(Ordering::Relaxed))));
    let mut browser = Browser::default();
    browser.begin(&site).await;
    seconds.store(NOW + 600, Ordering::Relaxed);
    browser.begin(&site).await;
    assert_eq!(browser.cookies.len(), 1);
}

fn other_than(character: &str) -> &'static str {
    if character == "A" { "B" } else { "A" }
}

#[tokio::test]
async fn a_forged_cookie_is_rejected() {
    let (provider, site) = start().await;
    let mut browser = Browser::default();
    let answer = provider.consent(&browser.begin(&site).await);
    let sealed = browser.cookies.clone();
    for break_it in [
        |value: &str| format!("{}{}", &value[..value.len() - 1], other_than(&value[value.len() - 1..])),
        |value: &str| format!("{}{}", other_than(&value[..1]), &value[1..]),
        |_: &str| String::new(),
        |_: &str| "AAAA".to_owned(),
        |value: &str| value.to_uppercase(),
    ] {
        browser.cookies = sealed.iter().map(|(name, value)| (name.clone(), break_it(value))).collect();
        browser.come_back(&site, &answer).await.is(400, "forged_flow");
    }
    let elsewhere =
        OAuth2::new(described(&provider), client(), FlowCookies::new(&[8; 32]).unwrap(), http(), Welcome);
    let elsewhere = crate::browser::site(elsewhere.unwrap().clock(|| at(NOW)));
    browser.cookies = sealed;
    browser.come_back(&elsewhere, &answer).await.is(400, "forged_flow");
}

#[tokio::test]
async fn a_log_in_survives_the_rotation_of_the_secret() {
    let (provider, before) = start().await;
    let with_secret = |flows: FlowCookies| {
        let strategy = OAuth2::new(described(&provider), client(), flows, http(), Welcome).unwrap();
        site(strategy.clock(|| at(NOW)))
    };
    let new = || FlowCookies::new(&[8; 32]).unwrap();
    let after = with_secret(new().previous_secret(&[6; 32]).unwrap().previous_secret(&[7; 32]).unwrap());
    let mut browser = Browser::default();
    let answer = provider.consent(&browser.begin(&before).await);
    browser.clone().come_back(&with_secret(new()), &answer).await.is(400, "forged_flow");
    browser.come_back(&after, &answer).await.is_signed_in("test:alice-7");
    let answer = provider.consent(&browser.begin(&after).await);
    browser.come_back(&with_secret(new()), &answer).await.is_signed_in("test:alice-7");
    assert!(new().previous_secret(&[6; 31]).is_err());
}

#[tokio::test]
async fn a_cookie_does_not_decrypt_under_another_name() {
    let (provider, site) = start().await;
    let mut browser = Browser::default();
    let first = provider.consent(&browser.begin(&site).await);
    let of_first: Vec<_> = browser.cookies.clone().into_iter().collect();
    browser.begin(&site).await;
    let other = browser.cookies.iter().find(|(name, _)| **name != of_first[0].0).unwrap().1.clone();
    browser.cookies = [(of_first[0].0.clone(), other)].into();
    browser.come_back(&site, &first).await.is(400, "forged_flow");
}

#[tokio::test]
async fn a_replayed_callback_is_rejected() {
    let (provider, site) = start().await;
    let mut browser = Browser::default();
    let answer = provider.consent(&browser.begin(&site).await);
    let thief = browser.clone();
    browser.come_back(&site, &answer).await.is_signed_in("test:alice-7");
    browser.come_back(&site, &answer).await.is(400, "unknown_state");
    // Even with the cookie: the provider accepts a code once.
    let mut thief = thief;
    thief.come_back(&site, &answer).await.is(400, "invalid_grant");
    assert!(thief.cookies.is_empty());
}

#[tokio::test]
async fn an_expired_log_in_is_rejected() {
    let provider = IdentityProvider::start().await;
    let seconds = Arc::new(AtomicU64::new(NOW));
    let told = Arc::clone(&seconds);
    let strategy = strategy(described(&provider)).clock(move || at(told.load(Ordering::Relaxed)));
    let site = site(strategy);
    let mut browser = Browser::default();
    let answer = provider.consent(&browser.begin(&site).await);
    seconds.store(NOW + 600, Ordering::Relaxed);
    browser.come_back(&site, &answer).await.is(400, "expired_flow");
    seconds.store(NOW + 599, Ordering::Relaxed);
    browser.come_back(&site, &answer).await.is_signed_in("test:alice-7");
}
