//! `or`, `map`, `boxed`, `Arc` and `Anonymous`.

use std::sync::Arc;

use http::request::Parts;
use tower_passport::{Anonymous, BoxStrategy, Error, Outcome, Strategy};

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
