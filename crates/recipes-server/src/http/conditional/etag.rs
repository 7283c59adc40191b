//! Entity tags (RFC 9110 section 8.8.3), also as proxies change them.

use std::fmt;

use http::{HeaderMap, HeaderValue, header};
use ids::RecipeId;
use recipes::Rating;
use recipes::amounts::{Ratio, UnitSystem};
use store::StoredRecipe;

use crate::http::negotiation::{JSON, Representation};

/// The strong validator of one representation of a recipe at one revision: `"11-2"` for JSON, `"11-2-md"` for another one. With a
/// rating it is `"11-2-r433.12"`: an average of 4.33 in 12 ratings. A response that this server compresses has `"11-2+gzip"`, see
/// [`add_coding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ETag {
    pub id: RecipeId,
    pub revision: i64,
    pub rating: Option<Rating>,
    pub representation: &'static Representation,
    pub variant: Variant,
}

/// How a representation differs from the recipe as it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    /// The factor of the amounts. `None` if they are as they are stored.
    pub scale: Option<Ratio>,
    pub unit: Option<UnitSystem>,
    pub has_parsed_ingredients: bool,
}

impl ETag {
    /// Of the JSON of a recipe without a rating.
    pub fn json(id: RecipeId, revision: i64) -> Self {
        Self { id, revision, rating: None, representation: &JSON, variant: Variant::default() }
    }

    /// Of the JSON of this recipe.
    pub fn of(recipe: &StoredRecipe) -> Self {
        Self { rating: recipe.rating(), ..Self::json(recipe.id, recipe.revision) }
    }

    pub fn to_header(self) -> HeaderValue {
        // Letters, digits, quotes and dashes: always a valid header value.
        HeaderValue::try_from(self.to_string()).unwrap_or(HeaderValue::from_static("\"\""))
    }

    /// Parses a tag of the JSON as it is stored, also one that a proxy has changed; `None` for any other text. Only such a tag
    /// says what a change replaces: the revision. A rating that it names does not matter, because ratings are no part of revisions, so
    /// it is left out.
    pub(super) fn parse(tag: &str) -> Option<Self> {
        let (id, revision) = without_codings(opaque(tag)?).split_once('-')?;
        let revision = match revision.split_once('-') {
            Some((revision, rating)) if is_rating(rating) => revision,
            _ => revision,
        };
        // Numbers as we write them: `parse` alone would accept `+2`.
        let revision = revision.parse().ok().filter(|parsed: &i64| parsed.to_string() == revision)?;
        Some(Self::json(RecipeId::parse(id)?, revision))
    }

    /// Whether a tag that a client has sent is this one, also if a proxy has changed it.
    pub(super) fn is_named_by(self, tag: &str) -> bool {
        opaque(tag).is_some_and(|opaque| self.to_string().trim_matches('"') == without_codings(opaque))
    }

    /// The tag of the response with this content coding.
    pub(super) fn with_coding(self, coding: &str) -> HeaderValue {
        coded(self.to_string().as_bytes(), coding.as_bytes()).unwrap_or_else(|| self.to_header())
    }
}

/// As in `r433.12`.
fn is_rating(text: &str) -> bool {
    let parts = text.strip_prefix('r').and_then(|text| text.split_once('.'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    parts.is_some_and(|(average, count)| is_number(average) && is_number(count))
}

/// A tag without its quotes, weak or strong.
fn opaque(tag: &str) -> Option<&str> {
    tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')
}

/// Separates the tag from the coding of *our* compressed responses. No proxy uses it, so a suffix of a proxy is not mistaken
/// for ours, and a proxy that adds its suffix to every response does not find it there already.
pub(super) const CODING: char = '+';

/// The content codings that a proxy may name at the end of a tag.
pub(super) const CODINGS: [&str; 9] =
    ["gzip", "gz", "brotli", "br", "zstd", "zst", "deflate", "compress", "identity"];

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
        let Self { id, revision, rating, representation, variant } = self;
        write!(f, "\"{id}-{revision}")?;
        if let Some(rating) = rating {
            write!(f, "-r{}.{}", rating.average().hundredths(), rating.count())?;
        }
        if !representation.etag_suffix.is_empty() {
            write!(f, "-{}", representation.etag_suffix)?;
        }
        if let Some(scale) = variant.scale {
            write!(f, "-x{}.{}", scale.numerator(), scale.denominator())?;
        }
        if let Some(unit) = variant.unit {
            write!(f, "-{unit}")?;
        }
        f.write_str(if variant.has_parsed_ingredients { "-parsed\"" } else { "\"" })
    }
}
