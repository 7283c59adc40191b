//! Content negotiation: which representation of a resource a request accepts (RFC 9110 section 12.5.1).

use http::{HeaderMap, HeaderValue, header};
use mediatype::{
    MediaType, MediaTypeList, Name, ReadParams as _,
    names::{self, _STAR, APPLICATION},
};

/// A form in which a resource is sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Representation {
    pub media_type: MediaType<'static>,
    /// The media type with its parameters.
    pub content_type: &'static str,
    /// Ends the entity tags, because two representations of a revision must not share a strong one. Empty for JSON.
    pub etag_suffix: &'static str,
}

pub static JSON: Representation = Representation {
    content_type: "application/json",
    media_type: MediaType::new(APPLICATION, names::JSON),
    etag_suffix: "",
};

pub static JSON_LD: Representation = Representation {
    content_type: "application/ld+json",
    media_type: MediaType::from_parts(APPLICATION, Name::new_unchecked("ld"), Some(names::JSON), &[]),
    etag_suffix: "jsonld",
};

pub static MARKDOWN: Representation = Representation {
    content_type: "text/markdown; charset=utf-8",
    media_type: MediaType::new(names::TEXT, names::MARKDOWN),
    etag_suffix: "md",
};

pub static PLAIN_TEXT: Representation = Representation {
    content_type: "text/plain; charset=utf-8",
    media_type: MediaType::new(names::TEXT, names::PLAIN),
    etag_suffix: "txt",
};

pub static COOKLANG: Representation = Representation {
    content_type: "text/x-cooklang; charset=utf-8",
    media_type: MediaType::new(names::TEXT, Name::new_unchecked("x-cooklang")),
    etag_suffix: "cook",
};

/// One JSON object a line.
pub static NDJSON: Representation = Representation {
    content_type: "application/x-ndjson",
    media_type: MediaType::new(APPLICATION, Name::new_unchecked("x-ndjson")),
    etag_suffix: "ndjson",
};

pub static HTML: Representation = Representation {
    content_type: "text/html; charset=utf-8",
    media_type: MediaType::new(names::TEXT, names::HTML),
    etag_suffix: "html",
};

pub static ZIP: Representation = Representation {
    content_type: "application/zip",
    media_type: MediaType::new(APPLICATION, Name::new_unchecked("zip")),
    etag_suffix: "zip",
};

const PROBLEM_JSON: MediaType<'static> =
    MediaType::from_parts(APPLICATION, Name::new_unchecked("problem"), Some(names::JSON), &[]);

/// The offer that the request prefers, the first of equals; `None` if it accepts none of them.
pub fn choose(headers: &HeaderMap, offered: &[&'static Representation]) -> Option<&'static Representation> {
    if !headers.contains_key(header::ACCEPT) {
        return offered.first().copied();
    }
    // What most programs send. Comparing media types costs more than this.
    let mut lines = headers.get_all(header::ACCEPT).iter();
    let accept = lines.next().filter(|_| lines.next().is_none()).map(HeaderValue::as_bytes);
    if offered.first() == Some(&&JSON) && matches!(accept, Some(b"*/*" | b"application/json")) {
        return Some(&JSON);
    }
    let ranges: Vec<_> = ranges(headers.get_all(header::ACCEPT)).collect();
    let mut best = (0.0, None);
    for &offer in offered {
        let quality = quality(&offer.media_type, &ranges);
        if quality > best.0 {
            best = (quality, Some(offer));
        }
    }
    best.1
}

/// The shape of an error body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The original API's `{"status":"error",..}`.
    Seed,
    /// RFC 9457 `application/problem+json`.
    Problem,
}

/// The shape of errors for these `Accept` headers: problem details only for clients that name them.
pub fn error_shape<'a>(accept: impl IntoIterator<Item = &'a HeaderValue>) -> Shape {
    let named = ranges(accept).any(|range| range.quality > 0.0 && is_same(&range.media_type, &PROBLEM_JSON));
    if named { Shape::Problem } else { Shape::Seed }
}

/// Whether the client prefers a page for people: browsers name HTML, other programs do not.
pub fn prefers_html<'a>(accept: impl IntoIterator<Item = &'a HeaderValue>) -> bool {
    let ranges: Vec<_> = ranges(accept).collect();
    let html = quality(&HTML.media_type, &ranges);
    html > 0.0
        && ranges.iter().any(|range| is_same(&range.media_type, &HTML.media_type))
        && html >= quality(&JSON.media_type, &ranges)
}

/// One element of `Accept`.
struct Range<'a> {
    media_type: MediaType<'a>,
    quality: f32,
}

