//! Tests of conditional requests.

use http::HeaderName;
use recipes::amounts::{Ratio, UnitSystem};

use super::*;
use crate::http::negotiation::MARKDOWN;

fn current() -> ETag {
    ETag::json(RecipeId::parse("7").unwrap(), 3)
}

fn conditions(headers: &[(HeaderName, &str)]) -> Conditions {
    let lines = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
    Conditions::from(&lines.collect::<HeaderMap>())
}

#[test]
fn tag_names_revision_and_representation() {
    let markdown = ETag { representation: &MARKDOWN, ..current() };
    assert_eq!(
        (current().to_header(), markdown.to_header()),
        ("\"7-3\"".parse().unwrap(), "\"7-3-md\"".parse().unwrap())
    );
    let scaled =
        Variant { scale: Ratio::parse("3/2"), unit: Some(UnitSystem::Metric), has_parsed_ingredients: true };
    let scaled = ETag { variant: scaled, ..current() };
    assert_eq!(scaled.to_header(), "\"7-3-x3.2-metric-parsed\"");
    for (tag, is_json, is_markdown) in [
        ("\"7-3\"", true, false),
        ("\"7-3-md\"", false, true),
        ("\"7-3-md-gzip\"", false, true),
        ("W/\"7-3\"", true, false),
        ("\"7-3-\"", false, false),
        ("\"7-md\"", false, false),
        ("\"7-3gzip\"", false, false),
        ("\"7-3-snappy\"", false, false),
        ("\"7-+3\"", false, false),
        ("\"7-03\"", false, false),
        ("\"gzip\"", false, false),
        ("\"-gzip\"", false, false),
        ("7-3", false, false),
        ("\"7-3-x3.2-metric-parsed\"", false, false),
    ] {
        assert_eq!((current().is_named_by(tag), markdown.is_named_by(tag)), (is_json, is_markdown), "{tag}");
        assert_eq!(ETag::parse(tag), is_json.then(current), "{tag}");
    }
    assert!(scaled.is_named_by("W/\"7-3-x3.2-metric-parsed-gzip\"") && !scaled.is_named_by("\"7-3-x3.2\""));
}

/// A client that has an older rating gets the new one, and an edit of what it has is no conflict.
#[test]
fn rating_is_a_part_of_the_tag_but_not_of_the_revision() {
    let rated = ETag { rating: recipes::Rating::of(3, 13), ..current() };
    let markdown = ETag { representation: &MARKDOWN, ..rated };
    assert_eq!(rated.to_header(), "\"7-3-r433.3\"");
    assert_eq!(markdown.to_header(), "\"7-3-r433.3-md\"");
    for (tag, is_rated, is_markdown, revisions) in [
        ("\"7-3-r433.3\"", true, false, vec![3]),
        ("W/\"7-3-r433.3\"", true, false, vec![3]),
        ("\"7-3-r433.3-gzip\"", true, false, vec![3]),
        ("\"7-3-r433.3+br\"", true, false, vec![3]),
        ("\"7-3-r450.2\"", false, false, vec![3]),
        ("\"7-3\"", false, false, vec![3]),
        ("\"7-2-r433.3\"", false, false, vec![2]),
        ("\"8-3-r433.3\"", false, false, vec![]),
        ("\"7-3-r433.3-md\"", false, true, vec![]),
        ("\"7-3-md\"", false, false, vec![]),
        ("\"7-3-r433.\"", false, false, vec![]),
        ("\"7-3-r433\"", false, false, vec![]),
        ("\"7-3-r4a.3\"", false, false, vec![]),
        ("\"7-3-r433.3-r433.3\"", false, false, vec![]),
    ] {
        let reads = conditions(&[(header::IF_NONE_MATCH, tag)]);
        assert_eq!(is_fresh(&reads, rated, None), is_rated, "{tag}");
        assert_eq!(is_fresh(&reads, markdown, None), is_markdown, "{tag}");
        let edits = precondition(&conditions(&[(header::IF_MATCH, tag)]), current().id).unwrap();
        assert_eq!(edits, Precondition::Revisions(revisions), "{tag}");
    }
    let reads = conditions(&[(header::IF_NONE_MATCH, "\"7-3-r433.3\"")]);
    assert!(!is_fresh(&reads, current(), None));
}

/// The forms in which `"7-3"` comes back.
const CHANGED_BY_PROXIES: [&str; 12] = [
    "W/\"7-3\"",
    "\"7-3-gzip\"",
    "\"7-3--gzip\"",
    "\"7-3;gzip\"",
    "\"7-3-br\"",
    "\"7-3-zstd\"",
    "\"7-3-deflate\"",
    "\"7-3-GZIP\"",
    "\"7-3-gzip-gzip\"",
    "W/\"7-3-gzip\"",
    "\"7-3+gzip\"",
    "W/\"7-3+br-gzip\"",
];

