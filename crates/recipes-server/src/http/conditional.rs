//! Conditional requests (RFC 9110 section 13): no body for a client that has it, no lost updates.
//!
//! The entity tags are compared by the revision that they name, because proxies change them: nginx, Cloudflare and others
//! make a tag weak when they compress (`W/"11-2"`), Apache, Caddy and Jetty append the content coding (`"11-2-gzip"`).
//! Clients send the changed tag back, and a comparison of the bytes would never match.

mod etag;
mod tag_list;

use std::{convert::Infallible, time::SystemTime};

use axum::extract::FromRequestParts;
use headers::{HeaderMapExt as _, IfModifiedSince, LastModified};
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use ids::RecipeId;
use store::Precondition;

use self::etag::{CODING, CODINGS};
pub use self::etag::{ETag, Variant, add_coding};
use self::tag_list::TagList;
use crate::http::error::RequestError;

pub fn system_time(time: jiff::Timestamp) -> SystemTime {
    // Fails only before 1970, on systems that cannot represent such a time.
    SystemTime::try_from(time).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// `Last-Modified`, in whole seconds (RFC 9110 section 5.6.7).
pub fn last_modified(time: jiff::Timestamp) -> LastModified {
    system_time(time).into()
}

/// The conditional headers of a request. Malformed dates are ignored (RFC 9110 section 13.1.3).
#[derive(Default)]
#[expect(clippy::struct_field_names, reason = "these are the names of the headers")]
pub struct Conditions {
    if_match: Option<TagList>,
    if_none_match: Option<TagList>,
    if_modified_since: Option<IfModifiedSince>,
}

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::from(&parts.headers))
    }
}

impl From<&HeaderMap> for Conditions {
    fn from(headers: &HeaderMap) -> Self {
        let tags = |name: HeaderName| TagList::parse(headers, &name);
        Self {
            if_match: tags(header::IF_MATCH),
            if_none_match: tags(header::IF_NONE_MATCH),
            if_modified_since: headers.typed_get(),
        }
    }
}

impl Conditions {
    /// Whether the request says which revisions it may replace, if only with `*`.
    pub fn has_if_match(&self) -> bool {
        self.if_match.is_some()
    }
}

/// The tag of the 304 for a client that has this representation; `None` if it does not. `If-None-Match` decides, and only
/// without it `If-Modified-Since`.
///
/// A 304 carries the tag of the 200 that it replaces (RFC 9110 section 15.4.5). So a client that has our compressed response
/// gets the tag of that one.
pub fn fresh_tag(conditions: &Conditions, current: ETag, changed: SystemTime) -> Option<HeaderValue> {
    match (&conditions.if_none_match, conditions.if_modified_since) {
        (Some(TagList::Any), _) => Some(current.to_header()),
        (Some(TagList::Tags(tags)), _) => {
            let is_current = |tag: &&String| current.is_named_by(tag);
            let tag = tags.iter().find(is_current)?;
            let of_ours = |coding: &&str| tag.contains(&format!("{CODING}{coding}"));
            let coding = CODINGS.iter().copied().find(of_ours);
            Some(coding.map_or_else(|| current.to_header(), |coding| current.with_coding(coding)))
        }
        // A malformed list matches nothing, and the client gets the whole representation.
        (Some(TagList::Malformed), _) | (None, None) => None,
        (None, Some(since)) => (!since.is_modified(changed)).then(|| current.to_header()),
    }
}