/// The media ranges of all lines; malformed ones are skipped.
fn ranges<'a>(accept: impl IntoIterator<Item = &'a HeaderValue>) -> impl Iterator<Item = Range<'a>> {
    let lines = accept.into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(MediaTypeList::new).flatten().map(|media_type| {
        let weight = media_type.get_param(names::Q).and_then(|value| value.as_str().parse().ok());
        let quality = weight.filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(1.0);
        Range { media_type, quality }
    })
}

/// The weight of the most specific range that matches: `application/json;q=0, */*` does not accept JSON. Of two equally
/// specific ranges, the higher weight counts.
fn quality(media_type: &MediaType<'_>, ranges: &[Range<'_>]) -> f32 {
    let mut best = (0, 0.0);
    for range in ranges {
        let candidate = (specificity(&range.media_type, media_type), range.quality);
        if candidate.0 > 0 && candidate > best {
            best = candidate;
        }
    }
    best.1
}

/// How specifically a range matches a media type; 0 if it does not. Parameters are not compared.
fn specificity(range: &MediaType<'_>, media_type: &MediaType<'_>) -> u8 {
    if is_same(range, media_type) {
        4
    } else if range.subty == _STAR && range.ty == media_type.ty {
        3
    } else if range.subty == _STAR && range.ty == _STAR {
        2
    } else {
        // A client that names only problem details reads JSON.
        u8::from(is_same(range, &PROBLEM_JSON) && is_same(media_type, &JSON.media_type))
    }
}

fn is_same(one: &MediaType<'_>, other: &MediaType<'_>) -> bool {
    (one.ty, one.subty, one.suffix) == (other.ty, other.subty, other.suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())])
    }

    #[track_caller]
    fn check(value: &str, accepts_json: bool, shape: Shape) {
        let headers = accept(value);
        assert_eq!(choose(&headers, &[&JSON]).is_some(), accepts_json, "{value}");
        assert_eq!(error_shape(headers.get_all(header::ACCEPT)), shape, "{value}");
    }

    #[test]
    fn most_specific_range_decides() {
        check("*/*", true, Shape::Seed);
        check("Application/JSON", true, Shape::Seed);
        check("application/json; charset=utf-8", true, Shape::Seed);
        check("application/*;q=0.2", true, Shape::Seed);
        check("text/html, */*;q=0.8", true, Shape::Seed);
        check("text/html , image/gif, *; q=.2, */*; q=.2", true, Shape::Seed);
        check("application/problem+json", true, Shape::Problem);
        check("application/problem+json, application/json;q=0.5", true, Shape::Problem);
        check("application/problem+json;q=0, */*", true, Shape::Seed);
        check("application/problem+json, application/json;q=0", false, Shape::Problem);
        check("application/problem+json;q=0", false, Shape::Seed);
        check("text/html", false, Shape::Seed);
        check("application/json;q=0, */*", false, Shape::Seed);
        check("*/*, application/*;q=0", false, Shape::Seed);
        check("application/json; q=0.000", false, Shape::Seed);
        check("application/json;q=0, application/json", true, Shape::Seed);
        check("", false, Shape::Seed);
    }

    #[test]
    fn without_accept_the_first_offer_is_sent() {
        assert_eq!(choose(&HeaderMap::new(), &[&JSON, &MARKDOWN]), Some(&JSON));
        assert_eq!(error_shape(HeaderMap::new().get_all(header::ACCEPT)), Shape::Seed);
    }

    #[test]
    fn browsers_prefer_html_and_other_programs_do_not() {
        for (value, want) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("text/html", true),
            ("*/*", false),
            ("application/json", false),
            ("application/json, text/html;q=0.9", false),
            ("text/html;q=0", false),
            ("text/*", false),
            ("", false),
        ] {
            assert_eq!(prefers_html(accept(value).get_all(header::ACCEPT)), want, "{value}");
        }
        assert!(!prefers_html(HeaderMap::new().get_all(header::ACCEPT)));
    }

    #[test]
    fn highest_weight_wins_and_the_first_of_equals() {
        for (value, chosen) in [
            ("*/*", Some(&JSON)),
            ("text/markdown", Some(&MARKDOWN)),
            ("text/*;q=0.5, */*;q=0.1", Some(&MARKDOWN)),
            ("text/markdown;q=0.5, application/json;q=0.6", Some(&JSON)),
            ("text/markdown, application/json", Some(&JSON)),
            ("*/*, application/json;q=0.1", Some(&MARKDOWN)),
            ("application/problem+json", Some(&JSON)),
            ("image/png", None),
        ] {
            assert_eq!(choose(&accept(value), &[&JSON, &MARKDOWN]), chosen, "{value}");
        }
    }
}
