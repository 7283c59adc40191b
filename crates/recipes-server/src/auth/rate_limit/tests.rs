use super::*;

const PERIOD: Duration = Duration::from_mins(15);

fn limits(quotas: &str) -> (RateLimits, Clock) {
    let clock = Clock::stopped("2026-01-01T12:00:00Z".parse().unwrap());
    (RateLimits::new(quotas.parse().unwrap(), clock.clone(), None), clock)
}

/// Counting in this process waits for nothing.
fn done<T>(counting: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(counting).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn may_guess(limits: &RateLimits, account: &str, from: &str) -> bool {
    is_allowed(done(limits.log_in(account, Some(ip(from)))), false)
}

fn is_allowed(mut attempt: Attempt<'_>, in_use_here: bool) -> bool {
    let refusal = attempt.refusal(std::future::ready(Ok::<_, std::convert::Infallible>(in_use_here)));
    done(refusal).unwrap().is_none()
}

#[test]
fn known_address_has_one_more_count() {
    let (limits, _) = limits("account=3/15m,account-anywhere=off");
    let guess = |in_use| is_allowed(done(limits.log_in("ada", Some(ip("203.0.113.9")))), in_use);
    assert!(guess(false) && guess(false) && guess(false) && !guess(false));
    assert!(guess(true) && guess(true) && guess(true) && !guess(true));
    done(limits.trust("ada", Some(ip("203.0.113.9"))));
    assert_eq!((0..10).filter(|_| guess(false)).count(), 6, "and both are forgiven after a password reset");
}

#[test]
fn session_has_a_count_of_its_own() {
    let (limits, _) = limits("account=2/15m");
    let session = |n| Actor {
        session: Some(ids::SessionId::from_bytes([n; 16])),
        ..Actor::anonymous(Some(ip("203.0.113.9")))
    };
    while may_guess(&limits, "ada", "203.0.113.9") {}
    let confirms = |n| done(limits.confirmation("ada", &session(n))).is_ok();
    assert!(confirms(1) && confirms(1) && !confirms(1));
    assert!(confirms(2) && confirms(2) && !confirms(2));
    for _ in 0..10 {
        done(done(limits.confirmation("ada", &session(3))).unwrap().succeeded());
    }
}

#[test]
fn guesser_is_stopped_and_the_owner_at_another_address_is_not() {
    let (limits, clock) = limits("account=3/15m,account-anywhere=off");
    for _ in 0..3 {
        assert!(may_guess(&limits, "ada", "203.0.113.9"));
    }
    assert!(!may_guess(&limits, "ada", "203.0.113.9"));
    assert!(may_guess(&limits, "ada", "198.51.100.1"), "the owner, at another address");
    assert!(may_guess(&limits, "bob", "203.0.113.9"), "another account, at the same address");
    clock.advance(PERIOD / 3);
    assert!(may_guess(&limits, "ada", "203.0.113.9"));
}

#[test]
fn guesser_with_many_addresses_is_stopped_and_the_owner_at_a_trusted_address_is_not() {
    let (limits, clock) = limits("account=10/15m,account-anywhere=20/1h");
    done(done(limits.log_in("ada", Some(ip("198.51.100.1")))).succeeded());
    for n in 0..20 {
        assert!(may_guess(&limits, "ada", &format!("203.0.113.{n}")));
    }
    assert!(!may_guess(&limits, "ada", "203.0.113.99"));
    assert!(may_guess(&limits, "ada", "198.51.100.1"), "the owner has logged in here");
    clock.advance(TRUSTED_FOR.checked_sub(Duration::from_secs(1)).unwrap());
    for n in 0..20 {
        assert!(may_guess(&limits, "ada", &format!("203.0.113.{n}")));
    }
    assert!(may_guess(&limits, "ada", "198.51.100.1"), "and is trusted for a month");
    assert!(!may_guess(&limits, "ada", "192.0.2.1"));
}

#[test]
fn correct_password_uses_no_quota_and_forgives_no_failures() {
    let (limits, _) = limits("account=3/15m,account-anywhere=4/1h");
    assert!(may_guess(&limits, "ada", "203.0.113.9"));
    for _ in 0..100 {
        done(done(limits.log_in("ada", Some(ip("203.0.113.9")))).succeeded());
    }
    // Two are left of the first count, and the second one is that of a known address.
    let allowed = (0..10).filter(|_| may_guess(&limits, "ada", "203.0.113.9")).count();
    assert_eq!(allowed, 2 + 3, "three and three guesses, with correct passwords between them");
}

#[test]
fn ipv6_64_shares_a_quota_and_mapped_ipv4_is_ipv4() {
    let (limits, _) = limits("log-in=1/1h");
    let taken = |from| done(limits.by_address(Limit::LogIn, Some(ip(from)))).is_ok();
    assert!(taken("2001:db8:0:1::1"));
    assert!(!taken("2001:db8:0:1:ffff::2"));
    assert!(taken("2001:db8:0:2::1"));
    assert!(taken("203.0.113.9"));
    assert!(!taken("::ffff:203.0.113.9"));
}

#[test]
fn ipv6_48_shares_sixteen_quotas_and_refused_requests_do_not_count() {
    let (limits, _) = limits("log-in=2/1h");
    let taken = |from: &str| done(limits.by_address(Limit::LogIn, Some(ip(from)))).is_ok();
    let of_one = (0..100).filter(|_| taken("2001:db8:7:1::1")).count();
    assert_eq!(of_one, 2);
    let of_others = (2..100).filter(|n| taken(&format!("2001:db8:7:{n}::1"))).count();
    assert_eq!(of_others, 30);
    assert!(taken("2001:db8:8::1"), "another site");
}

#[test]
fn requests_that_do_not_count_are_given_back_to_address_and_site() {
    let (limits, _) = limits("sign-up=1/1h");
    let taken = |from: &str| done(limits.by_address(Limit::SignUp, Some(ip(from)))).is_ok();
    for _ in 0..100 {
        assert!(taken("2001:db8:7:1::1"));
        done(limits.give_back_by_address(Limit::SignUp, Some(ip("2001:db8:7:1::1"))));
    }
    let of_site = (1..100).filter(|n| taken(&format!("2001:db8:7:{n}::1"))).count();
    assert_eq!(of_site, 16);
}

#[test]
fn limits_are_counted_separately() {
    let (limits, _) = limits("log-in=1/1h,sign-up=1/1h,refresh=off");
    assert!(done(limits.by_address(Limit::LogIn, Some(ip("203.0.113.9")))).is_ok());
    assert!(done(limits.by_address(Limit::SignUp, Some(ip("203.0.113.9")))).is_ok());
    for _ in 0..1_000 {
        assert!(done(limits.by_address(Limit::Refresh, Some(ip("203.0.113.9")))).unwrap().is_none());
    }
}

#[test]
fn headers_have_the_policy_and_the_remaining_quota() {
    let (limits, _) = limits("log-in=2/1m");
    let mut headers = HeaderMap::new();
    done(limits.by_address(Limit::LogIn, None)).unwrap().unwrap().write_headers(&mut headers);
    assert_eq!(headers["ratelimit-policy"], "\"log-in\";q=2;w=60");
    assert_eq!(headers["ratelimit"], "\"log-in\";r=1;t=30");
    done(limits.by_address(Limit::LogIn, None)).unwrap();
    done(limits.by_address(Limit::LogIn, None)).unwrap_err().write_headers(&mut headers);
    assert_eq!(headers["ratelimit"], "\"log-in\";r=0;t=60");
    assert_eq!(headers["retry-after"], "30");
}
