//! JSON as web pages have it: inside comments and CDATA, with line breaks in strings, stray commas, and quotes that are not
//! escaped. Text that is valid JSON is never touched.

use serde_json::Value;

/// The value of the text, repaired if that is needed. `None` if it cannot be understood.
pub(crate) fn parse(text: &str) -> Option<Value> {
    let text = without_wrapping(text);
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    if let Ok(value) = serde_json::from_str(&repaired(text)) {
        return Some(value);
    }
    // The whole block is escaped for HTML.
    if text.contains("&quot;") && !text.contains('"') {
        let decoded = crate::text::decode(text);
        return serde_json::from_str(&decoded).or_else(|_| serde_json::from_str(&repaired(&decoded))).ok();
    }
    None
}

/// Without comments of HTML and JavaScript, CDATA marks and semicolons around the JSON.
fn without_wrapping(text: &str) -> &str {
    const OPENING: [&str; 8] = [
        "<!--",
        "//<![CDATA[",
        "// <![CDATA[",
        "/*<![CDATA[*/",
        "/* <![CDATA[ */",
        "<![CDATA[",
        "\u{feff}",
        "//",
    ];
    const CLOSING: [&str; 8] = ["-->", "//]]>", "// ]]>", "/*]]>*/", "/* ]]> */", "]]>", ";", "//"];
    let mut text = text.trim();
    loop {
        let before = text.len();
        for mark in OPENING {
            text = text.strip_prefix(mark).unwrap_or(text).trim();
        }
        for mark in CLOSING {
            text = text.strip_suffix(mark).unwrap_or(text).trim();
        }
        if text.len() == before {
            return text;
        }
    }
}

struct Repair<'a> {
    chars: std::iter::Peekable<std::str::CharIndices<'a>>,
    text: &'a str,
    out: String,
    /// The brackets that are open.
    open: Vec<char>,
}

/// A guess at what was meant.
fn repaired(text: &str) -> String {
    let mut repair = Repair {
        chars: text.char_indices().peekable(),
        text,
        out: String::with_capacity(text.len()),
        open: Vec::new(),
    };
    repair.run();
    repair.out
}

