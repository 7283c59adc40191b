//! Finds named texts in a body or a query without parsing the rest.
//!
//! So no copy of a password stays in a tree of values, and a duplicate field is an error. Usual parsers take the last one,
//! and another program (a proxy, a rate limiter) may take the first: then each has checked another user.

use std::fmt;

use http::header::CONTENT_TYPE;
use http::request::Parts;
use percent_encoding::percent_decode;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The name of a field, which may be nested in another one.
#[derive(Clone)]
pub(crate) struct Field {
    name: Box<str>,
    path: Box<[Box<str>]>,
    /// The two names in a form: `user[email]` and `user.email`.
    form_names: [String; 2],
}

impl Field {
    pub(crate) fn new(name: &str) -> Self {
        let path: Box<[Box<str>]> =
            name.split(['[', ']', '.']).filter(|part| !part.is_empty()).map(Into::into).collect();
        let mut parts = path.iter();
        let first = parts.next().map(ToString::to_string).unwrap_or_default();
        let brackets = parts.fold(first, |name, part| name + "[" + part + "]");
        Self { name: name.into(), form_names: [brackets, path.join(".")], path }
    }

    /// The name as the program gave it.
    #[cfg(feature = "local")]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

/// The formats that can be searched for fields.
pub(crate) enum ContentType {
    Json,
    Form,
}

impl ContentType {
    pub(crate) fn of(request: &Parts) -> Option<Self> {
        let value = request.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let essence = value.split(';').next()?.trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/json" => Some(Self::Json),
            "application/x-www-form-urlencoded" => Some(Self::Form),
            // RFC 6839, section 3.1: a type with this suffix is JSON.
            other if other.starts_with("application/") && other.ends_with("+json") => Some(Self::Json),
            _ => None,
        }
    }

    pub(crate) fn read<const N: usize>(
        self,
        body: &[u8],
        wanted: [&Field; N],
    ) -> Result<Found<N>, Unreadable> {
        match self {
            Self::Json => in_json(body, wanted),
            Self::Form => in_form(body, wanted),
        }
    }
}

/// Why a body cannot be searched.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Not JSON, or not UTF-8.
    Broken,
    /// A wanted field appears twice.
    Twice,
}

/// The texts of the fields; `None` for a field that is missing or not text.
type Found<const N: usize> = [Option<String>; N];

/// Source: the WHATWG URL standard, section 5.1. Unlike there, invalid UTF-8 is an error: if it were replaced, different
/// passwords would become equal.
pub(crate) fn in_form<const N: usize>(body: &[u8], wanted: [&Field; N]) -> Result<Found<N>, Unreadable> {
    let mut found = [const { None }; N];
    for pair in body.split(|byte| *byte == b'&') {
        let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &[][..]),
        };
        let name = decode(name)?;
        for (field, slot) in std::iter::zip(wanted, &mut found) {
            if field.form_names.contains(&name) && slot.replace(decode(value)?).is_some() {
                return Err(Unreadable::Twice);
            }
        }
    }
    Ok(found)
}

fn decode(text: &[u8]) -> Result<String, Unreadable> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8().map(Into::into).map_err(|_| Unreadable::Broken)
}

pub(crate) fn in_json<const N: usize>(body: &[u8], wanted: [&Field; N]) -> Result<Found<N>, Unreadable> {
    let mut progress = Progress { found: [const { None }; N], twice: false };
    let mut json = serde_json::Deserializer::from_slice(body);
    let search = Search { paths: wanted.map(|field| Some(&*field.path)), progress: &mut progress };
    match search.deserialize(&mut json).and_then(|()| json.end()) {
        Ok(()) => Ok(progress.found),
        Err(_) if progress.twice => Err(Unreadable::Twice),
        Err(_) => Err(Unreadable::Broken),
    }
}

struct Progress<const N: usize> {
    found: Found<N>,
    twice: bool,
}

/// One value of the document, with the rest of the path of each wanted field that leads through it.
struct Search<'a, const N: usize> {
    paths: [Option<&'a [Box<str>]>; N],
    progress: &'a mut Progress<N>,
}

