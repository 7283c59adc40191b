//! Conditional requests (RFC 9110 section 13): no body for a client that has it, no lost updates.
//!
//! `If-None-Match` and `If-Modified-Since` are read by the `headers` crate. It cannot list the tags of `If-Match`, which
//! the store compares inside the transaction of the change, so these are split here.

use std::{convert::Infallible, fmt, time::SystemTime};

use axum::extract::FromRequestParts;
use headers::{HeaderMapExt as _, IfModifiedSince, IfNoneMatch, LastModified};
use http::{HeaderMap, HeaderValue, header, request::Parts};
use ids::RecipeId;
use store::Precondition;

use crate::http::negotiation::{JSON, Representation};

/// The strong validator of one representation of a recipe at one revision: `"11-2"` for JSON, `"11-2-md"` for another one.
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

    /// Parses a strong tag of this representation; `None` for any other text.
    fn parse(tag: &str, representation: &'static Representation) -> Option<Self> {
        let mut tag = tag.strip_prefix('"')?.strip_suffix('"')?;
        if !representation.etag_suffix.is_empty() {
            tag = tag.strip_suffix(representation.etag_suffix)?.strip_suffix('-')?;
        }
        let (id, revision) = tag.split_once('-')?;
        Some(Self { id: RecipeId::parse(id)?, revision: revision.parse().ok()?, representation })
    }
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
    if_match: Option<IfMatch>,
    if_none_match: Option<IfNoneMatch>,
    if_modified_since: Option<IfModifiedSince>,
}

enum IfMatch {
    Any,
    Tags(Vec<String>),
}

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::from(&parts.headers))
    }
}

impl From<&HeaderMap> for Conditions {
    fn from(headers: &HeaderMap) -> Self {
        Self {
            if_match: IfMatch::from_headers(headers),
            if_none_match: headers.typed_get(),
            if_modified_since: headers.typed_get(),
        }
    }
}

impl IfMatch {
    fn from_headers(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(header::IF_MATCH) {
            return None;
        }
        let lines = headers.get_all(header::IF_MATCH).into_iter().filter_map(|line| line.to_str().ok());
        // Our tags contain no comma, so splitting at commas cuts none of them.
        let tags: Vec<_> = lines.flat_map(|line| line.split(',')).map(|tag| tag.trim().to_owned()).collect();
        Some(if tags.iter().any(|tag| tag == "*") { Self::Any } else { Self::Tags(tags) })
    }
}

/// Whether the client already has this representation: decided by `If-None-Match`, and only without it by
/// `If-Modified-Since`.
pub fn is_fresh(conditions: &Conditions, current: ETag, changed: SystemTime) -> bool {
    match (&conditions.if_none_match, conditions.if_modified_since) {
        (Some(tags), _) => {
            let current = current.to_string().parse();
            current.is_ok_and(|current: headers::ETag| !tags.precondition_passes(&current))
        }
        (None, Some(since)) => !since.is_modified(changed),
        (None, None) => false,
    }
}

/// The revisions that `If-Match` allows a change to replace (strong comparison, RFC 9110 section 13.1.1).
pub fn precondition(conditions: &Conditions, id: RecipeId) -> Precondition {
    match &conditions.if_match {
        // `*` demands that the recipe exists, which every change demands.
        None | Some(IfMatch::Any) => Precondition::None,
        // Tags that are not ours match nothing: a list without any of ours must fail.
        Some(IfMatch::Tags(tags)) => {
            let tags = tags.iter().filter_map(|tag| ETag::parse(tag, &JSON));
            Precondition::Revisions(tags.filter(|tag| tag.id == id).map(|tag| tag.revision).collect())
        }
    }
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
            ("\"7-3-\"", None, None),
            ("\"7-md\"", None, None),
            ("W/\"7-3\"", None, None),
            ("7-3", None, None),
        ] {
            assert_eq!((ETag::parse(tag, &JSON), ETag::parse(tag, &MARKDOWN)), (json, md), "{tag}");
        }
    }

    #[test]
    fn if_none_match_compares_weakly() {
        let at = SystemTime::UNIX_EPOCH;
        for (tags, fresh) in [
            ("\"7-3\"", true),
            ("W/\"7-3\"", true),
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
    fn if_match_compares_strongly() {
        let id = current().id;
        assert!(matches!(precondition(&Conditions::default(), id), Precondition::None));
        assert!(matches!(precondition(&conditions(&[(header::IF_MATCH, "*")]), id), Precondition::None));
        for (tags, want) in [
            ("\"7-3\", \"7-4\"", vec![3, 4]),
            ("W/\"7-3\"", vec![]),
            ("\"7-3-md\"", vec![]),
            ("\"x\"", vec![]),
            ("\"8-3\"", vec![]),
            ("", vec![]),
        ] {
            let Precondition::Revisions(revisions) =
                precondition(&conditions(&[(header::IF_MATCH, tags)]), id)
            else {
                panic!("{tags} sets no precondition");
            };
            assert_eq!(revisions, want, "{tags}");
        }
    }
}
