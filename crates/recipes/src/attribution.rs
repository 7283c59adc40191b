//! The author and the source of a recipe.

use serde_json::{Value, json};

use crate::fields::{Fields, fields};
use crate::limits;
use crate::reader::{FieldReader, Reported, Rule, is_blank_object};
use crate::rules::{LINE, Lines, Text};
use crate::schema::{View, component};

fields! {
    /// The author or the source of a recipe: a name, a web address or both.
    pub struct Attribution {
        /// The name of a person, a book or a website.
        name: Option<String> = optional("name", LINE);
        /// A web address, with `https` or `http`.
        url: Option<String> = optional("url", WebAddressRule);
        ..unknown
    }
}

impl Attribution {
    /// JSON Schema of an object with at least one of the two.
    pub(crate) fn draft_schema() -> Value {
        let with = |required: &str, rule: Value| {
            let mut schema = Self::schema(View::Draft);
            schema["required"] = json!([required]);
            schema["properties"][required] = rule;
            schema
        };
        json!({
            "description": "A name, a web address or both.",
            "anyOf": [with("name", LINE.schema(View::Draft)), with("url", WebAddressRule.schema(View::Draft))],
        })
    }
}

pub(crate) struct AttributionRule;

impl Rule for AttributionRule {
    type Value = Attribution;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<Attribution, Reported> {
        const EXPECTED: &str = "must be an object with a name, a url or both";
        let object = r.expect(value.as_object(), EXPECTED)?;
        Attribution::read(r, object)
    }

    fn is_blank(&self, value: &Value) -> bool {
        is_blank_object(value, Attribution::NAMES)
    }

    fn schema(&self, view: View) -> Value {
        component(if view == View::Draft { "AttributionDraft" } else { "Attribution" })
    }

    fn report_unknown(&self, r: &mut FieldReader, value: &Value) {
        if let Value::Object(object) = value {
            Attribution::report_unknown(r, object, &[]);
        }
    }
}

struct WebAddressRule;

const URL: Text = Text { lines: Lines::One, max: limits::URL };

impl Rule for WebAddressRule {
    type Value = String;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<String, Reported> {
        let url = URL.read(r, value)?;
        r.expect(is_web_address(&url).then_some(url), "must be a web address as in https://example.com/soup")
    }

    fn schema(&self, view: View) -> Value {
        let mut schema = URL.schema(view);
        if view == View::Draft {
            schema["pattern"] = json!(concat!(
                r"^[Hh][Tt][Tt][Pp][Ss]?://",
                r#"[^\s\u0000-\u001f\u007f-\u009f"<>\\`/?#:][^\s\u0000-\u001f\u007f-\u009f"<>\\`]*$"#,
            ));
        }
        schema
    }
}

/// Only `https` and `http`: pages turn these addresses into links, and a `javascript:` link would run in the page.
/// Characters that RFC 3986 excludes because they end a URL in text or markup are refused. Characters beyond ASCII
/// are accepted (RFC 3987).
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
    fn only_web_addresses_are_accepted() {
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