impl Repair<'_> {
    fn run(&mut self) {
        while let Some((at, c)) = self.chars.next() {
            match c {
                '"' => self.string(),
                '{' | '[' => {
                    self.open.push(c);
                    self.out.push(c);
                }
                '}' | ']' => {
                    // A comma or a colon without anything behind it.
                    let end = self.out.trim_end().len();
                    self.out.truncate(end);
                    if self.out.ends_with(',') {
                        self.out.pop();
                    } else if self.out.ends_with(':') {
                        self.out.push_str("null");
                    }
                    self.open.pop();
                    self.out.push(c);
                    if self.open.is_empty() {
                        // What follows is no JSON.
                        return;
                    }
                }
                ',' => match self.out.trim_end().chars().last() {
                    // Without the space, so that it is not passed again for each of many commas.
                    Some(',' | '[' | '{') | None => self.out.truncate(self.out.trim_end().len()),
                    Some(':') => self.out.push_str("null,"),
                    _ => self.out.push(','),
                },
                '/' if self.text[at..].starts_with("//") => self.skip_until("\n"),
                '/' if self.text[at..].starts_with("/*") => self.skip_until("*/"),
                '<' if self.text[at..].starts_with("<!--") => self.skip_until("-->"),
                c if c.is_alphabetic() => self.word(at),
                c if c.is_control() || c == '\u{a0}' || c == '\u{feff}' => self.out.push(' '),
                c => self.out.push(c),
            }
        }
        // The text was cut off.
        while let Some(open) = self.open.pop() {
            let end = self.out.trim_end().trim_end_matches(',').len();
            self.out.truncate(end);
            if self.out.ends_with(':') {
                self.out.push_str("null");
            }
            self.out.push(if open == '{' { '}' } else { ']' });
        }
    }

    fn skip_until(&mut self, end: &str) {
        let Some((at, _)) = self.chars.peek().copied() else { return };
        let stop = self.text[at..].find(end).map_or(self.text.len(), |found| at + found + end.len());
        while self.chars.next_if(|(at, _)| *at < stop).is_some() {}
    }

    /// `true`, `NaN`, `undefined`.
    fn word(&mut self, start: usize) {
        let mut end = start;
        let rest = &self.text[start..];
        end += rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        while self.chars.next_if(|(at, _)| *at < end).is_some() {}
        let word = &self.text[start..end];
        let is_exponent = self.out.ends_with(|c: char| c.is_ascii_digit());
        self.out.push_str(if matches!(word, "true" | "false" | "null") || is_exponent {
            word
        } else {
            "null"
        });
    }

    /// Behind the opening quote.
    fn string(&mut self) {
        self.out.push('"');
        let is_name = self.open.last() == Some(&'{') && {
            let before = self.out[..self.out.len() - 1].trim_end();
            before.ends_with(['{', ','])
        };
        while let Some((at, c)) = self.chars.next() {
            match c {
                '"' if self.ends_string(at + 1, is_name) => {
                    self.out.push('"');
                    return;
                }
                '"' => self.out.push_str("\\\""),
                '\\' => self.escape(at),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                c if c < ' ' => {}
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    /// Whether a quote before this position is the closing one: something of JSON's syntax must follow.
    fn ends_string(&self, from: usize, is_name: bool) -> bool {
        let rest = self.text[from..].trim_start();
        let mut following = rest.chars();
        match following.next() {
            None => true,
            Some(':') => is_name,
            Some('}' | ']') => !is_name,
            Some(',') => {
                let next = following.as_str().trim_start();
                let starts_value =
                    |c: char| matches!(c, '"' | '{' | '[' | '}' | ']' | ',' | '-') || c.is_ascii_digit();
                let is_literal = ["true", "false", "null"].iter().any(|word| next.starts_with(word));
                !is_name
                    && (next.is_empty()
                        || next.starts_with(starts_value)
                        || is_literal
                        || next.starts_with("//")
                        || next.starts_with("/*"))
            }
            // A quote, for one: the comma between two members is missing.
            _ => false,
        }
    }

    fn escape(&mut self, at: usize) {
        let rest = &self.text[at + 1..];
        match rest.chars().next() {
            Some(c @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => {
                self.chars.next();
                self.out.push('\\');
                self.out.push(c);
            }
            Some('u') => {
                let unit =
                    |text: &str| text.get(1..5).and_then(|digits| u16::from_str_radix(digits, 16).ok());
                let Some(first) = unit(rest) else { return };
                let second = rest.get(5..).and_then(|more| more.strip_prefix('\\')).and_then(unit);
                let is_pair = (0xd800..0xdc00).contains(&first)
                    && second.is_some_and(|it| (0xdc00..0xe000).contains(&it));
                let is_single = !(0xd800..0xe000).contains(&first);
                let length = if is_pair { 11 } else { 5 };
                for _ in 0..length {
                    self.chars.next();
                }
                if is_pair || is_single {
                    self.out.push_str(&self.text[at..at + 1 + length]);
                } else {
                    self.out.push('\u{fffd}');
                }
            }
            // \' and the like.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blocks_of_web_pages_are_understood() {
        let soup = json!({ "name": "Soup", "steps": ["Boil", "Eat"] });
        for text in [
            r#"{"name":"Soup","steps":["Boil","Eat"]}"#,
            "<!-- {\"name\":\"Soup\",\"steps\":[\"Boil\",\"Eat\"]} -->",
            "//<![CDATA[\n{\"name\":\"Soup\",\"steps\":[\"Boil\",\"Eat\"]}\n//]]>",
            "/* <![CDATA[ */{\"name\":\"Soup\",\"steps\":[\"Boil\",\"Eat\"]}/* ]]> */",
            "{\"name\":\"Soup\",\"steps\":[\"Boil\",\"Eat\"]};",
            "{\"name\":\"Soup\",,\"steps\":[\"Boil\",\"Eat\",],}",
            "{ // a comment\n\"name\":\"Soup\", /* one more */ \"steps\":[\"Boil\",\"Eat\"]} trailing",
            "{\"name\":\"Soup\",\"steps\":[\"Boil\",\"Eat\"",
            "{&quot;name&quot;:&quot;Soup&quot;,&quot;steps&quot;:[&quot;Boil&quot;,&quot;Eat&quot;]}",
        ] {
            assert_eq!(parse(text).as_ref(), Some(&soup), "{text}");
        }
    }

    #[test]
    fn strings_of_web_pages_are_understood() {
        for (text, value) in [
            ("{\"a\":\"one\ntwo\tthree\"}", json!({"a": "one\ntwo\tthree"})),
            (r#"{"a":"it\'s"}"#, json!({"a": "it's"})),
            (r#"{"a":"say "hello", then","b":1}"#, json!({"a": "say \"hello\", then", "b": 1})),
            (r#"{"a":"x\ud83dy","b":"\ud83c\udf72",}"#, json!({"a": "x\u{fffd}y", "b": "🍲"})),
            (r#"{"a":NaN,"b":undefined,"c":,"d":true}"#, json!({"a": null, "b": null, "c": null, "d": true})),
            (r#"{"a":"http://x.example//y",}"#, json!({"a": "http://x.example//y"})),
            (r#"{"a":1.5e3,}"#, json!({"a": 1500.0})),
        ] {
            assert_eq!(parse(text), Some(value), "{text}");
        }
    }

    #[test]
    fn other_text_is_none() {
        for text in ["", "hello", "function() { return 1 }", "<div>"] {
            assert_eq!(parse(text).filter(|it| !it.is_null()), None, "{text}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(parse(&deep), None);
    }
}
