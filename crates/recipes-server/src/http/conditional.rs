//! Conditional requests (RFC 9110 section 13): no body for a client that has it, no lost updates.
//!
//! The entity tags are compared by the revision that they name, because proxies change them: nginx, Cloudflare and others
//! make a tag weak when they compress (`W/"11-2"`), Apache, Caddy and Jetty append the content coding (`"11-2-gzip"`).
//! Clients send the changed tag back, and a comparison of the bytes would never match.

mod etag;
mod tag_list;

use std::{convert::Infallible, time::SystemTime};

use axum::extract::FromRequestParts;
use headers::{Header, HeaderMapExt as _, IfModifiedSince, IfUnmodifiedSince, LastModified};
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use ids::RecipeId;
use jiff::{SignedDuration, Timestamp};
use store::Precondition;

use self::etag::{CODING, CODINGS};
pub use self::etag::{ETag, Variant, add_coding};
use self::tag_list::TagList;
use crate::http::error::RequestError;

pub fn system_time(time: Timestamp) -> SystemTime {
    // Fails only before 1970, on systems that cannot represent such a time.
    SystemTime::try_from(time).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// `Last-Modified` of what was changed at this time. Dates of HTTP have whole seconds (RFC 9110 section 5.6.7), so it is the end of
/// that second: a client with this date has every change before it, and no change at it or after it.
///
/// `None` before 1970, where dates of HTTP begin.
pub fn last_modified(changed: Timestamp) -> Option<Timestamp> {
    let seconds = changed.as_second().saturating_add(1);
    Timestamp::from_second(seconds).ok().filter(|_| changed >= Timestamp::UNIX_EPOCH)
}

/// A date as the value of `Last-Modified`.
pub fn last_modified_header(date: Timestamp) -> LastModified {
    system_time(date).into()
}

/// Whether the second of the last change is over, so that a date can stand for a state (RFC 9110 section 8.8.2.2). One second more,
/// because a change has the time at which its request came, and is committed later.
pub fn is_settled(changed: Timestamp, now: Timestamp) -> bool {
    now.duration_since(changed) >= SignedDuration::from_secs(2)
}

/// The conditional headers of a request. Malformed dates are ignored (RFC 9110 sections 13.1.3 and 13.1.4).
#[derive(Default)]
#[expect(clippy::struct_field_names, reason = "these are the names of the headers")]
pub struct Conditions {
    if_match: Option<TagList>,
    if_none_match: Option<TagList>,
    if_modified_since: Option<Timestamp>,
    if_unmodified_since: Option<Timestamp>,
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
            if_modified_since: date::<IfModifiedSince>(headers),
            if_unmodified_since: date::<IfUnmodifiedSince>(headers),
        }
    }
}

/// The date of a header. Several dates are as none.
fn date<H: Header + Into<SystemTime>>(headers: &HeaderMap) -> Option<Timestamp> {
    let date: SystemTime = headers.typed_get::<H>()?.into();
    Timestamp::try_from(date).ok()
}

impl Conditions {
    /// Whether the request says what it may replace, if only with `*`.
    pub fn has_precondition(&self) -> bool {
        self.if_match.is_some() || self.if_unmodified_since.is_some()
    }
}

/// The tag of the 304 for a client that has this representation; `None` if it does not. `If-None-Match` decides, and only
/// without it `If-Modified-Since`, which is compared with the `Last-Modified` of now, if there is one.
///
/// A 304 carries the tag of the 200 that it replaces (RFC 9110 section 15.4.5). So a client that has our compressed response
/// gets the tag of that one.
pub fn fresh_tag(
    conditions: &Conditions,
    current: ETag,
    last_modified: Option<Timestamp>,
) -> Option<HeaderValue> {
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
        (None, Some(since)) => {
            last_modified.filter(|modified| *modified <= since).map(|_| current.to_header())
        }
    }
}

/// What a change demands of the recipe: by `If-Match` or, without it, by `If-Unmodified-Since` (RFC 9110 section 13.1.4).
///
/// # Errors
/// [`RequestError::Malformed`]: a tag without quotes is a mistake of the client, not a conflict of two changes.
pub fn precondition(conditions: &Conditions, id: RecipeId) -> Result<Precondition, RequestError> {
    let by_tag = precondition_by_tag(conditions, id)?;
    let since = conditions.if_unmodified_since.filter(|_| conditions.if_match.is_none());
    Ok(match (since.map(Precondition::UnchangedSince), by_tag) {
        (None, by_tag) => by_tag,
        (Some(by_date), Precondition::None) => by_date,
        (Some(by_date), by_tag) => Precondition::All(vec![by_date, by_tag]),
    })
}

/// The revisions that `If-Match` allows a change to replace.
///
/// RFC 9110 section 13.1.1 compares strongly, so that a weak tag, which may stand for two representations, never matches. Ours
/// stands for one revision in its weak form, too.
///
/// `If-None-Match` counts only without `If-Match`. With `*` it demands that there is no recipe, so it never holds: a change
/// creates none.
fn precondition_by_tag(conditions: &Conditions, id: RecipeId) -> Result<Precondition, RequestError> {
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
mod tests;