/// The revisions that `If-Match` allows a change to replace.
///
/// RFC 9110 section 13.1.1 compares strongly, so that a weak tag, which may stand for two representations, never matches. Ours
/// stands for one revision in its weak form, too.
///
/// `If-None-Match` counts only without `If-Match`. With `*` it demands that there is no recipe, so it never holds: a change
/// creates none.
///
/// # Errors
/// [`RequestError::Malformed`]: a tag without quotes is a mistake of the client, not a conflict of two changes.
pub fn precondition(conditions: &Conditions, id: RecipeId) -> Result<Precondition, RequestError> {
    let revisions = |tags: &[String]| {
        let tags = tags.iter().filter_map(|tag| ETag::parse(tag));
        tags.filter(|tag| tag.id == id).map(|tag| tag.revision).collect()
    };
    Ok(match (&conditions.if_match, &conditions.if_none_match) {
        // `*` demands that the recipe exists, which every change demands.
        (None, None) | (Some(TagList::Any), _) => Precondition::None,
        (None, Some(TagList::Any)) => Precondition::Revisions(Vec::new()),
        (None, Some(TagList::Tags(tags))) => Precondition::NotRevisions(revisions(tags)),
        // Tags that are not ours match nothing: a list without any of ours must fail.
        (Some(TagList::Tags(tags)), _) => Precondition::Revisions(revisions(tags)),
        (Some(TagList::Malformed), _) | (None, Some(TagList::Malformed)) => {
            let message = "If-Match and If-None-Match must be the ETag of your copy with its quotes, as in \"11-2\", a list of \
                           such tags, or *";
            return Err(RequestError::Malformed(message.into()));
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        let scaled = Variant {
            scale: Ratio::parse("3/2"),
            unit: Some(UnitSystem::Metric),
            has_parsed_ingredients: true,
        };
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
            assert_eq!(
                (current().is_named_by(tag), markdown.is_named_by(tag)),
                (is_json, is_markdown),
                "{tag}"
            );
            assert_eq!(ETag::parse(tag), is_json.then(current), "{tag}");
        }
        assert!(
            scaled.is_named_by("W/\"7-3-x3.2-metric-parsed-gzip\"") && !scaled.is_named_by("\"7-3-x3.2\"")
        );
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
            let at = SystemTime::UNIX_EPOCH;
            let reads = conditions(&[(header::IF_NONE_MATCH, tag)]);
            assert_eq!(is_fresh(&reads, rated, at), is_rated, "{tag}");
            assert_eq!(is_fresh(&reads, markdown, at), is_markdown, "{tag}");
            let edits = precondition(&conditions(&[(header::IF_MATCH, tag)]), current().id).unwrap();
            assert_eq!(edits, Precondition::Revisions(revisions), "{tag}");
        }
        assert!(!is_fresh(
            &conditions(&[(header::IF_NONE_MATCH, "\"7-3-r433.3\"")]),
            current(),
            SystemTime::UNIX_EPOCH
        ));
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
        let at = SystemTime::UNIX_EPOCH;
        for tag in CHANGED_BY_PROXIES {
            for list in [tag.to_owned(), format!("\"x,y\", \"7-2-gzip\" ,{tag}")] {
                let fresh = fresh_tag(&conditions(&[(header::IF_NONE_MATCH, &list)]), current(), at);
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
            let fresh = fresh_tag(&conditions, current(), SystemTime::UNIX_EPOCH);
            assert_eq!(fresh, Some(HeaderValue::from_str(tag).unwrap()), "{sent}");
        }
        let mut plain = HeaderMap::from_iter([(header::ETAG, current().to_header())]);
        add_coding(&mut plain);
        assert_eq!(plain[header::ETAG], "\"7-3\"");
    }

    #[track_caller]
    fn is_fresh(conditions: &Conditions, current: ETag, changed: SystemTime) -> bool {
        fresh_tag(conditions, current, changed).is_some()
    }

    #[test]
    fn if_none_match_matches_the_current_revision_only() {
        let at = SystemTime::UNIX_EPOCH;
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
            assert_eq!(is_fresh(&conditions, current(), at), fresh, "{tags}");
        }
        let lines = [(header::IF_NONE_MATCH, "\"7-2\""), (header::IF_NONE_MATCH, "\"7-3\"")];
        assert!(is_fresh(&conditions(&lines), current(), at), "two lines are one list");
        let markdown = ETag { representation: &MARKDOWN, ..current() };
        assert!(!is_fresh(&conditions(&[(header::IF_NONE_MATCH, "\"7-3\"")]), markdown, at));
    }

    #[test]
    fn if_modified_since_compares_whole_seconds_and_only_without_a_tag() {
        let changed = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_500);
        let since = (header::IF_MODIFIED_SINCE, "Thu, 01 Jan 1970 00:16:40 GMT");
        assert!(is_fresh(&conditions(std::slice::from_ref(&since)), current(), changed));
        assert!(!is_fresh(
            &conditions(std::slice::from_ref(&since)),
            current(),
            changed + Duration::from_secs(1)
        ));
        assert!(!is_fresh(&conditions(&[since, (header::IF_NONE_MATCH, "\"7-2\"")]), current(), changed));
        assert!(!is_fresh(&conditions(&[(header::IF_MODIFIED_SINCE, "yesterday")]), current(), changed));
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
}
