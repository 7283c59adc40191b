//! Forms as browsers and frameworks send them, read as npm's `qs` reads them for the original API.
//!
//! `a=1`, `a[]=1&a[]=2`, `a[0]=1&a[2]=2` and `a[b][c]=1` are a text, two lists and nested objects. A list is ordered by
//! its indexes, and gaps in them are closed. Text after a closing bracket and pairs without a name are ignored.
//!
//! One difference, because `qs` would lose values: `steps[][text]=a&steps[][text]=b` are two steps, as in Rails and PHP.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use crate::limits;

/// Reads the fields of a form. A field that appears several times is a list.
///
/// # Errors
/// What the client must change.
pub(super) fn parse(form: &[u8]) -> Result<Map<String, Value>, Cow<'static, str>> {
    let mut fields = Node::default();
    let pairs = form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    for (count, pair) in pairs.enumerate() {
        if count >= limits::FORM_FIELDS {
            return Err(format!(
                "A form may have at most {} fields; send the body as JSON",
                limits::FORM_FIELDS
            )
            .into());
        }
        let end_of_name = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) =
            (decode(&pair[..end_of_name])?, decode(pair.get(end_of_name + 1..).unwrap_or_default())?);
        let (root, keys) = split_name(&name);
        if root.is_empty() {
            continue;
        }
        if keys.len() > limits::FORM_DEPTH {
            return Err(format!("Fields of a form may be nested at most {} deep", limits::FORM_DEPTH).into());
        }
        fields.child(Key::Name(root.to_owned())).insert(&keys, value);
    }
    Ok(fields.named.into_iter().map(|(key, node)| (key.into_name(), node.into_value())).collect())
}

/// What has one name so far.
#[derive(Default)]
struct Node {
    texts: Vec<String>,
    /// The members, or the items of a list if all keys are indexes.
    named: BTreeMap<Key, Node>,
    /// Written with empty brackets.
    appended: Vec<Node>,
}

/// Indexes come before names, in the order of their numbers.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Index(u32),
    Name(String),
}

impl Node {
    fn child(&mut self, key: Key) -> &mut Self {
        self.named.entry(key).or_default()
    }

    fn insert(&mut self, keys: &[&str], value: String) {
        match keys.split_first() {
            None => self.texts.push(value),
            Some((&"", rest)) => {
                // The next item begins where the last one has this member already.
                let has_room = |last: &Self| !rest.is_empty() && !last.has(rest);
                if !self.appended.last().is_some_and(has_room) {
                    self.appended.push(Self::default());
                }
                if let Some(last) = self.appended.last_mut() {
                    last.insert(rest, value);
                }
            }
            Some((key, rest)) => self.child(Key::parse(key)).insert(rest, value),
        }
    }

    fn has(&self, keys: &[&str]) -> bool {
        match keys.split_first() {
            None => !self.texts.is_empty(),
            // There is always room for one more.
            Some((&"", _)) => false,
            Some((key, rest)) => self.named.get(&Key::parse(key)).is_some_and(|child| child.has(rest)),
        }
    }

    fn into_value(self) -> Value {
        let Self { texts, named, appended } = self;
        let is_single = texts.len() == 1 && named.is_empty() && appended.is_empty();
        let mut items: Vec<Value> = texts.into_iter().map(Value::String).collect();
        if named.keys().all(|key| matches!(key, Key::Index(_))) {
            items.extend(named.into_values().map(Self::into_value));
        } else {
            let members = named.into_iter().map(|(key, node)| (key.into_name(), node.into_value()));
            items.push(Value::Object(members.collect()));
            if items.len() == 1 && appended.is_empty() {
                return items.swap_remove(0);
            }
        }
        items.extend(appended.into_iter().map(Self::into_value));
        if is_single { items.swap_remove(0) } else { Value::Array(items) }
    }
}

impl Key {
    fn parse(key: &str) -> Self {
        let index = if key.starts_with('+') { None } else { key.parse().ok() };
        index.map_or_else(|| Self::Name(key.to_owned()), Self::Index)
    }

    fn into_name(self) -> String {
        match self {
            Self::Index(index) => index.to_string(),
            Self::Name(name) => name,
        }
    }
}

/// `a[b][]` is the root `a` with the keys `b` and the empty one; `[a][b]` is `a[b]`. A name without brackets, or with
/// brackets that are not closed, is only a root.
fn split_name(name: &str) -> (&str, Vec<&str>) {
    let (mut root, mut rest, mut keys) = (name, name, Vec::new());
    while let Some((before, key, after)) = next_key(rest) {
        if keys.is_empty() {
            root = before;
        }
        keys.push(key);
        rest = after;
    }
    if root.is_empty() && !keys.is_empty() {
        root = keys.remove(0);
    }
    (root, keys)
}

