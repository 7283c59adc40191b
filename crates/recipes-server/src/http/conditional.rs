//! Conditional requests (RFC 9110 section 13): not sending what the client has, not losing what it did not see.

use std::{convert::Infallible, io::Write as _, time::SystemTime};

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use ids::RecipeId;
use store::Precondition;

/// The strong validator of one recipe: its id and revision, as every change makes a new revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ETag {
    pub id: RecipeId,
    pub revision: i64,
}

impl ETag {
    pub fn to_header(self) -> HeaderValue {
        let (mut id, mut revision) = (itoa::Buffer::new(), itoa::Buffer::new());
        let parts = ["\"", id.format(self.id.get()), "-", revision.format(self.revision), "\""];
        let tag = parts.concat();
        // Quotes, digits and a dash: always a valid header value.
        HeaderValue::from_maybe_shared(bytes::Bytes::from(tag)).unwrap_or(HeaderValue::from_static("\"\""))
    }

    /// The revision that a tag names, if it is one of ours for this recipe.
    fn revision_in(tag: &str, id: RecipeId) -> Option<i64> {
        let (of, revision) = tag.strip_prefix('"')?.strip_suffix('"')?.split_once('-')?;
        (RecipeId::parse(of)? == id).then(|| revision.parse().ok())?
    }
}

/// The same moment for those who speak the standard library's language.
pub fn system_time(time: jiff::Timestamp) -> SystemTime {
    // Fails only before 1970 on systems that do not know so early a time.
    SystemTime::try_from(time).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// When something was last changed, as a header says it: in whole seconds (RFC 9110 section 5.6.7).
pub fn last_modified(time: jiff::Timestamp) -> HeaderValue {
    let mut date = [0; "Sun, 06 Nov 1994 08:49:37 GMT".len()];
    let written = write!(&mut date[..], "{}", httpdate::HttpDate::from(system_time(time)));
    // Letters, digits and spaces: always a valid header value.
    written.ok().and_then(|()| HeaderValue::from_bytes(&date).ok()).unwrap_or(HeaderValue::from_static(""))
}

/// The conditional headers of a request, without its others.
pub struct Conditions(HeaderMap);

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let names = [header::IF_MATCH, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE];
        let found = parts.headers.iter().filter(|(name, _)| names.contains(name));
        Ok(Self(found.map(|(name, value)| (name.clone(), value.clone())).collect()))
    }
}

/// Whether the client already has this revision: `If-None-Match`, and only without it `If-Modified-Since`.
pub fn is_fresh(Conditions(headers): &Conditions, current: ETag, changed: SystemTime) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        // Weak comparison (section 13.1.2): W/"x" from a compressing proxy is as good as "x".
        return tags(headers, header::IF_NONE_MATCH).any(|tag| {
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            tag == "*" || ETag::revision_in(tag, current.id) == Some(current.revision)
        });
    }
    // HTTP dates have whole seconds, so the comparison must not see our fractions of one.
    let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).map(|d| d.as_secs()).ok();
    let since = headers.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    let since = since.and_then(|text| httpdate::parse_http_date(text).ok());
    since.is_some_and(|since| seconds(changed) <= seconds(since))
}

/// What `If-Match` demands of the stored revision (strong comparison, section 13.1.1).
pub fn precondition(Conditions(headers): &Conditions, id: RecipeId) -> Precondition {
    if !headers.contains_key(header::IF_MATCH) {
        return Precondition::None;
    }
    if tags(headers, header::IF_MATCH).any(|tag| tag == "*") {
        // "It exists" is what a change demands anyway.
        return Precondition::None;
    }
    // Foreign and weak tags match nothing; a list without any of ours must fail, not pass.
    Precondition::Revisions(
        tags(headers, header::IF_MATCH).filter_map(|tag| ETag::revision_in(tag, id)).collect(),
    )
}

/// The entity tags of a list header. Ours contain no comma, so splitting at commas cannot cut one of them.
fn tags(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn current() -> ETag {
        ETag { id: RecipeId::parse("7").unwrap(), revision: 3 }
    }

    fn headers(name: HeaderName, value: &str) -> Conditions {
        Conditions(HeaderMap::from_iter([(name, value.parse().unwrap())]))
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
            ("7-3", false),
            ("", false),
        ] {
            assert_eq!(is_fresh(&headers(header::IF_NONE_MATCH, tags), current(), at), fresh, "{tags}");
        }
    }

    #[test]
    fn if_modified_since_counts_whole_seconds_and_only_without_a_tag() {
        let changed = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_500);
        let mut since = headers(header::IF_MODIFIED_SINCE, "Thu, 01 Jan 1970 00:16:40 GMT");
        assert!(is_fresh(&since, current(), changed));
        assert!(!is_fresh(&since, current(), changed + Duration::from_secs(1)));
        since.0.insert(header::IF_NONE_MATCH, "\"7-2\"".parse().unwrap());
        assert!(!is_fresh(&since, current(), changed));
    }

    #[test]
    fn if_match_compares_strongly() {
        let id = current().id;
        assert!(matches!(precondition(&Conditions(HeaderMap::new()), id), Precondition::None));
        assert!(matches!(precondition(&headers(header::IF_MATCH, "*"), id), Precondition::None));
        for (tags, want) in
            [("\"7-3\", \"7-4\"", vec![3, 4]), ("W/\"7-3\"", vec![]), ("\"x\"", vec![]), ("\"8-3\"", vec![])]
        {
            let Precondition::Revisions(revisions) = precondition(&headers(header::IF_MATCH, tags), id)
            else {
                panic!("{tags} demands something");
            };
            assert_eq!(revisions, want, "{tags}");
        }
    }
}
