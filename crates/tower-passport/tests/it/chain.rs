//! `or`, `map`, `boxed`, `Arc` and `Anonymous`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::request::Parts;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use strict_jose::{Key, Rules};
use tower_passport::{
    Anonymous, ApiKey, ApiKeyFormat, Bearer, BearerHeader, BearerToken, BoxStrategy, ByIssuer, Challenges,
    CookieValue, Credentials, Error, Jwt, Outcome, Strategy, TokenDigest,
};

use crate::answer::get;
use crate::says::Says;

/// The outcome of a strategy as text.
async fn conclusion<S: Strategy<User = String>>(strategy: &S, headers: &[(&str, &str)]) -> String {
    let (head, _) = get(headers).into_parts();
    match strategy.authenticate(&head).await {
        Ok(Outcome::Accept(user)) => format!("accept {user}"),
        Ok(Outcome::Reject(rejection)) => format!("reject {}", rejection.reason().as_str()),
        Ok(Outcome::Redirect(redirect)) => format!("redirect {}", redirect.location().to_str().unwrap()),
        Ok(Outcome::Pass(challenges)) => {
            let challenges = challenges.iter().map(|challenge| challenge.as_header_value().to_str().unwrap());
            format!("pass {}", challenges.collect::<Vec<_>>().join(" "))
        }
        Ok(Outcome::Unrecognized(_)) => "unrecognized".into(),
        Err(error) => format!("{error}"),
    }
}

#[tokio::test]
async fn the_chain_continues_only_after_a_pass() {
    let chain = Says("A").or(Says("B")).or(Says("C"));
    let boxed = Says("A").boxed().or(Says("B").boxed()).or(Arc::new(Says("C"))).boxed();
    for (headers, want) in [
        (&[][..], "pass A B C"),
        (&[("a", "Alice"), ("b", "Bob")], "accept Alice"),
        (&[("b", "Bob")], "accept Bob"),
        (&[("c", "Carol")], "accept Carol"),
        (&[("a", "invalid token"), ("b", "Bob")], "reject invalid_token"),
        (&[("a", "malformed"), ("b", "Bob")], "reject invalid_request"),
        (&[("a", "wrong"), ("b", "Bob")], "reject wrong_credentials"),
        (&[("b", "scope"), ("c", "Carol")], "reject insufficient_scope"),
        (&[("a", "elsewhere"), ("b", "Bob")], "redirect https://id.example/?a=b"),
        (&[("a", "undecided"), ("b", "Bob")], "the request could not be authenticated"),
        (&[("b", "undecided"), ("c", "Carol")], "the request could not be authenticated"),
    ] {
        assert_eq!(conclusion(&chain, headers).await, want, "{headers:?}");
        assert_eq!(conclusion(&boxed, headers).await, want, "boxed, {headers:?}");
    }
}

#[tokio::test]
async fn equal_challenges_are_sent_once() {
    assert_eq!(conclusion(&Says("A").or(Says("B")).or(Says("A")), &[]).await, "pass A B");
}

#[tokio::test]
async fn a_chain_can_be_built_from_a_configuration() {
    let names = ["A", "B", "C", "D", "E", "F"];
    let strategies = names.into_iter().map(|name| Says(name).boxed());
    let chain: BoxStrategy<String> = strategies.reduce(|chain, next| chain.or(next).boxed()).unwrap();
    assert_eq!(conclusion(&chain.clone(), &[]).await, "pass A B C D E F");
    assert_eq!(conclusion(&chain, &[("f", "Frank")]).await, "accept Frank");
}

#[tokio::test]
async fn a_guest_is_accepted_after_a_pass_but_not_after_a_rejection() {
    let chain = Says("A").or(Anonymous::new(|| "guest".to_owned()));
    assert_eq!(conclusion(&chain, &[]).await, "accept guest");
    assert_eq!(conclusion(&chain, &[("a", "Alice")]).await, "accept Alice");
    assert_eq!(conclusion(&chain, &[("a", "invalid token")]).await, "reject invalid_token");
    assert_eq!(conclusion(&chain, &[("a", "undecided")]).await, "the request could not be authenticated");
}

#[tokio::test]
async fn map_converts_only_the_user() {
    let mapped = Says("A").map(|user| user.to_uppercase());
    for (headers, want) in [
        (&[][..], "pass A"),
        (&[("a", "Alice")], "accept ALICE"),
        (&[("a", "wrong")], "reject wrong_credentials"),
        (&[("a", "elsewhere")], "redirect https://id.example/?a=b"),
        (&[("a", "undecided")], "the request could not be authenticated"),
    ] {
        assert_eq!(conclusion(&mapped, headers).await, want, "{headers:?}");
    }
}

#[tokio::test]
async fn a_user_need_not_be_clone_or_sync() {
    struct OnlySend(std::cell::Cell<u8>);
    struct Fixed;
    impl Strategy for Fixed {
        type User = OnlySend;

        async fn authenticate(&self, _: &Parts) -> Result<Outcome<OnlySend>, Error> {
            Ok(Outcome::Accept(OnlySend(std::cell::Cell::new(7))))
        }
    }
    let (head, _) = get(&[]).into_parts();
    let outcome = Fixed.boxed().or(Fixed).authenticate(&head).await.unwrap();
    assert!(matches!(outcome, Outcome::Accept(OnlySend(seven)) if seven.get() == 7));
}

