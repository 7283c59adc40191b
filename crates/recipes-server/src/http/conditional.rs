//! Conditional requests (RFC 9110 section 13): no body for a client that has it, no lost updates.
//!
//! The entity tags are compared by the revision that they name, because proxies change them: nginx, Cloudflare and others
//! make a tag weak when they compress (`W/"11-2"`), Apache, Caddy and Jetty append the content coding (`"11-2-gzip"`).
//! Clients send the changed tag back, and a comparison of the bytes would never match.

mod tag_list;

use std::{convert::Infallible, fmt, time::SystemTime};

use axum::extract::FromRequestParts;
use headers::{HeaderMapExt as _, IfModifiedSince, LastModified};
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use ids::RecipeId;
use store::Precondition;

use self::tag_list::TagList;
use crate::http::error::RequestError;
use crate::http::negotiation::{JSON, Representation};

/// The strong validator of one representation of a recipe at one revision: `"11-2"` for JSON, `"11-2-md"` for another one.
/// A response that this server compresses has `"11-2+gzip"`, see [`add_coding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ETag {
    pub id: RecipeId,
    pub revision: i64,
    pub representation: &'static Representation,
}

impl ETag {
    pub fn json(id: RecipeId, revision: i64) -> Self {
        Self { id, revision, representation: &JSON }
    }

    pub fn to_header(self) -> HeaderValue {
        // Letters, digits, quotes and dashes: always a valid header value.
        HeaderValue::try_from(self.to_string()).unwrap_or(HeaderValue::from_static("\"\""))
    }

    /// Parses a tag of this representation, also one that a proxy has changed; `None` for any other text.
    fn parse(tag: &str, representation: &'static Representation) -> Option<Self> {
        let opaque = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?;
        let mut tag = without_codings(opaque);
        if !representation.etag_suffix.is_empty() {
            tag = tag.strip_suffix(representation.etag_suffix)?.strip_suffix('-')?;
        }
        let (id, revision) = tag.split_once('-')?;
        // Numbers as we write them: `parse` alone would accept `+2`.
        let revision = revision.parse().ok().filter(|parsed: &i64| parsed.to_string() == revision)?;
        Some(Self { id: RecipeId::parse(id)?, revision, representation })
    }

    /// The tag of the response with this content coding.
    fn with_coding(self, coding: &str) -> HeaderValue {
        coded(self.to_string().as_bytes(), coding.as_bytes()).unwrap_or_else(|| self.to_header())
    }
}

/// Separates the tag from the coding of *our* compressed responses. No proxy uses it, so a suffix of a proxy is not mistaken
/// for ours, and a proxy that adds its suffix to every response does not find it there already.
const CODING: char = '+';

/// The content codings that a proxy may name at the end of a tag.
const CODINGS: [&str; 9] = ["gzip", "gz", "brotli", "br", "zstd", "zst", "deflate", "compress", "identity"];

/// A tag without the content codings at its end: `11-2-gzip`, `11-2--gzip` (Jetty), `11-2;br`, `11-2+gzip` (ours).
fn without_codings(mut tag: &str) -> &str {
    let coding = |tag: &str| CODINGS.iter().copied().find(|coding| ends_with_ignore_case(tag, coding));
    while let Some(coding) = coding(tag) {
        let rest = &tag[..tag.len() - coding.len()];
        let shorter = rest.trim_end_matches(['-', ';', ':', '.', '_', CODING]);
        if shorter.len() == rest.len() {
            break;
        }
        tag = shorter;
    }
    tag
}

fn ends_with_ignore_case(text: &str, end: &str) -> bool {
    let start = text.len().checked_sub(end.len()).and_then(|start| text.get(start..));
    start.is_some_and(|text| text.eq_ignore_ascii_case(end))
}

/// The tag of a response that was compressed after it got its tag. Responses that differ by their content coding must have
/// tags that differ (RFC 9110 section 8.8.3.3).
pub fn add_coding(headers: &mut HeaderMap) {
    let (Some(tag), Some(coding)) = (headers.get(header::ETAG), headers.get(header::CONTENT_ENCODING)) else {
        return;
    };
    if let Some(tag) = coded(tag.as_bytes(), coding.as_bytes()) {
        headers.insert(header::ETAG, tag);
    }
}

fn coded(tag: &[u8], coding: &[u8]) -> Option<HeaderValue> {
    let mut tag = tag.strip_suffix(b"\"")?.to_vec();
    tag.push(CODING as u8);
    tag.extend_from_slice(coding);
    tag.push(b'"');
    HeaderValue::try_from(tag).ok()
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, revision, representation } = self;
        match representation.etag_suffix {
            "" => write!(f, "\"{id}-{revision}\""),
            suffix => write!(f, "\"{id}-{revision}-{suffix}\""),
        }
    }
}

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
            let is_current = |tag: &&String| ETag::parse(tag, current.representation) == Some(current);
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
        let tags = tags.iter().filter_map(|tag| ETag::parse(tag, &JSON));
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
    use mediatype::{MediaType, names};

    use super::*;

    static MARKDOWN: Representation =
        Representation { media_type: MediaType::new(names::TEXT, names::MARKDOWN), etag_suffix: "md" };

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
        for (tag, json, md) in [
            ("\"7-3\"", Some(current()), None),
            ("\"7-3-md\"", None, Some(markdown)),
            ("\"7-3-md-gzip\"", None, Some(markdown)),
            ("W/\"7-3\"", Some(current()), None),
            ("\"7-3-\"", None, None),
            ("\"7-md\"", None, None),
            ("\"7-3gzip\"", None, None),
            ("\"7-3-snappy\"", None, None),
            ("\"7-+3\"", None, None),
            ("\"7-03\"", None, None),
            ("\"gzip\"", None, None),
            ("\"-gzip\"", None, None),
            ("7-3", None, None),
        ] {
            assert_eq!((ETag::parse(tag, &JSON), ETag::parse(tag, &MARKDOWN)), (json, md), "{tag}");
        }
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