#[test]
fn tag_that_a_proxy_has_changed_names_the_same_revision() {
    for tag in CHANGED_BY_PROXIES {
        for list in [tag.to_owned(), format!("\"x,y\", \"7-2-gzip\" ,{tag}")] {
            let fresh = fresh_tag(&conditions(&[(header::IF_NONE_MATCH, &list)]), current(), None);
            assert!(fresh.is_some(), "{list}");
            let conditions = conditions(&[(header::IF_MATCH, &list)]);
            let Ok(Precondition::Revisions(revisions)) = precondition(&conditions, current().id) else {
                panic!("{list} sets no precondition");
            };
            assert_eq!(revisions.last(), Some(&3), "{list}");
        }
    }
}

#[test]
fn compressed_response_has_a_tag_of_its_own_also_in_its_304() {
    let mut headers = HeaderMap::from_iter([
        (header::ETAG, current().to_header()),
        (header::CONTENT_ENCODING, HeaderValue::from_static("gzip")),
    ]);
    add_coding(&mut headers);
    assert_eq!(headers[header::ETAG], "\"7-3+gzip\"");
    for (sent, tag) in [
        ("\"7-3+gzip\"", "\"7-3+gzip\""),
        ("W/\"7-3+br\"", "\"7-3+br\""),
        ("\"7-3\"", "\"7-3\""),
        ("*", "\"7-3\""),
        // Apache appends its suffix to the tag of the 304, too.
        ("\"7-3-gzip\"", "\"7-3\""),
        ("\"7-3+br-gzip\"", "\"7-3+br\""),
    ] {
        let conditions = conditions(&[(header::IF_NONE_MATCH, sent)]);
        let fresh = fresh_tag(&conditions, current(), None);
        assert_eq!(fresh, Some(HeaderValue::from_str(tag).unwrap()), "{sent}");
    }
    let mut plain = HeaderMap::from_iter([(header::ETAG, current().to_header())]);
    add_coding(&mut plain);
    assert_eq!(plain[header::ETAG], "\"7-3\"");
}

#[track_caller]
fn is_fresh(conditions: &Conditions, current: ETag, last_modified: Option<Timestamp>) -> bool {
    fresh_tag(conditions, current, last_modified).is_some()
}

#[test]
fn if_none_match_matches_the_current_revision_only() {
    for (tags, fresh) in [
        ("\"7-3\"", true),
        ("\"7-2\", \"7-3\"", true),
        ("*", true),
        ("\"7-2\"", false),
        ("\"8-3\"", false),
        ("\"7-3-md\"", false),
        ("7-3", false),
        ("", false),
    ] {
        let conditions = conditions(&[(header::IF_NONE_MATCH, tags)]);
        assert_eq!(is_fresh(&conditions, current(), None), fresh, "{tags}");
    }
    let lines = [(header::IF_NONE_MATCH, "\"7-2\""), (header::IF_NONE_MATCH, "\"7-3\"")];
    assert!(is_fresh(&conditions(&lines), current(), None), "two lines are one list");
    let markdown = ETag { representation: &MARKDOWN, ..current() };
    assert!(!is_fresh(&conditions(&[(header::IF_NONE_MATCH, "\"7-3\"")]), markdown, None));
}

#[test]
fn if_modified_since_is_compared_with_the_end_of_the_second_and_only_without_a_tag() {
    let since = (header::IF_MODIFIED_SINCE, "Thu, 01 Jan 1970 00:16:40 GMT");
    let by_date = conditions(std::slice::from_ref(&since));
    for (changed, fresh) in [
        (Timestamp::constant(998, 0), true),
        (Timestamp::constant(999, 999_999_000), true),
        // A client that takes the `Date` of its copy may have the recipe before these changes.
        (Timestamp::constant(1_000, 0), false),
        (Timestamp::constant(1_000, 500_000_000), false),
        (Timestamp::constant(-1, 0), false),
    ] {
        assert_eq!(is_fresh(&by_date, current(), last_modified(changed)), fresh, "{changed}");
    }
    assert!(!is_fresh(&by_date, current(), None), "without Last-Modified");
    let old = last_modified(Timestamp::UNIX_EPOCH);
    assert!(!is_fresh(&conditions(&[since.clone(), (header::IF_NONE_MATCH, "\"7-2\"")]), current(), old));
    assert!(!is_fresh(&conditions(&[since.clone(), since]), current(), old), "a list");
    assert!(!is_fresh(&conditions(&[(header::IF_MODIFIED_SINCE, "yesterday")]), current(), old));
}