/// Three strategies that read the same header, in any order, tell their tokens apart by their shape.
#[tokio::test]
async fn tokens_of_several_kinds_share_a_header() {
    let rules = || Rules::typ("at+jwt").any_issuer().any_audience();
    let jwt = || {
        let clock = || SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        Jwt::new(signing_key(), rules(), async |claims: Value| {
            Ok::<_, Error>(Some(claims["sub"].to_string()))
        })
        .clock(clock)
    };
    let format = || ApiKeyFormat::new("recipes").unwrap();
    let api_key = || ApiKey::new(format(), async |_: TokenDigest| Ok::<_, Error>(Some("printer".to_owned())));
    let guest = || Anonymous::new(|| "guest".to_owned());
    let token = signing_key().sign("at+jwt", &json!({ "sub": "alice", "exp": 60 })).unwrap();
    let key = format().generate(&[7; 32]).expose_secret().to_owned();
    let chains = [
        ("jwt first", jwt().or(api_key()).boxed()),
        ("key first", api_key().or(jwt()).boxed()),
        ("with guests", jwt().or(api_key()).or(guest()).boxed()),
        ("nested", jwt().or(api_key().or(guest())).boxed()),
        ("boxed", jwt().boxed().or(Arc::new(api_key())).or(Says("A")).boxed()),
        ("mapped", jwt().or(api_key().map(|name| name)).boxed()),
        ("by issuer", ByIssuer::new().otherwise(jwt()).or(api_key()).boxed()),
        ("by issuer, and key first", api_key().or(ByIssuer::new().otherwise(jwt())).boxed()),
    ];
    for (name, chain) in chains {
        let ask = async |token: &str| {
            conclusion(&chain, &[("authorization", &format!("Bearer {token}")), ("a", "Alice")]).await
        };
        assert_eq!(ask(&token).await, r#"accept "alice""#, "{name}");
        assert_eq!(ask(&key).await, "accept printer", "{name}");
        assert_eq!(ask(&format!("{token}x")).await, "reject invalid_token", "{name}");
        assert_eq!(ask(&format!("{key}x")).await, "reject invalid_token", "{name}");
        // Neither a guest nor the user of another header: the token is bad.
        for other in ["junk", "a.b", "a.b.c.d.e", "key_abc"] {
            assert_eq!(ask(other).await, "unrecognized", "{name} {other}");
        }
        for malformed in ["", "a b", "a,b"] {
            assert_eq!(ask(malformed).await, "reject invalid_request", "{name} {malformed}");
        }
    }
}

/// The first strategy does not read the cookie, and the second one must not use the token of the header.
#[tokio::test]
async fn a_token_in_two_places_is_malformed_for_the_strategy_that_reads_both() {
    let format = ApiKeyFormat::new("recipes").unwrap();
    let keys = ApiKey::new(format, async |_: TokenDigest| Ok::<_, Error>(Some("printer".to_owned())));
    let rules = Rules::typ("at+jwt").any_issuer().any_audience();
    let jwt = Jwt::new(signing_key(), rules, async |claims: Value| Ok::<_, Error>(Some(claims.to_string())));
    let chain = keys.or(jwt.tokens_from((BearerHeader, CookieValue::new("token"))));
    let both = [("authorization", "Bearer a.b.c"), ("cookie", "token=a.b.c")];
    assert_eq!(conclusion(&chain, &both).await, "reject invalid_request");
    assert_eq!(conclusion(&chain, &both[..1]).await, "reject invalid_token");
}

/// Every token may be an opaque one, so `Bearer` is the last.
#[tokio::test]
async fn opaque_tokens_come_last() {
    let opaque =
        || Bearer::new(async |token: BearerToken| Ok::<_, Error>(Some(token.expose_secret().to_owned())));
    let format = ApiKeyFormat::new("recipes").unwrap();
    let key = format.generate(&[7; 32]).expose_secret().to_owned();
    let chain =
        ApiKey::new(format, async |_: TokenDigest| Ok::<_, Error>(Some("printer".to_owned()))).or(opaque());
    let ask = async |token: &str| conclusion(&chain, &[("authorization", &format!("Bearer {token}"))]).await;
    assert_eq!(ask(&key).await, "accept printer");
    assert_eq!(ask("junk").await, "accept junk");
    assert_eq!(ask("recipes_junk").await, "reject invalid_token");
}

/// A strategy of the application that reads bearer tokens behind another one.
#[tokio::test]
async fn a_strategy_of_your_own_can_recognize_tokens() {
    struct Mine;
    impl Strategy for Mine {
        type User = String;

        async fn authenticate(&self, request: &Parts) -> Result<Outcome<String>, Error> {
            let token = Credentials::of(request).ok().flatten().map(|found| found.value().to_owned());
            let token = token.filter(|token| token != "mine-but-passed");
            Ok(token.map_or(Outcome::Pass(Challenges::none()), Outcome::Accept))
        }

        fn recognizes(&self, request: &Parts) -> Option<&str> {
            let credentials = Credentials::of(request).ok()??;
            credentials.value().starts_with("mine-").then_some("Bearer")
        }
    }
    let format = ApiKeyFormat::new("recipes").unwrap();
    let key =
        || ApiKey::new(format.clone(), async |_: TokenDigest| Ok::<_, Error>(Some("printer".to_owned())));
    let chain = key().or(Mine);
    let ask = async |token: &str| conclusion(&chain, &[("authorization", &format!("Bearer {token}"))]).await;
    assert_eq!(ask("mine-7").await, "accept mine-7");
    assert_eq!(ask("other-7").await, "unrecognized");
    assert_eq!(ask("mine-but-passed").await, "unrecognized", "a guest would be let in");
}

fn signing_key() -> Key {
    Key::hs256(b"a secret of at least thirty-two bytes").unwrap()
}