/// Finds the first pair of brackets without a bracket inside.
fn next_key(text: &str) -> Option<(&str, &str, &str)> {
    let opened = text.find('[')?;
    let close = opened + text[opened..].find(']')?;
    let (before, key) = text[..close].rsplit_once('[')?;
    Some((before, key, &text[close + 1..]))
}

fn decode(text: &[u8]) -> Result<String, Cow<'static, str>> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    String::from_utf8(percent_decode(&spaced).collect())
        .map_err(|_| "The form has text that is not UTF-8; encode it as UTF-8".into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(form: &str, want: &Value) {
        assert_eq!(parse(form.as_bytes()).map(Value::Object).as_ref(), Ok(want), "{form}");
    }

    /// The results of qs 6.14 with the options of Express 5.
    #[test]
    fn forms_are_read_as_qs_reads_them() {
        check("", &json!({}));
        check("a=1&b=&c", &json!({ "a": "1", "b": "", "c": "" }));
        check("a=1&a=2", &json!({ "a": ["1", "2"] }));
        check("a[]=1&a[]=2&a=3", &json!({ "a": ["3", "1", "2"] }));
        check("a[]=1", &json!({ "a": ["1"] }));
        check("a[1]=b&a[0]=a", &json!({ "a": ["a", "b"] }));
        check("a[0]=a&a[2]=c&a[100000]=d", &json!({ "a": ["a", "c", "d"] }));
        check("a%5B0%5D=x+y%26", &json!({ "a": ["x y&"] }));
        check("a%5b%5D=x", &json!({ "a": ["x"] }));
        check("a[b][c]=1&a[b][d]=2", &json!({ "a": { "b": { "c": "1", "d": "2" } } }));
        check("a[0][b]=1&a[0][c]=2&a[2][b]=3", &json!({ "a": [{ "b": "1", "c": "2" }, { "b": "3" }] }));
        check("a[0]=x&a[b]=y", &json!({ "a": { "0": "x", "b": "y" } }));
        check("a[0][]=x&a[0][]=y", &json!({ "a": [["x", "y"]] }));
        check("a[][b]=1&a[][c]=2", &json!({ "a": [{ "b": "1", "c": "2" }] }));
        check("a[b=1&c]=2&[d]=3&[e][f]=4", &json!({ "a[b": "1", "c]": "2", "d": "3", "e": { "f": "4" } }));
        check("a[b]c=1", &json!({ "a": { "b": "1" } }));
        check("=1&&a=2&", &json!({ "a": "2" }));
        check("a=100%&b=%zz", &json!({ "a": "100%", "b": "%zz" }));
        check("a=b=c", &json!({ "a": "b=c" }));
    }

    #[test]
    fn repeated_member_begins_the_next_item() {
        check("a[][b]=1&a[][c]=2&a[][b]=3", &json!({ "a": [{ "b": "1", "c": "2" }, { "b": "3" }] }));
        check("a[][b][c]=1&a[][b][c]=2", &json!({ "a": [{ "b": { "c": "1" } }, { "b": { "c": "2" } }] }));
    }

    #[test]
    fn text_and_members_of_one_name_are_both_kept() {
        check("a=1&a[b]=2", &json!({ "a": ["1", { "b": "2" }] }));
        check("a[b]=2&a=1", &json!({ "a": ["1", { "b": "2" }] }));
    }

    #[test]
    fn depth_and_number_of_fields_are_bounded() {
        let deep = |levels| format!("a{}=1", "[b]".repeat(levels));
        assert!(parse(deep(limits::FORM_DEPTH).as_bytes()).is_ok());
        for levels in [limits::FORM_DEPTH + 1, 50_000] {
            let error = parse(deep(levels).as_bytes()).unwrap_err();
            assert!(error.contains("at most 32 deep"), "{error}");
        }
        let many = |count| vec!["a=1"; count].join("&");
        assert!(parse(many(limits::FORM_FIELDS).as_bytes()).is_ok());
        let error = parse(many(limits::FORM_FIELDS + 1).as_bytes()).unwrap_err();
        assert!(error.contains("at most 5000 fields"), "{error}");
        assert!(parse(b"a=%ff").unwrap_err().contains("UTF-8"));
    }
}