#[test]
fn change_is_settled_after_two_seconds() {
    let changed = Timestamp::constant(1_000, 500_000_000);
    for (now, settled) in [
        (Timestamp::constant(900, 0), false),
        (changed, false),
        (Timestamp::constant(1_002, 499_999_000), false),
        (Timestamp::constant(1_002, 500_000_000), true),
    ] {
        assert_eq!(is_settled(changed, now), settled, "{now}");
    }
}

#[test]
fn if_unmodified_since_counts_without_if_match() {
    let of = |headers: &[(HeaderName, &str)]| precondition(&conditions(headers), current().id).unwrap();
    let date = (header::IF_UNMODIFIED_SINCE, "Thu, 01 Jan 1970 00:16:40 GMT");
    let since = || Precondition::UnchangedSince(Timestamp::constant(1_000, 0));
    assert_eq!(of(std::slice::from_ref(&date)), since());
    for obsolete in ["Thursday, 01-Jan-70 00:16:40 GMT", "Thu Jan  1 00:16:40 1970"] {
        assert_eq!(of(&[(header::IF_UNMODIFIED_SINCE, obsolete)]), since(), "{obsolete}");
    }
    assert_eq!(of(&[date.clone(), (header::IF_MATCH, "\"7-3\"")]), Precondition::Revisions(vec![3]));
    assert_eq!(of(&[date.clone(), (header::IF_MATCH, "*")]), Precondition::None);
    assert_eq!(
        of(&[date.clone(), (header::IF_NONE_MATCH, "\"7-3\"")]),
        Precondition::All(vec![since(), Precondition::NotRevisions(vec![3])])
    );
    for invalid in ["yesterday", "1970-01-01T00:16:40Z", "Thu, 01 Jan 1970 00:16:40 CET", "\"7-3\"", ""] {
        let headers = [(header::IF_UNMODIFIED_SINCE, invalid)];
        assert_eq!(of(&headers), Precondition::None, "{invalid}");
        assert!(!conditions(&headers).has_precondition(), "{invalid}");
    }
    assert_eq!(of(&[date.clone(), date.clone()]), Precondition::None, "a list is no date");
    assert!(conditions(&[date]).has_precondition() && !conditions(&[]).has_precondition());
}

#[test]
fn if_match_lists_the_revisions_of_this_recipe() {
    let id = current().id;
    let of = |headers: &[(HeaderName, &str)]| precondition(&conditions(headers), id);
    assert!(matches!(of(&[]), Ok(Precondition::None)));
    assert!(matches!(of(&[(header::IF_MATCH, "*")]), Ok(Precondition::None)));
    for (tags, want) in [
        ("\"7-3\", \"7-4\"", vec![3, 4]),
        ("\"7-3-md\"", vec![]),
        ("\"x\"", vec![]),
        ("\"8-3\"", vec![]),
        ("\"x, *\"", vec![]),
    ] {
        let Ok(Precondition::Revisions(revisions)) = of(&[(header::IF_MATCH, tags)]) else {
            panic!("{tags} sets no precondition");
        };
        assert_eq!(revisions, want, "{tags}");
    }
}

#[test]
fn if_none_match_of_a_change_never_holds_for_what_it_lists() {
    let id = current().id;
    let of = |headers: &[(HeaderName, &str)]| precondition(&conditions(headers), id).unwrap();
    assert_eq!(of(&[(header::IF_NONE_MATCH, "*")]), Precondition::Revisions(vec![]));
    assert_eq!(of(&[(header::IF_NONE_MATCH, "\"7-3\", \"8-1\"")]), Precondition::NotRevisions(vec![3]));
    let both = [(header::IF_MATCH, "\"7-3\""), (header::IF_NONE_MATCH, "*")];
    assert_eq!(of(&both), Precondition::Revisions(vec![3]), "If-Match comes first");
    let malformed = precondition(&conditions(&[(header::IF_NONE_MATCH, "7-3")]), id);
    assert!(matches!(malformed, Err(RequestError::Malformed(_))));
}

#[test]
fn if_match_without_quotes_is_malformed_and_no_conflict() {
    for tags in ["7-3", "", ",", "\"7-3", "\"7-3\" \"7-4\"", "*, \"7-3\"", "W/7-3"] {
        let precondition = precondition(&conditions(&[(header::IF_MATCH, tags)]), current().id);
        assert!(matches!(precondition, Err(RequestError::Malformed(_))), "{tags}");
    }
}
