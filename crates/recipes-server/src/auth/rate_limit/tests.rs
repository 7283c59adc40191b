use super::*;

const PERIOD: Duration = Duration::from_mins(15);

fn limits(quotas: &str) -> (RateLimits, Clock) {
    let clock = Clock::stopped("2026-01-01T12:00:00Z".parse().unwrap());
    (RateLimits::new(quotas.parse().unwrap(), clock.clone()), clock)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn may_guess(limits: &RateLimits, account: &str, from: &str) -> bool {
    limits.log_in(account, Some(ip(from))).is_ok_and(|attempt| attempt.refused_unless_known.is_none())
}

#[test]
fn a_guesser_is_stopped_and_the_owner_elsewhere_is_not() {
    let (limits, clock) = limits("account=3/15m,account-anywhere=off");
    for _ in 0..3 {
        assert!(may_guess(&limits, "ada", "203.0.113.9"));
    }
    assert!(!may_guess(&limits, "ada", "203.0.113.9"));
    assert!(may_guess(&limits, "ada", "198.51.100.1"), "the owner, elsewhere");
    assert!(may_guess(&limits, "bob", "203.0.113.9"), "somebody else, at the same place");
    clock.advance(PERIOD / 3);
    assert!(may_guess(&limits, "ada", "203.0.113.9"));
}

#[test]
fn many_addresses_of_a_guesser_are_stopped_and_the_owner_is_let_in_where_he_is_known() {
    let (limits, clock) = limits("account=10/15m,account-anywhere=20/1h");
    limits.log_in("ada", Some(ip("198.51.100.1"))).unwrap().succeeded();
    for n in 0..20 {
        assert!(may_guess(&limits, "ada", &format!("203.0.113.{n}")));
    }
    assert!(!may_guess(&limits, "ada", "203.0.113.99"));
    assert!(may_guess(&limits, "ada", "198.51.100.1"), "the owner has been here");
    clock.advance(KNOWN_FOR.checked_sub(Duration::from_secs(1)).unwrap());
    for n in 0..20 {
        assert!(may_guess(&limits, "ada", &format!("203.0.113.{n}")));
    }
    assert!(may_guess(&limits, "ada", "198.51.100.1"), "and is remembered for a month");
    assert!(!may_guess(&limits, "ada", "192.0.2.1"));
}

#[test]
fn a_good_password_costs_nothing_and_forgives_nothing_else() {
    let (limits, _) = limits("account=3/15m,account-anywhere=4/1h");
    assert!(may_guess(&limits, "ada", "203.0.113.9"));
    for _ in 0..100 {
        limits.log_in("ada", Some(ip("203.0.113.9"))).unwrap().succeeded();
    }
    assert!(may_guess(&limits, "ada", "203.0.113.9"));
    assert!(may_guess(&limits, "ada", "203.0.113.9"));
    assert!(!may_guess(&limits, "ada", "203.0.113.9"), "three guesses, whatever was between them");
}

#[test]
fn a_household_is_one_place_and_ipv4_is_the_same_in_ipv6() {
    let (limits, _) = limits("log-in=1/1h");
    let taken = |from| limits.by_address(Limit::LogIn, Some(ip(from))).is_ok();
    assert!(taken("2001:db8:0:1::1"));
    assert!(!taken("2001:db8:0:1:ffff::2"));
    assert!(taken("2001:db8:0:2::1"));
    assert!(taken("203.0.113.9"));
    assert!(!taken("::ffff:203.0.113.9"));
}

#[test]
fn all_places_of_a_site_have_as_much_as_sixteen_and_what_is_refused_costs_the_site_nothing() {
    let (limits, _) = limits("log-in=2/1h");
    let taken = |from: &str| limits.by_address(Limit::LogIn, Some(ip(from))).is_ok();
    let of_one = (0..100).filter(|_| taken("2001:db8:7:1::1")).count();
    assert_eq!(of_one, 2);
    let of_others = (2..100).filter(|n| taken(&format!("2001:db8:7:{n}::1"))).count();
    assert_eq!(of_others, 30);
    assert!(taken("2001:db8:8::1"), "another site");
}

#[test]
fn what_was_no_attempt_is_given_back_to_the_place_and_to_the_site() {
    let (limits, _) = limits("sign-up=1/1h");
    let taken = |from: &str| limits.by_address(Limit::SignUp, Some(ip(from))).is_ok();
    for _ in 0..100 {
        assert!(taken("2001:db8:7:1::1"));
        limits.give_back_by_address(Limit::SignUp, Some(ip("2001:db8:7:1::1")));
    }
    let of_site = (1..100).filter(|n| taken(&format!("2001:db8:7:{n}::1"))).count();
    assert_eq!(of_site, 16);
}

#[test]
fn limits_do_not_touch_each_other() {
    let (limits, _) = limits("log-in=1/1h,sign-up=1/1h,refresh=off");
    assert!(limits.by_address(Limit::LogIn, Some(ip("203.0.113.9"))).is_ok());
    assert!(limits.by_address(Limit::SignUp, Some(ip("203.0.113.9"))).is_ok());
    for _ in 0..1_000 {
        assert!(limits.by_address(Limit::Refresh, Some(ip("203.0.113.9"))).unwrap().is_none());
    }
}

#[test]
fn headers_tell_the_policy_and_what_is_left() {
    let (limits, _) = limits("log-in=2/1m");
    let mut headers = HeaderMap::new();
    limits.by_address(Limit::LogIn, None).unwrap().unwrap().tell(&mut headers);
    assert_eq!(headers["ratelimit-policy"], "\"log-in\";q=2;w=60");
    assert_eq!(headers["ratelimit"], "\"log-in\";r=1;t=30");
    limits.by_address(Limit::LogIn, None).unwrap();
    limits.by_address(Limit::LogIn, None).unwrap_err().tell(&mut headers);
    assert_eq!(headers["ratelimit"], "\"log-in\";r=0;t=60");
    assert_eq!(headers["retry-after"], "30");
}
