//! To whom a recipe is owed: its author, and where it was found.

use serde::Serialize;
use serde_json::Value;

use crate::limits;
use crate::reader::line;
use crate::reader::{Lines, Reader};

/// Invariant: a name, a URL or both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Credit {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl Credit {
    pub(crate) const KEYS: [&str; 2] = ["name", "url"];

    pub(crate) fn read(r: &mut Reader, value: &Value) -> Option<Self> {
        const EXPECTED: &str = "must be an object with a name, a url or both";
        let credit = r.object(value, EXPECTED)?;
        let before = r.problem_count();
        let credit = Self { name: r.optional(credit, "name", line), url: r.optional(credit, "url", url) };
        if credit == (Self { name: None, url: None }) && r.problem_count() == before {
            return r.refuse(EXPECTED);
        }
        Some(credit)
    }
}

fn url(r: &mut Reader, value: &Value) -> Option<String> {
    let url = r.text(value, Lines::One, limits::URL)?;
    r.demand(is_web_address(&url).then_some(url), "must be a web address as in https://example.com/soup")
}

/// Pages make links of these, hence no scheme but the web's: `javascript:` is one too. Characters that
/// RFC 3986 leaves out because they end a URL in running text or markup are refused; those beyond
/// ASCII are not (RFC 3987).
fn is_web_address(url: &str) -> bool {
    let has_scheme =
        |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let Some(scheme) = ["https://", "http://"].into_iter().find(|scheme| has_scheme(scheme)) else {
        return false;
    };
    let rest = &url[scheme.len()..];
    !rest.is_empty()
        && !rest.starts_with(['/', '?', '#', ':'])
        && !rest.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '\\' | '`'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, want: bool) {
        assert_eq!(is_web_address(url), want, "{url}");
    }

    #[test]
    fn web_addresses_and_nothing_else() {
        check("https://example.com", true);
        check("http://localhost:8080/a?b=c#d", true);
        check("HTTPS://[2001:db8::1]/", true);
        check("https://github.com/Anduin2017/HowToCook/blob/master/dishes/aquatic/咖喱炒蟹.md", true);
        for bad in [
            "",
            "example.com",
            "javascript:alert(1)",
            "ftp://example.com",
            "https:/example.com",
            "https://",
            "https:///x",
            "https://?x",
            "https://:80",
            "https://a b",
            "https://a\tb",
            "https://a\"onclick=",
            "https://a<b>",
            "https://a\\b",
            "httpsé://x",
        ] {
            check(bad, false);
        }
    }
}