impl<'de, const N: usize> DeserializeSeed<'de> for Search<'_, N> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Search<'_, N> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        for (path, slot) in std::iter::zip(self.paths, &mut self.progress.found) {
            if path.is_some_and(<[_]>::is_empty) {
                *slot = Some(text.to_owned());
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut seen = [false; N];
        while let Some(name) = members.next_key::<String>()? {
            let paths = self.paths.map(|path| {
                path.and_then(<[_]>::split_first).filter(|(first, _)| ***first == *name).map(|(_, rest)| rest)
            });
            for (path, seen) in std::iter::zip(paths, &mut seen) {
                if path.is_some() && std::mem::replace(seen, true) {
                    self.progress.twice = true;
                    return Err(A::Error::custom("a wanted member appears twice"));
                }
            }
            if paths.iter().any(Option::is_some) {
                members.next_value_seed(Search { paths, progress: self.progress })?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWICE: Result<[Option<&str>; 2], Unreadable> = Err(Unreadable::Twice);
    const BROKEN: Result<[Option<&str>; 2], Unreadable> = Err(Unreadable::Broken);

    type Parse = fn(&[u8], [&Field; 2]) -> Result<Found<2>, Unreadable>;

    #[track_caller]
    fn check(parse: Parse, names: [&str; 2], body: &[u8], want: Result<[Option<&str>; 2], Unreadable>) {
        let fields = names.map(Field::new);
        let found = parse(body, [&fields[0], &fields[1]]);
        let body = String::from_utf8_lossy(body);
        assert_eq!(found, want.map(|texts| texts.map(|text| text.map(str::to_owned))), "{body}");
    }

    #[test]
    fn fields_of_a_form() {
        let check = |body: &[u8], want| check(in_form, ["name", "word"], body, want);
        check(b"name=a&word=b", Ok([Some("a"), Some("b")]));
        check(b"word=b&other=c&name=a", Ok([Some("a"), Some("b")]));
        check(b"name=a%40b.c&word=%F0%9F%8D%B2+%2B=%", Ok([Some("a@b.c"), Some("\u{1f372} +=%")]));
        check(b"n%61me=a", Ok([Some("a"), None]));
        check(b"name", Ok([Some(""), None]));
        check(b"&&=&", Ok([None, None]));
        check(b"name=a&name=a", TWICE);
        check(b"name=%ff", BROKEN);
        check(b"name=\xff", BROKEN);
    }

    #[test]
    fn nested_fields_of_a_form() {
        let check = |body: &[u8], want| check(in_form, ["user[e][mail]", "user.word"], body, want);
        check(b"user[e][mail]=a&user[word]=b", Ok([Some("a"), Some("b")]));
        check(b"user%5Be%5D%5Bmail%5D=a&user.word=b", Ok([Some("a"), Some("b")]));
        check(b"user[e[mail]=a&word=b&user=c", Ok([None, None]));
        check(b"user[word]=a&user.word=b", TWICE);
    }

    #[test]
    fn members_of_json() {
        let check = |body: &[u8], want| check(in_json, ["name", "word"], body, want);
        check(br#"{"name":"a","word":"b"}"#, Ok([Some("a"), Some("b")]));
        check(
            br#" {"x":[{"name":"n"}],"w\u006frd":"\ud83c\udf72","name":"a","y":{"word":1}} "#,
            Ok([Some("a"), Some("\u{1f372}")]),
        );
        for no_text in ["null", "1", "-1", "1.5", "true", "[\"a\"]", "{\"a\":\"a\"}"] {
            check(format!(r#"{{"name":{no_text},"word":"b"}}"#).as_bytes(), Ok([None, Some("b")]));
        }
        for no_object in ["null", "1", "[]", "\"name\"", "{}"] {
            check(no_object.as_bytes(), Ok([None, None]));
        }
        check(br#"{"name":"a","name":"b"}"#, TWICE);
        check(br#"{"name":null,"name":"b"}"#, TWICE);
        check(br#"{"other":1,"other":2,"name":"a"}"#, Ok([Some("a"), None]));
        for broken in
            [&b"{"[..], b"{} {}", b"{\"name\":\"a\"}x", b"\"\xff\"", b"name=a", b"{\"name\":\"\\ud800\"}"]
        {
            check(broken, BROKEN);
        }
        check("[".repeat(100_000).as_bytes(), BROKEN);
        check(format!("{{\"name\":{}", "[".repeat(100_000)).as_bytes(), BROKEN);
    }

    #[test]
    fn nested_members_of_json() {
        let check = |body: &[u8], want| check(in_json, ["user[email]", "user.word"], body, want);
        check(br#"{"user":{"email":"a","word":"b"}}"#, Ok([Some("a"), Some("b")]));
        check(br#"{"email":"a","user":{"word":{"word":"b"}}}"#, Ok([None, None]));
        check(br#"{"user":"a"}"#, Ok([None, None]));
        check(br#"{"user":{"email":"a"},"user":{"word":"b"}}"#, TWICE);
    }

    proptest::proptest! {
        /// Any text is found unchanged.
        #[test]
        fn any_text_is_found_unchanged(name: String, word: String) {
            use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

            let json = serde_json::json!({ "other": [&word], "name": &name, "word": &word }).to_string();
            check(in_json, ["name", "word"], json.as_bytes(), Ok([Some(&name), Some(&word)]));
            let [encoded_name, encoded_word] =
                [&name, &word].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string());
            let form = format!("word={encoded_word}&name={}&other=name", encoded_name.replace("%20", "+"));
            check(in_form, ["name", "word"], form.as_bytes(), Ok([Some(&name), Some(&word)]));
        }

        #[test]
        fn no_bytes_cause_a_panic(bytes: Vec<u8>, json in r#"[\[\]{}:,"a-e0-9\\ ]{0,64}"#) {
            let fields = [Field::new("a"), Field::new("b[c]")];
            for body in [&bytes[..], json.as_bytes()] {
                let _ = in_form(body, [&fields[0], &fields[1]]);
                let _ = in_json(body, [&fields[0], &fields[1]]);
            }
        }
    }
}
