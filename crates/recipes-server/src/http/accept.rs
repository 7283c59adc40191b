//! What the client is ready to read: the `Accept` header (RFC 9110 section 12.5.1).

use http::{HeaderMap, HeaderValue, header};

/// The shape an error is answered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The original API's `{"status":"error",..}`.
    Seed,
    /// RFC 9457 `application/problem+json`.
    Problem,
}

/// The shape of errors this client wants: problem details only for those who name them.
pub fn shape<'a>(accept: impl IntoIterator<Item = &'a HeaderValue>) -> Shape {
    let named = ranges(accept).any(|(range, welcome)| welcome && is(range, "application/problem+json"));
    if named { Shape::Problem } else { Shape::Seed }
}

/// Whether this client can read JSON at all; not saying is yes.
pub fn reads_json(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::ACCEPT).iter().peekable();
    if lines.peek().is_none() {
        return true;
    }
    // The most specific range decides: `application/json;q=0, */*` does not want JSON.
    let mut best = None;
    for (range, welcome) in ranges(lines) {
        let specificity = match range {
            _ if is(range, "application/json") || is(range, "application/problem+json") => 3,
            _ if is(range, "application/*") => 2,
            "*/*" => 1,
            _ => continue,
        };
        // Of two equally specific ranges, the welcoming one counts.
        best = best.max(Some((specificity, welcome)));
    }
    best.is_some_and(|(_, welcome)| welcome)
}

/// Each media range without its parameters, and whether its weight is above zero.
fn ranges<'a>(accept: impl IntoIterator<Item = &'a HeaderValue>) -> impl Iterator<Item = (&'a str, bool)> {
    let lines = accept.into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let range = parts.next().unwrap_or_default();
        let refused = parts.any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            name.trim().eq_ignore_ascii_case("q") && value.trim().parse() == Ok(0.0_f32)
        });
        (range, !refused)
    })
}

fn is(range: &str, media_type: &str) -> bool {
    range.eq_ignore_ascii_case(media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: Option<&str>, json: bool, want: Shape) {
        let mut headers = HeaderMap::new();
        if let Some(accept) = accept {
            headers.insert(header::ACCEPT, accept.parse().unwrap());
        }
        assert_eq!(
            (reads_json(&headers), shape(headers.get_all(header::ACCEPT))),
            (json, want),
            "{accept:?}"
        );
    }

    #[test]
    fn the_most_specific_range_decides() {
        check(None, true, Shape::Seed);
        check(Some("*/*"), true, Shape::Seed);
        check(Some("Application/JSON"), true, Shape::Seed);
        check(Some("application/*;q=0.2"), true, Shape::Seed);
        check(Some("text/html, */*;q=0.8"), true, Shape::Seed);
        check(Some("application/problem+json, application/json;q=0.5"), true, Shape::Problem);
        check(Some("application/problem+json;q=0, */*"), false, Shape::Seed);
        check(Some("text/html"), false, Shape::Seed);
        check(Some("application/json;q=0, */*"), false, Shape::Seed);
        check(Some("application/json; q=0.000"), false, Shape::Seed);
        check(Some(""), false, Shape::Seed);
    }
}
